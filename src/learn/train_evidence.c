#include "learn/train_evidence.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "detect/priors.h"

#define DAY_MS 86400000.0

void train_evidence_reset(struct train_evidence *x)
{
	memset(x, 0, sizeof *x);
	learned_reset(&x->kept);
}

/* Counts and rows of the past, or of the part of it since a candidate. */
struct tally {
	double counts, rows, category, category_rows, item;
};

static void add_row(struct tally *t, const struct row *of, const struct row *r)
{
	bool count = of->flags & ROW_COUNT, same = of->place == r->place;
	t->counts += count;
	t->rows++;
	t->category += count && same;
	t->category_rows += same;
	t->item += of->tag == r->tag;
}

/* What new ones there were for each that was to be expected (learned.h). */
static double novelty(float met, float expected)
{
	return ((double)met + 3) / ((double)expected + 3);
}

struct prior {
	double strength, share;
};

static double ratio(const struct prior *p, double since, double since_of, double all, double all_of)
{
	double mass = p->strength * p->share;
	return log((since + mass) * (all_of + p->strength) /
		((since_of + p->strength) * (all + mass)));
}

/* Evidence of a row, before which the state was x, for a candidate with these counts since. */
static void weigh(const struct learned *x, const struct learned_rule *r, const struct row *row,
	const struct tally *since, double sum[EVIDENCE_N])
{
	const float *s = r->w.strength;
	double taken = learned_taken(x, row->tag);
	double pi = (double)row->pi, pi_item = (double)row->pi_item;
	struct prior category = { (double)s[EVIDENCE_CATEGORY] * novelty(x->new_categories,
		x->expected_categories), pi };
	struct prior within = { (double)s[EVIDENCE_ITEM_WITHIN] * novelty(x->new_items,
		x->expected_items), pi_item };
	struct prior item = { (double)s[EVIDENCE_ITEM], pi * pi_item };
	if (row->flags & ROW_COUNT)
		sum[EVIDENCE_CATEGORY] += ratio(&category, since->category, since->counts,
			row->before, x->n);
	sum[EVIDENCE_ITEM_WITHIN] += ratio(&within, since->item, since->category_rows, taken,
		row->rows);
	sum[EVIDENCE_ITEM] += ratio(&item, since->item, since->rows, taken, x->rows);
}

/* Of the two oldest candidates detection has dropped the less likely one, for a new one. */
static void make_place(struct train_evidence *x, const struct learned *before)
{
	uint32_t n = before->n_taus;
	if (n == LEARNED_TAUS) {
		uint32_t gone = before->log_ratio[0] > before->log_ratio[1];
		memmove(x->sum[gone], x->sum[gone + 1], (--n - gone) * sizeof x->sum[0]);
	}
	memset(x->sum[n], 0, sizeof x->sum[n]);
}

void train_evidence_push(struct train_evidence *x, const struct learned_rule *r,
	const struct row *row)
{
	const struct learned before = x->kept;
	uint32_t age = 0, rows = before.rows < LEARNED_ROWS ? before.rows : LEARNED_ROWS;
	struct tally since = {0};
	learned_push(&x->kept, r, row);
	if (row->flags & ROW_OPENS && before.rows >= LEARNED_BEFORE)
		make_place(x, &before);
	for (uint32_t i = x->kept.n_taus; i-- > 0; ) {
		uint32_t own = x->kept.n_rows[i] - 1u;
		for (; age < own && age < rows; age++) {
			struct row of;
			learned_row(&before, age + 1, &of);
			add_row(&since, &of, row);
		}
		weigh(&before, r, row, &since, x->sum[i]);
	}
}

bool train_evidence_read(const struct train_evidence *x, int64_t time_ms,
	struct train_reading *ret)
{
	*ret = (struct train_reading){ .time_ms = time_ms,
		.log_n = log((double)x->kept.n + (double)LEARNED_COUNTS) };
	for (uint32_t i = 0; i < x->kept.n_taus; i++) {
		if (x->kept.n_counts[i] < LEARNED_AFTER)
			continue;
		for (int k = 0; k < EVIDENCE_N; k++)
			ret->sum[ret->n_taus][k] = (float)x->sum[i][k];
		ret->n_taus++;
	}
	return ret->n_taus > 0 && x->kept.n > PROFILE_WARM_UP;
}

