#include "detect/shard.h"

#include <errno.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/explain.h"
#include "ingest/event.h"
#include "model/model.h"

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not follow more users: out of memory (see --memory)");
}

int shard_init(struct shard *s, const struct model *m, const struct ids *ids, const char *backend,
	struct err *e)
{
	*s = (struct shard){ .model = m, .ids = ids };
	blocks_init(&s->profile, sizeof(struct profile));
	mixture_rule_init(&s->rule, m);
	s->prior = model_prior(m, ids->category, &s->unseen);
	s->n_prior = dict_size(ids->category);
	if (!s->prior)
		return no_memory(e);
	return backend_open(&s->backend, backend, &s->rule, NULL, 0, e);
}

void shard_done(struct shard *s)
{
	for (uint32_t i = 0; i < s->n_slots; i++)
		profile_done(shard_profile(s, i));
	backend_close(&s->backend);
	blocks_done(&s->profile);
	mem_free(s->prior);
	mem_free(s->run);
	mem_free(s->user);
	mem_free(s->time_ms);
	mem_free(s->count);
	mem_free(s->verdict);
	*s = (struct shard){0};
}

/* Makes *array hold at least `need` elements of `size`; false when memory is out. */
static bool grow(void *array, uint32_t need, size_t size)
{
	void **p = array, *bigger = mem_resize(*p, need, size);
	if (bigger)
		*p = bigger;
	return bigger != NULL;
}

int shard_reserve(struct shard *s, uint32_t n_slots, struct err *e)
{
	if (!blocks_reserve(&s->profile, n_slots))
		return no_memory(e);
	int r = s->backend.ops->reserve(&s->backend, n_slots, e);
	if (r < 0)
		return r;
	while (s->n_slots < n_slots)
		profile_init(shard_profile(s, s->n_slots++));
	return 0;
}

void shard_reset(struct shard *s, uint32_t slot)
{
	struct mixture fresh;
	mixture_reset(&fresh);
	profile_reset(shard_profile(s, slot));
	s->backend.ops->load(&s->backend, slot, &fresh);
}

static bool make_room(struct shard *s, uint32_t n_counts)
{
	if (s->n_runs == s->cap_runs) {
		uint32_t cap = s->cap_runs ? 2 * s->cap_runs : 64;
		if (!grow(&s->run, cap, sizeof *s->run) || !grow(&s->user, cap, sizeof *s->user) ||
		    !grow(&s->time_ms, cap, sizeof *s->time_ms))
			return false;
		s->cap_runs = cap;
	}
	uint64_t need = (uint64_t)s->n_counts + n_counts;
	if (need > s->cap_counts) {
		uint32_t cap = (uint32_t)(need < 256 ? 256 : need + need / 2);
		if (!grow(&s->count, cap, sizeof *s->count) || !grow(&s->verdict, cap,
			sizeof *s->verdict))
			return false;
		s->cap_counts = cap;
	}
	return true;
}

/* The categories' s pi(c): numbers the model has never seen share one. */
static void fill_prior(const struct shard *s, struct count *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		c[i].prior = c[i].category < s->n_prior ? s->prior[c[i].category] : s->unseen;
}

int shard_add(struct shard *s, uint32_t slot, uint32_t user, int64_t time_ms,
	const uint32_t *category,
	uint32_t n, struct err *e)
{
	if (!make_room(s, n))
		return no_memory(e);
	struct profile *p = shard_profile(s, slot);
	struct count *c = s->count + s->n_counts;
	int n_counts = profile_push(p, time_ms, category, n, s->model->gap_ms, c);
	if (n_counts < 0)
		return no_memory(e);
	if (n_counts == 0)
		return 0;
	for (int i = 0; i < n_counts; i++)
		if (c[i].category >= MIXTURE_CATEGORIES)
			return err_set(e, -EOVERFLOW, "more than %u categories",
				MIXTURE_CATEGORIES);
	fill_prior(s, c, (uint32_t)n_counts);
	s->run[s->n_runs] = (struct run_of){ .slot = slot, .first = s->n_counts, .n =
		(uint32_t)n_counts,
		.quiet_n = p->quiet_n };
	s->user[s->n_runs] = user;
	s->time_ms[s->n_runs++] = time_ms;
	s->n_counts += (uint32_t)n_counts;
	return 0;
}

/* Learns anew from the counts since the change; see DETECTION.md, "After an alert". */
static void restart(struct shard *s, uint32_t slot, const struct mixture *old, uint32_t age)
{
	uint32_t category[MIXTURE_WINDOW];
	struct count c[MIXTURE_WINDOW];
	struct verdict none[MIXTURE_WINDOW];
	struct mixture fresh;
	struct run_of run = { .slot = slot, .n = age, .quiet_n = UINT32_MAX };
	for (uint32_t i = 0; i < age; i++)
		category[i] = mixture_category(old, age - i);
	profile_restart(shard_profile(s, slot), category, age, PROFILE_WARM_UP, c);
	fill_prior(s, c, age);
	mixture_reset(&fresh);
	s->backend.ops->load(&s->backend, slot, &fresh);
	s->backend.ops->step(&s->backend, c, &run, 1, false, none);
}

static void explain_alarm(struct shard *s, const struct verdict *v, uint32_t slot,
	struct finding *f)
{
	struct mixture state;
	s->backend.ops->save(&s->backend, slot, &state);
	struct suspect who = { .profile = shard_profile(s, slot), .state = &state, .prior =
		s->prior,
		.n_prior = s->n_prior, .unseen = s->unseen, .category = s->ids->category, .model =
			s->model };
	explain(&who, v->age, f);
	f->far = (float)model_far(s->model, v->score);
	f->severity = (uint8_t)model_severity(f->far);
	restart(s, slot, &state, v->age);
}

int shard_step(struct shard *s, shard_sink *sink, void *ctx, struct err *e)
{
	uint32_t n = s->backend.ops->step(&s->backend, s->count, s->run, s->n_runs, s->records,
		s->verdict);
	int r = 0;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		const struct verdict *v = &s->verdict[i];
		uint32_t slot = s->run[v->run].slot;
		struct shard_event ev = { .log_m = v->log_m, .n = shard_profile(s, slot)->n };
		ev.finding = (struct finding){ .user = s->user[v->run], .time_ms =
			s->time_ms[v->run],
			.score = v->score, .kind = KIND_INTEREST, .direction = DIRECTION_SHIFT };
		if (!s->records)
			explain_alarm(s, v, slot, &ev.finding);
		r = sink(ctx, &ev, e);
	}
	s->n_runs = s->n_counts = 0;
	return r;
}
