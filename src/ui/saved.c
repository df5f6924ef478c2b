#include "ui/saved.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/pattern.h"
#include "ui/kept.h"
#include "ui/ui.h"

#define LIST_BYTES 160

static const char *const kind_word[] = { [SAVED_FILTER] = "filter", [SAVED_VIEW] = "view" };

bool saved_is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_");

	return len && !name[len] && len <= SAVED_NAME_MAX;
}

static int check_filter(const char *text, struct err *e)
{
	struct pattern p = { 0 };

	if (!*text)
		return err_set(e, -EINVAL, "no pattern is given");
	if (strlen(text) >= PROMPT_MAX)
		return err_set(e, -EINVAL, "the pattern has more than %d bytes", PROMPT_MAX - 1);
	if (pattern_make(&p, text, e) < 0)
		return e->code;
	pattern_done(&p);
	return 0;
}

int saved_add(struct saved *s, const struct saved_row *row, struct err *e)
{
	const char *kind = kind_word[row->kind];
	struct kept k;

	if (!saved_is_name(row->name))
		return err_set(e, -EINVAL, "%s \"%s\": a name has " SAVED_NAME_FORM, kind,
			row->name);
	if (saved_find(s, row->kind, row->name))
		return err_set(e, -EINVAL, "%s %s: there is one of that name above", kind,
			row->name);
	if (s->n == SAVED_MAX)
		return err_set(e, -EINVAL, "%s %s: more than %d filters and views", kind,
			row->name, SAVED_MAX);
	if ((row->kind == SAVED_VIEW ? kept_parse(&k, row->text, e)
			: check_filter(row->text, e)) < 0)
		return err_wrap(e, "%s %s", kind, row->name);
	s->row[s->n++] = *row;
	return 0;
}

const char *saved_find(const struct saved *s, enum saved_kind kind, const char *name)
{
	unsigned i;

	for (i = 0; s && i < s->n; i++)
		if (s->row[i].kind == kind && strcmp(s->row[i].name, name) == 0)
			return s->row[i].text;
	return NULL;
}

bool saved_has_filter(const struct saved *s)
{
	unsigned i = 0;

	while (s && i < s->n && s->row[i].kind != SAVED_FILTER)
		i++;
	return s && i < s->n;
}

unsigned saved_list(const struct saved *s, enum saved_kind kind, const char *begin, char *buf,
	size_t cap)
{
	unsigned found = 0, i;

	for (i = 0; s && i < s->n; i++)
		if (s->row[i].kind == kind
		    && strncmp(s->row[i].name, begin, strlen(begin)) == 0) {
			snprintf(buf + strlen(buf), cap - strlen(buf), "%s%s", *buf ? " " : "",
				s->row[i].name);
			found++;
		}
	return found;
}

void saved_turn(struct ui *u, char *names, bool is_older)
{
	const char *typed = u->prompt.text, *first = "", *last = "", *before = NULL, *after = NULL;
	bool is_past = false;
	char *rest, *name;

	for (name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		first = *first ? first : name;
		after = is_past && !after ? name : after;
		is_past |= strcmp(name, typed) == 0;
		before = is_past ? before : name;
		last = name;
	}
	if (!is_past)
		prompt_set(&u->prompt, u, is_older ? last : first);
	else if (is_older)
		prompt_set(&u->prompt, u, before ? before : last);
	else
		prompt_set(&u->prompt, u, after ? after : first);
}

void saved_filter_turned(struct ui *u, const char *text, enum prompt_turn how)
{
	const struct saved *s = u->options->saved;
	char names[LIST_BYTES] = "";
	unsigned n = saved_list(s, SAVED_FILTER, how == PROMPT_COMPLETE ? text : "", names,
		sizeof names);

	if (how != PROMPT_COMPLETE)
		saved_turn(u, names, how == PROMPT_OLDER);
	else if (n == 1 || saved_find(s, SAVED_FILTER, text))
		prompt_set(&u->prompt, u, saved_find(s, SAVED_FILTER, n == 1 ? names : text));
}

void saved_filter_above(struct ui *u, int line)
{
	char names[LIST_BYTES] = "";

	if (saved_list(u->options->saved, SAVED_FILTER, u->prompt.text, names, sizeof names))
		term_putf(&u->term, line, 0, u->term.columns, INK_KEY, "Tab takes: %s", names);
}
