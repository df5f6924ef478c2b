/* crowd.h - many users' rows, a row each a step, made by all cores: what the GPU is checked and
 * measured with. Every user is a function of its number alone.
 */
#ifndef TESTS_CROWD_H
#define TESTS_CROWD_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/chance.h"
#include "base/err.h"
#include "detect/backend.h"
#include "series/crew.h"

#define CROWD_CATEGORIES 8u
#define CROWD_PIECES 256u       /* of users: one CPU backend each */

struct crowd_user {
	struct chance chance;
	uint16_t n[CROWD_CATEGORIES], rows[CROWD_CATEGORIES];
	uint8_t taste, in_session;
};

struct crowd {
	uint32_t n_users, at_step;
	struct crowd_user *user;
	struct row *row;                /* by user */
	struct run_of *run, *close;     /* close: those whose session ends with this step */
	uint32_t n_close;
	struct rules rules;
	/* The CPU backend's part */
	struct backend cpu[CROWD_PIECES];
	struct verdict *verdict;        /* of each piece where its users begin */
	uint32_t n_verdicts[CROWD_PIECES];
	_Atomic uint32_t next;
	void (*work)(struct crowd *c, uint32_t piece);
};

static inline void crowd_die(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e ? e->text : "out of memory");
	exit(1);
}

static inline void *crowd_get(size_t n, size_t size)
{
	void *p = calloc(n, size);
	if (!p)
		crowd_die("crowd", NULL);
	return p;
}

static inline double crowd_now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline uint32_t crowd_first(const struct crowd *c, uint32_t piece)
{
	return (uint32_t)((uint64_t)c->n_users * piece / CROWD_PIECES);
}

static void crowd_work(void *ctx)
{
	struct crowd *c = ctx;
	for (uint32_t piece; (piece = c->next++) < CROWD_PIECES; )
		c->work(c, piece);
}

static inline void crowd_all(struct crowd *c, void (*work)(struct crowd *c, uint32_t piece))
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	c->next = 0;
	c->work = work;
	crew_run(cores > 0 ? (unsigned)cores : 1, crowd_work, c);
}

static void crowd_make_piece(struct crowd *c, uint32_t piece)
{
	for (uint32_t i = crowd_first(c, piece); i < crowd_first(c, piece + 1); i++) {
		struct crowd_user *u = &c->user[i];
		if (u->chance.at == 0)
			*u = (struct crowd_user){ .chance = { chance_mix(i + 1) }, .taste = (uint8_t)i };
		if (u->in_session > 4)
			u->in_session = 0;
		u->taste = (uint8_t)(u->taste + (chance_is(&u->chance, .01) ? 3 : 0));
		uint32_t k = chance_is(&u->chance, .8) ? (u->taste + chance_below(&u->chance, 3)) %
			CROWD_CATEGORIES : chance_below(&u->chance, CROWD_CATEGORIES);
		bool opens = u->in_session++ == 0, count = opens || chance_is(&u->chance, .5);
		c->row[i] = (struct row){ .time_ms = (int64_t)c->at_step * 3600000, .category = k,
			.place = (uint16_t)k, .before = u->n[k], .rows = u->rows[k],
			.tag = (uint16_t)(k * 7000 + chance_below(&u->chance, 40)),
			.pi = .01f + .02f * (float)k, .pi_item = .001f * (float)(1 + k),
			.flags = (uint16_t)(ROW_LAST | (count ? ROW_COUNT : 0) |
				(opens ? ROW_OPENS : 0)) };
		u->n[k] = (uint16_t)(u->n[k] + count);
		u->rows[k]++;
		c->run[i] = (struct run_of){ .slot = i, .first = i, .n = 1, .quiet_n = 10 };
	}
}

/* The next row of every user, and who ends a session with it. */
static inline void crowd_make(struct crowd *c)
{
	crowd_all(c, crowd_make_piece);
	c->at_step++;
	c->n_close = 0;
	for (uint32_t i = 0; i < c->n_users; i++)
		if (c->user[i].in_session > 4)
			c->close[c->n_close++] = (struct run_of){ .slot = i, .quiet_n = 10,
				.closes = true };
}

static inline void crowd_init(struct crowd *c, uint32_t n_users)
{
	*c = (struct crowd){ .n_users = n_users };
	c->user = crowd_get(n_users, sizeof *c->user);
	c->row = crowd_get(n_users, sizeof *c->row);
	c->run = crowd_get(n_users, sizeof *c->run);
	c->close = crowd_get(n_users, sizeof *c->close);
	c->verdict = crowd_get(2 * (size_t)n_users, sizeof *c->verdict);
	c->rules.channels = CHANNEL_BIT(CHANNEL_MIXTURE) | CHANNEL_BIT(CHANNEL_LEARNED);
	c->rules.mixture.strength = 20;
	c->rules.mixture.threshold = 4;
	for (uint32_t j = 0; j < 2 * MIXTURE_WINDOW; j++)
		c->rules.mixture.inv_age[j] = 1.0f /
			((float)(MIXTURE_WINDOW - j % MIXTURE_WINDOW) + 20);
	c->rules.learned.w = (struct model_learned){ { 20, 10, 30 }, { 1, .5f, .3f }, 3, .25f, false };
	c->rules.learned.threshold = 2;
	for (uint32_t p = 0; p < CROWD_PIECES; p++) {
		struct err e = {0};
		c->cpu[p].ops = &backend_cpu;
		if (backend_cpu.open(&c->cpu[p], &c->rules, &e) < 0 ||
		    backend_cpu.reserve(&c->cpu[p], crowd_first(c, p + 1) - crowd_first(c, p),
			&e) < 0)
			crowd_die("cpu", &e);
	}
}

/* The CPU backends' step over runs, which are of users in order; slots are the piece's own. */
static inline void crowd_cpu_piece(struct crowd *c, uint32_t piece, const struct run_of *all,
	uint32_t n_all)
{
	uint32_t first = crowd_first(c, piece), end = crowd_first(c, piece + 1), from = 0, n = 0;
	struct err e = {0};
	for (uint32_t step = 1u << 31; step; step /= 2)
		if (from + step <= n_all && all[from + step - 1].slot < first)
			from += step;
	while (from + n < n_all && all[from + n].slot < end)
		n++;
	struct run_of *run = crowd_get(n + 1, sizeof *run);
	for (uint32_t i = 0; i < n; i++) {
		run[i] = all[from + i];
		run[i].slot -= first;
	}
	struct runs r = { c->row, run, n, STEP_ALARMS };
	struct verdict *v = c->verdict + 2 * (size_t)first;
	backend_cpu.step(&c->cpu[piece], &r, v, &c->n_verdicts[piece], &e);
	for (uint32_t i = 0; i < c->n_verdicts[piece]; i++)
		v[i].run += from;
	free(run);
}

static inline void crowd_cpu_rows(struct crowd *c, uint32_t piece)
{
	crowd_cpu_piece(c, piece, c->run, c->n_users);
}

static inline void crowd_cpu_closes(struct crowd *c, uint32_t piece)
{
	crowd_cpu_piece(c, piece, c->close, c->n_close);
}

#endif
