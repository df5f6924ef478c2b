#include "main/user_sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "base/text.h"
#include "base/zone.h"
#include "engine/portrait.h"
#include "ingest/names.h"
#include "model/channel.h"
#include "model/model.h"
#include "ui/glyph.h"
#include "ui/plain.h"
#include "ui/words.h"

#define CATEGORY_COLUMNS 24u
#define LINE_COLUMNS 60u        /* of a name in a sentence */
#define SHOWN_MAX 1024

/* A name as it may be shown. */
static void show(const struct sheet *s, const char *id, char buf[SHOWN_MAX])
{
	const char *name = names_show(s->names, id);
	char scrubbed[SHOWN_MAX];

	text_scrub(scrubbed, sizeof(scrubbed), name, strlen(name));
	plain_text(buf, SHOWN_MAX, scrubbed, s->utf8);
}

/* Cut to at most so many columns; what was cut ends in "~". Returns the columns taken. */
static unsigned add_cut(const struct sheet *s, const char *shown, unsigned columns)
{
	size_t len = strlen(shown), fits;
	unsigned taken;

	if (text_width(shown, len) <= columns) {
		text_add(s->to, shown, len);
		return text_width(shown, len);
	}
	fits = text_fit(shown, len, columns - 1, &taken);
	text_add(s->to, shown, fits);
	text_add(s->to, "~", 1);
	return taken + 1;
}

static void add_name(const struct sheet *s, const char *id)
{
	char shown[SHOWN_MAX];

	show(s, id, shown);
	add_cut(s, shown, LINE_COLUMNS);
}

static void add_cell(const struct sheet *s, const char *id, unsigned columns)
{
	char shown[SHOWN_MAX];

	show(s, id, shown);
	for (unsigned n = add_cut(s, shown, columns); n < columns; n++)
		text_add(s->to, " ", 1);
}

static void add_time(const struct sheet *s, int64_t t_ms, const char *format)
{
	char buf[64];

	text_addf(s->to, "%s", time_show(t_ms, s->zone, format, buf, sizeof(buf)));
}

static void add_count(const struct sheet *s, uint64_t n, const char *what)
{
	char buf[WORDS_MAX];

	text_addf(s->to, "%s %s%s", words_count(n, buf), what, n == 1 ? "" : "s");
}

void sheet_head(const struct sheet *s, const struct portrait *p)
{
	const char *id = dict_text(s->ids->user, p->user, NULL);

	text_addf(s->to, "User ");
	add_name(s, id);
	if (strcmp(names_show(s->names, id), id)) {
		char shown[SHOWN_MAX];

		show(&(struct sheet){ .utf8 = s->utf8 }, id, shown);
		text_addf(s->to, " (");
		add_cut(s, shown, LINE_COLUMNS);
		text_addf(s->to, ")");
	}
	text_addf(s->to, "   ");
	add_count(s, p->n_events, "event");
	if (p->n_events) {
		text_addf(s->to, " since ");
		add_time(s, p->first_ms, "%Y-%m-%d");
		text_addf(s->to, "   last seen ");
		add_time(s, p->last_ms, "%Y-%m-%d %H:%M:%S");
	}
	text_addf(s->to, "\n");
}

void sheet_kept(const struct sheet *s, const struct portrait *p)
{
	if (p->n_events) {
		text_addf(s->to, "The store keeps events since ");
		add_time(s, p->first_ms, "%Y-%m-%d");
		text_addf(s->to, " of this user; older ones were dropped");
	} else {
		text_addf(s->to, "The store has dropped all events of this user");
	}
	text_addf(s->to, " (--retain):\nshares and change score are of what is left, alerts of all "
		"there was\n");
}

static void add_spark(const struct sheet *s, const float *cell, uint32_t n, float max)
{
	enum glyphs g = s->utf8 ? GLYPHS_BLOCKS : GLYPHS_ASCII;
	char buf[GLYPH_TEXT_MAX];

	for (uint32_t i = 0; i < n; i++)
		text_addf(s->to, "%s", glyph_cell(g, &cell[i], max, buf));
}

