/* generate.h - a believable log of any size, with changes of interest planted in it.
 *
 * People with habits: each has a rate of sessions, a length of them, and a taste (categories drawn
 * once and for all from a popularity law, weighted by how set the person is), and passing fancies
 * of days. Times, lengths, gaps and behaviours follow figures measured on nine days of a
 * large shop. Some people's taste changes to that of somebody else at a moment: engine/plant.h.
 *
 * Events come in order of time, an hour at a time, whole log a function of the options on any
 * machine. Memory: 4 bytes a user, 50 bytes an event of the busiest hour, and the tables of
 * categories. Owner: one thread.
 */
#ifndef ENGINE_GENERATE_H
#define ENGINE_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct generate;
struct plant;

#define GENERATE_START_S 1709337600     /* Saturday 2024-03-02 00:00 UTC */
#define GENERATE_EVENTS 1000000         /* default */
#define GENERATE_ROW_MAX 64

struct generate_options {
	uint64_t n_events;              /* exactly so many; 0: GENERATE_EVENTS */
	uint64_t n_users;               /* 0: so many that the log spans nine days */
	uint64_t seed;
	bool calm;                      /* nobody changes interest: a log to calibrate on */
};

struct generated {
	uint32_t time_s;                /* since GENERATE_START_S */
	uint32_t user, item;            /* 0.. */
	uint16_t category;              /* 0 is the most popular */
	uint8_t behaviour;              /* enum behaviour */
	bool foreign;                   /* of a session in the other person's taste */
};

/* -ERANGE: so many events of so few users would take more than a century. */
struct generate *generate_new(const struct generate_options *o, struct err *e);
void generate_free(struct generate *g);

/* The next events, at least one and at most about an hour's, in the generator's own array; 0 at the
 * end; negative when memory is out.
 */
int64_t generate_next(struct generate *g, const struct generated **ret, struct err *e);
uint32_t generate_n_users(const struct generate *g);
/* False: the user keeps to the own taste all along. */
bool generate_plan(const struct generate *g, uint32_t user, struct plant *ret);

/* "timestamp,user,item,category,behaviour" and the row of an event under it, with its newline; the
 * row's length.
 */
extern const char generate_header[];
size_t generate_row(const struct generate *g, const struct generated *ev,
	char row[GENERATE_ROW_MAX]);
/* The number by which a user goes in the rows. */
uint64_t generate_user_number(const struct generate *g, uint32_t user);

#endif
