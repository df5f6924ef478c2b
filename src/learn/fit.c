#include "learn/fit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/mixture.h"
#include "detect/sweep.h"
#include "learn/calibrate.h"
#include "learn/fit_parts.h"
#include "learn/sample.h"
#include "model/model.h"
#include "series/history.h"

#define GAP_USERS 2000u         /* that the session gap is fitted on, about */
#define GAP_USERS_MIN 100u      /* fewer: 30 min (CONTRACT, "Model epochs") */
#define GAP_DEFAULT_MS (30 * 60000)
#define STRENGTH_USERS 5000u
#define EVENTS_MIN 10u

int budget_parse(struct budget *b, const char *s, struct err *e)
{
	char *end;
	double amount = strtod(s, &end);
	bool per_day = strcmp(end, "/day") == 0;
	if (end == s || !isfinite(amount) || amount <= 0 || (!per_day && strcmp(end, "/kud") != 0))
		return err_set(e, -EINVAL,
			"not a budget: give 0.5/kud (a 1000 user-days) or 50/day");
	*b = (struct budget){ .amount = amount, .per_day = per_day };
	return 0;
}

/* One fit in progress. */
struct fit {
	struct model *m;
	const struct history *h;
	const struct ids *ids;
	const struct fit_options *o;
	struct fit_scope scope;
	uint64_t *count;                /* by category number */
	uint32_t n_categories;
};

static void count_events(struct fit *f)
{
	for (uint32_t user = 0; user < history_n_users(f->h); user++) {
		struct user_events u;
		history_user(f->h, user, &u);
		uint32_t i = 0;
		while (i < u.n && u.time_ms[i] <= f->o->until_ms)
			i++;
		f->m->n_events += i;
		f->m->n_users += i > 0;
		if (i > 0) {
			f->m->from_ms = u.time_ms[0] < f->m->from_ms ? u.time_ms[0] : f->m->from_ms;
			f->m->to_ms = u.time_ms[i - 1] > f->m->to_ms ? u.time_ms[i - 1] :
				f->m->to_ms;
		}
	}
}

static int choose_gap(struct fit *f, struct err *e)
{
	struct sample s;
	int r = sample_users(&s, f->h, f->ids, GAP_USERS, EVENTS_MIN, e);
	f->m->gap_ms = f->o->gap_ms > 0 ? f->o->gap_ms : GAP_DEFAULT_MS;
	if (r == 0 && f->o->gap_ms <= 0 && s.n_eligible >= GAP_USERS_MIN)
		f->m->gap_ms = fit_gap(&f->scope, &s);
	sample_done(&s);
	return r;
}

static int take_shares(struct fit *f, struct err *e)
{
	struct model *m = f->m;
	m->share = mem_get(f->n_categories ? f->n_categories : 1, sizeof *m->share);
	if (!m->share)
		return err_set(e, -ENOMEM,
			"could not keep the shares of %u categories: out of memory",
			f->n_categories);
	for (uint32_t c = 0; c < f->n_categories; c++) {
		size_t len;
		const char *text = dict_text(f->ids->category, c, &len);
		if (f->count[c] == 0)
			continue;
		char *copy = mem_text(text, len);
		if (!copy)
			return err_set(e, -ENOMEM,
				"could not keep a category's name: out of memory");
		m->share[m->n_share++] = (struct model_share){ copy, (uint32_t)len, f->count[c] };
		m->count_sum += f->count[c];
	}
	return 0;
}

static int choose_strength(struct fit *f, struct err *e)
{
	struct sample s = {0};
	float unseen, *share;
	f->m->strength = 1;
	share = model_prior(f->m, f->ids->category, &unseen);     /* pi(c) itself */
	f->m->strength = 20;
	if (!share)
		return err_set(e, -ENOMEM, "could not fit the prior strength: out of memory");
	int r = sample_users(&s, f->h, f->ids, STRENGTH_USERS, EVENTS_MIN, e);
	if (r == 0)
		r = fit_strength(f->m, &f->scope, &s, share, e);
	sample_done(&s);
	mem_free(share);
	return r;
}

/* Who crosses the threshold just chosen. Restarts come after an alarm, so records tell. */
static int mark_crossed(struct fit *f, const struct sweep *s, struct err *e)
{
	struct mixture_rule rule;
	uint8_t *crossed = mem_get(history_n_users(f->h) + 1ul, 1);
	if (!crossed)
		return err_set(e, -ENOMEM, "could not mark users: out of memory");
	mixture_rule_init(&rule, f->m);
	for (uint32_t i = 0; i < s->n_records; i++)
		if (mixture_score(&rule, s->record[i].log_m, s->record[i].n) >= rule.threshold)
			crossed[s->record[i].user] = 1;
	*f->o->ret_crossed = crossed;
	return 0;
}

static int choose_threshold(struct fit *f, struct err *e)
{
	struct sweep s;
	struct sweep_options so = { .backend = "auto", .threads = f->o->threads, .until_ms =
		f->o->until_ms,
		.records = true, .ret_percent = f->o->ret_percent, .stop = f->o->stop };
	memset(f->m->knot_offset, 0, sizeof f->m->knot_offset);
	int r = sweep_run(&s, f->h, f->ids, f->m, &so, e);
	if (r < 0)
		return r;
	r = calibrate(f->m, &s, &f->o->budget, e);
	if (r == 0 && f->o->ret_crossed)
		r = mark_crossed(f, &s, e);
	sweep_done(&s);
	return r;
}

static int fit_all(struct fit *f, struct err *e)
{
	int r;
	count_events(f);
	if ((r = choose_gap(f, e)) < 0)
		return r;
	if ((r = fit_shares(f->count, f->n_categories, &f->scope, f->m->gap_ms, e)) < 0 ||
	    (r = take_shares(f, e)) < 0)
		return r;
	model_seal(f->m);
	return (r = choose_strength(f, e)) < 0 ? r : choose_threshold(f, e);
}

int fit_model(struct model *m, const struct history *h, const struct ids *ids,
	const struct fit_options *o, struct err *e)
{
	struct fit f = { .m = m, .h = h, .ids = ids, .o = o, .n_categories =
		dict_size(ids->category) };
	f.scope = (struct fit_scope){ h, o->until_ms, o->threads };
	model_default(m);
	m->provisional = false;
	m->n_share = 0;
	m->count_sum = 0;
	m->from_ms = INT64_MAX;
	m->to_ms = INT64_MIN;
	f.count = mem_get(f.n_categories ? f.n_categories : 1, sizeof *f.count);
	int r = f.count ? fit_all(&f, e) : err_set(e, -ENOMEM,
		"could not fit a model: out of memory");
	mem_free(f.count);
	m->unverified |= r == -ENODATA;
	if (r == 0 || r == -ENODATA)
		model_seal(m);
	else
		model_done(m);
	return r;
}
