#include "learn/fit_forecast_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/sample.h"
#include "series/crew.h"
#include "series/step.h"

#define ROWS_DEFAULT 60000u
#define ROWS_LEAST 200u
#define USERS_AT_ONCE 32u       /* taken by a thread in one go */
#define CAP_QUANTILE_AT .999
#define BEYOND_MOST .05         /* of days with events: more, and a cap is of another kind of log */
#define ERROR_ONE 65536.0       /* errors are added up as integers: in any order the same */

void forecast_walk_init(struct forecast_walk *w, const struct forecast_fit *f,
	const struct forecast_rule *r, uint32_t user)
{
	*w = (struct forecast_walk){ .rule = r, .until_ms = f->o->until_ms,
		.horizon_ms = f->horizon_ms, .last_ms = INT64_MIN };
	history_user(f->h, user, &w->u);
	for (uint32_t i = w->u.n; i-- > 0 && w->last_ms == INT64_MIN; )
		if (w->u.time_ms[i] <= w->until_ms && w->u.behaviour[i] != BEHAVIOUR_RETURN)
			w->last_ms = w->u.time_ms[i];
	forecast_reset(&w->state, r);
}

bool forecast_walk_next(struct forecast_walk *w, struct forecast_alarm *ret)
{
	for (; w->i < w->u.n && w->u.time_ms[w->i] <= w->until_ms; w->i++) {
		uint8_t count[FORECAST_COUNTS] = {0};
		int64_t ms = w->u.time_ms[w->i];
		if (w->u.behaviour[w->i] == BEHAVIOUR_RETURN)
			continue;
		if (forecast_advance(&w->state, w->rule, ms, ret))
			return true;
		forecast_count(count, w->u.behaviour[w->i]);
		forecast_see(&w->state, w->rule, ms, count);
	}
	return forecast_advance(&w->state, w->rule, w->horizon_ms, ret);
}

/* Walks a user with something in the place of the forecaster; nobody alarms. */
static void walk_with(const struct forecast_fit *f, uint32_t user,
	float (*predict)(void *ctx, const struct forecast *f, const struct forecast_rule *r),
	void *ctx)
{
	struct forecast_rule r;
	struct forecast_walk w;
	struct forecast_alarm a;
	forecast_rule_init(&r, f->m, f->o->step);
	r.threshold = INFINITY;
	r.predict = predict;
	r.ctx = ctx;
	forecast_walk_init(&w, f, &r, user);
	while (forecast_walk_next(&w, &a))
		;
}

static float count_one(void *ctx, const struct forecast *f, const struct forecast_rule *r)
{
	uint64_t *n = ctx;
	(void)f;
	(void)r;
	++*n;
	return 0;
}

/* Something done for every user by several threads; a user's result goes to a place of its own. */
struct work {
	const struct forecast_fit *f;
	/* Users from one up to another, a few of them. */
	void (*some)(struct work *w, uint32_t user, uint32_t end);
	_Atomic uint32_t next;
	atomic_bool no_memory;
	_Atomic uint64_t error, n_errors;
};

static void work_on(void *ctx)
{
	struct work *w = ctx;
	uint32_t first, n = history_n_users(w->f->h);
	while (!forecast_fit_is_stopped(w->f) && !atomic_load(&w->no_memory) &&
	       (first = atomic_fetch_add(&w->next, USERS_AT_ONCE)) < n)
		w->some(w, first, n - first < USERS_AT_ONCE ? n : first + USERS_AT_ONCE);
}

static void count_users(struct work *w, uint32_t user, uint32_t end)
{
	for (; user < end; user++)
		walk_with(w->f, user, count_one, &w->f->first[user + 1]);
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not learn to forecast: out of memory");
}

static int by_id(const void *a, const void *b, void *ids)
{
	return dict_cmp(((const struct ids *)ids)->user, *(const uint32_t *)a,
		*(const uint32_t *)b);
}

/* Users by the hash of their ids, as many as have about the steps asked for; in the order of their
 * ids, for numbers differ from run to run.
 */
static int choose_users(struct forecast_fit *f, uint64_t n_steps, struct err *e)
{
	uint32_t n_users = history_n_users(f->h), want = f->o->n_rows ? f->o->n_rows : ROWS_DEFAULT;
	double share = n_steps > want ? (double)want / (double)n_steps : 1;
	struct sample s = {0};
	int r = sample_users(&s, f->h, f->ids, (uint32_t)ceil(share * n_users), 1, e);
	f->user = s.user;
	f->n_sampled = s.n;
	if (r == 0)
		qsort_r(f->user, f->n_sampled, sizeof *f->user, by_id, (void *)(uintptr_t)f->ids);
	return r;
}

