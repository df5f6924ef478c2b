#include "main/log_run.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "detect/level.h"
#include "main/option.h"

#define ROW_TEXT_MAX (1u << 20)
#define KEEP_REJECTS 1000u

static void say(void *ctx, const char *line)
{
	const struct options *o = ctx;

	if (!o->quiet)
		fprintf(stderr, "veer %s: %s\n", o->command, line);
}

void log_run_options(const struct options *o, const char *const *path, uint32_t n_paths,
	struct run_options *ret)
{
	*ret = (struct run_options){
		.load = {
			.path = path,
			.n_paths = n_paths,
			.format = o->format,
			.columns = o->columns,
			.zone = &o->zone,
			.threads = o->threads,
			.keep_rejects = KEEP_REJECTS,
			.until_ms = o->until_ms,
			.said = say,
			.said_ctx = (void *)(uintptr_t)o,
		},
		.model = o->model,
		.budget = o->budget,
		.volume_budget = o->volume_budget,
		.forecast_budget = o->forecast_budget,
		.epsilon = o->epsilon,
		.gap_ms = o->gap_ms,
		.backend = o->backend,
		.memory_bytes = o->memory_bytes,
		.until_ms = o->until_ms,
		.step = &o->step,
		.level_threshold = o->threshold,
		.law_given = o->law && strcmp(o->law, "auto") != 0,
		.law = o->law && strcmp(o->law, level_law_name[LEVEL_POISSON]) == 0 ?
			LEVEL_POISSON : LEVEL_GAUSSIAN,
	};
	if (o->channel)
		channel_parse(o->channel, &ret->channels);
}

void log_run_rows(const struct run *r, const struct options *o)
{
	struct text t;

	text_init(&t, ROW_TEXT_MAX);
	alert_header(&t, o->form);
	for (uint32_t i = 0; i <= r->n_alerts; i++) {
		if (t.len)
			fwrite(t.s, 1, t.len, stdout);
		text_clear(&t);
		if (i < r->n_alerts)
			alert_row(&t, o->form, &r->alert[i], &r->ids, "new");
	}
	text_done(&t);
}

int log_run_report(const struct run *r, const struct options *o)
{
	char reasons[256] = "";

	load_reasons(r->load.rejected, r->load.rows, reasons, sizeof(reasons));
	if (r->load.unusable)
		fprintf(stderr, "veer %s: %s\n", o->command, r->load.why);
	else if (*reasons && r->load.rows > r->load.events && !o->quiet)
		fprintf(stderr, "veer %s: %s\n", o->command, reasons);
	if (*r->note && !o->quiet)
		fprintf(stderr, "veer %s: %s\n", o->command, r->note);
	return r->load.unusable || r->load.cut[0] ? EXIT_UNUSABLE : EXIT_OK;
}
