#include "detect/shard.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "detect/explain.h"
#include "detect/former.h"
#include "detect/past.h"
#include "detect/shard_parts.h"
#include "model/model.h"

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not follow more users: out of memory (see --memory)");
}

int shard_init(struct shard *s, const struct priors *p, const char *backend, struct err *e)
{
	*s = (struct shard){ .model = p->model, .priors = p };
	blocks_init(&s->profile, sizeof(struct profile));
	blocks_init(&s->volume, sizeof(struct volume));
	blocks_init(&s->forecast, sizeof(struct forecast));
	rules_init(&s->rules, p->model);
	volume_rule_init(&s->volume_rule, &p->model->volume, &volume_day);
	forecast_rule_init(&s->forecast_rule, &p->model->forecast, &volume_day);
	return backend_open(&s->backend, backend, &s->rules, s->notice, sizeof s->notice, e);
}

const char *shard_notice(struct shard *s)
{
	const char *lost = backend_lost(&s->backend);
	if (lost && !s->told_lost) {
		s->told_lost = true;
		snprintf(s->notice, sizeof s->notice, "%s", lost);
	}
	if (!s->notice[0])
		return NULL;
	/* The next one finds it empty, the caller does not. */
	snprintf(s->said, sizeof s->said, "%s; the cpu goes on", s->notice);
	s->notice[0] = '\0';
	return s->said;
}

void shard_done(struct shard *s)
{
	for (uint32_t i = 0; i < s->n_slots; i++)
		profile_done(shard_profile(s, i));
	backend_close(&s->backend);
	blocks_done(&s->profile);
	blocks_done(&s->volume);
	blocks_done(&s->forecast);
	mem_free(s->run);
	mem_free(s->beside);
	mem_free(s->row);
	mem_free(s->verdict);
	*s = (struct shard){0};
}

void shard_keep_records(struct shard *s)
{
	s->records = true;
	s->volume_rule.records = !(s->rules.channels & CHANNELS_INTEREST);
	s->forecast_rule.records = s->volume_rule.records;
}

/* Makes *array hold at least `need` elements of `size`; false when memory is out. */
static bool grow(void *array, uint32_t need, size_t size)
{
	void **p = array, *bigger = mem_resize(*p, need, size);
	if (bigger)
		*p = bigger;
	return bigger != NULL;
}

/* What lives beside the backend. */
static void reset_beside(struct shard *s, uint32_t slot)
{
	if (shard_has_volume(s))
		volume_reset(shard_volume(s, slot), &s->volume_rule);
	if (shard_has_forecast(s))
		forecast_reset(shard_forecast(s, slot), &s->forecast_rule);
}

int shard_reserve(struct shard *s, uint32_t n_slots, struct err *e)
{
	if (!blocks_reserve(&s->profile, n_slots) ||
	    (shard_has_volume(s) && !blocks_reserve(&s->volume, n_slots)) ||
	    (shard_has_forecast(s) && !blocks_reserve(&s->forecast, n_slots)))
		return no_memory(e);
	int r = s->backend.ops->reserve(&s->backend, n_slots, e);
	if (r < 0)
		return r;
	for (; s->n_slots < n_slots; s->n_slots++) {
		profile_init(shard_profile(s, s->n_slots));
		reset_beside(s, s->n_slots);
	}
	return 0;
}

#define RESET 16u               /* states in one call of the backend */

int shard_reset(struct shard *s, uint32_t first, uint32_t n, struct err *e)
{
	struct slot_state fresh[RESET];
	uint32_t slot[RESET];
	int r = 0;
	for (uint32_t i = 0; i < n && i < RESET; i++)
		slot_state_reset(&fresh[i]);
	for (uint32_t done = 0, k; done < n && r == 0; done += k) {
		k = n - done < RESET ? n - done : RESET;
		for (uint32_t i = 0; i < k; i++) {
			slot[i] = first + done + i;
			profile_reset(shard_profile(s, slot[i]));
			reset_beside(s, slot[i]);
		}
		r = s->backend.ops->load(&s->backend, slot, k, fresh, e);
	}
	return r;
}

/* All states, from one backend to another that has room for them. */
static int move_states(struct shard *s, struct backend *to, struct err *e)
{
	struct slot_state state[RESET];
	uint32_t slot[RESET];
	int r = 0;
	for (uint32_t done = 0, k; done < s->n_slots && r == 0; done += k) {
		k = s->n_slots - done < RESET ? s->n_slots - done : RESET;
		for (uint32_t i = 0; i < k; i++)
			slot[i] = done + i;
		r = s->backend.ops->save(&s->backend, slot, k, state, e);
		if (r == 0)
			r = to->ops->load(to, slot, k, state, e);
	}
	return r;
}

