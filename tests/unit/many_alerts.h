/* many_alerts.h - a console over as many made-up alerts as are asked for, and its filter
 * done the plain way.
 */
#ifndef TESTS_MANY_ALERTS_H
#define TESTS_MANY_ALERTS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "base/zone.h"
#include "ui/ui.h"

#define MANY_CATEGORIES 1000u
#define MANY_EVENTS 200u

struct many {
	struct feed feed;               /* first: the ops get it */
	struct ids ids;
	struct snapshot snap;
	struct clock clock;
	struct zone zone;
	struct alert *alert;
	uint32_t n, n_seen;
	uint32_t seed;
	int64_t alert_ms;               /* what a look at an alert takes of a frozen clock */
	struct ui *u;
};

static uint32_t many_random(struct many *m, uint32_t below)
{
	m->seed = m->seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)m->seed * below >> 32);
}

static const struct snapshot *many_look(struct feed *f, bool *ret_fresh)
{
	struct many *m = (struct many *)f;

	*ret_fresh = m->snap.n_alerts != m->n_seen;
	m->n_seen = m->snap.n_alerts;
	return &m->snap;
}

static const struct alert *many_alert(struct feed *f, uint32_t i)
{
	struct many *m = (struct many *)f;

	if (m->alert_ms)
		clock_advance(&m->clock, m->alert_ms);
	return &m->alert[i];
}

/* A user's events, a tenth of a second apart. */
static inline int many_user(struct feed *f, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n, struct err *e)
{
	struct many *m = (struct many *)f;
	uint32_t i;

	*ret = mem_get(MANY_EVENTS, sizeof **ret);
	if (!*ret)
		return err_set(e, -1, "out of memory");
	for (i = 0; i < MANY_EVENTS; i++)
		(*ret)[i] = (struct event){ .user = user, .item = dict_id(m->ids.item, "1", 1),
			.category = (user + i / 70) % MANY_CATEGORIES, .price = NAN,
			.quantity = NAN, .time_ms = upto_ms - (MANY_EVENTS - i) * INT64_C(100) };
	*ret_n = MANY_EVENTS;
	return 0;
}

static void many_fill(struct many *m)
{
	uint32_t i, n_users = dict_size(m->ids.user);

	for (i = 0; i < m->n; i++) {
		uint32_t kind = many_random(m, 8);
		struct finding f = { .user = many_random(m, n_users), .time_ms = 1000 + i,
			.from = many_random(m, MANY_CATEGORIES),
			.to = many_random(m, 9) ? many_random(m, MANY_CATEGORIES) : DICT_NONE,
			.kind = kind ? KIND_INTEREST : KIND_VOLUME,
			.score = (float)many_random(m, 5000) / 100, .level_after = 2.5f,
			.level_before = .5f, .severity = (uint8_t)many_random(m, 101) };

		m->alert[i] = (struct alert){ .f = f, .id = 1 + i * UINT64_C(0x9e3779b97f4a7c15),
			.cleared_ms = many_random(m, 4) ? INT64_MIN : 1000 + 2 * (int64_t)i };
	}
}

static inline void many_show(struct many *m, uint32_t n)
{
	m->snap.n_alerts = n;
	m->u->live.list.n = n;
}

/* n alerts of n_users, of which none is shown yet; done by many_close(). */
static struct many *many_open(uint32_t n, uint32_t n_users)
{
	static const struct console_options plain = { .author = NULL };
	static const struct feed_ops ops = { .look = many_look, .alert = many_alert,
		.user = many_user };
	struct many *m = calloc(1, sizeof *m);
	struct err e = { 0 };
	char id[32];
	uint32_t i;

	if (!m || ids_init(&m->ids, &e) < 0)
		abort();
	m->n = n;
	m->alert = calloc(n, sizeof *m->alert);
	m->u = calloc(1, sizeof *m->u);
	if (!m->alert || !m->u)
		abort();
	clock_init(&m->clock);
	for (i = 0; i < n_users; i++)
		dict_id(m->ids.user, id, (size_t)snprintf(id, sizeof id, "%u",
			1000000 + i * 7919u % n_users));
	for (i = 0; i < MANY_CATEGORIES; i++)
		dict_id(m->ids.category, id, (size_t)snprintf(id, sizeof id, "%s-%u",
			i % 3 ? "Shoes" : "Gift cards", i));
	m->zone.fixed = true;
	m->feed = (struct feed){ .ops = &ops, .ids = &m->ids, .zone = &m->zone,
		.clock = &m->clock };
	m->snap.data_ms = INT64_MAX;
	many_fill(m);
	m->u->feed = &m->feed;
	m->u->options = &plain;
	m->u->clock = &m->clock;
	m->u->snap = &m->snap;
	m->u->view = VIEW_LIVE;
	return m;
}

static inline void many_close(struct many *m)
{
	list_done(&m->u->order);
	fold_done(&m->u->fold);
	board_done(&m->u->board);
	free(m->u);
	free(m->alert);
	ids_done(&m->ids);
	free(m);
}

static inline void many_filter(struct many *m, const char *text)
{
	list_filter(m->u, 0);
	m->u->prompt.ops->done(m->u, text);
}

/* The line that a filter is tried on, formatted as its contract says. */
static inline void many_line(struct many *m, uint32_t i, char *line, size_t cap)
{
	const struct finding *f = &m->alert[i].f;
	char user[UI_NAME_MAX], from[UI_NAME_MAX], to[UI_NAME_MAX];
	enum ink ink;
	const char *sign = ui_priority(f->severity, &ink);

	snprintf(line, cap, "%s %s %s %s > %s", sign[0] == ' ' ? sign + 1 : sign,
		board_word(board_state(m->u, i)), ui_user_id(m->u, f->user, user),
		ui_from(m->u, f, from), ui_to(m->u, f, to));
}

static inline bool many_passes(struct many *m, const struct pattern *p, uint32_t i)
{
	char line[4 * UI_NAME_MAX];

	many_line(m, i, line, sizeof line);
	return pattern_is_in(p, line, strlen(line));
}

#endif
