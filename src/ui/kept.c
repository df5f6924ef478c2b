#include "ui/kept.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/pattern.h"
#include "ui/glyph.h"
#include "ui/rank.h"
#include "ui/tables.h"
#include "ui/theme.h"
#include "ui/view.h"

#define HEAD "veer session 2"
#define PATH_MAX_BYTES 4096
#define LINE_BYTES 512

static const char *const view_word[VIEW_N] = { [VIEW_LIVE] = "live",
	[VIEW_POPULATION] = "population", [VIEW_SQL] = "sql", [VIEW_SYSTEM] = "system" };
static const char *const sort_word[LIST_SORTS] = { "time", "score", "user" };
static const char *const yes_word[2] = { "no", "yes" };
static const char *const order_word[SORT_N] = { [SORT_GAINED] = "gained", [SORT_LOST] = "lost",
	[SORT_NET] = "net", [SORT_NAME] = "name" };

/* Parts that are one of a few words; a NULL is none. */
static const struct part_row {
	const char *name;
	size_t offset;
	const char *const *word;
	unsigned n;
} parts[] = {
	{ "view", offsetof(struct kept, view), view_word, VIEW_N },
	{ "sort", offsetof(struct kept, sort), sort_word, LIST_SORTS },
	{ "inverted", offsetof(struct kept, is_inverted), yes_word, 2 },
	{ "off", offsetof(struct kept, is_off), yes_word, 2 },
	{ "window", offsetof(struct kept, window), tables_window_name, TABLES_WINDOWS },
	{ "order", offsetof(struct kept, order), order_word, SORT_N },
};
#define N_PARTS (sizeof parts / sizeof *parts)
#define PART_NAMES "view, sort, inverted, off, window, order, theme, glyphs or filter"

static unsigned *number(const struct kept *k, const struct part_row *p)
{
	return (unsigned *)((char *)(uintptr_t)k + p->offset);
}

void kept_init(struct kept *k)
{
	*k = (struct kept){ .window = TABLES_WINDOWS };
}

static const struct part_row *part_named(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < N_PARTS; i++)
		if (strlen(parts[i].name) == len && memcmp(parts[i].name, name, len) == 0)
			return &parts[i];
	return NULL;
}

static bool take_word(struct kept *k, const struct part_row *p, const char *value)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (p->word[i] && strcmp(p->word[i], value) == 0) {
			*number(k, p) = i;
			return true;
		}
	return false;
}

static bool is(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(name, word, len) == 0;
}

static bool copy(char *to, size_t cap, const char *value)
{
	return snprintf(to, cap, "%s", value) < (int)cap;
}

/* A part that any line may have: 1 taken, -1 not with that value, 0 not named so. */
static int take(struct kept *k, const char *name, size_t len, const char *value)
{
	const struct part_row *p = part_named(name, len);
	enum glyphs g;

	if (p)
		return take_word(k, p, value) ? 1 : -1;
	if (is(name, len, "theme"))
		return copy(k->theme, sizeof k->theme, value) && theme_choose(value) ? 1 : -1;
	if (is(name, len, "glyphs"))
		return copy(k->glyphs, sizeof k->glyphs, value)
			&& glyphs_choose(value, true, true, NULL, &g) ? 1 : -1;
	if (is(name, len, "filter"))
		return copy(k->filter, sizeof k->filter, value) ? 1 : -1;
	return 0;
}

/* Lines of a person */

static int no_part(const char *name, size_t len, const char *value, struct err *e)
{
	const struct part_row *p = part_named(name, len);
	char words[128] = "";
	unsigned i;

	if (is(name, len, "theme"))
		return err_set(e, -EINVAL, "no theme \"%s\": there are " THEME_NAMES, value);
	if (is(name, len, "glyphs"))
		return err_set(e, -EINVAL, "no glyphs \"%s\": there are " GLYPHS_NAMES, value);
	if (is(name, len, "filter"))
		return err_set(e, -EINVAL, "the filter has more than %d bytes", PROMPT_MAX - 1);
	if (!p)
		return err_set(e, -EINVAL, "no part is named \"%.*s\": a view has " PART_NAMES,
			(int)len, name);
	for (i = 0; i < p->n; i++)
		if (p->word[i])
			snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s",
				*words ? ", " : "", p->word[i]);
	return err_set(e, -EINVAL, "no %s \"%s\": there are %s", p->name, value, words);
}