int shard_switch(struct shard *s, const char *backend, struct err *e)
{
	struct backend to;
	int r = backend_try(&to, backend, &s->rules, e);
	if (r < 0)
		return r;
	r = to.ops->reserve(&to, s->n_slots, e);
	if (r == 0)
		r = move_states(s, &to, e);
	if (r < 0) {
		backend_close(&to);
		return r;
	}
	backend_close(&s->backend);
	s->backend = to;
	s->told_lost = false;
	return 0;
}

/* Room for one more run and so many more rows. */
static bool make_room(struct shard *s, uint32_t n_rows)
{
	uint64_t rows = (uint64_t)s->n_rows + n_rows;
	if (s->n_runs == s->cap_runs) {
		uint32_t cap = s->cap_runs ? 2 * s->cap_runs : 64;
		if (!grow(&s->run, cap, sizeof *s->run) || !grow(&s->beside, cap,
			sizeof *s->beside))
			return false;
		s->cap_runs = cap;
	}
	if (rows > s->cap_rows) {
		uint32_t cap = (uint32_t)(rows < 256 ? 256 : rows + rows / 2);
		if (!grow(&s->row, cap, sizeof *s->row))
			return false;
		s->cap_rows = cap;
	}
	if (s->cap_verdicts < s->cap_rows + s->cap_runs) {
		if (!grow(&s->verdict, s->cap_rows + s->cap_runs, sizeof *s->verdict))
			return false;
		s->cap_verdicts = s->cap_rows + s->cap_runs;
	}
	return true;
}

static void add_run(struct shard *s, const struct shard_who *who, int64_t time_ms, uint32_t n_rows,
	bool closes)
{
	s->run[s->n_runs] = (struct run_of){ .slot = who->slot, .first = s->n_rows, .n = n_rows,
		.quiet_n = shard_profile(s, who->slot)->quiet_n, .closes = closes };
	s->beside[s->n_runs++] = (struct shard_run){ .user = who->user, .time_ms = time_ms };
	s->n_rows += n_rows;
}

int shard_add(struct shard *s, const struct shard_who *who, int64_t time_ms,
	const struct sight *seen, uint32_t n, struct err *e)
{
	if (!make_room(s, n))
		return no_memory(e);
	struct row *r = s->row + s->n_rows;
	struct profile *p = shard_profile(s, who->slot);
	if (p->session == 0)
		p->fold = (uint8_t)priors_fold(s->priors, time_ms, seen);
	int n_rows = profile_push(p, time_ms, seen, n, r);
	if (n_rows < 0)
		return no_memory(e);
	if (n_rows == 0 && !shard_has_forecast(s))
		return 0;
	for (int i = 0; i < n_rows; i++)
		if (r[i].category >= PROFILE_CATEGORIES)
			return err_set(e, -EOVERFLOW, "more than %u categories",
				PROFILE_CATEGORIES);
	priors_fill(s->priors, p->fold, r, (uint32_t)n_rows);
	add_run(s, who, time_ms, (uint32_t)n_rows, false);
	for (uint32_t i = 0; i < n && shard_has_forecast(s); i++)
		forecast_count(s->beside[s->n_runs - 1].count, seen[i].behaviour);
	return 0;
}

int shard_close(struct shard *s, const struct shard_who *who, struct err *e)
{
	struct profile *p = shard_profile(s, who->slot);
	profile_close(p);
	if (!(s->rules.channels & CHANNEL_BIT(CHANNEL_LEARNED)))
		return 0;
	if (!make_room(s, 0))
		return no_memory(e);
	add_run(s, who, p->last_ms, 0, true);
	return 0;
}

/* Learns anew from the rows since the change; see DETECTION.md, "After an alert". */
static int restart(struct shard *s, uint32_t slot, struct past *past, struct err *e)
{
	struct slot_state fresh;
	struct verdict none[PAST_ROWS];
	struct run_of run = { .slot = slot, .n = past->n, .quiet_n = UINT32_MAX };
	struct runs again = { past->row, &run, 1, STEP_QUIET };
	uint32_t n;
	profile_restart(shard_profile(s, slot), past->row, past->n, PROFILE_WARM_UP);
	priors_fill(s->priors, shard_profile(s, slot)->fold, past->row, past->n);
	slot_state_reset(&fresh);
	int r = s->backend.ops->load(&s->backend, &slot, 1, &fresh, e);
	return r < 0 ? r : s->backend.ops->step(&s->backend, &again, none, &n, e);
}

