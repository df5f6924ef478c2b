#include "learn/train_loss.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

#define SMOOTH 3.0
#define STEEP 2.0
#define HIGHEST .4              /* of the weight of unchanged segments */
#define SIDE_MAX 128u
#define STEPS 150
#define RATE .02
#define PULL .1                 /* towards the start: times the square of p / start - 1 */

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not train: out of memory");
}

static double highest(const struct train_segment *s, const double p[TRAIN_PARAMS])
{
	double top = 0;
	for (uint32_t i = 0; i < s->n; i++)
		top = fmax(top, train_score(&s->reading[i], p, NULL));
	return top;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Between the quantiles .6 and .95 of unchanged segments' highest scores. */
static void set_unit(struct train_loss *l, const double start[TRAIN_PARAMS])
{
	double sum = 0;
	uint32_t n = 0;
	for (uint32_t i = 0; i < l->set->n; i++)
		for (uint32_t k = 0; k < l->set->segment[i]->n; k++, n++)
			sum += l->set->segment[i]->reading[k].log_n;
	l->log_n = sum / n;
	for (uint32_t i = 0; i < l->n_unchanged; i++)
		l->score[i] = highest(l->set->segment[l->unchanged[i]], start);
	qsort(l->score, l->n_unchanged, sizeof *l->score, by_value);
	double spread = l->score[(uint32_t)(.95 * l->n_unchanged)] -
		l->score[(uint32_t)(.6 * l->n_unchanged)];
	l->unit = fmax(1e-3, spread * exp(l->log_n * start[TRAIN_POWER]));
}

int train_loss_init(struct train_loss *l, const struct train_set *s,
	const double start[TRAIN_PARAMS], struct err *e)
{
	*l = (struct train_loss){ .set = s, .most = SIDE_MAX };
	l->score = mem_get(s->n + 1ul, sizeof *l->score);
	l->slope = mem_get(s->n + 1ul, sizeof *l->slope);
	l->unchanged = mem_get(s->n + 1ul, sizeof *l->unchanged);
	l->changed = mem_get(s->n + 1ul, sizeof *l->changed);
	if (!l->score || !l->slope || !l->unchanged || !l->changed)
		return no_memory(e);
	for (uint32_t i = 0; i < s->n; i++)
		if (s->segment[i]->is_changed)
			l->changed[l->n_changed++] = i;
		else
			l->unchanged[l->n_unchanged++] = i;
	if (l->n_changed == 0 || l->n_unchanged == 0)
		return err_set(e, -ERANGE, "could not train: too few users have long histories");
	set_unit(l, start);
	return 0;
}

void train_loss_done(struct train_loss *l)
{
	mem_free(l->score);
	mem_free(l->slope);
	mem_free(l->unchanged);
	mem_free(l->changed);
}

/* A reading's z: its score as it would be with the typical number of counts, in units. */
static double reading_score(const struct train_loss *l, const struct train_reading *r,
	const double p[TRAIN_PARAMS], double slope[TRAIN_PARAMS])
{
	double z = l->scale * train_score(r, p, slope);
	for (int k = 0; k < TRAIN_PARAMS; k++)
		slope[k] *= l->scale;
	slope[TRAIN_POWER] += z * l->log_n;
	return z;
}

/* Sums are kept relative to the largest term met so far. */
static void score_segment(struct train_loss *l, uint32_t i, const double p[TRAIN_PARAMS])
{
	const struct train_segment *s = l->set->segment[i];
	double top = -INFINITY, sum = 0, slope[TRAIN_PARAMS], total[TRAIN_PARAMS] = {0};
	for (uint32_t k = 0; k < s->n; k++) {
		double z = reading_score(l, &s->reading[k], p, slope), part = 1, keep = 1;
		if (z > top) {
			keep = exp(SMOOTH * (top - z));
			top = z;
		} else {
			part = exp(SMOOTH * (z - top));
		}
		sum = sum * keep + part;
		for (int j = 0; j < TRAIN_PARAMS; j++)
			total[j] = total[j] * keep + part * slope[j];
	}
	l->score[i] = top + log(sum) / SMOOTH;
	for (int j = 0; j < TRAIN_PARAMS; j++)
		l->slope[i][j] = total[j] / sum;
}

static int higher_first(const void *a, const void *b, void *score)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const double *s = score;
	return s[i] != s[k] ? (s[i] < s[k] ? 1 : -1) : (i > k) - (i < k);
}

