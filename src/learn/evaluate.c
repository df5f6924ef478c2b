#include "learn/evaluate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "detect/sweep.h"
#include "learn/baseline.h"
#include "learn/benchmark.h"
#include "learn/calibrate.h"
#include "learn/fit.h"
#include "learn/levels.h"
#include "learn/train_learned.h"
#include "series/history.h"

const char *const evaluate_by_name[EVALUATE_BYS] = { "dev", "model", "none" };

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int budget_list_parse(struct budget_list *l, const char *s, struct err *e)
{
	*l = (struct budget_list){0};
	for (bool more = true; more; s++) {
		char *end;
		double kud = strtod(s, &end);
		end += strncmp(end, "/kud", 4) == 0 ? 4 : 0;
		more = *end == ',';
		if (end == s || !isfinite(kud) || kud <= 0 || (*end && !more) ||
			l->n == EVALUATE_BUDGETS_MAX)
			return err_set(e, -EINVAL, "not a list of up to %u budgets",
				EVALUATE_BUDGETS_MAX);
		l->kud[l->n++] = kud;
		s = end;
	}
	qsort(l->kud, l->n, sizeof *l->kud, by_size);
	return 0;
}

double evaluate_curve_kud(const struct budget_list *l, uint32_t i)
{
	double from = log(l->kud[0]), to = log(l->kud[l->n - 1]);
	return i + 1 == EVALUATE_CURVE ? l->kud[l->n - 1] :
		exp(from + (to - from) * i / (EVALUATE_CURVE - 1));
}

/* One evaluation under way. */
struct evaluating {
	struct evaluation *v;
	const struct history *h;
	const struct ids *ids;
	const struct answers *a;
	const struct evaluate_options *o;
	struct score *score;
};

/* The parts of a model whose scores are of one kind: those of interest, and forecast. What volume
 * watches is no change of interest.
 */
static const unsigned parts[] = { CHANNELS_INTEREST, CHANNEL_BIT(CHANNEL_FORECAST) };
#define PARTS (sizeof parts / sizeof *parts)

static uint32_t n_parts(const struct model *m)
{
	uint32_t n = 0;
	for (size_t i = 0; i < PARTS; i++)
		n += (m->channels & parts[i]) != 0;
	return n;
}

/* Two parts share a budget by the rarity of their scores, whose least counts. */
static double decision(const struct model *m, bool is_shared, const struct record *r)
{
	bool is_forecast = r->channel == CHANNEL_FORECAST;
	double score = (double)r->score;
	if (!is_shared)
		return is_forecast ? score : (double)model_decision(m, r->channel, r->score);
	return -log(is_forecast ? far_curve_at(&m->forecast.pledge.far, r->score) :
		model_far(m, r->channel, r->score));
}

/* The decision at which false alarms are promised to stay within a budget. */
static double promised(const struct model *m, double kud)
{
	if (n_parts(m) > 1)
		return -log(kud / n_parts(m));
	return (double)far_curve_score(m->channels & CHANNELS_INTEREST ? &m->far :
		&m->forecast.pledge.far, kud);
}

static int add_highs(const struct sweep *s, const struct model *m, bool is_shared,
	struct score_highs *of, struct err *e)
{
	int code = 0;
	for (uint32_t i = 0; i < s->n_records && code == 0; i++) {
		const struct record *r = &s->record[i];
		struct score_high h = { r->time_ms, decision(m, is_shared, r), r->user };
		code = score_highs_add(of, &h, e);
	}
	return code;
}

/* The record highs of one part, of all users, and since when each is at risk of any. */
static int sweep_part(struct evaluating *x, unsigned part, struct score_highs *of,
	int64_t *start_ms, struct err *e)
{
	struct sweep_options so = { .backend = x->o->backend, .threads = x->o->threads,
		.until_ms = x->o->until_ms, .records = true, .ret_percent = x->o->ret_percent,
		.stop = x->o->stop };
	struct model *m = &x->v->model;
	bool is_shared = n_parts(m) > 1;
	unsigned all = m->channels;
	struct sweep s;
	m->channels &= part;
	int code = sweep_run(&s, x->h, x->ids, m, &so, e);
	if (code == 0) {
		for (uint32_t i = 0; i < s.n_exposures; i++) {
			const struct exposure *r = &s.exposure[i];
			if (r->from_ms < start_ms[r->user])
				start_ms[r->user] = r->from_ms;
		}
		code = add_highs(&s, m, is_shared, of, e);
		sweep_done(&s);
	}
	m->channels = all;
	return code;
}

