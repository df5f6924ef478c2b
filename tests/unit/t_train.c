/* Training against its definitions: evidence as detection has it, slopes by finite differences. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/train_loss.h"

#define PI .02
#define PI_ITEM .01

static const struct model_learned weights = { { 20, 10, 30 }, { 1, .5f, .3f }, 3, .25f, false };

static uint32_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static double unit(uint64_t *seed)
{
	return (next(seed) + .5) / 2147483648.0;
}

#define PLACES 12
/* A user of 12 categories of 30 items, in sessions of one to six rows. */
struct habit {
	uint64_t seed;
	uint32_t left;                  /* rows of the session */
	uint32_t counts[PLACES], rows[PLACES];
	uint32_t seen;                  /* a bit a category of the session */
	int64_t time_ms;
};

static struct row next_row(struct habit *h, uint32_t turn)
{
	uint32_t place = (turn + next(&h->seed) % 4 * (next(&h->seed) % 3)) % PLACES;
	struct row r = { .time_ms = h->time_ms += 1000, .place = (uint16_t)place,
		.tag = (uint16_t)(place * 1000 + next(&h->seed) % 30), .pi = (float)PI,
		.pi_item = (float)PI_ITEM, .before = h->counts[place], .rows = h->rows[place] };
	if (h->left == 0) {
		h->left = 1 + next(&h->seed) % 6;
		h->seen = 0;
		r.flags |= ROW_OPENS;
	}
	r.flags |= h->seen >> place & 1 ? 0 : ROW_COUNT;
	h->seen |= 1u << place;
	h->counts[place] += r.flags & ROW_COUNT;
	h->rows[place]++;
	h->left--;
	return r;
}

/* Long enough for candidates to be dropped and items forgotten. Detection rounds each row of a
 * candidate to 1/64 nat, so that a sum of m rows strays by sqrt(m) / 222: .12 after 700.
 */
static void evidence_is_that_of_detection(void **state)
{
	static const float weigh[][EVIDENCE_N] = { { 1, .5f, .3f }, { 1, 0, 0 }, { 0, 1, 0 },
		{ 0, 0, 1 }, { .4f, .4f, 1.2f } };
	(void)state;
	for (size_t i = 0; i < 5 * sizeof weigh / sizeof *weigh; i++) {
		struct learned_rule rule = { .w = weights };
		struct habit h = { .seed = i + 1 };
		struct train_evidence x;
		uint32_t read = 0;
		double p[TRAIN_PARAMS];
		memcpy(rule.w.weight, weigh[i / 5], sizeof rule.w.weight);
		rule.w.offset = (float)(i % 5);
		rule.w.power = .1f * (float)(i % 5);
		train_params(&rule.w, p);
		train_evidence_reset(&x);
		for (uint32_t n = 0; n < 700; n++) {
			struct row r = next_row(&h, n / 250 * 5);
			train_evidence_push(&x, &rule, &r);
			struct train_reading got;
			if (h.left > 0 || !train_evidence_read(&x, n, &got))
				continue;
			double want = (double)learned_read(&x.kept, &rule);
			assert_true(fabs(train_score(&got, p, NULL) - want) < .2);
			assert_true(fabs(exp(got.log_n) - 10 - x.kept.n) < 1e-9);
			assert_true(got.time_ms == n);
			read++;
		}
		assert_true(read > 100 && x.kept.n_taus == LEARNED_TAUS);
	}
}

static void a_user_who_learns_has_no_reading(void **state)
{
	struct learned_rule rule = { .w = weights };
	struct habit h = { .seed = 4 };
	struct train_evidence x;
	struct train_reading got;
	(void)state;
	train_evidence_reset(&x);
	for (uint32_t n = 0; n < 200; n++) {
		struct row r = next_row(&h, 0);
		train_evidence_push(&x, &rule, &r);
		assert_true(!train_evidence_read(&x, 0, &got) || x.kept.n > PROFILE_WARM_UP);
	}
}

static struct train_reading a_reading(uint64_t *seed, double shift)
{
	struct train_reading r = { .log_n = log(21 + next(seed) % 300),
		.n_taus = 1 + next(seed) % LEARNED_TAUS };
	for (uint32_t i = 0; i < r.n_taus; i++)
		for (int k = 0; k < EVIDENCE_N; k++)
			r.sum[i][k] = (float)(4 * unit(seed) - 1 + shift);
	return r;
}

