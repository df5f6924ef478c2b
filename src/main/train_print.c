#include "main/train_print.h"

#include <inttypes.h>
#include <math.h>

#include "base/zone.h"
#include "learn/train_learned.h"
#include "main/forecast_print.h"
#include "model/model.h"

static void print_log(const struct model *m)
{
	char from[ZONE_TEXT_MAX], to[ZONE_TEXT_MAX];
	printf("fitted on          %" PRIu64 " events of %" PRIu64 " users, %s to %s\n",
		m->n_events, m->n_users, time_iso(m->from_ms, from), time_iso(m->to_ms, to));
	printf("session gap        %g min\n", (double)m->gap_ms / 60000);
	printf("prior strengths    %g of a category, %g of an item within it, %g of an item\n",
		(double)m->learned.strength[EVIDENCE_CATEGORY],
		(double)m->learned.strength[EVIDENCE_ITEM_WITHIN],
		(double)m->learned.strength[EVIDENCE_ITEM]);
}

void train_print_weights(const char *name, const struct model_learned *w)
{
	printf("%-18s category %.4g, item within it %.4g, item %.4g; offset %.4g, power %.4g\n",
		name, (double)w->weight[EVIDENCE_CATEGORY],
		(double)w->weight[EVIDENCE_ITEM_WITHIN], (double)w->weight[EVIDENCE_ITEM],
		(double)w->offset, (double)w->power);
}

static void print_folds(const struct train_report *r)
{
	printf("\nheld out, at the budget; loss: share of pairs in the wrong order\n");
	printf("%4s %6s %8s %20s %20s\n", "FOLD", "USERS", "CHANGED", "LOSS FIXED, TRAINED",
		"RECALL FIXED, TRAINED");
	for (int f = 0; f < MODEL_FOLDS; f++) {
		const struct train_fold *x = &r->fold[f];
		printf("%4d %6u %8u %12.4f %7.4f %13.3f %7.3f\n", f + 1, x->n_users, x->n_changed,
			x->loss[TRAIN_OF_FIXED], x->loss[TRAIN_OF_TRAINED],
			x->recall[TRAIN_OF_FIXED], x->recall[TRAIN_OF_TRAINED]);
	}
	printf("loss less by %.4f (standard error %.4f), recall more by %.4f (%.4f)\n\n", r->gain,
		r->gain_error, r->more, r->more_error);
}

static void print_training(const struct train_report *r)
{
	train_print_weights("weights, fixed", &r->fixed);
	if (r->judged) {
		train_print_weights("weights, trained", &r->trained);
		printf("learnt from        %u users, %u changes made of them, %u labels\n",
			r->n_users, r->n_changed, r->n_labels);
		print_folds(r);
	}
	printf("weights in use     %s: %s\n", r->kept ? "trained" : "fixed",
		train_why_text[r->why]);
}

static void print_budget(double kud, bool unverified, double smallest_kud)
{
	printf("budget             %.4g false alarms per 1000 user-days%s; these users can verify "
		"%.4g\n", kud, unverified ? " (unverified)" : "", smallest_kud);
}

static void print_beside(const char *channel, const struct pledge *p)
{
	if (isinf(p->threshold)) {
		printf("threshold          none of channel %s: nobody was at risk\n", channel);
		return;
	}
	printf("threshold          %.6g of channel %s\n", (double)p->threshold, channel);
	print_budget(p->budget_kud, p->unverified, p->smallest_kud);
}

static void print_promise(const struct model *m)
{
	for (int c = 0; c < CHANNEL_N; c++)
		if (m->channels & CHANNEL_BIT(c))
			printf("threshold          %.6g of channel %s\n", (double)m->threshold[c],
				channel_name[c]);
	if (m->channels & CHANNELS_INTEREST) {
		print_budget(m->budget_kud, m->unverified, m->smallest_kud);
		printf("realised           %.4g in-sample, restarts included\n", m->realised_kud);
	}
	if (m->channels & CHANNEL_BIT(CHANNEL_VOLUME))
		print_beside("volume", &m->volume.pledge);
	if (m->channels & CHANNEL_BIT(CHANNEL_FORECAST) && m->forecast.f.kind != FORECASTER_NONE)
		print_beside("forecast", &m->forecast.pledge);
	printf("model              %016" PRIx64 "\n", m->hash);
}

void train_print(const struct model *m, const struct train_report *r,
	const struct forecast_report *forecast)
{
	print_log(m);
	if (r)
		print_training(r);
	else
		train_print_weights("weights, fixed", &m->learned);
	if (forecast) {
		forecast_print_figures(&m->forecast);
		forecast_print_report(&m->forecast, forecast);
	}
	print_promise(m);
}