static int sweep_highs(struct evaluating *x, struct score_highs *of, int64_t *start_ms,
	struct err *e)
{
	int code = 0;
	for (uint32_t user = 0; user < history_n_users(x->h); user++)
		start_ms[user] = INT64_MAX;
	for (size_t i = 0; i < PARTS && code == 0; i++)
		if (x->v->model.channels & parts[i])
			code = sweep_part(x, parts[i], of, start_ms, e);
	return code;
}

static bool is_verified(double kud, double days)
{
	return kud * days / 1000 >= LEVELS_ALARMS_MIN;
}

static void add_row(struct evaluating *x, struct score *score, enum evaluate_by by, double kud,
	double threshold)
{
	struct evaluation *v = x->v;
	struct evaluate_row *r = &v->row[v->n_rows++];
	*r = (struct evaluate_row){ .detector = v->n_detectors - 1, .by = by, .budget_kud = kud };
	r->verified = by == EVALUATE_BY_MODEL ?
		!v->model.provisional && kud >= v->model.smallest_kud * (1 - 1e-9) :
		by == EVALUATE_BY_DEV && is_verified(kud, v->dev_days);
	score_at(score, ANSWER_TEST, threshold, &r->result);
}

static void add_curve(struct evaluating *x, struct evaluate_detector *d)
{
	const struct budget_list *l = x->o->budgets;
	d->has_curve = l->n > 1;
	for (uint32_t i = 0; i < EVALUATE_CURVE && d->has_curve; i++) {
		struct score_result r;
		score_at(x->score, ANSWER_TEST,
			score_threshold(x->score, evaluate_curve_kud(l, i)), &r);
		d->recall[i] = (float)score_recall(&r);
	}
}

/* Of a row of csv: channels together have no commas. */
static void set_name(struct evaluate_detector *d, const char *name)
{
	snprintf(d->name, sizeof d->name, "%s", name);
	for (char *s = d->name; (s = strchr(s, ',')); )
		*s = '+';
}

/* The rows of one detector, whose scores these are. */
static int judge(struct evaluating *x, const char *name, bool scored, struct score_highs *of,
	struct err *e)
{
	struct evaluation *v = x->v;
	const struct budget_list *l = x->o->budgets;
	struct evaluate_detector *d = &v->detector[v->n_detectors++];
	set_name(d, name);
	if (score_take(x->score, of, e) < 0)
		return e->code;
	for (uint32_t i = 0; i < l->n && scored; i++)
		add_row(x, x->score, EVALUATE_BY_DEV, l->kud[i],
			score_threshold(x->score, l->kud[i]));
	if (!scored)
		add_row(x, x->score, EVALUATE_BY_NOTHING, NAN, -INFINITY);
	else
		add_curve(x, d);
	return 0;
}

static int judge_file(struct evaluating *x, struct err *e)
{
	struct score_highs of = {0};
	bool scored;
	int code = score_highs_read(&of, x->o->scores, x->ids, &scored, e);
	if (code == 0)
		code = judge(x, "scores", scored, &of, e);
	score_highs_done(&of);
	return code;
}

/* The model's promise is about users at risk from their 10th count on, and so is the check. */
static int judge_promise(struct evaluating *x, struct score_highs *of, const int64_t *start_ms,
	struct err *e)
{
	const struct budget_list *l = x->o->budgets;
	struct score *score = score_new(x->a, x->h, x->ids, e);
	if (!score)
		return e->code;
	score_start_at(score, start_ms);
	int code = score_take(score, of, e);
	for (uint32_t i = 0; i < l->n && code == 0; i++)
		add_row(x, score, EVALUATE_BY_MODEL, l->kud[i],
			promised(&x->v->model, l->kud[i]));
	x->v->looks += score_looks(score);
	score_free(score);
	return code;
}

