#include "main/evaluate_print.h"

#include <math.h>
#include <string.h>

#include "learn/evaluate.h"

#define LINES 12                /* from recall 0 to the top */
#define SEVERAL '+'             /* where curves meet */

struct plot {
	char cell[LINES + 1][EVALUATE_CURVE];
	double top;             /* recall of the highest line */
};

static double top_of(const struct evaluation *v)
{
	double most = 0;
	for (uint32_t d = 0; d < v->n_detectors; d++)
		for (uint32_t i = 0; i < EVALUATE_CURVE && v->detector[d].has_curve; i++)
			most = fmax(most, (double)v->detector[d].recall[i]);
	return fmax(ceil(most * 10 - 1e-6) / 10, .1);
}

static void draw(struct plot *p, const struct evaluate_detector *d)
{
	for (uint32_t i = 0; i < EVALUATE_CURVE; i++) {
		char *c = &p->cell[(int)round((double)d->recall[i] / p->top * LINES)][i];
		*c = *c == ' ' ? d->name[0] : SEVERAL;
	}
}

/* Labels under the columns of the ends, and of 1, 2 and 5 times each power of ten between. */
static void print_labels(const struct budget_list *l, FILE *to)
{
	double from = l->kud[0], last = l->kud[l->n - 1], at = from;
	int column = 0;
	fprintf(to, "%7s", "");
	while (at <= last * (1 + 1e-9)) {
		char text[24];
		int place = (int)round(log(at / from) / log(last / from) * (EVALUATE_CURVE - 1));
		int n = snprintf(text, sizeof text, "%.4g", at);
		if (place >= column && place + n <= (int)EVALUATE_CURVE + 6) {
			fprintf(to, "%*s%s", place - column, "", text);
			column = place + n + 1;
			fputc(' ', to);
		}
		double power = pow(10, floor(log10(at) + 1e-9)), lead = at / power;
		at = power * (lead < 2 - 1e-9 ? 2 : lead < 5 - 1e-9 ? 5 : 10);
	}
	fputc('\n', to);
}

static void print_legend(const struct evaluation *v, FILE *to)
{
	fprintf(to, "%7sbudget: false alarms per 1000 user-days, logarithmic\n%7s", "", "");
	for (uint32_t d = 0; d < v->n_detectors; d++)
		if (v->detector[d].has_curve)
			fprintf(to, "%c %s, ", v->detector[d].name[0], v->detector[d].name);
	fprintf(to, "%c several\n", SEVERAL);
}

void evaluate_print_plot(const struct evaluation *v, const struct budget_list *l, FILE *to)
{
	struct plot p = { .top = top_of(v) };
	bool any = false;
	memset(p.cell, ' ', sizeof p.cell);
	for (uint32_t d = 0; d < v->n_detectors; d++) {
		any |= v->detector[d].has_curve;
		if (v->detector[d].has_curve)
			draw(&p, &v->detector[d]);
	}
	if (!any || l->kud[l->n - 1] <= l->kud[0])
		return;
	fprintf(to, "\n%7srecall of the test users, thresholds from dev users%s\n", "",
		v->model_given ? ", in-sample?" : "");
	for (int y = LINES; y >= 0; y--) {
		int n = EVALUATE_CURVE;
		while (n > 0 && p.cell[y][n - 1] == ' ')
			n--;
		if (y % 3 == 0)
			fprintf(to, "%5.3f |%.*s\n", p.top * y / LINES, n, p.cell[y]);
		else
			fprintf(to, "%5s |%.*s\n", "", n, p.cell[y]);
	}
	fprintf(to, "%6s+", "");
	for (uint32_t i = 0; i < EVALUATE_CURVE; i++)
		fputc('-', to);
	fputc('\n', to);
	print_labels(l, to);
	print_legend(v, to);
}