double train_score(const struct train_reading *r, const double p[TRAIN_PARAMS],
	double ret_slope[TRAIN_PARAMS])
{
	double l[LEARNED_TAUS], top = -INFINITY, total = 0, mean[EVIDENCE_N] = {0};
	for (uint32_t i = 0; i < r->n_taus; i++) {
		l[i] = 0;
		for (int k = 0; k < EVIDENCE_N; k++)
			l[i] += p[k] * (double)r->sum[i][k];
		top = fmax(top, l[i]);
	}
	for (uint32_t i = 0; i < r->n_taus; i++) {
		double part = exp(l[i] - top);
		total += part;
		for (int k = 0; k < EVIDENCE_N; k++)
			mean[k] += part * (double)r->sum[i][k];
	}
	double above = top + log(total) + p[TRAIN_OFFSET];
	double scale = above > 0 ? exp(-p[TRAIN_POWER] * r->log_n) : 0;
	if (!ret_slope)
		return above * scale;
	for (int k = 0; k < EVIDENCE_N; k++)
		ret_slope[k] = scale * mean[k] / total;
	ret_slope[TRAIN_OFFSET] = scale;
	ret_slope[TRAIN_POWER] = -above * scale * r->log_n;
	return above * scale;
}

void train_params(const struct model_learned *m, double ret[TRAIN_PARAMS])
{
	for (int k = 0; k < EVIDENCE_N; k++)
		ret[k] = (double)m->weight[k];
	ret[TRAIN_OFFSET] = (double)m->offset;
	ret[TRAIN_POWER] = (double)m->power;
}

void train_walk_init(struct train_walk *w, const struct priors *p, int64_t until_ms)
{
	*w = (struct train_walk){ .priors = p, .until_ms = until_ms };
	learned_rule_init(&w->rule, p->model);
	profile_init(&w->profile);
}

void train_walk_done(struct train_walk *w)
{
	profile_done(&w->profile);
	mem_free(w->seen);
	mem_free(w->row);
	mem_free(w->reading);
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not read the evidence of a user: out of memory");
}

static bool grow(void *array, uint32_t n, size_t size)
{
	void **p = array, *more = mem_resize(*p, n, size);
	if (more)
		*p = more;
	return more != NULL;
}

static bool fit_seen(struct train_walk *w, uint32_t n)
{
	if (n <= w->cap_seen)
		return true;
	if (!grow(&w->seen, 2 * n, sizeof *w->seen) || !grow(&w->row, 2 * n, sizeof *w->row))
		return false;
	w->cap_seen = 2 * n;
	return true;
}

/* What happened in the instant at event i, returns left out; the event after it. */
static uint32_t gather(struct train_walk *w, const struct user_events *u, uint32_t i,
	uint32_t *ret_n)
{
	int64_t at_ms = u->time_ms[i];
	for (*ret_n = 0; i < u->n && u->time_ms[i] == at_ms; i++)
		if (u->behaviour[i] != BEHAVIOUR_RETURN)
			w->seen[(*ret_n)++] = (struct sight){ u->category[i], u->item[i],
				priors_tag(w->priors, u->item[i]), u->behaviour[i] };
	return i;
}

/* The open session is over. */
static int close_session(struct train_walk *w, const struct train_evidence *x, struct err *e)
{
	profile_close(&w->profile);
	if (w->n == w->cap) {
		uint32_t cap = w->cap ? 2 * w->cap : 64;
		if (!grow(&w->reading, cap, sizeof *w->reading))
			return no_memory(e);
		w->cap = cap;
	}
	w->n += train_evidence_read(x, w->profile.last_ms, &w->reading[w->n]);
	return 0;
}

static int push_instant(struct train_walk *w, struct train_evidence *x, int64_t at_ms, uint32_t n,
	struct err *e)
{
	struct profile *p = &w->profile;
	if (profile_is_over(p, at_ms, w->priors->model->gap_ms) && close_session(w, x, e) < 0)
		return e->code;
	if (p->session == 0)
		p->fold = (uint8_t)priors_fold(w->priors, at_ms, w->seen);
	int rows = profile_push(p, at_ms, w->seen, n, w->row);
	if (rows < 0)
		return no_memory(e);
	priors_fill(w->priors, p->fold, w->row, (uint32_t)rows);
	for (int i = 0; i < rows; i++)
		train_evidence_push(x, &w->rule, &w->row[i]);
	return 0;
}

int train_walk_user(struct train_walk *w, const struct user_events *u, struct err *e)
{
	struct train_evidence x;
	train_evidence_reset(&x);
	profile_reset(&w->profile);
	w->n = 0;
	if (!fit_seen(w, u->n + 1))
		return no_memory(e);
	for (uint32_t i = 0, n; i < u->n && u->time_ms[i] <= w->until_ms; ) {
		int64_t at_ms = u->time_ms[i];
		i = gather(w, u, i, &n);
		if (n > 0 && push_instant(w, &x, at_ms, n, e) < 0)
			return e->code;
	}
	if (w->profile.open && close_session(w, &x, e) < 0)
		return e->code;
	w->fold = w->profile.fold;
	w->days = w->profile.risk_ms == INT64_MAX ? 0 :
		(double)(w->profile.last_ms - w->profile.risk_ms) / DAY_MS;
	return 0;
}
