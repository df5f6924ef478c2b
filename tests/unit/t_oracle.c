/* The tracker against the definitions, on histories of many shapes: the same findings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../oracle/oracle.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/tracker.h"
#include "model/model.h"

#define KNOWN 60                /* categories of the model */
#define NAMES 90                /* and with those it has never seen */
#define GAP_MS 1800000
#define SCORE_TOLERANCE 1e-3
#define FINDINGS_MAX 400        /* of a user */

struct shape {
	const char *name;
	int n_users, n_instants;
	double strength, threshold;
	int n_own;                      /* categories a user keeps to */
	int wander_percent;             /* of the counts go anywhere */
	int basket;                     /* at most so many rows an instant */
	int change_every;               /* instants; 0: never */
	int comes_back;                 /* tries another interest, returns, then takes it on */
	int first_own;                  /* where own categories begin: KNOWN for unseen ones */
};

static const struct shape shapes[] = {
	{ "sticky", 60, 160, 20, 5, 3, 15, 1, 35, 0, 0 },
	{ "few categories", 40, 160, 5, 4, 1, 10, 2, 25, 0, 0 },
	{ "baskets", 40, 90, 20, 5, 6, 20, 7, 20, 0, 0 },
	{ "wandering", 60, 200, 50, 4.5, 6, 55, 2, 50, 0, 0 },
	{ "long", 6, 1300, 10, 8, 5, 30, 1, 330, 0, 0 },
	{ "long and loyal", 3, 1500, 20, 60, 4, 20, 1, 0, 0, 0 },
	{ "falls and recovers", 40, 210, 20, 8, 3, 5, 1, 0, 1, 0 },
	{ "falls very far", 40, 210, 8, 12, 8, 5, 1, 0, 1, KNOWN },
	{ "rare", 40, 160, 20, 9, 3, 20, 1, 30, 0, KNOWN },
	{ "rare in baskets", 40, 90, 7, 12, 4, 30, 5, 18, 0, KNOWN - 8 },
	{ "restless", 60, 240, 12, 5, 3, 25, 1, 16, 0, 0 },
};

/* Names in an order of bytes that is neither that of numbers nor that of popularity. */
struct world {
	char name[NAMES][8];
	const char *known[KNOWN];
	uint64_t count[KNOWN];
	struct model model;
	struct oracle_model oracle;
	struct ids ids;
	uint64_t seed;
};

static uint32_t dice(struct world *w, uint32_t n)
{
	w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((w->seed >> 32) * n >> 32);
}

static void make_model(struct world *w, const struct shape *s)
{
	struct model *m = &w->model;

	model_default(m);
	m->gap_ms = GAP_MS;
	m->strength = (float)s->strength;
	m->threshold[CHANNEL_MIXTURE] = (float)s->threshold;
	m->share = mem_get(KNOWN, sizeof(*m->share));
	m->n_share = KNOWN;
	m->count_sum = 0;
	for (int i = 0; i < KNOWN; i++) {
		m->share[i].category = mem_text(w->name[i], strlen(w->name[i]));
		m->share[i].len = (uint32_t)strlen(w->name[i]);
		m->share[i].count = w->count[i];
		m->count_sum += w->count[i];
	}
	model_seal(m);
}

/* The commonest category has a fifth of fifty million counts, one never seen a share of 1e-8. */
static void world_init(struct world *w, const struct shape *s, uint64_t seed)
{
	struct err e = { 0 };

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	for (int i = 0; i < NAMES; i++)
		snprintf(w->name[i], sizeof(w->name[i]), "%c%d", "cbxa"[i % 4], i * 37 % 101);
	for (int i = 0; i < KNOWN; i++) {
		w->known[i] = w->name[i];
		w->count[i] = 10000000 / (uint64_t)(1 + i + i * i / 8);
	}
	make_model(w, s);
	w->oracle = (struct oracle_model){ .strength = s->strength, .gap_ms = GAP_MS,
		.category = w->known, .count = w->count, .n_categories = KNOWN,
		.threshold = s->threshold };
	assert_int_equal(ids_init(&w->ids, &e), 0);
	for (int i = 0; i < NAMES; i++) {
		int k = i * 7 % NAMES;

		assert_int_equal(dict_id(w->ids.category, w->name[k], strlen(w->name[k])), i);
	}
}

