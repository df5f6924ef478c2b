#include "engine/run_series.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/level.h"
#include "engine/run.h"
#include "ingest/format.h"
#include "model/model.h"
#include "series/history.h"

bool run_is_series(const struct run_options *o)
{
	return o->load.format && strcmp(o->load.format, FORMAT_SERIES) == 0;
}

/* The rule is all there is of a model. */
static uint64_t hash_of(const struct level_rule *rule)
{
	char text[64];
	int n = snprintf(text, sizeof text, "veer level %s %.9g", level_law_name[rule->law],
		(double)rule->threshold);
	return XXH64(text, (size_t)n, 0);
}

/* One series being looked at. */
struct look {
	struct run *run;
	const struct user_events *events;
	uint32_t series, cap;
	uint64_t hash;
	struct err *e;
};

static int keep(void *ctx, const struct level_change *c)
{
	struct look *l = ctx;
	struct run *r = l->run;
	if (r->n_alerts == l->cap) {
		uint32_t cap = l->cap ? 2 * l->cap : 64;
		struct alert *grown = mem_resize(r->alert, cap, sizeof *grown);
		if (!grown)
			return err_set(l->e, -ENOMEM, "could not keep %u alerts: out of memory",
				cap);
		r->alert = grown;
		l->cap = cap;
	}
	struct finding f = { .user = l->series, .time_ms = l->events->time_ms[c->at],
		.onset_ms = l->events->time_ms[c->onset], .from = DICT_NONE, .to = DICT_NONE,
		.n_before = c->n_before, .n_after = c->n_after,
		.level_before = (float)c->before, .level_after = (float)c->after,
		.score = c->score, .far = NAN, .kind = KIND_SERIES,
		.direction = c->after > c->before ? DIRECTION_UP : DIRECTION_DOWN };
	r->alert[r->n_alerts++] = alert_make(&f, &r->ids, l->hash);
	return 0;
}

static enum level_law law_of(const struct history *h)
{
	struct level_census c = LEVEL_CENSUS;
	for (uint32_t i = 0; i < history_n_users(h); i++) {
		struct user_events u;
		history_user(h, i, &u);
		level_count(&c, u.price, u.n);
	}
	return level_law_of(&c);
}

int run_series(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e)
{
	uint32_t n = history_n_users(r->history);
	struct level_rule rule = { .threshold = o->level_threshold > 0 ? o->level_threshold :
		LEVEL_THRESHOLD };
	rule.law = o->law_given ? o->law : law_of(r->history);
	struct look l = { .run = r, .hash = hash_of(&rule), .e = e };
	int code = 0;
	for (l.series = 0; l.series < n && code == 0; l.series++) {
		struct user_events u;
		history_user(r->history, l.series, &u);
		l.events = &u;
		code = level_scan(&rule, u.price, u.n, keep, &l);
		p->percent = (uint32_t)(100ull * l.series / n);
		if (code == 0 && p->load.stop)
			code = err_set(e, -ECANCELED, "detection was stopped");
	}
	if (code < 0)
		return code;
	r->model.hash = l.hash;
	alert_sort(r->alert, r->n_alerts, &r->ids);
	snprintf(r->note, sizeof r->note, "%u series, law %s, a change from %.4g nats on", n,
		level_law_name[rule.law], (double)rule.threshold);
	return 0;
}
