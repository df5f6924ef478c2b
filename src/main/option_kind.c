#include "main/option_kind.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "engine/stop_on.h"
#include "ingest/format.h"
#include "main/option.h"
#include "model/channel.h"

static bool parse_flag(const struct value *v)
{
	static const char *const yes_no[] = {
		"yes", "no", "true", "false", "on", "off", "1", "0", NULL
	};

	for (unsigned i = 0; yes_no[i]; i++) {
		if (strcmp(v->word, yes_no[i]) == 0) {
			*(bool *)v->to = i % 2 == 0;
			return true;
		}
	}
	return false;
}

static bool parse_text(const struct value *v)
{
	*(const char **)v->to = v->word;
	return *v->word != '\0';
}

static bool parse_word(const struct value *v)
{
	for (const char *const *w = v->words; *w; w++)
		if (strcmp(*w, v->word) == 0)
			return parse_text(v);
	return false;
}

static bool parse_format(const struct value *v)
{
	for (const struct format *f = format_table(); f->name; f++)
		if (strcmp(f->name, v->word) == 0)
			return parse_text(v);
	return false;
}

static bool parse_form(const struct value *v)
{
	return alert_form_parse(v->word, v->to);
}

static bool parse_score(const struct value *v)
{
	return score_parse(v->word, v->to);
}

static bool digits(const char *word, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	*ret = strtoull(word, &end, 10);
	return errno == 0 && *end == '\0' && *ret >= min && *ret <= max;
}

static bool parse_count(const struct value *v)
{
	return digits(v->word, 0, UINT64_MAX, v->to);
}

/* 0 is no limit, where none being given is one. */
static bool parse_limit(const struct value *v)
{
	uint64_t n;

	if (!digits(v->word, 0, UINT32_MAX, &n))
		return false;
	*(uint32_t *)v->to = n ? (uint32_t)n : UINT32_MAX;
	return true;
}

static bool parse_severity(const struct value *v)
{
	uint64_t n;

	if (!digits(v->word, 0, 100, &n))
		return false;
	*(unsigned *)v->to = (unsigned)n;
	return true;
}

static bool parse_threads(const struct value *v)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t n = cores > 0 ? (uint64_t)cores : 1;

	if (strcmp(v->word, "cores") != 0 && !digits(v->word, 1, 1024, &n))
		return false;
	*(unsigned *)v->to = (unsigned)n;
	return true;
}

static bool parse_memory(const struct value *v)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (strcmp(v->word, "half") != 0)
		return size_parse(v->word, v->to) && *(size_t *)v->to > 0;
	*(size_t *)v->to = (size_t)pages * (size_t)page / 2;
	return pages > 0 && page > 0;
}

static bool parse_span(const struct value *v)
{
	return span_parse(v->word, v->to) && *(int64_t *)v->to >= 0;
}

static bool parse_gap(const struct value *v)
{
	*(int64_t *)v->to = 0;
	return strcmp(v->word, "fit") == 0
		|| (parse_span(v) && *(int64_t *)v->to > 0);
}

static bool parse_shelf(const struct value *v)
{
	return parse_span(v) && *(int64_t *)v->to > 0;
}

static bool parse_retain(const struct value *v)
{
	enum { DAY_MS = 24 * 3600 * 1000 };

	return parse_span(v) && *(int64_t *)v->to >= DAY_MS;
}

static bool parse_zone(const struct value *v)
{
	struct err e = { 0 };
	struct zone zone, *to = v->to;

	if (zone_init(&zone, v->word, &e) < 0)
		return false;
	zone_done(to);
	*to = zone;
	return true;
}

static bool parse_step(const struct value *v)
{
	struct err e = { 0 };

	return step_init(v->to, v->word, v->zone, &e) == 0;
}

static bool parse_from(const struct value *v)
{
	*(int64_t *)v->to = INT64_MIN;
	return strcmp(v->word, "start") == 0
		|| time_parse(v->word, strlen(v->word), v->zone, v->to);
}

static bool parse_until(const struct value *v)
{
	*(int64_t *)v->to = INT64_MAX;
	return strcmp(v->word, "end") == 0
		|| time_parse(v->word, strlen(v->word), v->zone, v->to);
}