static void add_row(const struct sheet *s, const struct portrait *p, const struct portrait_row *r,
	float max)
{
	char rest[64];

	text_addf(s->to, " ");
	snprintf(rest, sizeof(rest), "(%u more)", r->n_rest);
	if (r->category == DICT_NONE)
		text_addf(s->to, "%-*s", (int)CATEGORY_COLUMNS, rest);
	else
		add_cell(s, dict_text(s->ids->category, r->category, NULL), CATEGORY_COLUMNS);
	text_addf(s->to, " %3.0f%%  %3.0f%%  ", 100 * (double)r->now, 100 * (double)r->base);
	add_spark(s, r->cell, p->n_cells, max);
	text_addf(s->to, " %7u  ", r->n_events);
	add_time(s, r->last_ms, "%Y-%m-%d %H:%M");
	text_addf(s->to, "\n");
}

/* Of the categories: the rest, many in one, would dwarf them. */
static float largest_cell(const struct portrait *p)
{
	float max = 0;

	for (uint32_t r = 0; r < p->n_rows && p->row[r].category != DICT_NONE; r++)
		for (uint32_t i = 0; i < p->n_cells; i++)
			max = fmaxf(max, p->row[r].cell[i]);
	return max;
}

static void add_score_row(const struct sheet *s, const struct portrait *p)
{
	float max = p->threshold, now = NAN;

	for (uint32_t i = 0; i < p->n_cells; i++) {
		max = fmaxf(max, p->score[i]);
		now = isnan(p->score[i]) ? now : p->score[i];
	}
	if (isnan(now)) {
		text_addf(s->to, " change score: none yet; an alert needs %.4g\n",
			(double)p->threshold);
		return;
	}
	text_addf(s->to, " %-*s %5.1f  %4.1f ", (int)CATEGORY_COLUMNS, "change score", (double)now,
		(double)p->threshold);
	add_spark(s, p->score, p->n_cells, max);
	text_addf(s->to, " (now, threshold)\n");
}

void sheet_interests(const struct sheet *s, const struct portrait *p)
{
	char span[WORDS_MAX], cell[WORDS_MAX], title[128];
	float max = largest_cell(p);

	snprintf(title, sizeof(title), "LAST %s, %s/cell",
		words_span(p->cell_ms * p->n_cells, span), words_span(p->cell_ms, cell));
	text_addf(s->to, "\n %-*s  NOW  BASE  %-*s  EVENTS  LAST\n", (int)CATEGORY_COLUMNS,
		"CATEGORY", (int)p->n_cells, title);
	for (uint32_t i = 0; i < p->n_rows; i++)
		add_row(s, p, &p->row[i], max);
	add_score_row(s, p);
}

static void add_category(const struct sheet *s, uint32_t category)
{
	if (category == DICT_NONE)
		text_addf(s->to, "*");
	else
		add_name(s, dict_text(s->ids->category, category, NULL));
}

static double percent(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 0;
}

/* What was seen of one category before the onset and since. */
static void add_shift(const struct sheet *s, const struct finding *f, uint32_t category,
	uint32_t before, uint32_t after)
{
	if (category == DICT_NONE)
		return;
	text_addf(s->to, "     ");
	add_cell(s, dict_text(s->ids->category, category, NULL), CATEGORY_COLUMNS);
	text_addf(s->to, " %3.0f%% > %3.0f%%   %u of %u counts before, %u of %u since\n",
		percent(before, f->n_before), percent(after, f->n_after), before, f->n_before,
		after, f->n_after);
}

static const char *priority_mark(unsigned severity)
{
	char c = model_priority(severity);

	return c == 'S' ? "!!" : c == '!' ? " !" : " .";
}

