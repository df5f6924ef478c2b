#include "engine/plant.h"

#include <errno.h>
#include <stdlib.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/generate.h"

#define SESSIONS_MIN 22         /* expected, to be chosen: a fifth of users have them */
#define CHOSEN .48              /* of those */
#define BLEND_HOURS 72
#define EVENTS_MIN 10           /* on each side of the change, to be called one */
#define NO_PAST UINT32_MAX

static const char *const shape_name[PLANT_N] = { "full", "partial", "blend" };

bool plant_plan(const struct plant_scene *s, uint32_t user, double sessions, struct plant *ret)
{
	struct chance c = { chance_pair(s->key, user) };

	if (sessions < SESSIONS_MIN || s->n_users < 2 || !chance_is(&c, CHOSEN))
		return false;
	ret->shape = chance_below(&c, PLANT_N);
	ret->donor = (user + 1 + chance_below(&c, s->n_users - 1)) % s->n_users;
	ret->at_hour = s->hours * (.3 + .4 * chance_unit(chance_next(&c)));
	ret->over_hours = s->hours < 3 * BLEND_HOURS ? s->hours / 3 : BLEND_HOURS;
	return true;
}

double plant_share(const struct plant *p, double hour)
{
	double since = hour - p->at_hour;

	if (since < 0)
		return 0;
	if (p->shape == PLANT_PARTIAL)
		return .5;
	if (p->shape == PLANT_BLEND && since < p->over_hours)
		return since / p->over_hours;
	return 1;
}

/* What is remembered of a user with a plan: the category of each event. */
struct past {
	uint16_t *category;
	uint32_t n, cap;
	uint32_t n_pre;                 /* events before the first foreign one; else n */
	uint32_t first_s, change_s, last_s;
};

struct truth {
	const struct generate *g;
	uint32_t n_users, n_pasts, cap_pasts;
	uint32_t *n_events, *past_of;   /* n_users each */
	struct past *past;
};

void truth_free(struct truth *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->n_pasts; i++)
		mem_free(t->past[i].category);
	mem_free(t->past);
	mem_free(t->past_of);
	mem_free(t->n_events);
	mem_free(t);
}

struct truth *truth_new(const struct generate *g, struct err *e)
{
	struct truth *t = mem_get(1, sizeof(*t));

	if (!t)
		goto fail;
	t->g = g;
	t->n_users = generate_n_users(g);
	t->n_events = mem_get(t->n_users, sizeof(*t->n_events));
	t->past_of = mem_get(t->n_users, sizeof(*t->past_of));
	if (!t->n_events || !t->past_of)
		goto fail;
	for (uint32_t u = 0; u < t->n_users; u++)
		t->past_of[u] = NO_PAST;
	return t;
fail:
	err_set(e, -ENOMEM, "could not keep the truth of the log: out of memory");
	truth_free(t);
	return NULL;
}

static struct past *past_new(struct truth *t, uint32_t user)
{
	if (t->n_pasts == t->cap_pasts) {
		uint32_t cap = t->cap_pasts ? t->cap_pasts * 2 : 64;
		struct past *more = mem_resize(t->past, cap, sizeof(*more));

		if (!more)
			return NULL;
		t->past = more;
		t->cap_pasts = cap;
	}
	t->past[t->n_pasts] = (struct past){ 0 };
	t->past_of[user] = t->n_pasts;
	return &t->past[t->n_pasts++];
}

static bool past_add(struct past *p, const struct generated *ev)
{
	if (p->n == p->cap) {
		uint32_t cap = p->cap ? p->cap * 2 : 32;
		uint16_t *more = mem_resize(p->category, cap, sizeof(*more));

		if (!more)
			return false;
		p->category = more;
		p->cap = cap;
	}
	if (!p->n)
		p->first_s = ev->time_s;
	if (p->n_pre == p->n) {
		p->n_pre += !ev->foreign;
		p->change_s = ev->time_s;
	}
	p->last_s = ev->time_s;
	p->category[p->n++] = ev->category;
	return true;
}

