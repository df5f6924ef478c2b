#include "detect/sweep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "detect/sweep_parts.h"

#define USERS_AT_ONCE 128u      /* taken by a worker in one go, */
#define MANY_AT_ONCE 16384u     /* and for a device */
#define WORKERS_MAX 256u

/* Room for one more element in a worker's array; NULL when memory is out. */
static void *one_more(void *array, uint32_t n, uint32_t *cap, size_t size)
{
	void **p = array;
	if (n == *cap) {
		uint32_t bigger = *cap ? 2 * *cap : 256;
		void *grown = mem_resize(*p, bigger, size);
		if (!grown)
			return NULL;
		*p = grown;
		*cap = bigger;
	}
	return (char *)*p + (size_t)n * size;
}

int sweep_no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not keep what was found: out of memory");
}

int sweep_keep_exposure(struct worker *w, uint32_t user, int64_t from_ms, int64_t to_ms)
{
	struct sweep *out = &w->out;
	struct exposure *x = one_more(&out->exposure, out->n_exposures, &w->cap_exposures,
		sizeof *x);
	if (!x)
		return sweep_no_memory(&w->err);
	*x = (struct exposure){ .user = user, .from_ms = from_ms, .to_ms = to_ms };
	out->n_exposures++;
	return 0;
}

static int keep_clearing(struct worker *w, const struct shard_event *ev)
{
	struct sweep *out = &w->out;
	struct clearing *c = one_more(&out->clearing, out->n_clearings, &w->cap_clearings,
		sizeof *c);
	if (!c)
		return sweep_no_memory(&w->err);
	*c = (struct clearing){ ev->finding.user, ev->finding.kind, ev->finding.time_ms,
		ev->finding.onset_ms, ev->cleared_ms };
	out->n_clearings++;
	return 0;
}

static int keep_record(struct worker *w, const struct shard_event *ev)
{
	struct sweep *out = &w->out;
	struct record *r = one_more(&out->record, out->n_records, &w->cap_records, sizeof *r);
	if (!r)
		return sweep_no_memory(&w->err);
	*r = (struct record){ .time_ms = ev->finding.time_ms, .user = ev->finding.user,
		.score = ev->finding.score, .channel = ev->channel };
	out->n_records++;
	return 0;
}

static int keep_finding(struct worker *w, const struct shard_event *ev)
{
	struct sweep *out = &w->out;
	struct finding *f = one_more(&out->finding, out->n_findings, &w->cap_findings, sizeof *f);
	if (!f)
		return sweep_no_memory(&w->err);
	*f = ev->finding;
	out->n_findings++;
	w->n_restarts += f->kind == KIND_INTEREST;
	if (w->walk && f->kind == KIND_INTEREST)
		sweep_many_found(w, f->user);
	return 0;
}

int sweep_keep(void *worker, const struct shard_event *ev, struct err *e)
{
	struct worker *w = worker;
	(void)e;
	return ev->kind == SHARD_RECORD ? keep_record(w, ev) :
		ev->kind == SHARD_CLEARED ? keep_clearing(w, ev) : keep_finding(w, ev);
}

uint32_t sweep_gather(struct worker *w, const struct user_events *u, uint32_t i, uint32_t *ret_n)
{
	int64_t at = u->time_ms[i];
	for (*ret_n = 0; i < u->n && u->time_ms[i] == at; i++) {
		if (u->behaviour[i] == BEHAVIOUR_RETURN)
			continue;
		struct sight *s = one_more(&w->seen, *ret_n, &w->cap_seen, sizeof *s);
		if (!s)
			return 0;
		*s = (struct sight){ u->category[i], u->item[i],
			priors_tag(w->job->priors, u->item[i]), u->behaviour[i] };
		++*ret_n;
	}
	return i;
}