static int judge_channel(struct evaluating *x, struct err *e)
{
	struct score_highs of = {0};
	int64_t *start_ms = mem_get(history_n_users(x->h) + 1ul, sizeof *start_ms);
	int code = start_ms ? sweep_highs(x, &of, start_ms, e) :
		err_set(e, -ENOMEM, "could not judge the channel: out of memory");
	if (code == 0)
		code = judge(x, x->o->channel, true, &of, e);
	if (code == 0)
		code = judge_promise(x, &of, start_ms, e);
	score_highs_done(&of);
	mem_free(start_ms);
	return code;
}

static int judge_baselines(struct evaluating *x, struct err *e)
{
	struct baseline_run r = { x->h, x->ids, &x->v->model, x->o->until_ms, x->o->threads,
		x->o->stop };
	int code = 0;
	for (int which = 0; which < BASELINE_N && code == 0; which++) {
		struct score_highs of = {0};
		code = baseline_highs(&of, (enum baseline)which, &r, e);
		if (code == 0)
			code = judge(x, baseline_name[which], which < BASELINE_ALWAYS, &of, e);
		score_highs_done(&of);
	}
	return code;
}

static int fit(struct evaluating *x, struct err *e)
{
	struct benchmark_room room = { x->o->memory_bytes, x->o->threads };
	struct splice_source s;
	struct train_report trained;
	struct fit_options fo = { .train = x->o->train, .ret_train = &trained,
		.backend = x->o->backend,
		.gap_ms = x->o->gap_ms, .until_ms = x->o->until_ms,
		.threads = x->o->threads, .ret_percent = x->o->ret_percent, .stop = x->o->stop };
	if (x->o->channel)
		channel_parse(x->o->channel, &fo.channels);
	if (fo.channels == CHANNEL_BIT(CHANNEL_VOLUME))
		return err_set(e, -EINVAL,
			"channel volume is not judged by changes of interest: name another");
	fo.channels &= ~CHANNEL_BIT(CHANNEL_VOLUME);
	splice_source_init(&s, x->h, x->ids, NULL);
	struct history *dev = benchmark_dev(x->a, &s, &room, e);
	if (!dev)
		return e->code;
	int code = fit_model(&x->v->model, dev, x->ids, &fo, e);
	x->v->has_model = code == 0;
	if (code == -ENODATA)
		model_done(&x->v->model);
	history_free(dev);
	return code < 0 ? err_wrap(e, "could not fit on the dev users") : 0;
}

static int get_model(struct evaluating *x, struct err *e)
{
	if (!x->o->model)
		return fit(x, e);
	x->v->model_given = x->v->has_model = true;
	return model_copy(&x->v->model, x->o->model, e);
}

static int judge_all(struct evaluating *x, struct err *e)
{
	static const char *const whom[ANSWER_SPLITS] = { "dev", "test" };
	uint32_t n = 2 * x->o->budgets->n * (BASELINE_N + 1u) + BASELINE_N;
	x->v->dev_days = score_days(x->score, ANSWER_DEV);
	x->v->test_days = score_days(x->score, ANSWER_TEST);
	x->v->row = mem_get(n, sizeof *x->v->row);
	if (!x->v->row)
		return err_set(e, -ENOMEM, "could not judge the scores: out of memory");
	if (x->v->dev_days <= 0 || x->v->test_days <= 0)
		return err_set(e, -ENODATA, "no %s user of the truth is ever at risk in the log: "
			"more than %u events are needed", whom[x->v->dev_days > 0], SCORE_WARM_UP);
	if (x->o->scores)
		return judge_file(x, e);
	int code = get_model(x, e);
	if (code == 0)
		code = judge_channel(x, e);
	return code < 0 ? code : judge_baselines(x, e);
}

int evaluate_run(struct evaluation *v, const struct history *h, const struct ids *ids,
	const struct answers *a, const struct evaluate_options *o, struct err *e)
{
	struct evaluating x = { .v = v, .h = h, .ids = ids, .a = a, .o = o };
	*v = (struct evaluation){0};
	x.score = score_new(a, h, ids, e);
	int code = x.score ? judge_all(&x, e) : e->code;
	v->looks += x.score ? score_looks(x.score) : 0;
	score_free(x.score);
	if (code < 0)
		evaluate_done(v);
	return code;
}

void evaluate_done(struct evaluation *v)
{
	mem_free(v->row);
	if (v->has_model)
		model_done(&v->model);
	*v = (struct evaluation){0};
}