/* The next part of a line, which ends it with a NUL; a lone word names the view. */
static int parse_part(struct kept *k, char **at, struct err *e)
{
	char *s = *at + strspn(*at, " \t"), *value;
	size_t len = strcspn(s, "= \t");
	bool has_value = s[len] == '=', is_filter = has_value && is(s, len, "filter");

	value = has_value ? s + len + 1 : s;
	*at = is_filter ? value + strlen(value) : value + strcspn(value, " \t");
	if (!*s)
		return 0;
	if (**at)
		*(*at)++ = 0;
	if (!has_value)
		return take(k, "view", 4, value) > 0 ? 0 : no_part("view", 4, value, e);
	return take(k, s, len, value) > 0 ? 0 : no_part(s, len, value, e);
}

int kept_parse(struct kept *k, const char *line, struct err *e)
{
	struct pattern p = { 0 };
	char text[LINE_BYTES], *at = text;

	kept_init(k);
	if (!copy(text, sizeof text, line))
		return err_set(e, -EINVAL, "more than %d bytes", LINE_BYTES - 1);
	while (*at)
		if (parse_part(k, &at, e) < 0)
			return e->code;
	if (k->filter[0] && pattern_make(&p, k->filter, e) < 0)
		return e->code;
	pattern_done(&p);
	return 0;
}

/* Files */

static bool take_line(struct kept *k, const char *line)
{
	size_t len = strcspn(line, " ");
	const char *value = line + len + (line[len] == ' ');
	char rest;

	if (is(line, len, "time"))
		return sscanf(value, "%" SCNd64 "%c", &k->at_ms, &rest) == 1;
	if (is(line, len, "alert"))
		return sscanf(value, "%" SCNx64 "%c", &k->alert, &rest) == 1;
	if (is(line, len, "log"))
		return sscanf(value, "%" SCNx64 "%c", &k->log, &rest) == 1;
	if (is(line, len, "clock"))
		return sscanf(value, "%" SCNd64 "%c", &k->clock_ms, &rest) == 1;
	return take(k, line, len, value) > 0;
}

int kept_read(struct kept *k, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[LINE_BYTES];
	bool is_good;

	kept_init(k);
	if (!f)
		return errno == ENOENT ? 0 : -1;
	is_good = fgets(line, sizeof line, f) && strcmp(line, HEAD "\n") == 0;
	while (is_good && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		is_good = take_line(k, line);
	}
	fclose(f);
	return is_good && k->at_ms > 0 ? 1 : -1;
}

static bool put(FILE *f, const struct kept *k)
{
	size_t i;

	fprintf(f, HEAD "\ntime %" PRId64 "\n", k->at_ms);
	for (i = 0; i < N_PARTS; i++)
		if (*number(k, &parts[i]) < parts[i].n)
			fprintf(f, "%s %s\n", parts[i].name, parts[i].word[*number(k, &parts[i])]);
	if (k->alert)
		fprintf(f, "alert %016" PRIx64 "\n", k->alert);
	if (k->log)
		fprintf(f, "log %016" PRIx64 "\nclock %" PRId64 "\n", k->log, k->clock_ms);
	if (k->theme[0])
		fprintf(f, "theme %s\n", k->theme);
	if (k->glyphs[0])
		fprintf(f, "glyphs %s\n", k->glyphs);
	if (k->filter[0])
		fprintf(f, "filter %s\n", k->filter);
	return !ferror(f);
}

bool kept_write(const struct kept *k, const char *path)
{
	char new[PATH_MAX_BYTES + 8];
	bool is_good;
	FILE *f;

	if (snprintf(new, sizeof new, "%s.new", path) >= (int)sizeof new
	    || !(f = fopen(new, "we")))
		return false;
	fchmod(fileno(f), 0600);
	is_good = put(f, k);
	if (fclose(f) == 0 && is_good && rename(new, path) == 0)
		return true;
	unlink(new);
	return false;
}
