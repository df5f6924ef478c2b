#include "learn/fit_volume_parts.h"

#include <math.h>

#include "detect/volume.h"
#include "learn/fit_parts.h"
#include "learn/sample.h"
#include "series/step.h"

#define PACE_USERS 4000u
#define PACE_EVENTS 10u

static const double half_life[] = { 8, 16, 32, 64, 128, 256 };
static const float prior_sessions[] = { .1f, .25f, .5f, 1, 2, 4 };
#define HALF_LIVES (sizeof half_life / sizeof half_life[0])
#define PRIORS (sizeof prior_sessions / sizeof prior_sessions[0])
#define CHOICES (HALF_LIVES > PRIORS ? HALF_LIVES : PRIORS)

/* What the sessions of a step were worth to who knew the past: prequential, Dawid 1984. */
struct verdict {
	int64_t nats;
	uint64_t n;
};

/* No session came between from_ms of the state and the step, and then n of them. */
static void judge_step(struct verdict *j, const struct volume *v, const struct volume_rule *r,
	int64_t start_ms, uint32_t n)
{
	int64_t end_ms = step_next_ms(r->step, start_ms);
	double rate = (double)volume_rate(v, r), mean = rate * volume_days(r, start_ms, end_ms);
	double log_n = 0;
	for (uint32_t k = 2; k <= n; k++)
		log_n += log(k);
	j->nats += fit_nats(n * log(mean) - log_n - rate * volume_days(r, v->from_ms, end_ms));
	j->n += n;
}

static void judge_user(struct verdict *j, const struct volume_rule *r, struct volume_walk *w)
{
	struct volume v, before = {0};
	struct volume_alarm a;
	int64_t ms, start_ms = INT64_MIN;
	uint32_t n = 0;
	volume_reset(&v, r);
	while (volume_walk_next(w, &ms)) {
		if (n == 0 || ms >= v.close_ms) {
			if (n > 0 && before.down.n > 0)
				judge_step(j, &before, r, start_ms, n);
			volume_advance(&v, r, ms, &a);
			before = v;
			start_ms = step_start_ms(r->step, ms);
			n = 0;
		}
		volume_session(&v, r, ms, &a);
		n++;
	}
}

/* What a choice is made on. */
struct jury {
	const struct volume_fit *fit;
	struct sample sample;
};

static struct verdict judge(const struct jury *y)
{
	struct verdict j = {0};
	struct volume_rule r;
	volume_rule_init(&r, y->fit->m, y->fit->o->step);
	r.threshold = INFINITY;
	for (uint32_t i = 0; i < y->sample.n; i++) {
		struct volume_walk w;
		volume_walk_init(&w, y->fit, y->sample.user[i]);
		judge_user(&j, &r, &w);
	}
	return j;
}

static void set_half_life(struct volume_model *m, size_t k)
{
	m->half_life_sessions = half_life[k];
	m->discount = (float)exp2(-1 / half_life[k]);
}

static void set_prior(struct volume_model *m, size_t k)
{
	m->prior_sessions = prior_sessions[k];
}

/* One number of the pace, and how many nats a session a later value of it may cost. */
struct choice {
	size_t n;
	void (*set)(struct volume_model *m, size_t k);
	double slack;
};

/* Half-lives differ by thousandths of a nat, and a longer one finds more: of surges to three times
 * the rate on completejourney .43 at 16 sessions, .46 to .49 at 32 to 256.
 */
static const struct choice choice_prior = { PRIORS, set_prior, 0 };
static const struct choice choice_half_life = { HALF_LIVES, set_half_life, .003 };

/* The likeliest value, or the last that is nearly as likely, the other numbers being as they are.
 */
static void choose(const struct jury *y, const struct choice *c)
{
	struct volume_model *m = y->fit->m;
	struct verdict j[CHOICES];
	size_t best = 0;
	for (size_t k = 0; k < c->n; k++) {
		c->set(m, k);
		j[k] = judge(y);
		best = j[k].nats > j[best].nats ? k : best;
	}
	int64_t enough = j[best].nats - fit_nats(c->slack * (double)j[best].n);
	for (size_t k = best; k < c->n; k++)
		best = j[k].nats >= enough ? k : best;
	c->set(m, best);
	m->log_loss = j[best].n ? -(double)j[best].nats / 1048576.0 / (double)j[best].n : 0;
}

int fit_pace(struct volume_fit *f, struct err *e)
{
	struct jury y = { .fit = f };
	int r = sample_users(&y.sample, f->h, f->ids, PACE_USERS, PACE_EVENTS, e);
	if (r == 0 && y.sample.n > 0) {
		choose(&y, &choice_prior);
		choose(&y, &choice_half_life);
		choose(&y, &choice_prior);
	}
	sample_done(&y.sample);
	return r;
}
