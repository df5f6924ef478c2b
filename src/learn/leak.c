#include "learn/leak.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "learn/sorted.h"

#define FUTURE_LEFT .1          /* of the column's variance, beside the value to come */
#define PAST_TIMES 4            /* so much more is left beside any value of the past */
#define PAST_LEFT 1e-6          /* what floats leave; below, the past says it all as well */

/* Rows in order of series and time; y and the column at hand less their series' means. */
struct look {
	const struct dataset *d;
	struct sorted order;
	uint32_t n;             /* places looked at: whole series */
	uint32_t *end;          /* [n]: where the series of a place ends */
	double *x, *y;          /* [n] */
};

static int look_init(struct look *k, const struct dataset *d, struct err *e)
{
	*k = (struct look){ .d = d };
	if (sorted_init(&k->order, d, e) < 0)
		return -ENOMEM;
	while (k->n < d->n_rows && k->n < LEAK_ROWS)
		k->n = sorted_end(&k->order, d, k->n);
	k->end = mem_get(k->n + 1ul, sizeof *k->end);
	k->x = mem_get(k->n + 1ul, sizeof *k->x);
	k->y = mem_get(k->n + 1ul, sizeof *k->y);
	return k->end && k->x && k->y ? 0 :
		err_set(e, -ENOMEM, "could not look for leaks: out of memory");
}

static void look_done(struct look *k)
{
	sorted_done(&k->order);
	mem_free(k->end);
	mem_free(k->x);
	mem_free(k->y);
}

static void centre(struct look *k, double *v)
{
	for (uint32_t first = 0, end; first < k->n; first = end) {
		double sum = 0;
		end = k->end[first];
		for (uint32_t i = first; i < end; i++)
			sum += v[i];
		for (uint32_t i = first; i < end; i++)
			v[i] -= sum / (end - first);
	}
}

/* Squared correlation of the column with the value so many rows later (below 0: earlier); 0 when
 * less than half of the rows have one.
 */
static double follows(const struct look *k, int32_t later)
{
	double xx = 0, yy = 0, xy = 0;
	int64_t pairs = 0;
	for (uint32_t first = 0, end; first < k->n; first = end) {
		end = k->end[first];
		int64_t from = later < 0 ? (int64_t)first - later : first;
		int64_t to = later > 0 ? (int64_t)end - later : end;
		pairs += to > from ? to - from : 0;
		for (int64_t i = from; i < to; i++) {
			double x = k->x[i], y = k->y[i + later];
			xx += x * x;
			yy += y * y;
			xy += x * y;
		}
	}
	return 2 * pairs >= k->n && xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0;
}

static bool is_suspect(const struct look *k, struct leak *l)
{
	for (uint32_t i = 0; i <= LEAK_AHEAD; i++) {
		double r = follows(k, (int32_t)i);
		if (r > l->future) {
			l->future = r;
			l->ahead = i;
		}
	}
	if (1 - l->future > FUTURE_LEFT)
		return false;
	for (int32_t i = 1; i <= (int32_t)LEAK_BACK; i++)
		l->past = fmax(l->past, follows(k, -i));
	return 1 - l->past > PAST_LEFT && 1 - l->past >= PAST_TIMES * (1 - l->future);
}

int leak_find(const struct dataset *d, struct leak *ret, struct err *e)
{
	struct look k;
	int n = 0;
	if (look_init(&k, d, e) < 0) {
		look_done(&k);
		return -ENOMEM;
	}
	for (uint32_t first = 0, end; first < k.n; first = end) {
		end = sorted_end(&k.order, d, first);
		for (uint32_t i = first; i < end; i++) {
			k.end[i] = end;
			k.y[i] = (double)d->y[k.order.row[i]];
		}
	}
	centre(&k, k.y);
	for (uint32_t c = 0; c < d->n_columns; c++) {
		struct leak l = { .column = c };
		for (uint32_t i = 0; i < k.n; i++)
			k.x[i] = (double)dataset_row(d, k.order.row[i])[c];
		centre(&k, k.x);
		if (is_suspect(&k, &l))
			ret[n++] = l;
	}
	look_done(&k);
	return n;
}