/* When it began, how sure that is, who said so, and whether it is over. */
static void add_story(const struct sheet *s, const struct alert *a)
{
	char channels[64];

	text_addf(s->to, "     began ");
	add_time(s, a->f.onset_ms, "%Y-%m-%d %H:%M:%S");
	if (a->f.channels) {
		channel_list(a->f.channels, channels, sizeof channels);
		if (a->f.onset_from_ms != INT64_MIN) {
			text_addf(s->to, " (90%% between ");
			add_time(s, a->f.onset_from_ms, "%m-%d %H:%M");
			text_addf(s->to, " and ");
			add_time(s, a->f.onset_to_ms, "%m-%d %H:%M");
			text_addf(s->to, ")");
		}
		text_addf(s->to, ", found by %s", channels);
	}
	if (a->cleared_ms != INT64_MIN) {
		text_addf(s->to, ", back at the old interest ");
		add_time(s, a->cleared_ms, "%Y-%m-%d %H:%M:%S");
	}
	text_addf(s->to, "\n     model %016" PRIx64 "\n", a->model);
}

static void add_pair(const struct sheet *s, const struct finding *f)
{
	char from[ALERT_SIDE_MAX], to[ALERT_SIDE_MAX];

	if (f->kind != KIND_INTEREST) {
		alert_levels(f, from, to);
		text_addf(s->to, "%s > %s", from, to);
		return;
	}
	add_category(s, f->from);
	text_addf(s->to, " > ");
	add_category(s, f->to);
}

/* Sessions found since, and how many a user who had not changed would have had. */
static void add_sessions(const struct sheet *s, const struct finding *f)
{
	double expected = f->level_after > 0 ?
		f->n_after * (double)(f->level_before / f->level_after) : 0;

	if (f->kind != KIND_VOLUME)
		return;
	text_addf(s->to, "     %u session%s since", f->n_after, f->n_after == 1 ? "" : "s");
	if (expected > 0)
		text_addf(s->to, ", %.3g expected", expected);
	text_addf(s->to, "\n");
}

void sheet_alert(const struct sheet *s, const struct alert *a, const char *state)
{
	const struct finding *f = &a->f;
	char rarity[128];

	alert_rarity(f->far, rarity, sizeof(rarity));
	text_addf(s->to, " %s ", priority_mark(f->severity));
	add_time(s, f->time_ms, "%Y-%m-%d %H:%M:%S");
	text_addf(s->to, "  ");
	add_pair(s, f);
	text_addf(s->to, "   score %.2f, %s, %s\n", (double)f->score, rarity, state);
	add_sessions(s, f);
	add_shift(s, f, f->to, f->to_before, f->to_after);
	add_shift(s, f, f->from, f->from_before, f->from_after);
	add_story(s, a);
}

void sheet_evidence(const struct sheet *s, const char *category, int64_t step_ms, double interest,
	bool first)
{
	if (first) {
		text_addf(s->to, "     ");
		add_cell(s, category, CATEGORY_COLUMNS);
	}
	text_addf(s->to, "%s ", first ? "" : ",");
	add_time(s, step_ms, "%m-%d %H:%M");
	text_addf(s->to, " %.4g", interest);
}

void sheet_events(const struct sheet *s, const struct portrait *p)
{
	uint32_t n = p->n_events < s->limit ? p->n_events : s->limit;
	char all[WORDS_MAX];

	if (!p->n_events)
		return;
	if (n < p->n_events)
		text_addf(s->to, "\nLAST %u OF %s EVENTS (--limit 0: all)\n", n,
			words_count(p->n_events, all));
	else
		text_addf(s->to, "\nALL EVENTS\n");
	for (uint32_t i = p->n_events; i > p->n_events - n; i--) {
		const struct event *ev = &p->event[i - 1];

		text_addf(s->to, " ");
		add_time(s, ev->time_ms, "%Y-%m-%d %H:%M:%S");
		text_addf(s->to, " %-9s ", behaviour_name[ev->behaviour]);
		add_cell(s, dict_text(s->ids->category, ev->category, NULL), CATEGORY_COLUMNS);
		text_addf(s->to, " ");
		add_name(s, dict_text(s->ids->item, ev->item, NULL));
		text_addf(s->to, "\n");
	}
}
