/* columns.h - events kept as columns, and the one order of a user's own events.
 *
 * That order is (time, category, item, behaviour, price, quantity), ids by their bytes, an absent
 * price or quantity first: total, so that it depends on content alone. 21 bytes an event, and 4
 * more for each of price and quantity that any row has. Owner: the caller; distinct rows may be
 * written by different threads.
 */
#ifndef SERIES_COLUMNS_H
#define SERIES_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/event.h"

struct columns {
	int64_t *time_ms;
	uint32_t *item, *category;
	uint8_t *behaviour;
	float *price, *quantity;        /* NULL: no row has them */
};

/* The columns of an event as a table, for code that treats all alike. */
enum column { COLUMN_TIME, COLUMN_ITEM, COLUMN_CATEGORY, COLUMN_BEHAVIOUR, COLUMN_PRICE,
	COLUMN_QUANTITY, COLUMN_N };
struct column_row {
	size_t size;                    /* bytes an event */
	size_t in_columns, in_batch;    /* offsets of the pointers */
};
extern const struct column_row column_table[COLUMN_N];

void **columns_at(struct columns *c, enum column which);
void **columns_of_batch(struct batch *b, enum column which);
void columns_free(struct columns *c);

struct event columns_get(const struct columns *c, uint64_t i, uint32_t user);
void columns_set(struct columns *c, uint64_t i, const struct event *ev);

int event_order(const struct event *a, const struct event *b, const struct ids *ids);
/* Sorts events that are all one user's. */
void event_sort(struct event *ev, size_t n, const struct ids *ids);

struct event_room {                     /* scratch of one thread; zero it first */
	struct event *ev;
	size_t cap;
};
bool event_room_fit(struct event_room *r, size_t n);    /* false: no memory */
/* Sorts rows from..to-1, one user's; rows in order already are only read. False: no memory. */
bool columns_sort(struct columns *c, uint64_t from, uint64_t to, const struct ids *ids,
	struct event_room *room);

#endif