static void world_done(struct world *w)
{
	model_done(&w->model);
	ids_done(&w->ids);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(((const struct oracle_event *)a)->category,
		((const struct oracle_event *)b)->category);
}

static const char *any_category(struct world *w, const struct shape *s, int interest)
{
	int own = s->first_own + interest * (s->n_own + 3) + (int)dice(w, (uint32_t)s->n_own);

	if ((int)dice(w, 100) < s->wander_percent)
		return w->name[dice(w, KNOWN)];
	return w->name[own % NAMES];
}

/* Within the session, at its very edge, or in another. */
static int64_t next_time(struct world *w, int64_t time_ms)
{
	static const int64_t pause_ms[] = { 60000, GAP_MS, GAP_MS + 1, 4 * GAP_MS, 30 * GAP_MS };

	return time_ms + pause_ms[dice(w, 5)];
}

static int interest_at(const struct shape *s, int i)
{
	int phase = i % 70;

	if (s->comes_back)
		return (phase >= 40 && phase < 44) || phase >= 58;
	return s->change_every ? i / s->change_every : 0;
}

static int make_history(struct world *w, const struct shape *s, struct oracle_event *ev)
{
	int64_t time_ms = -86400000;    /* 1969: times before the epoch are times too */
	int n = 0, start = (int)dice(w, 20);

	for (int i = 0; i < s->n_instants; i++) {
		int first = n, rows = 1 + (int)dice(w, (uint32_t)s->basket);
		int interest = interest_at(s, i);

		time_ms = next_time(w, time_ms);
		while (rows--)
			ev[n++] = (struct oracle_event){ time_ms,
				any_category(w, s, start + interest), dice(w, 25) == 0 };
		qsort(ev + first, (size_t)(n - first), sizeof(*ev), by_bytes);
	}
	return n;
}

struct found {
	struct finding f[FINDINGS_MAX];
	int n;
};

static int keep(void *ctx, const struct shard_event *ev, struct err *e)
{
	struct found *all = ctx;

	(void)e;
	if (ev->kind != SHARD_FOUND)
		return 0;
	assert_true(all->n < FINDINGS_MAX);
	all->f[all->n++] = ev->finding;
	return 0;
}

static void feed(struct world *w, struct tracker *t, uint32_t user, const struct oracle_event *ev,
	int n, struct found *all)
{
	struct event *row = calloc((size_t)n, sizeof(*row));
	struct err e = { 0 };

	assert_non_null(row);
	for (int i = 0; i < n; i++)
		row[i] = (struct event){ .time_ms = ev[i].time_ms, .user = user,
			.category = dict_find(w->ids.category, ev[i].category,
				strlen(ev[i].category)),
			.behaviour = ev[i].is_return ? BEHAVIOUR_RETURN : BEHAVIOUR_VIEW };
	all->n = 0;
	assert_int_equal(tracker_feed(t, row, (uint32_t)n, keep, all, &e), 0);
	free(row);
}

struct tally {
	int users, skipped, findings, restarted, longest, close;
};

static void compare(const struct world *w, const struct finding *f, const struct oracle_finding *o,
	struct tally *tally)
{
	tally->close += o->is_from_close + o->is_to_close;
	assert_int_equal(f->time_ms, o->time_ms);
	assert_int_equal(f->onset_ms, o->onset_ms);
	assert_int_equal(f->n_before, o->n_before);
	assert_int_equal(f->n_after, o->n_after);
	if (!o->is_from_close) {
		assert_string_equal(dict_text(w->ids.category, f->from, NULL), o->from);
		assert_int_equal(f->from_before, o->from_before);
		assert_int_equal(f->from_after, o->from_after);
	}
	if (!o->is_to_close) {
		assert_string_equal(dict_text(w->ids.category, f->to, NULL), o->to);
		assert_int_equal(f->to_before, o->to_before);
		assert_int_equal(f->to_after, o->to_after);
	}
	assert_true(fabs((double)f->score - o->score) < SCORE_TOLERANCE);
}

