/* system.h - what the SYSTEM view keeps: a sample a second of the feed and of the process itself.
 *
 * Rates are differences of the feed's counts between two samples. What the machine says (memory,
 * processor, files) is left out when the terminal is scripted, so that its screens repeat. Owner:
 * the ui thread.
 */
#ifndef UI_SYSTEM_H
#define UI_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pattern.h"
#include "base/spread.h"
#include "engine/feed.h"
#include "ui/prompt.h"

struct ui;

#define SYSTEM_SAMPLES 600      /* ten minutes */
#define SYSTEM_NOTICES 512
#define SYSTEM_BAD_MAX 1000

enum system_page { SYSTEM_STAGES, SYSTEM_BAD, SYSTEM_LOG };

struct system_sample {
	float lag_s, events_per_s;      /* NaN: there was none in that second */
};

struct system_rate {
	uint64_t in, out;               /* counts at the last sample */
	double in_per_s, out_per_s;
};

struct system_bad {
	char *source, *why, *text;      /* one block, owned through source */
	uint64_t line;
};

struct system_state {
	struct system_sample sample[SYSTEM_SAMPLES];
	unsigned n_samples, at;         /* at: where the next one goes */
	int64_t begun_ms, sampled_ms;   /* ticks */
	float max_lag_s;                /* since the start or the last reset */
	struct system_rate rate[FEED_STAGES];
	struct spread paint_took;
	uint64_t n_paints, painted_bytes, paints_before, bytes_before;
	double paints_per_s, bytes_per_s;
	int64_t cpu_us;                 /* used by the process up to the last sample */
	double cpu_share;
	uint64_t rss_bytes;
	struct notice notice[SYSTEM_NOTICES];   /* number n, from 1, at (n - 1) % SYSTEM_NOTICES */
	uint32_t n_notices;
	struct pattern filter;          /* of the log; no code: none is set */
	char filter_text[PROMPT_MAX];
	const struct notice *shown[SYSTEM_NOTICES];     /* newest first, those that pass */
	unsigned n_shown;
	enum system_page shows;
	unsigned top;                   /* of what scrolls: notices, or bad lines */
	int page;
	struct system_bad *bad;
	unsigned n_bad, cap_bad;
	bool has_more_bad;
};

extern const char *const system_stage[FEED_STAGES];      /* names */

void system_look(struct ui *u);
void system_painted(struct ui *u, int64_t took_us);
void system_done(struct ui *u);
/* Sums a chart's cells from the samples, oldest first: the largest lag, the mean rate. */
void system_lag(const struct system_state *s, float *cell, unsigned n);
void system_rates(const struct system_state *s, float *cell, unsigned n);

void system_bad(struct ui *u, int unused);      /* the bad lines, or back */
void system_log(struct ui *u, int unused);      /* all that veer said, or back */
void system_up(struct ui *u, int unused);       /* from these back, else out of the view */
void system_reset(struct ui *u, int unused);
void system_backend(struct ui *u, int unused);  /* the other one */
void system_export(struct ui *u, int unused);   /* system_export.c */

#endif