/* Steps; a restart ends a span at risk. */
static int step(struct worker *w)
{
	const struct profile *p = shard_profile(&w->shard, 0);
	int64_t risk_ms = p->risk_ms, time_ms = p->last_ms;
	uint32_t n = w->n_restarts;
	if (w->shard.n_runs && shard_step(&w->shard, sweep_keep, w, &w->err) < 0)
		return w->err.code;
	if (w->n_restarts == n || risk_ms == INT64_MAX)
		return 0;
	return sweep_keep_exposure(w, w->who.user, risk_ms, time_ms);
}

static int close_session(struct worker *w, int64_t now_ms)
{
	if (!profile_is_over(shard_profile(&w->shard, 0), now_ms, w->shard.model->gap_ms))
		return 0;
	int r = shard_close(&w->shard, &w->who, &w->err);
	return r < 0 ? r : step(w);
}

static int sweep_instant(struct worker *w, const struct user_events *u, uint32_t *i)
{
	int64_t at = u->time_ms[*i];
	uint32_t n;
	*i = sweep_gather(w, u, *i, &n);
	if (*i == 0)
		return sweep_no_memory(&w->err);
	if (n == 0)
		return 0;
	int r = close_session(w, at);
	if (r == 0)
		r = shard_add(&w->shard, &w->who, at, w->seen, n, &w->err);
	return r < 0 ? r : step(w);
}

static int sweep_user(struct worker *w, uint32_t user)
{
	struct user_events u;
	int64_t until = w->job->horizon_ms;
	history_user(w->job->history, user, &u);
	if (u.n == 0 || (w->job->o->only && !w->job->o->only[user]))
		return 0;
	int r = shard_reset(&w->shard, 0, 1, &w->err);
	w->who = (struct shard_who){ 0, user };
	for (uint32_t i = 0; i < u.n && u.time_ms[i] <= until && r == 0; )
		r = sweep_instant(w, &u, &i);
	if (r == 0)
		r = close_session(w, until);
	if (r == 0)
		r = shard_pass(&w->shard, &w->who, w->job->silent_ms, sweep_keep, w, &w->err);
	const struct profile *p = shard_profile(&w->shard, 0);
	return r < 0 || p->risk_ms == INT64_MAX ? r :
		sweep_keep_exposure(w, user, p->risk_ms, p->last_ms);
}

bool sweep_should_stop(const struct job *j)
{
	return atomic_load(&j->failed) || (j->o->stop && atomic_load(j->o->stop));
}

static void report(struct job *j, uint32_t n)
{
	uint64_t done = atomic_fetch_add(&j->done, n) + (uint64_t)n;
	if (j->o->ret_percent)
		atomic_store(j->o->ret_percent, (uint32_t)(100 * done / j->n_users));
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job *j = w->job;
	bool many = strcmp(backend_name(&w->shard.backend), "cpu") != 0;
	uint32_t at_once = many ? MANY_AT_ONCE : USERS_AT_ONCE;
	while (!sweep_should_stop(j)) {
		uint32_t first = atomic_fetch_add(&j->next, at_once);
		if (first >= j->n_users)
			break;
		uint32_t end = j->n_users - first < at_once ? j->n_users : first + at_once;
		if (many)
			sweep_many(w, first, end);
		for (uint32_t u = first; u < end && w->err.code == 0 && !many; u++)
			sweep_user(w, u);
		if (w->err.code < 0)
			atomic_store(&j->failed, true);
		report(j, end - first);
	}
	return NULL;
}

static int worker_init(struct worker *w, struct job *j)
{
	w->job = j;
	int r = shard_init(&w->shard, j->priors, j->o->backend, &w->err);
	if (j->o->records)
		shard_keep_records(&w->shard);
	return r < 0 ? r : shard_reserve(&w->shard, 1, &w->err);
}

static void worker_done(struct worker *w)
{
	shard_done(&w->shard);
	mem_free(w->seen);
	sweep_done(&w->out);
}