/* Where the user stands at the end, far below the threshold as a rule. */
static void compare_standing(const struct tracker *t, uint32_t user, double wanted)
{
	struct standing now;

	tracker_standing(t, user, &now);
	if (isinf(wanted))
		assert_true(isinf(now.score));
	else
		assert_true(fabs((double)now.score - wanted) < SCORE_TOLERANCE);
}

static void try_user(struct world *w, const struct shape *s, struct tracker *t, uint32_t user,
	struct tally *tally)
{
	struct oracle_event *ev = calloc((size_t)(s->n_instants * s->basket), sizeof(*ev));
	int n = make_history(w, s, ev);
	struct oracle_result o = oracle_run(&w->oracle, ev, n);
	static struct found all;

	feed(w, t, user, ev, n, &all);
	tally->users++;
	if (o.longest > tally->longest)
		tally->longest = o.longest;
	if (o.doubt < SCORE_TOLERANCE) {
		tally->skipped++;
	} else {
		assert_int_equal(all.n, o.n_findings);
		compare_standing(t, user, o.last_score);
		for (int i = 0; i < all.n; i++)
			compare(w, &all.f[i], &o.finding[i], tally);
		tally->findings += all.n;
		tally->restarted += all.n > 1;
	}
	free(o.finding);
	free(ev);
}

static void try_shape(const struct shape *s, uint64_t seed, struct tally *tally)
{
	struct world w;
	struct err e = { 0 };
	struct tracker *t;
	struct tally own = { 0 };

	world_init(&w, s, seed);
	t = tracker_new(&w.model, &w.ids, "cpu", &e);
	assert_non_null(t);
	for (int u = 0; u < s->n_users; u++)
		try_user(&w, s, t, (uint32_t)u, &own);
	print_message("# %s: %d findings of %d users, %d with several, %d skipped, longest %d, "
		"%d sides close\n", s->name, own.findings, own.users, own.restarted, own.skipped,
		own.longest, own.close);
	tally->users += own.users;
	tally->skipped += own.skipped;
	tally->close += own.close;
	tally->findings += own.findings;
	tally->restarted += own.restarted;
	if (own.longest > tally->longest)
		tally->longest = own.longest;
	tracker_free(t);
	world_done(&w);
}

static void test_same_findings(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		try_shape(&shapes[i], i + 1, &tally);
	assert_true(tally.findings >= 1000);
	assert_true(tally.restarted >= 100);
	assert_true(tally.longest >= 1000);
	assert_true(tally.skipped * 20 <= tally.users);
	assert_true(tally.close * 10 <= tally.findings);
}

/* The oracle itself, where the formulas of the definitions can be written out: eight counts of one
 * category, then three of another that the model knows as well; s = 1.
 */
static void test_oracle_by_hand(void **state)
{
	static const char *const names[] = { "a", "b" };
	static const uint64_t counts[] = { 2, 2 };
	struct oracle_model m = { .strength = 1, .gap_ms = 10, .category = names, .count = counts,
		.n_categories = 2, .threshold = -100 };
	struct oracle_event ev[11];
	struct oracle_result r;
	double pi = 2.5 / 5.5, sum = 0;

	(void)state;
	for (int i = 0; i < 11; i++)
		ev[i] = (struct oracle_event){ i * 11, names[i >= 8], 0 };
	for (int tau = 5; tau <= 8; tau++) {
		double product = 1;

		for (int i = tau; i < 11; i++) {
			int since = i < 8 ? i - tau : i - 8, all = i < 8 ? i : i - 8;

			product *= ((since + pi) / (i - tau + 1)) / ((all + pi) / (i + 1));
		}
		sum += product;
	}
	r = oracle_run(&m, ev, 11);
	assert_int_equal(r.n_findings, 1);
	assert_true(fabs(r.finding[0].score - log(sum)) < 1e-12);
	assert_int_equal(r.finding[0].onset_ms, 88);
	assert_string_equal(r.finding[0].from, "a");
	assert_string_equal(r.finding[0].to, "b");
	assert_int_equal(r.finding[0].n_before, 8);
	assert_int_equal(r.finding[0].to_after, 3);
	free(r.finding);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oracle_by_hand),
		cmocka_unit_test(test_same_findings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
