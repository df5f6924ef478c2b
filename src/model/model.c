#include "model/model.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/mem.h"

/* Before anything was measured on a log. About 8 counts a user-day, e^-score crossings a count if
 * the null were exact, five times that because it is not; slower in the tail than e^-score.
 */
static const struct far_point default_far[] = {
	{ 3, 180 }, { 5, 58 }, { 7, 17 }, { 9, 5 }, { 11, 1.4 },
};

void model_default(struct model *m)
{
	*m = (struct model){
		.provisional = true,
		.unverified = true,
		.gap_ms = 30 * 60 * 1000,
		.channels = CHANNEL_BIT(CHANNEL_MIXTURE),
		.strength = 20,
		/* 500 counts of categories it does not name: the share of any category is then
		 * .5 / (500 + .5 (0 + 1)) = 1/1001, by the same formula as in a fitted model. */
		.count_sum = 500,
		.budget_kud = 5,
		.smallest_kud = 5,
		.far = { .n = sizeof default_far / sizeof *default_far, .tail = .6 },
	};
	memcpy(m->far.point, default_far, sizeof default_far);
	m->curve[CHANNEL_MIXTURE] = m->far;
	volume_model_default(&m->volume);
	forecast_model_default(&m->forecast);
	model_set_budget(m, 5);
	model_seal(m);
}

void model_done(struct model *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n_share; i++)
		mem_free(m->share[i].category);
	mem_free(m->share);
	for (uint32_t i = 0; i < m->n_items; i++)
		mem_free(m->item[i].item);
	mem_free(m->item);
	forecast_model_done(&m->forecast);
	*m = (struct model){0};
}

static int text_cmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c ? c : (a_len > b_len) - (a_len < b_len);
}

static int share_cmp(const void *a, const void *b)
{
	const struct model_share *x = a, *y = b;

	return text_cmp(x->category, x->len, y->category, y->len);
}

static int item_cmp(const void *a, const void *b)
{
	const struct model_item *x = a, *y = b;

	return text_cmp(x->item, x->len, y->item, y->len);
}

const struct model_share *model_find_share(const struct model *m, const void *text, size_t len)
{
	struct model_share key = { .category = (char *)(uintptr_t)text, .len = (uint32_t)len };

	return m->n_share ? bsearch(&key, m->share, m->n_share, sizeof key, share_cmp) : NULL;
}