/* How many of the unchanged, highest first, hold the share of their weight. */
static uint32_t count_highest(const struct train_loss *l)
{
	double all = 0, sum = 0;
	uint32_t n = 0;
	for (uint32_t i = 0; i < l->n_unchanged; i++)
		all += l->set->segment[l->unchanged[i]]->weight;
	while (n < l->n_unchanged && sum <= HIGHEST * all)
		sum += l->set->segment[l->unchanged[n++]]->weight;
	return n;
}

/* Of many segments every so manieth: they are in order of their scores, so all heights are met. */
static uint32_t stride(const struct train_loss *l, uint32_t n)
{
	return l->most && n > l->most ? n / l->most : 1;
}

double train_loss(struct train_loss *l, const double p[TRAIN_PARAMS],
	double ret_slope[TRAIN_PARAMS])
{
	double sum = 0, weights = 0, slope[TRAIN_PARAMS] = {0};
	l->scale = exp(l->log_n * p[TRAIN_POWER]) / l->unit;
	for (uint32_t i = 0; i < l->set->n; i++)
		score_segment(l, i, p);
	qsort_r(l->unchanged, l->n_unchanged, sizeof *l->unchanged, higher_first, l->score);
	qsort_r(l->changed, l->n_changed, sizeof *l->changed, higher_first, l->score);
	uint32_t n = count_highest(l), by = stride(l, n), by_changed = stride(l, l->n_changed);
	for (uint32_t i = 0; i < n; i += by)
		for (uint32_t k = 0; k < l->n_changed; k += by_changed) {
			uint32_t a = l->unchanged[i], b = l->changed[k];
			double w = l->set->segment[a]->weight * l->set->segment[b]->weight;
			double wrong = 1 / (1 + exp(STEEP * (l->score[b] - l->score[a])));
			sum += w * wrong;
			weights += w;
			for (int j = 0; j < TRAIN_PARAMS && ret_slope; j++)
				slope[j] += w * wrong * (1 - wrong) * STEEP *
					(l->slope[a][j] - l->slope[b][j]);
		}
	for (int j = 0; j < TRAIN_PARAMS && ret_slope; j++)
		ret_slope[j] = slope[j] / weights;
	return sum / weights;
}

int train_fit(struct train_loss *l, const double start[TRAIN_PARAMS], const atomic_bool *stop,
	double ret[TRAIN_PARAMS])
{
	double mean[TRAIN_PARAMS] = {0}, square[TRAIN_PARAMS] = {0}, slope[TRAIN_PARAMS];
	for (int k = 0; k < TRAIN_PARAMS; k++)
		ret[k] = start[k];
	for (int step = 1; step <= STEPS; step++) {
		double rate = RATE * .5 * (1 + cos(M_PI * (step - 1) / STEPS));
		if (stop && atomic_load(stop))
			return -ECANCELED;
		train_loss(l, ret, slope);
		for (int k = 0; k < TRAIN_PARAMS; k++) {
			double d = slope[k] * start[k] + 2 * PULL * (ret[k] / start[k] - 1);
			mean[k] = .9 * mean[k] + .1 * d;
			square[k] = .999 * square[k] + .001 * d * d;
			d = mean[k] / (1 - pow(.9, step)) /
				(sqrt(square[k] / (1 - pow(.999, step))) + 1e-8);
			ret[k] = fmax(0, ret[k] - rate * d * start[k]);
		}
	}
	return 0;
}

double train_recall(const struct train_set *s, const double p[TRAIN_PARAMS], uint32_t n_alarms,
	double *scratch)
{
	uint32_t users = 0, changed = 0, found = 0;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->segment[i]->is_user)
			scratch[users++] = highest(s->segment[i], p);
	qsort(scratch, users, sizeof *scratch, by_value);
	double bar = users > n_alarms ? scratch[users - 1 - n_alarms] : 0;
	for (uint32_t i = 0; i < s->n; i++) {
		changed += s->segment[i]->is_changed;
		found += s->segment[i]->is_changed && highest(s->segment[i], p) > bar;
	}
	return changed ? (double)found / changed : 0;
}