int forecast_fit_sample(struct forecast_fit *f, struct err *e)
{
	uint32_t n = history_n_users(f->h);
	struct work w = { .f = f, .some = count_users };
	f->first = mem_get(n + 1ul, sizeof *f->first);
	if (!f->first)
		return no_memory(e);
	crew_run(f->o->threads, work_on, &w);
	for (uint32_t user = 0; user < n; user++)
		f->first[user + 1] += f->first[user];
	if (f->first[n] < ROWS_LEAST)
		return err_set(e, -ENODATA, "channel forecast: there are %u days of users to learn "
			"from, %u are needed", (unsigned)f->first[n], ROWS_LEAST);
	return choose_users(f, f->first[n], e);
}

static uint32_t n_steps(const struct forecast_fit *f, uint32_t user)
{
	return (uint32_t)(f->first[user + 1] - f->first[user]);
}

static uint32_t n_sampled_steps(const struct forecast_fit *f)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->n_sampled; i++)
		n += n_steps(f, f->user[i]);
	return n;
}

static float take_step(void *ctx, const struct forecast *f, const struct forecast_rule *r)
{
	struct observation **to = ctx;
	forecast_window(f, r, 1, (*to)++);
	return 0;
}

/* The steps that are learnt from, not capped, for the caller to free; NULL: -ENOMEM. */
static struct observation *take_steps(const struct forecast_fit *f, uint32_t *ret_n, struct err *e)
{
	struct feature_set *s = &f->m->f.features;
	struct observation *o, *to;
	*ret_n = n_sampled_steps(f);
	to = o = mem_get(*ret_n + 1ul, sizeof *o);
	if (!o)
		no_memory(e);
	for (int i = 0; i < OBSERVED_N; i++)
		s->cap[i] = INFINITY;
	for (uint32_t i = 0; i < f->n_sampled && o; i++)
		walk_with(f, f->user[i], take_step, &to);
	return o;
}

int forecast_fit_caps(const struct forecast_fit *f, struct feature_set *s, struct err *e)
{
	uint32_t n;
	f->m->f.features = *s;
	struct observation *o = take_steps(f, &n, e);
	int r = o ? feature_fit_caps(s, CAP_QUANTILE, CAP_QUANTILE_AT, o, n, e) : -ENOMEM;
	mem_free(o);
	return r;
}

int forecast_fit_check_caps(const struct forecast_fit *f, const struct feature_set *s,
	struct err *e)
{
	uint32_t n, n_any = 0, n_beyond = 0;
	float cap = s->cap[OBSERVED_VALUE];
	f->m->f.features = *s;
	struct observation *o = take_steps(f, &n, e);
	for (uint32_t i = 0; i < n && o; i++) {
		n_any += o[i].at[OBSERVED_VALUE] > 0;
		n_beyond += o[i].at[OBSERVED_VALUE] > cap;
	}
	mem_free(o);
	if (o && n_beyond > BEYOND_MOST * n_any)
		return err_set(e, -EINVAL, "could not go on from a forecaster: it takes interest "
			"of a day up to %g, and %.0f %% of the days of this log have more",
			(double)cap, 100. * n_beyond / n_any);
	return o ? 0 : -ENOMEM;
}

/* Rows of one user; y is NAN until the step has closed. */
struct rows_to {
	const struct forecaster *shape;
	float *x, *y;
	int64_t *time_ms;
	uint32_t n;
};

static float take_row(void *ctx, const struct forecast *f, const struct forecast_rule *r)
{
	struct rows_to *to = ctx;
	struct observation o[FORECAST_STEPS];
	uint32_t n = forecaster_window(to->shape);
	forecast_window(f, r, n, o);
	if (to->n > 0 && to->time_ms[to->n - 1] == o[n - 1].start_ms)
		to->y[to->n - 1] = o[n - 1].at[OBSERVED_VALUE];
	forecaster_row(to->shape, o + n - 1, f->open_ms,
		to->x + (uint64_t)to->n * forecaster_columns(to->shape));
	to->time_ms[to->n] = f->open_ms;
	to->y[to->n++] = NAN;
	return 0;
}

static void take_user(const struct forecast_fit *f, struct rows_to *to, uint32_t user)
{
	to->n = 0;
	walk_with(f, user, take_row, to);
}