const struct model_item *model_find_item(const struct model *m, const void *text, size_t len)
{
	struct model_item key = { .item = (char *)(uintptr_t)text, .len = (uint32_t)len };

	return m->n_items ? bsearch(&key, m->item, m->n_items, sizeof key, item_cmp) : NULL;
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

static uint64_t mix_counts(uint64_t h, const uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = mix_int(h, v[i]);
	return h;
}

static uint64_t mix_shares(uint64_t h, const struct model *m)
{
	h = mix_int(h, m->count_sum);
	h = mix_counts(h, m->fold_sum, MODEL_FOLDS);
	h = mix_int(h, m->n_share);
	for (uint32_t i = 0; i < m->n_share; i++) {
		const struct model_share *s = &m->share[i];

		h = XXH64(s->category, s->len, h);
		h = mix_int(mix_int(mix_int(h, s->count), s->rows), s->n_items);
		h = mix_counts(h, s->fold_count, MODEL_FOLDS);
		h = mix_counts(h, s->fold_rows, MODEL_FOLDS);
	}
	return h;
}

static uint64_t mix_items(uint64_t h, const struct model *m)
{
	h = mix_int(h, m->n_items);
	for (uint32_t i = 0; i < m->n_items; i++) {
		h = XXH64(m->item[i].item, m->item[i].len, h);
		h = mix_int(h, m->item[i].rows);
		for (int f = 0; f < MODEL_FOLDS; f++)
			h = mix_int(h, m->item[i].fold_rows[f]);
	}
	return h;
}

static uint64_t mix_reals(uint64_t h, const float *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = mix_real(h, (double)v[i]);
	return h;
}

static uint64_t mix_curve(uint64_t h, const struct far_curve *c)
{
	h = mix_real(mix_int(h, c->n), c->tail);
	for (uint32_t i = 0; i < c->n; i++)
		h = mix_real(mix_real(h, (double)c->point[i].score), c->point[i].far);
	return h;
}

static uint64_t mix_pledge(uint64_t h, const struct pledge *p)
{
	h = mix_reals(h, &p->threshold, 1);
	h = mix_int(h, p->unverified);
	h = mix_real(mix_real(h, p->budget_kud), p->smallest_kud);
	return mix_curve(mix_real(h, p->first_part), &p->far);
}

static uint64_t mix_volume(uint64_t h, const struct volume_model *v)
{
	h = mix_reals(h, v->hour_of_week, VOLUME_WEEK_HOURS);
	h = mix_reals(h, &v->discount, 1);
	h = mix_reals(mix_reals(h, &v->prior_rate, 1), &v->prior_sessions, 1);
	h = mix_int(mix_int(h, v->lag_sessions), v->warm_up_sessions);
	return mix_pledge(h, &v->pledge);
}

static uint64_t mix_forecast(uint64_t h, const struct forecast_model *f)
{
	h = f->n_bytes ? XXH64(f->bytes, f->n_bytes, h) : mix_int(h, 0);
	h = mix_reals(mix_reals(h, &f->scale, 1), &f->prior_steps, 1);
	h = mix_int(mix_int(mix_int(h, f->level_steps), f->error_steps), f->warm_up_steps);
	return mix_pledge(h, &f->pledge);
}

void model_seal(struct model *m)
{
	static const char tag[] = "veer model 4";
	uint64_t h = XXH64(tag, sizeof tag - 1, 0);

	if (m->n_share)
		qsort(m->share, m->n_share, sizeof *m->share, share_cmp);
	if (m->n_items)
		qsort(m->item, m->n_items, sizeof *m->item, item_cmp);
	h = mix_int(h, (uint64_t)m->provisional | (uint64_t)m->unverified << 1);
	h = mix_int(mix_int(h, m->channels), m->n_folds);
	h = mix_int(h, (uint64_t)m->gap_ms);
	h = mix_real(h, (double)m->strength);
	h = mix_items(mix_shares(h, m), m);
	h = mix_reals(h, m->learned.strength, EVIDENCE_N);
	h = mix_reals(h, m->learned.weight, EVIDENCE_N);
	h = mix_real(mix_real(h, (double)m->learned.offset), (double)m->learned.power);
	h = mix_int(h, m->learned.trained);
	h = mix_real(mix_real(h, m->budget_kud), m->smallest_kud);
	for (int c = 0; c < CHANNEL_N; c++)
		h = mix_curve(h, &m->curve[c]);
	h = mix_curve(h, &m->far);
	h = mix_reals(h, m->threshold, CHANNEL_N);
	h = m->channels & CHANNEL_BIT(CHANNEL_VOLUME) ? mix_volume(h, &m->volume) : h;
	m->hash = m->channels & CHANNEL_BIT(CHANNEL_FORECAST) ? mix_forecast(h, &m->forecast) : h;
}

int model_copy(struct model *to, const struct model *from, struct err *e)
{
	*to = *from;
	to->n_share = to->n_items = 0;
	to->forecast.f = (struct forecaster){0};
	to->forecast.bytes = NULL;
	to->forecast.n_bytes = 0;
	to->share = mem_get(from->n_share ? from->n_share : 1, sizeof *to->share);
	to->item = mem_get(from->n_items ? from->n_items : 1, sizeof *to->item);
	if (!to->share || !to->item || (from->forecast.n_bytes &&
	    forecast_model_load(&to->forecast, from->forecast.bytes, from->forecast.n_bytes,
		e) < 0))
		goto fail;
	for (uint32_t i = 0; i < from->n_share; i++, to->n_share++) {
		to->share[i] = from->share[i];
		if (!(to->share[i].category = mem_text(from->share[i].category,
			from->share[i].len)))
			goto fail;
	}
	for (uint32_t i = 0; i < from->n_items; i++, to->n_items++) {
		to->item[i] = from->item[i];
		if (!(to->item[i].item = mem_text(from->item[i].item, from->item[i].len)))
			goto fail;
	}
	return 0;
fail:
	model_done(to);
	return err_set(e, -ENOMEM, "could not copy the model of %u categories: out of memory",
		from->n_share);
}

unsigned model_fold(const struct model *m, uint64_t hash)
{
	return m->n_folds ? (unsigned)(hash % m->n_folds) : 0;
}

float model_pi(const struct model *m, const struct model_share *s, unsigned fold)
{
	uint64_t apart = m->n_folds ? m->fold_sum[fold] : 0, count = 0;

	if (s)
		count = s->count - (m->n_folds ? s->fold_count[fold] : 0);
	return (float)(((double)count + .5) /
		((double)(m->count_sum - apart) + .5 * ((double)m->n_share + 1)));
}

#define ITEMS_UNSEEN 5.         /* rows that items nobody took would have had */

float model_item_norm(const struct model_share *s, unsigned fold)
{
	if (!s)
		return ITEMS_UNSEEN;
	return (float)((double)(s->rows - s->fold_rows[fold]) +
		(double)MODEL_ITEM_PRIOR * s->n_items + ITEMS_UNSEEN);
}

static bool is_alone(unsigned mask)
{
	unsigned channels = mask & CHANNELS_INTEREST;

	return (channels & (channels - 1)) == 0;
}

float model_decision(const struct model *m, enum channel c, float score)
{
	return is_alone(m->channels) ? score : (float)-log(far_curve_at(&m->curve[c], score));
}

double model_far(const struct model *m, enum channel c, float score)
{
	return far_curve_at(&m->far, model_decision(m, c, score));
}

void model_set_level(struct model *m, float decision)
{
	for (int c = 0; c < CHANNEL_N; c++) {
		bool speaks = m->channels & CHANNEL_BIT(c);

		m->threshold[c] = !speaks ? INFINITY : is_alone(m->channels) ? decision :
			far_curve_score(&m->curve[c], exp(-(double)decision));
	}
}

float model_lowest_threshold(const struct model *m)
{
	float lowest = INFINITY;

	for (int c = 0; c < CHANNEL_N; c++)
		if (m->channels & CHANNEL_BIT(c) && m->threshold[c] < lowest)
			lowest = m->threshold[c];
	return lowest;
}

void model_set_budget(struct model *m, double kud)
{
	m->budget_kud = kud;
	model_set_level(m, far_curve_score(&m->far, kud));
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

/* Those that have a budget of their own have users at risk of their own. */
static double day_beside(const struct model *m, enum channel c, const struct pledge *p)
{
	return m->channels & CHANNEL_BIT(c) ? p->budget_kud * p->at_risk_per_day / 1000 : 0;
}

double model_promised_day(const struct model *m, uint32_t n_users)
{
	double day = m->budget_kud * m->at_risk_per_day / 1000 +
		day_beside(m, CHANNEL_VOLUME, &m->volume.pledge) +
		day_beside(m, CHANNEL_FORECAST, &m->forecast.pledge);

	return m->n_users && day > 0 ? day * (double)n_users / (double)m->n_users : 0;
}

bool model_is_coarse(const struct model *m)
{
	return !m->provisional && m->budget_kud > MODEL_USUAL_KUD &&
		m->budget_kud <= m->smallest_kud * (1 + 1e-9);
}