/* Segments of which the changed ones have more evidence of the first kind; owned. */
struct made {
	struct train_segment segment[120];
	const struct train_segment *list[120];
	struct train_set set;
};

static void make(struct made *m, uint64_t seed, uint32_t n)
{
	*m = (struct made){ .set = { m->list, n } };
	for (uint32_t i = 0; i < n; i++) {
		struct train_segment *s = &m->segment[i];
		s->is_changed = i % 3 == 0;
		s->is_user = i % 3 == 1;
		s->weight = s->is_changed ? .25 : .1 + i % 2;
		s->n = 1 + next(&seed) % 6;
		s->reading = mem_get(s->n, sizeof *s->reading);
		assert_non_null(s->reading);
		for (uint32_t k = 0; k < s->n; k++) {
			s->reading[k] = a_reading(&seed, 0);
			for (uint32_t t = 0; t < s->reading[k].n_taus && s->is_changed; t++)
				s->reading[k].sum[t][EVIDENCE_CATEGORY] += 2;
		}
		m->list[i] = s;
	}
}

static void done(struct made *m)
{
	for (uint32_t i = 0; i < m->set.n; i++)
		mem_free(m->segment[i].reading);
}

static void slopes_of_the_score(void **state)
{
	uint64_t seed = 5;
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct train_reading r = a_reading(&seed, i % 2 ? 0 : -3);
		double p[TRAIN_PARAMS] = { unit(&seed), unit(&seed), unit(&seed), 3 * unit(&seed),
			unit(&seed) }, slope[TRAIN_PARAMS];
		double at = train_score(&r, p, slope);
		for (int k = 0; k < TRAIN_PARAMS; k++) {
			double was = p[k], up, down;
			p[k] = was + 1e-5;
			up = train_score(&r, p, NULL);
			p[k] = was - 1e-5;
			down = train_score(&r, p, NULL);
			p[k] = was;
			if (at > 1e-3 || (up == 0 && down == 0))
				assert_true(fabs((up - down) / 2e-5 - slope[k]) < 1e-6);
		}
	}
}

static const double start[TRAIN_PARAMS] = { 1, .5, .3, 3, .25 };

static void slopes_of_the_loss(void **state)
{
	struct made m;
	struct train_loss l;
	struct err e = {0};
	(void)state;
	make(&m, 8, 60);
	assert_int_equal(train_loss_init(&l, &m.set, start, &e), 0);
	for (int i = 0; i < 6; i++) {
		double p[TRAIN_PARAMS], slope[TRAIN_PARAMS];
		for (int k = 0; k < TRAIN_PARAMS; k++)
			p[k] = start[k] * (.7 + .1 * i);
		train_loss(&l, p, slope);
		for (int k = 0; k < TRAIN_PARAMS; k++) {
			double was = p[k];
			p[k] = was + 1e-6;
			double up = train_loss(&l, p, NULL);
			p[k] = was - 1e-6;
			double down = train_loss(&l, p, NULL);
			p[k] = was;
			assert_true(fabs((up - down) / 2e-6 - slope[k]) < 1e-6);
		}
	}
	train_loss_done(&l);
	done(&m);
}

/* The loss by its definition: all pairs, one by one. */
static double slow_loss(const struct train_loss *l, const double *p)
{
	double z[120], sum = 0, weights_of = 0, all = 0;
	for (uint32_t i = 0; i < l->set->n; i++) {
		const struct train_segment *s = l->set->segment[i];
		double total = 0;
		for (uint32_t k = 0; k < s->n; k++)
			total += exp(3 * train_score(&s->reading[k], p, NULL) *
				exp(l->log_n * p[TRAIN_POWER]) / l->unit);
		z[i] = log(total) / 3;
		all += s->is_changed ? 0 : s->weight;
	}
	for (uint32_t a = 0; a < l->set->n; a++) {
		double above = 0;
		for (uint32_t i = 0; i < l->set->n; i++)
			if (!l->set->segment[i]->is_changed && z[i] > z[a])
				above += l->set->segment[i]->weight;
		if (l->set->segment[a]->is_changed || above > .4 * all)
			continue;
		for (uint32_t b = 0; b < l->set->n; b++) {
			double w = l->set->segment[a]->weight * l->set->segment[b]->weight;
			if (!l->set->segment[b]->is_changed)
				continue;
			sum += w / (1 + exp(2 * (z[b] - z[a])));
			weights_of += w;
		}
	}
	return sum / weights_of;
}

