/* veer model: what is in a model file, or its hash. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "main/forecast_print.h"
#include "main/option.h"
#include "main/train_print.h"
#include "model/model.h"

#define TOP_SHARES 20u
#define TOP_FAR 12u
#define SHOWN_MAX 256

/* Channels beside those of interest have budgets and users at risk of their own. */
static bool is_of_interest(const struct model *m)
{
	return m->channels & CHANNELS_INTEREST;
}

static void print_meta(const struct model *m)
{
	bool unverified = is_of_interest(m) && !m->provisional && m->unverified;

	printf("model %016" PRIx64 "%s%s\n", m->hash,
		m->provisional ? ", provisional: nothing of a log is in it" : "",
		unverified ? ", its budget is unverified" : "");
	printf("session gap        %g min\n", (double)m->gap_ms / 60000);
	printf("prior strength     %g counts\n", (double)m->strength);
	if (m->channels & CHANNEL_BIT(CHANNEL_LEARNED))
		train_print_weights(m->learned.trained ? "weights, trained" : "weights, fixed",
			&m->learned);
	if (!is_of_interest(m))
		return;
	printf("budget             %.4g false alarms per 1000 user-days%s\n", m->budget_kud,
		m->unverified ? " (unverified)" : "");
	printf("smallest budget    %.4g that its users can verify\n", m->smallest_kud);
}

static void print_report(const struct model *m)
{
	char from[ZONE_TEXT_MAX], to[ZONE_TEXT_MAX];

	if (!m->n_events) {
		printf("fitted on          nothing\n");
		return;
	}
	printf("fitted on          %" PRIu64 " events of %" PRIu64 " users, %s to %s\n",
		m->n_events, m->n_users, time_iso(m->from_ms, from), time_iso(m->to_ms, to));
	if (is_of_interest(m)) {
		printf("at risk            %.6g user-days, %.4g users a day\n", m->user_days,
			m->at_risk_per_day);
		printf("alarms among them  %" PRIu64 "\n", m->n_alarms);
		printf("realised           %.4g false alarms per 1000 user-days, restarts "
			"included\n", m->realised_kud);
	}
	printf("log loss           %.4g nats a count, %.4g by shares alone\n", m->log_loss,
		m->log_loss_population);
}

static void print_far(const struct model *m, float threshold, float score)
{
	char rarity[64];
	double far = far_curve_at(&m->far, score);

	alert_rarity(far, rarity, sizeof rarity);
	printf("%10.4g %12.4g %9u  %s%s\n", (double)score, far, model_severity(far), rarity,
		score == threshold ? "  <- threshold" : "");
}

/* The points of the curve at about equal steps, the threshold among them. */
static void print_thresholds(const struct model *m)
{
	uint32_t n = m->far.n < TOP_FAR ? m->far.n : TOP_FAR;
	float before = -INFINITY, threshold = INFINITY;
	char channels[64];

	channel_list(m->channels & CHANNELS_INTEREST, channels, sizeof channels);
	for (int c = 0; c < CHANNEL_N; c++)
		if (m->channels & CHANNEL_BIT(c))
			threshold = fminf(threshold, model_decision(m, (enum channel)c,
				m->threshold[c]));
	printf("\nalarm when score >= %.6g (channel %s)\n", (double)threshold, channels);
	printf("%10s %12s %9s  %s\n", "SCORE", "FAR", "SEVERITY", "FALSE ALARMS SO HIGH");
	for (uint32_t i = 0; i < n; i++) {
		float score = m->far.point[n > 1 ? i * (m->far.n - 1) / (n - 1) : 0].score;

		if (before < threshold && threshold < score)
			print_far(m, threshold, threshold);
		print_far(m, threshold, score);
		before = score;
	}
	if (before < threshold && isfinite(threshold))
		print_far(m, threshold, threshold);
	printf("beyond, far falls by e every %.3g of score\n", 1 / m->far.tail);
}