/* Rows whose step never closed go. */
static void close_gaps(struct dataset *d)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < d->n_rows; i++) {
		if (isnan(d->y[i]))
			continue;
		memmove(dataset_row(d, n), dataset_row(d, i), d->n_columns * sizeof *d->x);
		d->y[n] = d->y[i];
		d->series[n] = d->series[i];
		d->time_ms[n] = d->known_ms[n] = d->time_ms[i];
		n++;
	}
	d->n_rows = n;
}

int forecast_fit_rows(const struct forecast_fit *f, const struct forecaster *shape,
	struct dataset *ret, struct err *e)
{
	int r = dataset_init(ret, n_sampled_steps(f), forecaster_columns(shape), e);
	if (r < 0)
		return r;
	uint32_t at = 0;
	f->m->f.features = shape->features;     /* steps are cleaned by its caps */
	for (uint32_t i = 0; i < f->n_sampled; i++) {
		struct rows_to to = { .shape = shape, .x = dataset_row(ret, at), .y = ret->y + at,
			.time_ms = ret->time_ms + at };
		take_user(f, &to, f->user[i]);
		for (uint32_t k = 0; k < to.n; k++)
			ret->series[at + k] = f->user[i];
		at += to.n;
	}
	close_gaps(ret);
	return 0;
}

static void add_errors(struct work *w, const float *y, const float *known, uint32_t n)
{
	uint64_t error = 0, n_errors = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!isnan(y[i])) {
			error += (uint64_t)llround(fabs((double)y[i] - (double)known[i]) *
				ERROR_ONE);
			n_errors++;
		}
	atomic_fetch_add(&w->error, error);
	atomic_fetch_add(&w->n_errors, n_errors);
}

/* A network's forecasts depend on the rows beside them, in their last bits: on the CPU those are
 * the user's own.
 */
static void forecast_rows(const struct forecast_fit *f, const float *x, uint32_t user, uint32_t end)
{
	uint32_t columns = forecaster_columns(&f->m->f);
	float *known = f->known + f->first[user];
	bool done = accel_try(&f->at, x, (uint32_t)(f->first[end] - f->first[user]), known);
	for (uint32_t n; user < end; user++, x += (size_t)n * columns, known += n) {
		unsigned fold = f->fold_of ? f->fold_of[user] : 0;
		n = n_steps(f, user);
		if (fold > 0 || !done)
			forecaster_predict(fold ? &f->apart[fold - 1] : &f->m->f, x, n, known);
	}
}

static void forecast_users(struct work *w, uint32_t user, uint32_t end)
{
	const struct forecast_fit *f = w->f;
	uint32_t columns = forecaster_columns(&f->m->f), n_done = 0;
	uint32_t n = (uint32_t)(f->first[end] - f->first[user]);
	float *x = mem_get((size_t)n * columns + 1, sizeof *x);
	float *y = mem_get(n + 1ul, sizeof *y);
	int64_t *time_ms = mem_get(n + 1ul, sizeof *time_ms);
	for (uint32_t u = user; u < end && x && y && time_ms; u++) {
		struct rows_to to = { .shape = &f->m->f, .x = x + (size_t)n_done * columns,
			.y = y + n_done, .time_ms = time_ms + n_done };
		take_user(f, &to, u);
		n_done += to.n;
	}
	if (x && y && time_ms) {
		forecast_rows(f, x, user, end);
		add_errors(w, y, f->known + f->first[user], n_done);
	} else {
		atomic_store(&w->no_memory, true);
	}
	mem_free(x);
	mem_free(y);
	mem_free(time_ms);
}

/* To a device together, since a call there costs as much as some thousand rows. */
static void forecast_some(struct work *w, uint32_t user, uint32_t end)
{
	if (w->f->at.held)
		forecast_users(w, user, end);
	else
		for (; user < end; user++)
			forecast_users(w, user, user + 1);
}

int forecast_fit_known(struct forecast_fit *f, struct err *e)
{
	struct work w = { .f = f, .some = forecast_some };
	f->known = mem_get(f->first[history_n_users(f->h)] + 1, sizeof *f->known);
	if (!f->known)
		return no_memory(e);
	accel_hold(&f->at, f->accel, &f->m->f);
	crew_run(f->o->threads, work_on, &w);
	accel_drop(&f->at);
	if (w.n_errors > 0 && w.error > 0)
		f->m->scale = (float)((double)w.error / ERROR_ONE / (double)w.n_errors);
	return w.no_memory ? no_memory(e) : 0;
}
