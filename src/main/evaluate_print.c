#include "main/evaluate_print.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "learn/evaluate.h"
#include "learn/interval.h"

/* Which users a row comes from, short and in words. */
static const char *from_of(const struct evaluation *v, const struct evaluate_row *r)
{
	static const char *const name[EVALUATE_BYS] = { "test/dev", "test/model", "test" };
	return v->model_given ? "in-sample?" : name[r->by];
}

static const char *from_words(const struct evaluation *v, const struct evaluate_row *r)
{
	static const char *const fitted[EVALUATE_BYS] = {
		"test users, thresholds from dev users",
		"test users, thresholds promised by the model of the dev users",
		"test users, no threshold" };
	static const char *const given[EVALUATE_BYS] = {
		"test users, thresholds from dev users, perhaps in-sample of the model given",
		"test users, thresholds of the model given, perhaps in-sample",
		"test users, no threshold, perhaps in-sample of the model given" };
	return (v->model_given ? given : fitted)[r->by];
}

/* False alarms per 1000 user-days, for a count of them. */
static double rate(const struct score_result *r, double alarms)
{
	return r->user_days > 0 ? 1000 * alarms / r->user_days : NAN;
}

static double share(uint32_t part, uint32_t all)
{
	return all ? (double)part / all : NAN;
}

static double precision(const struct score_result *r)
{
	return share(r->n_detected, r->n_detected + r->n_false);
}

static double tercile(const struct score_result *r, int k)
{
	return share(r->tercile[k].n_detected, r->tercile[k].n);
}

static const char *const number_name[] = { "budget", "threshold", "verified", "recall",
	"recall_low", "recall_high", "far", "far_low", "far_high", "realised", "precision",
	"null_hit", "sham_hit", "delay_events", "delay_events_p90", "delay_days", "delay_days_p90",
	"recall_js1", "recall_js2", "recall_js3", "alerts_day", "users", "changed", "unchanged",
	"shams", "detected", "false_alarms", "user_days", "events" };
#define NUMBERS (sizeof number_name / sizeof *number_name)

/* In the order of their names; what there is not is not finite. */
static void numbers(const struct evaluate_row *row, double ret[NUMBERS])
{
	const struct score_result *r = &row->result;
	struct interval far = interval_poisson(r->n_false);
	struct interval recall = interval_share(r->n_detected, r->n_changed);
	const double all[NUMBERS] = { row->budget_kud, r->threshold, row->verified,
		share(r->n_detected, r->n_changed), recall.low, recall.high,
		rate(r, r->n_false), rate(r, far.low), rate(r, far.high),
		rate(r, r->n_false) / row->budget_kud, precision(r),
		share(r->n_null_hit, r->n_null), share(r->n_sham_hit, r->n_sham),
		r->delay_events, r->delay_events_p90, r->delay_days, r->delay_days_p90,
		tercile(r, 0), tercile(r, 1), tercile(r, 2), r->alarms_per_day, r->n_users,
		r->n_changed, r->n_null, r->n_sham, r->n_detected, r->n_false, r->user_days,
		(double)r->events };
	memcpy(ret, all, sizeof all);
}

void evaluate_print_csv(const struct evaluation *v, FILE *to)
{
	double x[NUMBERS];
	fputs("detector,thresholds,from", to);
	for (size_t k = 0; k < NUMBERS; k++)
		fprintf(to, ",%s", number_name[k]);
	for (uint32_t i = 0; i < v->n_rows; i++) {
		const struct evaluate_row *r = &v->row[i];
		numbers(r, x);
		fprintf(to, "\n%s,%s,%s", v->detector[r->detector].name, evaluate_by_name[r->by],
			from_of(v, r));
		for (size_t k = 0; k < NUMBERS; k++)
			fprintf(to, isfinite(x[k]) ? ",%.9g" : ",", x[k]);
	}
	fputc('\n', to);
}