/* Runs the workers; the first one is the calling thread. */
static void run_workers(struct worker *w, unsigned n)
{
	unsigned started = 1;
	for (; started < n; started++)
		if (pthread_create(&w[started].thread, NULL, work, &w[started]) != 0)
			break;
	work(&w[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(w[i].thread, NULL);
}

/* Appends an array of one worker to that of all. */
static bool append(void *to, uint32_t *n, const void *from, uint32_t n_more, size_t size)
{
	void **p = to;
	if (n_more == 0)
		return true;
	void *grown = mem_resize(*p, (size_t)*n + n_more, size);
	if (!grown)
		return false;
	memcpy((char *)grown + *n * size, from, n_more * size);
	*p = grown;
	*n += n_more;
	return true;
}

/* The first worker speaks for all. */
static void name_backend(struct sweep *s, struct worker *w)
{
	const char *notice = shard_notice(&w->shard);
	snprintf(s->notice, sizeof s->notice, "%s", notice ? notice : "");
	snprintf(s->backend, sizeof s->backend, "%s", backend_name(&w->shard.backend));
}

static int collect(struct sweep *s, const struct worker *w, unsigned n, struct err *e)
{
	for (unsigned i = 0; i < n; i++) {
		const struct sweep *o = &w[i].out;
		if (w[i].err.code < 0)
			return err_set(e, w[i].err.code, "%s", w[i].err.text);
		if (!append(&s->finding, &s->n_findings, o->finding, o->n_findings,
			sizeof *o->finding) ||
		    !append(&s->clearing, &s->n_clearings, o->clearing, o->n_clearings,
			sizeof *o->clearing) ||
		    !append(&s->record, &s->n_records, o->record, o->n_records,
			sizeof *o->record) ||
		    !append(&s->exposure, &s->n_exposures, o->exposure, o->n_exposures,
			sizeof *o->exposure))
			return sweep_no_memory(e);
	}
	return 0;
}

static int find_horizon(struct job *j, const struct model *m, struct err *e)
{
	int64_t first_ms, last_ms;
	history_range(j->history, &first_ms, &last_ms);
	j->horizon_ms = j->silent_ms = j->o->until_ms == INT64_MAX ? last_ms : j->o->until_ms;
	if (j->o->until_ms != INT64_MAX || !(m->channels & CHANNELS_OF_TIME))
		return 0;
	return history_body_end(j->history, &j->silent_ms, e);
}

int sweep_run(struct sweep *s, const struct history *h, const struct ids *ids,
	const struct model *m,
	const struct sweep_options *o, struct err *e)
{
	*s = (struct sweep){0};
	struct job job = { .history = h, .o = o, .n_users = history_n_users(h) };
	unsigned n = o->threads < 1 ? 1 : o->threads > WORKERS_MAX ? WORKERS_MAX : o->threads,
		ready = 0;
	struct worker *w = mem_get(n, sizeof *w);
	struct priors own = {0};
	int r = w ? find_horizon(&job, m, e) : sweep_no_memory(e);
	if (r == 0 && !o->priors)
		r = priors_init(&own, m, ids, e);
	job.priors = o->priors ? o->priors : &own;
	for (; r == 0 && ready < n; ready++)
		if ((r = worker_init(&w[ready], &job)) < 0)
			err_set(e, r, "%s", w[ready].err.text);
	if (r == 0) {
		run_workers(w, n);
		name_backend(s, w);
		r = collect(s, w, n, e);
	}
	if (r == 0 && o->stop && atomic_load(o->stop))
		r = err_set(e, -ECANCELED, "detection was stopped");
	for (unsigned i = 0; w && i < n; i++)
		worker_done(&w[i]);
	mem_free(w);
	priors_done(&own);
	if (r < 0)
		sweep_done(s);
	return r;
}

void sweep_done(struct sweep *s)
{
	mem_free(s->finding);
	mem_free(s->clearing);
	mem_free(s->record);
	mem_free(s->exposure);
	*s = (struct sweep){0};
}
