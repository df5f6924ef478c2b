#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "alert/alert.h"
#include "base/clock.h"
#include "base/err.h"
#include "ui/export.h"
#include "ui/system.h"
#include "ui/ui.h"

struct sheet_file {
	FILE *f;
	enum alert_form form;
	int64_t now_ms;
};

static void put_text(const struct sheet_file *s, const char *of, const char *measure,
	int64_t time_ms, const char *value)
{
	static const char csv[] = "%s,%s,%" PRId64 ",%s\n";
	static const char jsonl[]
		= "{\"of\":\"%s\",\"measure\":\"%s\",\"time_ms\":%" PRId64 ",\"value\":%s}\n";

	fprintf(s->f, s->form == ALERT_CSV ? csv : jsonl, of, measure, time_ms, value);
}

static void put_count(const struct sheet_file *s, const char *of, const char *measure, uint64_t n)
{
	char buf[24];

	snprintf(buf, sizeof buf, "%" PRIu64, n);
	put_text(s, of, measure, s->now_ms, buf);
}

/* What was not measured has no row. */
static void put_real(const struct sheet_file *s, const char *of, const char *measure,
	int64_t time_ms, double value)
{
	char buf[24];

	if (isnan(value))
		return;
	snprintf(buf, sizeof buf, "%.6g", value);
	put_text(s, of, measure, time_ms, buf);
}

static void put_stage(const struct sheet_file *s, const char *name, const struct stage *g,
	const struct system_rate *r)
{
	put_count(s, name, "in", g->in);
	put_count(s, name, "out", g->out);
	put_real(s, name, "in_per_s", s->now_ms, r->in_per_s);
	put_real(s, name, "out_per_s", s->now_ms, r->out_per_s);
	put_count(s, name, "waiting", g->waiting);
	if (g->room)
		put_count(s, name, "room", g->room);
	put_count(s, name, "dropped", g->dropped);
	put_real(s, name, "p50_ms", s->now_ms, (double)g->p50_ms);
	put_real(s, name, "p99_ms", s->now_ms, (double)g->p99_ms);
}

static void put_series(const struct sheet_file *s, const struct system_state *y, int64_t newest_ms)
{
	unsigned i;

	for (i = 0; i < y->n_samples; i++) {
		unsigned back = y->n_samples - i;
		const struct system_sample *v
			= &y->sample[(y->at + SYSTEM_SAMPLES - back) % SYSTEM_SAMPLES];
		int64_t time_ms = newest_ms - (int64_t)(back - 1) * 1000;

		put_real(s, "series", "lag_s", time_ms, (double)v->lag_s);
		put_real(s, "series", "events_per_s", time_ms, (double)v->events_per_s);
	}
}

static int put(struct ui *u, FILE *f, enum alert_form form)
{
	const struct system_state *y = &u->system;
	struct sheet_file s = { f, form, clock_utc_ms(u->clock) };
	int i;

	if (form == ALERT_CSV)
		fputs("of,measure,time_ms,value\n", f);
	for (i = 0; i < FEED_STAGES; i++)
		if (u->snap->stage[i].is_measured)
			put_stage(&s, system_stage[i], &u->snap->stage[i], &y->rate[i]);
	put_real(&s, "screen", "paints_per_s", s.now_ms, y->paints_per_s);
	put_real(&s, "screen", "p50_ms", s.now_ms, (double)spread_quantile(&y->paint_took, .5));
	put_real(&s, "screen", "p99_ms", s.now_ms, (double)spread_quantile(&y->paint_took, .99));
	put_series(&s, y, s.now_ms - (clock_tick_ms(u->clock) - y->sampled_ms));
	return fflush(f) == 0 && !ferror(f) ? 0 : -errno;
}

static void told(struct ui *u, const char *path)
{
	struct err e = { 0 };

	if (!*path)
		return;
	if (export_file(u, path, put, &e) < 0)
		ui_say(u, true, "%s", e.text);
	else
		ui_say(u, false, "the stages and %u second%s of both charts in \"%s\"",
			u->system.n_samples, u->system.n_samples == 1 ? "" : "s", path);
}

void system_export(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "export stages and charts to: ",
		.hint = EXPORT_FORMS, .done = told, .is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}
