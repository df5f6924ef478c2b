#include "model/model.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

/* The geometric middles of the strata [10,30) [30,100) [100,300). */
const float model_knot_n[MODEL_KNOTS] = { 17.320508075f, 54.772255750f, 173.20508075f };

/* Before anything was measured on a log. About 8 counts a user-day, e^-score crossings a count if
 * the null were exact, five times that because it is not; slower in the tail than e^-score.
 */
static const struct model_far default_far[] = {
	{ 3, 180 }, { 5, 58 }, { 7, 17 }, { 9, 5 }, { 11, 1.4 },
};

void model_default(struct model *m)
{
	*m = (struct model){
		.provisional = true,
		.unverified = true,
		.gap_ms = 30 * 60 * 1000,
		.strength = 20,
		/* 500 counts of categories it does not name: the share of any category is then
		 * .5 / (500 + .5 (0 + 1)) = 1/1001, by the same formula as in a fitted model. */
		.count_sum = 500,
		.threshold = 9,
		.budget_kud = 5,
		.smallest_kud = 5,
		.n_far = sizeof default_far / sizeof *default_far,
		.far_tail = .6,
	};
	memcpy(m->far, default_far, sizeof default_far);
	model_seal(m);
}

void model_done(struct model *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n_share; i++)
		mem_free(m->share[i].category);
	mem_free(m->share);
	*m = (struct model){0};
}

static int share_cmp(const void *a, const void *b)
{
	const struct model_share *x = a, *y = b;
	int c = memcmp(x->category, y->category, x->len < y->len ? x->len : y->len);

	return c ? c : (x->len > y->len) - (x->len < y->len);
}

/* Each field is hashed with the hash of all before it as the seed. XXH64 takes in the length too,
 * so neighbouring texts cannot trade bytes.
 */
static uint64_t mix_int(uint64_t h, uint64_t v)
{
	uint64_t le = htole64(v);

	return XXH64(&le, sizeof le, h);
}

static uint64_t mix_real(uint64_t h, double v)
{
	uint64_t bits;

	v += 0.;        /* -0 becomes 0, as it does in SQLite */
	memcpy(&bits, &v, sizeof bits);
	return mix_int(h, bits);
}

static uint64_t mix_shares(uint64_t h, const struct model *m)
{
	h = mix_int(h, m->count_sum);
	h = mix_int(h, m->n_share);
	for (uint32_t i = 0; i < m->n_share; i++) {
		h = XXH64(m->share[i].category, m->share[i].len, h);
		h = mix_int(h, m->share[i].count);
	}
	return h;
}

static uint64_t mix_thresholds(uint64_t h, const struct model *m)
{
	const double real[] = { m->threshold, m->budget_kud, m->smallest_kud, m->far_tail };

	for (size_t i = 0; i < MODEL_KNOTS; i++)
		h = mix_real(h, m->knot_offset[i]);
	for (size_t i = 0; i < sizeof real / sizeof *real; i++)
		h = mix_real(h, real[i]);
	h = mix_int(h, m->n_far);
	for (uint32_t i = 0; i < m->n_far; i++)
		h = mix_real(mix_real(h, m->far[i].score), m->far[i].far);
	return h;
}

void model_seal(struct model *m)
{
	static const char tag[] = "veer model 1";
	uint64_t h = XXH64(tag, sizeof tag - 1, 0);

	if (m->n_share)
		qsort(m->share, m->n_share, sizeof *m->share, share_cmp);
	h = mix_int(h, (uint64_t)m->provisional | (uint64_t)m->unverified << 1);
	h = mix_int(h, (uint64_t)m->gap_ms);
	h = mix_real(h, m->strength);
	m->hash = mix_thresholds(mix_shares(h, m), m);
}

int model_copy(struct model *to, const struct model *from, struct err *e)
{
	*to = *from;
	to->n_share = 0;
	to->share = mem_get(from->n_share ? from->n_share : 1, sizeof *to->share);
	if (!to->share)
		goto fail;
	for (uint32_t i = 0; i < from->n_share; i++) {
		struct model_share s = from->share[i];

		s.category = mem_text(s.category, s.len);
		if (!s.category)
			goto fail;
		to->share[to->n_share++] = s;
	}
	return 0;
fail:
	model_done(to);
	return err_set(e, -ENOMEM, "could not copy the model of %u categories: out of memory",
		from->n_share);
}

/* s pi(c) of a category counted so often; CONTRACT, "Shares of the population". */
static float prior_of(const struct model *m, uint64_t count)
{
	double all = (double)m->count_sum + .5 * ((double)m->n_share + 1);

	return (float)((double)m->strength * ((double)count + .5) / all);
}

float *model_prior(const struct model *m, const struct dict *category, float *ret_unseen)
{
	uint32_t n = dict_size(category);
	float *prior = mem_get(n ? n : 1, sizeof *prior);

	if (!prior)
		return NULL;
	*ret_unseen = prior_of(m, 0);
	for (uint32_t i = 0; i < n; i++)
		prior[i] = *ret_unseen;
	for (uint32_t i = 0; i < m->n_share; i++) {
		uint32_t id = dict_find(category, m->share[i].category, m->share[i].len);

		if (id < n)     /* an id newer than n may arrive while this runs */
			prior[id] = prior_of(m, m->share[i].count);
	}
	return prior;
}

double model_far(const struct model *m, float score)
{
	const struct model_far *f = m->far;
	uint32_t n = m->n_far, i = 0;
	double t;

	if (!n)
		return NAN;
	while (i < n && f[i].score <= score)
		i++;
	if (i == 0)
		return f[0].far;
	if (i == n)
		return f[n - 1].far * exp(-m->far_tail * ((double)score - f[n - 1].score));
	t = ((double)score - f[i - 1].score) / ((double)f[i].score - f[i - 1].score);
	return f[i - 1].far * pow(f[i].far / f[i - 1].far, t);
}

unsigned model_severity(double far)
{
	double s = far > 0 ? round(20 * log10(1000 / far) - 20) : 100;

	if (isnan(far) || s < 0)
		return 0;
	return s > 100 ? 100 : (unsigned)s;
}

char model_priority(unsigned severity)
{
	return severity >= 80 ? 'S' : severity >= 50 ? '!' : '.';
}

float model_threshold_for(const struct model *m, double kud)
{
	const struct model_far *last = &m->far[m->n_far ? m->n_far - 1 : 0];

	for (uint32_t i = 0; i < m->n_far; i++)
		if (m->far[i].far <= kud)
			return m->far[i].score;
	if (!m->n_far || !(kud > 0) || !(m->far_tail > 0))
		return INFINITY;
	return (float)(last->score + log(last->far / kud) / m->far_tail);
}