int truth_take(struct truth *t, const struct generated *ev, uint32_t n, struct err *e)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t user = ev[i].user, k = t->past_of[user];
		struct plant plan;
		struct past *p = k == NO_PAST ? NULL : &t->past[k];

		if (!t->n_events[user]++ && generate_plan(t->g, user, &plan))
			p = past_new(t, user);
		else if (!p)
			continue;
		if (!p || !past_add(p, &ev[i]))
			return err_set(e, -ENOMEM,
				"could not keep the truth of the log: out of memory");
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static uint32_t run_length(const uint16_t *c, uint32_t n, uint16_t what)
{
	uint32_t k = 0;

	while (k < n && c[k] == what)
		k++;
	return k;
}

static double js_term(double p, double mean)
{
	return p > 0 ? p * chance_log2(p / mean) / 2 : 0;
}

/* Jensen-Shannon divergence in bits of two lists of categories, which it sorts. */
static double divergence(uint16_t *a, uint32_t na, uint16_t *b, uint32_t nb)
{
	double sum = 0;

	qsort(a, na, sizeof(*a), by_number);
	qsort(b, nb, sizeof(*b), by_number);
	for (uint32_t i = 0, j = 0; i < na || j < nb;) {
		uint16_t c = j == nb || (i < na && a[i] < b[j]) ? a[i] : b[j];
		uint32_t in_a = run_length(a + i, na - i, c), in_b = run_length(b + j, nb - j, c);
		double p = (double)in_a / na, q = (double)in_b / nb;

		sum += js_term(p, (p + q) / 2) + js_term(q, (p + q) / 2);
		i += in_a;
		j += in_b;
	}
	return sum;
}

static double days_between(uint32_t from_s, uint32_t to_s)
{
	return ((double)to_s - from_s + 1) / 86400;
}

static void write_change(struct truth *t, FILE *to, uint32_t user, struct past *p)
{
	uint32_t n_post = p->n - p->n_pre, half = p->n_pre / 2;
	struct plant plan;
	double before = p->n_pre / days_between(p->first_s, p->change_s);
	double after = n_post / days_between(p->change_s, p->last_s);
	double self = divergence(p->category, half, p->category + half, p->n_pre - half);
	double js = divergence(p->category, p->n_pre, p->category + p->n_pre, n_post);

	generate_plan(t->g, user, &plan);
	fprintf(to, "%lld.000,%u,%u,%u,%.4f,%.4f,%.4f,%llu,%s\n",
		(long long)GENERATE_START_S + p->change_s, p->n_pre, p->n_pre, n_post,
		after / before, js, self,
		(unsigned long long)generate_user_number(t->g, plan.donor), shape_name[plan.shape]);
}

int truth_write(struct truth *t, FILE *to, struct err *e)
{
	fputs("user,kind,split,t_change,idx_change,n_pre,n_post,rate_ratio,js,js_self,donor,"
		"shape\n", to);
	for (uint32_t u = 0; u < t->n_users; u++) {
		struct past *p = t->past_of[u] == NO_PAST ? NULL : &t->past[t->past_of[u]];
		bool changed = p && p->n_pre < p->n;
		unsigned long long number = generate_user_number(t->g, u);
		const char *split = chance_mix(number) & 1 ? "dev" : "test";

		if (changed && (p->n_pre < EVENTS_MIN || p->n - p->n_pre < EVENTS_MIN))
			continue;
		if (t->n_events[u])
			fprintf(to, "%llu,%s,%s,", number, changed ? "splice" : "null", split);
		if (changed)
			write_change(t, to, u, p);
		else if (t->n_events[u])
			fprintf(to, ",,%u,0,,,,,\n", t->n_events[u]);
	}
	return ferror(to) ? err_set(e, -EIO, "could not write the truth of the log") : 0;
}