static void the_loss_is_its_definition(void **state)
{
	struct made m;
	struct train_loss l;
	struct err e = {0};
	(void)state;
	for (uint64_t seed = 1; seed < 6; seed++) {
		make(&m, seed, 120);
		assert_int_equal(train_loss_init(&l, &m.set, start, &e), 0);
		double want = slow_loss(&l, start), got = train_loss(&l, start, NULL);
		assert_true(fabs(got - want) < 1e-12);
		l.most = 8;             /* every fifth segment: near it */
		got = train_loss(&l, start, NULL);
		assert_true(got != want && fabs(got - want) < .1);
		train_loss_done(&l);
		done(&m);
	}
}

/* The first kind alone tells changed ones apart, so it gains weight over the others. */
static void the_fit_finds_what_tells_apart(void **state)
{
	struct made m;
	struct train_loss l;
	struct err e = {0};
	double p[TRAIN_PARAMS], again[TRAIN_PARAMS];
	(void)state;
	make(&m, 3, 120);
	assert_int_equal(train_loss_init(&l, &m.set, start, &e), 0);
	assert_int_equal(train_fit(&l, start, NULL, p), 0);
	assert_true(train_loss(&l, p, NULL) < train_loss(&l, start, NULL) - .01);
	assert_true(p[0] / p[1] > 1.1 * start[0] / start[1]);
	assert_true(p[0] / p[2] > 1.1 * start[0] / start[2]);
	for (int k = 0; k < TRAIN_PARAMS; k++)
		assert_true(p[k] >= 0);
	assert_int_equal(train_fit(&l, start, NULL, again), 0);
	assert_memory_equal(p, again, sizeof p);
	atomic_bool stop = true;
	assert_int_equal(train_fit(&l, start, &stop, again), -ECANCELED);
	train_loss_done(&l);
	done(&m);
}

static void segments_of_both_sorts_are_needed(void **state)
{
	struct made m;
	struct train_loss l;
	struct err e = {0};
	(void)state;
	make(&m, 3, 30);
	for (uint32_t i = 0; i < m.set.n; i++)
		m.segment[i].is_changed = false;
	assert_int_equal(train_loss_init(&l, &m.set, start, &e), -ERANGE);
	train_loss_done(&l);
	done(&m);
}

/* Users as they are score 1 to 10, changed ones 4.5 and 9.5: by hand. */
static void recall_counts_those_above_the_users(void **state)
{
	static const double score[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 4.5, 9.5 };
	struct train_segment s[12];
	const struct train_segment *list[12];
	struct train_reading r[12];
	struct train_set set = { list, 12 };
	double p[TRAIN_PARAMS] = { 1, 0, 0, 0, 0 }, scratch[12];
	(void)state;
	for (int i = 0; i < 12; i++) {
		r[i] = (struct train_reading){ .log_n = 4, .n_taus = 1 };
		r[i].sum[0][0] = (float)score[i];
		s[i] = (struct train_segment){ .reading = &r[i], .n = 1, .weight = 1,
			.is_user = i < 10, .is_changed = i >= 10 };
		list[i] = &s[i];
	}
	assert_true(train_recall(&set, p, 0, scratch) == 0);
	assert_true(train_recall(&set, p, 1, scratch) == .5);
	assert_true(train_recall(&set, p, 5, scratch) == .5);
	assert_true(train_recall(&set, p, 6, scratch) == 1);
	assert_true(train_recall(&set, p, 20, scratch) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_is_that_of_detection),
		cmocka_unit_test(a_user_who_learns_has_no_reading),
		cmocka_unit_test(slopes_of_the_score),
		cmocka_unit_test(slopes_of_the_loss),
		cmocka_unit_test(the_loss_is_its_definition),
		cmocka_unit_test(the_fit_finds_what_tells_apart),
		cmocka_unit_test(segments_of_both_sorts_are_needed),
		cmocka_unit_test(recall_counts_those_above_the_users),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
