#include "ui/system.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "ui/ui.h"

#define SECOND_MS 1000

const char *const system_stage[FEED_STAGES] = {
	[FEED_READ] = "read", [FEED_HOLD] = "hold", [FEED_DETECT] = "detect",
	[FEED_STORE] = "store",
};

static uint64_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (f) {
		if (fscanf(f, "%*u %llu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int64_t used_us(void)
{
	struct rusage r;

	if (getrusage(RUSAGE_SELF, &r) < 0)
		return 0;
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * INT64_C(1000000) + r.ru_utime.tv_usec
		+ r.ru_stime.tv_usec;
}

static void sample_machine(struct ui *u, double seconds)
{
	struct system_state *s = &u->system;
	int64_t us;

	if (u->term.scripted)
		return;
	us = used_us();
	s->cpu_share = seconds > 0 ? (double)(us - s->cpu_us) / 1e6 / seconds : 0;
	s->cpu_us = us;
	s->rss_bytes = resident_bytes();
}

/* The first sample only counts: seconds 0. */
static double grown(uint64_t now, uint64_t *was, double seconds)
{
	double rate = seconds > 0 && now > *was ? (double)(now - *was) / seconds : 0;

	*was = now;
	return rate;
}

static void sample_stages(struct ui *u, double seconds)
{
	struct system_state *s = &u->system;
	int i;

	for (i = 0; i < FEED_STAGES; i++) {
		const struct stage *g = &u->snap->stage[i];

		s->rate[i].in_per_s = grown(g->in, &s->rate[i].in, seconds);
		s->rate[i].out_per_s = grown(g->out, &s->rate[i].out, seconds);
	}
	s->paints_per_s = grown(s->n_paints, &s->paints_before, seconds);
	s->bytes_per_s = grown(s->painted_bytes, &s->bytes_before, seconds);
}

static void add(struct system_state *s, float lag_s, float events_per_s)
{
	s->sample[s->at] = (struct system_sample){ lag_s, events_per_s };
	s->at = (s->at + 1) % SYSTEM_SAMPLES;
	s->n_samples += s->n_samples < SYSTEM_SAMPLES;
}

/* Seconds in which nobody looked (^Z) are blank. */
static void sample(struct ui *u, int64_t gone_ms)
{
	struct system_state *s = &u->system;
	const struct snapshot *snap = u->snap;
	int64_t missed = gone_ms / SECOND_MS - 1;
	bool has_lag = snap->phase != FEED_LOADING
		&& (snapshot_goes_on(snap) || snap->phase == FEED_RUNNING);

	if (s->sampled_ms)
		for (; missed > 0; missed -= missed > SYSTEM_SAMPLES ? missed - SYSTEM_SAMPLES : 1)
			add(s, NAN, NAN);
	add(s, has_lag ? (float)snap->lag_s : NAN, (float)snap->events_per_s);
	if (has_lag && (float)snap->lag_s > s->max_lag_s)
		s->max_lag_s = (float)snap->lag_s;
}

/* More came between two looks than the feed keeps: those are lost here, not in the log. */
static void take_notices(struct ui *u)
{
	struct system_state *s = &u->system;
	uint32_t n = u->snap->n_notices;

	if (n - s->n_notices > FEED_NOTICES)
		s->n_notices = n - FEED_NOTICES;
	for (; s->n_notices < n; s->n_notices++)
		s->notice[s->n_notices % SYSTEM_NOTICES]
			= u->snap->recent[s->n_notices % FEED_NOTICES];
}

void system_look(struct ui *u)
{
	struct system_state *s = &u->system;
	int64_t now = clock_tick_ms(u->clock), gone = now - s->sampled_ms;
	double seconds = s->sampled_ms ? (double)gone / 1000 : 0;

	if (!s->begun_ms)
		s->begun_ms = now;
	take_notices(u);
	if (gone < SECOND_MS)
		return;
	sample(u, gone);
	sample_stages(u, seconds);
	sample_machine(u, seconds);
	s->sampled_ms = now;
	u->is_dirty |= u->view == VIEW_SYSTEM;
}

void system_painted(struct ui *u, int64_t took_us)
{
	struct system_state *s = &u->system;

	s->n_paints++;
	s->painted_bytes += u->painted_bytes;
	spread_add(&s->paint_took, took_us, clock_tick_ms(u->clock));
}

/* Cell i of n covers samples [i, i + 1) * SYSTEM_SAMPLES / n, counted back from the newest. */
static void fold(const struct system_state *s, float *cell, unsigned n, bool is_lag)
{
	unsigned i, k;

	for (i = 0; i < n; i++) {
		unsigned from = i * SYSTEM_SAMPLES / n, to = (i + 1) * SYSTEM_SAMPLES / n, used = 0;
		float sum = 0, most = NAN;

		for (k = from; k < (to > from ? to : from + 1); k++) {
			unsigned back = SYSTEM_SAMPLES - k;
			const struct system_sample *v = &s->sample[(s->at + k) % SYSTEM_SAMPLES];
			float value = is_lag ? v->lag_s : v->events_per_s;

			if (back > s->n_samples || isnan(value))
				continue;
			most = fmaxf(most, value);
			sum += value;
			used++;
		}
		cell[i] = is_lag ? most : used ? sum / (float)used : NAN;
	}
}

void system_lag(const struct system_state *s, float *cell, unsigned n)
{
	fold(s, cell, n, true);
}

void system_rates(const struct system_state *s, float *cell, unsigned n)
{
	fold(s, cell, n, false);
}

/* Bad lines */

static void forget_bad(struct system_state *s)
{
	while (s->n_bad)
		mem_free(s->bad[--s->n_bad].source);
	mem_free(s->bad);
	s->bad = NULL;
	s->cap_bad = 0;
}

static char *put(char **at, const char *s, size_t len)
{
	char *to = *at;

	memcpy(to, s, len);
	to[len] = 0;
	*at += len + 1;
	return to;
}

static int keep_bad(void *ctx, const char *source, uint64_t line, const char *why, const char *text,
	size_t len)
{
	struct system_state *s = ctx;
	struct system_bad *bad, *more;
	char scrubbed[1024], *at;

	s->has_more_bad = s->n_bad == SYSTEM_BAD_MAX;
	if (s->has_more_bad)
		return 1;
	if (s->n_bad == s->cap_bad) {
		more = mem_resize(s->bad, s->cap_bad ? 2 * s->cap_bad : 64, sizeof *more);
		if (!more)
			return -ENOMEM;
		s->bad = more;
		s->cap_bad = s->cap_bad ? 2 * s->cap_bad : 64;
	}
	len = text_scrub(scrubbed, sizeof scrubbed, text, len);
	at = mem_get(strlen(source) + strlen(why) + len + 3, 1);
	if (!at)
		return -ENOMEM;
	bad = &s->bad[s->n_bad++];
	bad->line = line;
	bad->source = put(&at, source, strlen(source));
	bad->why = put(&at, why, strlen(why));
	bad->text = put(&at, scrubbed, len);
	return 0;
}

static void turn(struct system_state *s, enum system_page page)
{
	s->top = 0;
	s->shows = s->shows == page ? SYSTEM_STAGES : page;
}

void system_bad(struct ui *u, int unused)
{
	struct system_state *s = &u->system;
	struct err e = { 0 };

	(void)unused;
	forget_bad(s);
	turn(s, SYSTEM_BAD);
	if (s->shows != SYSTEM_BAD)
		return;
	if (feed_rejects(u->feed, keep_bad, s, &e) < 0) {
		s->shows = SYSTEM_STAGES;
		ui_say(u, true, "%s", e.text[0] ? e.text
			: "could not list bad lines: out of memory");
	}
}

void system_log(struct ui *u, int unused)
{
	(void)unused;
	turn(&u->system, SYSTEM_LOG);
}

void system_up(struct ui *u, int unused)
{
	(void)unused;
	if (u->system.shows == SYSTEM_STAGES)
		ui_up(u);
	else
		turn(&u->system, u->system.shows);
}

void system_reset(struct ui *u, int unused)
{
	(void)unused;
	u->system.max_lag_s = 0;
	u->system.paint_took = (struct spread){ .turned_ms = u->system.paint_took.turned_ms };
	ui_say(u, false, "the largest lag is counted from now on");
}

void system_backend(struct ui *u, int unused)
{
	(void)unused;
	ui_command(u, &(struct command){ .kind = COMMAND_BACKEND });
}

void system_done(struct ui *u)
{
	forget_bad(&u->system);
	pattern_done(&u->system.filter);
}