static void print_volume(const struct volume_model *v)
{
	printf("\nalarm when score >= %.6g (channel volume)\n", (double)v->pledge.threshold);
	printf("budget             %.4g/kud of its own%s, the smallest to verify is %.4g\n",
		v->pledge.budget_kud, v->pledge.unverified ? " (unverified)" : "",
		v->pledge.smallest_kud);
	printf("at risk            %.6g user-days, %.4g users a day of %" PRIu64 "; alarms among "
		"them %" PRIu64 "\n", v->pledge.user_days, v->pledge.at_risk_per_day,
		v->pledge.n_users, v->pledge.n_alarms);
	printf("pace               half-life %.4g sessions, prior %.3g sessions a day worth %.3g, "
		"lag %u sessions\n", v->half_life_sessions, (double)v->prior_rate,
		(double)v->prior_sessions, v->lag_sessions);
	printf("log loss           %.4g nats a session\n", v->log_loss);
}

/* Largest first; ties stay in the order of the bytes, which is that of the addresses. */
static int by_count(const void *a, const void *b)
{
	const struct model_share *x = *(const struct model_share *const *)a;
	const struct model_share *y = *(const struct model_share *const *)b;

	return x->count != y->count ? (x->count < y->count ? 1 : -1) : (x > y) - (x < y);
}

static int print_shares(const struct model *m, struct err *e)
{
	const struct model_share **top = mem_get(m->n_share ? m->n_share : 1, sizeof *top);
	char shown[SHOWN_MAX];

	if (!top)
		return err_set(e, -ENOMEM, "could not sort the categories: out of memory");
	for (uint32_t i = 0; i < m->n_share; i++)
		top[i] = &m->share[i];
	qsort(top, m->n_share, sizeof *top, by_count);
	printf("\n%u categories, %" PRIu64 " counts\n", m->n_share, m->count_sum);
	for (uint32_t i = 0; i < m->n_share && i < TOP_SHARES; i++) {
		text_scrub(shown, sizeof shown, top[i]->category, top[i]->len);
		printf("%9.3f%% %10" PRIu64 "  %s\n",
			100 * (double)top[i]->count / (double)m->count_sum, top[i]->count, shown);
	}
	if (m->n_share > TOP_SHARES)
		printf("%10s %10s  and %u more\n", "", "", m->n_share - TOP_SHARES);
	mem_free(top);
	return 0;
}

static int show(const struct model *m, struct err *e)
{
	print_meta(m);
	print_report(m);
	if (m->channels & CHANNELS_INTEREST)
		print_thresholds(m);
	if (m->channels & CHANNEL_BIT(CHANNEL_VOLUME))
		print_volume(&m->volume);
	if (m->channels & CHANNEL_BIT(CHANNEL_FORECAST))
		forecast_print_model(&m->forecast);
	return print_shares(m, e);
}

static int print_hash(const struct model *m, struct err *e)
{
	(void)e;
	printf("%016" PRIx64 "\n", m->hash);
	return 0;
}

/* The operands behind the verb. */
struct files {
	const char *const *path;
	uint32_t n;
};

/* Opens one file after the other; a bad one does not hide the rest. */
static int each_file(const struct files *f, int (*each)(const struct model *m, struct err *e))
{
	int code = EXIT_OK;

	for (uint32_t i = 0; i < f->n; i++) {
		struct err e = {0};
		struct model m;

		if (i && each == show)
			printf("\n");
		if (model_open(&m, f->path[i], &e) < 0 || each(&m, &e) < 0) {
			fprintf(stderr, "veer model: %s\n", e.text);
			code = EXIT_FAILED;
		}
		model_done(&m);
	}
	return code;
}

static const struct {
	const char *word;
	int (*each)(const struct model *m, struct err *e);
} verb[] = {
	{ "show", show },
	{ "hash", print_hash },
};

/* Without a verb the models are shown. */
int cmd_model(struct options *o)
{
	struct files all = { o->operand, o->n_operands };
	struct files rest = { o->operand + 1, o->n_operands - 1 };

	if (!o->n_operands) {
		fprintf(stderr, "veer model: give show FILE or hash FILE\n");
		return EXIT_USAGE;
	}
	for (size_t i = 0; rest.n && i < sizeof verb / sizeof *verb; i++)
		if (!strcmp(o->operand[0], verb[i].word))
			return each_file(&rest, verb[i].each);
	return each_file(&all, show);
}