static bool parse_budget(const struct value *v)
{
	struct err e = { 0 };

	*(struct budget *)v->to = (struct budget){ 0 };
	return strcmp(v->word, "auto") == 0 || budget_parse(v->to, v->word, &e) == 0;
}

static bool parse_stop_on(const struct value *v)
{
	struct err e = {0};

	return stop_on_parse(v->to, v->word, &e) == 0;
}

static bool parse_budgets(const struct value *v)
{
	struct err e = { 0 };

	return budget_list_parse(v->to, v->word, &e) == 0;
}

static bool parse_channels(const struct value *v)
{
	unsigned mask;

	return channel_parse(v->word, &mask) && parse_text(v);
}

static bool parse_speed(const struct value *v)
{
	double *speed = v->to;
	char *end;

	*speed = 0;
	if (strcmp(v->word, "max") == 0)
		return true;
	*speed = strtod(v->word, &end);
	return end != v->word && *end == '\0' && isfinite(*speed) && *speed > 0;
}

static bool parse_positive(const struct value *v)
{
	char *end;
	float x = strtof(v->word, &end);

	*(float *)v->to = x;
	return end != v->word && *end == '\0' && isfinite(x) && x > 0;
}

static bool parse_screen(const struct value *v)
{
	char *end;
	unsigned long columns = strtoul(v->word, &end, 10), lines;

	if (*end != 'x' || columns < 1 || columns > 1000)
		return false;
	lines = strtoul(end + 1, &end, 10);
	return *end == '\0' && lines >= 1 && lines <= 1000 && parse_text(v);
}

const struct option_kind kind_flag = { parse_flag, "yes or no", false };
const struct option_kind kind_text = { parse_text, "a text of at least a byte", false };
const struct option_kind kind_file = { parse_text, "the name of a file", false };
const struct option_kind kind_one_of = { parse_word, NULL, false };
const struct option_kind kind_format = {
	parse_format, "a format that \"veer detect --help\" lists", false
};
const struct option_kind kind_form = { parse_form, NULL, false };
const struct option_kind kind_score = { parse_score, NULL, false };
const struct option_kind kind_count = { parse_count, "a whole number from 0", false };
const struct option_kind kind_limit = { parse_limit, "a whole number (0: all)", false };
const struct option_kind kind_severity = { parse_severity, "a whole number from 0 to 100", false };
const struct option_kind kind_threads = {
	parse_threads, "a number of threads (1 to 1024, or cores)", false
};
const struct option_kind kind_memory = {
	parse_memory, "an amount of memory (64M, 2G, or half)", false
};
const struct option_kind kind_span = {
	parse_span, "a span of time (250ms, 90s, 30m, 2h, 7d)", false
};
const struct option_kind kind_shelf = { parse_shelf, "a span of time (10m, 2h, 1d)", false };
const struct option_kind kind_gap = { parse_gap, "a span of time (90s, 30m, 2h, or fit)", false };
const struct option_kind kind_retain = { parse_retain, "a span of at least a day (2d, 1w)", false };
const struct option_kind kind_zone = { parse_zone, "a zone (UTC, +08:00, Asia/Shanghai)", false };
const struct option_kind kind_step = {
	parse_step, "a step (hour, day, week, or a span such as 15m)", true
};
const struct option_kind kind_from = {
	parse_from, "a time (2017-11-25, 2017-11-25T14:03:22Z, 1511618602, or start)", true
};
const struct option_kind kind_until = {
	parse_until, "a time (2017-11-25, 2017-11-25T14:03:22Z, 1511618602, or end)", true
};
const struct option_kind kind_budget = { parse_budget, "a budget (0.5/kud or 50/day)", false };
const struct option_kind kind_channels = {
	parse_channels, "a list of channels (learned, mixture, volume, forecast)", false
};
const struct option_kind kind_positive = { parse_positive, "a number above 0", false };
const struct option_kind kind_budgets = {
	parse_budgets, "a list of budgets per 1000 user-days (.1,.5,2)", false
};
const struct option_kind kind_stop_on = { parse_stop_on, STOP_ON_FORMS, false };
const struct option_kind kind_speed = { parse_speed, "a speed (60, 3600, or max)", false };
const struct option_kind kind_screen = { parse_screen, "a size of screen (80x24)", false };
