/* event.h - one thing a user did, as columns of a batch, and why a row could not become one.
 *
 * A batch is made by one parser thread, handed on whole, and never touched again by its maker; the
 * taker owns it. Ids are numbers of the run's dictionaries. A missing item is the number of "".
 */
#ifndef INGEST_EVENT_H
#define INGEST_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dict;
struct err;

enum behaviour {
	BEHAVIOUR_VIEW, BEHAVIOUR_CART, BEHAVIOUR_FAVOURITE, BEHAVIOUR_BUY,
	BEHAVIOUR_OTHER,        /* unknown words: counted for detection, weight 0 in interest */
	BEHAVIOUR_RETURN,       /* returns and cancellations: shown, never counted for detection */
	BEHAVIOUR_N
};

enum reject {
	REJECT_TIME,            /* missing or no time */
	REJECT_USER, REJECT_CATEGORY,           /* missing */
	REJECT_NUMBER,          /* price or quantity is no number */
	REJECT_COLUMNS,         /* fewer columns than the format needs */
	REJECT_QUOTE,           /* a quote that never closes */
	REJECT_LONG,            /* a row longer than ROW_MAX */
	REJECT_LATE,            /* following only: older than the watermark */
	REJECT_N
};

#define ROW_MAX (1u << 20)
#define REJECT_TEXT_MAX 240

extern const char *const behaviour_name[BEHAVIOUR_N];   /* "view" ... */
extern const char *const reject_name[REJECT_N];         /* "no time" ..., for people */

/* The numbers of users, items and categories of one run, shared by all its threads. */
struct ids {
	struct dict *user, *item, *category;
};
int ids_init(struct ids *ids, struct err *e);
void ids_done(struct ids *ids);

struct event {
	int64_t time_ms;
	uint32_t user, item, category;
	float price, quantity;          /* NaN: absent */
	uint8_t behaviour;
};

struct reject_row {
	enum reject why;
	uint32_t source;                /* index of the file */
	uint64_t line;                  /* 1-based physical line where the row starts */
	char text[REJECT_TEXT_MAX];     /* raw bytes, cut */
	uint32_t len;
};

struct batch {
	uint32_t n, cap;
	int64_t *time_ms;
	uint32_t *user, *item, *category;
	uint8_t *behaviour;
	float *price, *quantity;        /* NULL when the format has none */
	uint64_t *offset;               /* byte where the row starts; NULL unless asked for */
	uint64_t n_rows;                /* rows seen, rejected ones included */
	uint64_t rejected[REJECT_N];
	struct reject_row *reject;      /* the first few of this batch */
	uint32_t n_reject, cap_reject;
	uint32_t source;                /* index of the file it comes from */
	uint64_t source_end;            /* bytes of the source up to the end of this batch */
};

struct batch *batch_new(uint32_t cap, bool with_price, bool with_quantity, bool with_offset,
	struct err *e);
void batch_free(struct batch *b);
bool batch_add(struct batch *b, const struct event *ev, uint64_t offset);   /* false: no memory */
struct event batch_get(const struct batch *b, uint32_t i);

#endif