void evaluate_print_jsonl(const struct evaluation *v, FILE *to)
{
	double x[NUMBERS];
	for (uint32_t i = 0; i < v->n_rows; i++) {
		const struct evaluate_row *r = &v->row[i];
		numbers(r, x);
		fprintf(to, "{\"detector\":\"%s\",\"thresholds\":\"%s\",\"from\":\"%s\"",
			v->detector[r->detector].name, evaluate_by_name[r->by], from_of(v, r));
		for (size_t k = 0; k < NUMBERS; k++)
			fprintf(to, isfinite(x[k]) ? ",\"%s\":%.9g" : ",\"%s\":null",
				number_name[k], x[k]);
		fputs("}\n", to);
	}
}

/* A number in so many columns, a dash where there is none. digits: decimals, or when negative
 * significant ones.
 */
static void cell(FILE *to, int width, int digits, double x)
{
	char text[48] = "-";
	if (isfinite(x) && digits >= 0)
		snprintf(text, sizeof text, "%.*f", digits, x);
	else if (isfinite(x))
		snprintf(text, sizeof text, "%.*g", -digits, x);
	fprintf(to, " %*s", width, text);
}

static void print_row(const struct evaluation *v, const struct evaluate_row *row, FILE *to)
{
	const struct score_result *r = &row->result;
	struct interval far = interval_poisson(r->n_false);
	char span[48] = "-";
	if (r->user_days > 0)
		snprintf(span, sizeof span, "%.3g-%.3g", rate(r, far.low), rate(r, far.high));
	cell(to, 7, -4, row->budget_kud);
	fputc(row->verified || row->by == EVALUATE_BY_NOTHING ? ' ' : '*', to);
	cell(to, 6, 3, share(r->n_detected, r->n_changed));
	cell(to, 8, -3, rate(r, r->n_false));
	fprintf(to, " %-13s", span);
	cell(to, 6, 2, rate(r, r->n_false) / row->budget_kud);
	cell(to, 6, 3, precision(r));
	cell(to, 5, 0, r->delay_events);
	cell(to, 7, 2, r->delay_days);
	fprintf(to, " %s\n", from_of(v, row));
}

static void print_users(const struct evaluation *v, FILE *to)
{
	const struct score_result *r = &v->row[0].result;
	fprintf(to, "%u test users: %u change, %u do not, %u of these shams\n", r->n_users,
		r->n_changed, r->n_null, r->n_sham);
	fprintf(to, "user-days at risk: dev %.0f, test %.0f\n", v->dev_days, v->test_days);
	if (v->has_model)
		fprintf(to, "model %016" PRIx64 "%s\n", v->model.hash, v->model_given ? ", given" :
			", fitted on the dev users up to their change");
}

void evaluate_print_table(const struct evaluation *v, FILE *to)
{
	const struct evaluate_row *before = NULL;
	bool starred = false;
	print_users(v, to);
	fprintf(to, "\n%8s  %6s %8s %-13s %6s %6s %5s %7s %s\n", "BUDGET", "RECALL", "FALSE",
		"95 %", "RATIO", "PREC", "DELAY", "DAYS", "USERS");
	for (uint32_t i = 0; i < v->n_rows; i++) {
		const struct evaluate_row *r = &v->row[i];
		if (!before || before->detector != r->detector || before->by != r->by)
			fprintf(to, "%s: %s\n", v->detector[r->detector].name, from_words(v, r));
		print_row(v, r, to);
		starred |= !r->verified && r->by != EVALUATE_BY_NOTHING;
		before = r;
	}
	fputs("\nBUDGET, FALSE: false alarms per 1000 user-days, promised and realised;\n"
		"95 %: Poisson interval; RATIO: realised to promised; PREC: true ones of all\n"
		"alarms; DELAY, DAYS: events and days from the change to the alarm, median\n", to);
	if (starred)
		fputs("*: fewer than 10 alarms of those the threshold is from: unverified\n", to);
}