static int remember(struct profile *p, const struct past *past, const struct finding *f,
	struct err *e)
{
	if (!p->former && !(p->former = mem_get(1, sizeof *p->former)))
		return no_memory(e);
	former_init(p->former, p, past->row, past->n);
	p->former->time_ms = f->time_ms;
	p->former->onset_ms = f->onset_ms;
	p->former->kind = f->kind;
	return 0;
}

static int explain_alarm(struct shard *s, const struct verdict *v, struct finding *f,
	struct err *e)
{
	struct slot_state state;
	struct past past;
	uint32_t slot = s->run[v->run].slot;
	struct profile *p = shard_profile(s, slot);
	int r = s->backend.ops->save(&s->backend, &slot, 1, &state, e);
	if (r < 0)
		return r;
	past_init(&past, &state, p, (enum channel)v->channel, s->rules.channels);
	explain(&(struct suspect){ .profile = p, .past = &past, .priors = s->priors }, f);
	f->score = model_decision(s->model, (enum channel)v->channel, v->score);
	f->far = (float)model_far(s->model, (enum channel)v->channel, v->score);
	f->severity = (uint8_t)model_severity((double)f->far);
	f->channels = (uint8_t)CHANNEL_BIT(v->channel);
	r = remember(p, &past, f, e);
	return r < 0 ? r : restart(s, slot, &past, e);
}

static int report(struct shard *s, const struct verdict *v, const struct shard_out *out,
	struct err *e)
{
	const struct shard_run *b = &s->beside[v->run];
	struct shard_event ev = { .kind = s->records ? SHARD_RECORD : SHARD_FOUND,
		.channel = (enum channel)v->channel };
	ev.finding = (struct finding){ .user = b->user, .time_ms = b->time_ms, .score = v->score,
		.kind = KIND_INTEREST, .direction = DIRECTION_SHIFT };
	int r = s->records ? 0 : explain_alarm(s, v, &ev.finding, e);
	return r < 0 ? r : out->sink(out->ctx, &ev, e);
}

/* Whether rows of a run say that the user is back; they are looked at before the backend is. */
static int look_back(struct shard *s, uint32_t i, const struct shard_out *out, struct err *e)
{
	const struct run_of *run = &s->run[i];
	struct profile *p = shard_profile(s, run->slot);
	uint32_t n = p->n;
	bool back = false;
	if (!p->former || s->records)
		return 0;
	for (uint32_t k = 0; k < run->n; k++)
		n -= s->row[run->first + k].flags & ROW_COUNT;
	for (uint32_t k = run->first; k < run->first + run->n && !back; k++)
		if (s->row[k].flags & ROW_COUNT)
			back = former_push(p->former, &s->row[k], n++, s->model->strength);
	if (!back)
		return 0;
	struct shard_event ev = { .kind = SHARD_CLEARED, .cleared_ms = s->beside[i].time_ms };
	ev.finding = (struct finding){ .user = s->beside[i].user, .time_ms = p->former->time_ms,
		.onset_ms = p->former->onset_ms, .kind = p->former->kind };
	mem_free(p->former);
	p->former = NULL;
	return out->sink(out->ctx, &ev, e);
}

/* What the channels beside the backend say of a run. */
static int see_beside(struct shard *s, uint32_t i, const struct shard_out *out, struct err *e)
{
	const struct run_of *run = &s->run[i];
	const struct shard_run *b = &s->beside[i];
	const struct shard_who who = { run->slot, b->user };
	int r = 0;
	if (run->n > 0 && s->row[run->first].flags & ROW_OPENS)
		r = shard_see_session(s, &who, b->time_ms, out, e);
	return r < 0 || run->closes ? r : shard_see_counts(s, &who, b, out, e);
}

int shard_step(struct shard *s, shard_sink *sink, void *ctx, struct err *e)
{
	struct runs now = { s->row, s->run, s->n_runs, s->records ? STEP_RECORDS : STEP_ALARMS };
	const struct shard_out out = { sink, ctx };
	uint32_t n = 0;
	int r = 0;
	for (uint32_t i = 0; i < s->n_runs && r == 0; i++)
		if ((r = see_beside(s, i, &out, e)) == 0)
			r = look_back(s, i, &out, e);
	if (r == 0)
		r = s->backend.ops->step(&s->backend, &now, s->verdict, &n, e);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = report(s, &s->verdict[i], &out, e);
	s->n_runs = s->n_rows = 0;
	return r;
}

int shard_pass(struct shard *s, const struct shard_who *who, int64_t now_ms, shard_sink *sink,
	void *ctx, struct err *e)
{
	const struct shard_out out = { sink, ctx };
	int r = shard_let_pass(s, who, now_ms, &out, e);
	return r < 0 ? r : shard_close_steps(s, who, now_ms, &out, e);
}
