#include "engine/stop_on.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "detect/finding.h"
#include "ingest/event.h"
#include "ingest/names.h"
#include "model/model.h"

static const char *skip(const char *s)
{
	return s + strspn(s, " ");
}

/* One rule without blanks at its ends; quotes stay. Returns what is behind it; NULL: too long. */
static const char *cut(const char *s, char *ret)
{
	size_t n = 0;
	bool quoted = false;

	for (s = skip(s); *s && (quoted || *s != ','); s++) {
		quoted ^= *s == '"';
		if (n + 1 == STOP_ON_TEXT)
			return NULL;
		ret[n++] = *s;
	}
	while (n && ret[n - 1] == ' ')
		n--;
	ret[n] = 0;
	return quoted ? NULL : s + (*s == ',');
}

static bool is_priority(struct stop_rule *r)
{
	static const char *const sign[] = { ".", "!", "!!" };

	for (r->priority = 0; r->priority < 3; r->priority++)
		if (strcmp(r->text, sign[r->priority]) == 0)
			return true;
	return false;
}

static bool is_score(struct stop_rule *r)
{
	const char *s;
	char *end;

	if (strncmp(r->text, "score", 5) != 0 || *(s = skip(r->text + 5)) != '>')
		return false;
	s = skip(s + 1);
	r->score = strtof(s, &end);
	return end != s && !*end && isfinite(r->score);
}

/* Where the name behind the word begins; quotes around it are taken away. */
static bool is_named(struct stop_rule *r, const char *word)
{
	size_t len = strlen(word), n;
	char *s = r->text + len + 1;

	if (strncmp(r->text, word, len) != 0 || r->text[len] != ' ')
		return false;
	memmove(s, skip(s), strlen(skip(s)) + 1);
	n = strlen(s);
	if (n >= 2 && *s == '"' && s[n - 1] == '"') {
		s[n - 1] = 0;
		memmove(s, s + 1, n - 1);
	}
	return *s != 0;
}

static bool make_rule(struct stop_rule *r)
{
	if (is_priority(r))
		r->kind = STOP_PRIORITY;
	else if (is_score(r))
		r->kind = STOP_SCORE;
	else if (is_named(r, "user"))
		r->kind = STOP_USER;
	else if (is_named(r, "category"))
		r->kind = STOP_CATEGORY;
	else
		return false;
	return true;
}

/* The name stands in the text, which moves with the rule. */
static const char *name_of(const struct stop_rule *r)
{
	return r->text + strcspn(r->text, " ") + 1;
}

int stop_on_parse(struct stop_on *s, const char *text, struct err *e)
{
	struct stop_on made = { .n = 0 };
	const char *at = skip(text);

	if (strcmp(at, "none") == 0) {
		*s = made;
		return 0;
	}
	do {
		struct stop_rule *r = &made.rule[made.n];

		if (made.n == STOP_ON_MAX)
			return err_set(e, -EINVAL, "could not stop on \"%s\": at most %d rules",
				text, STOP_ON_MAX);
		at = cut(at, r->text);
		if (!at || !make_rule(r))
			return err_set(e, -EINVAL, "could not stop on \"%s\": expected %s", text,
				STOP_ON_FORMS);
		made.n++;
	} while (at[-1] == ',');      /* another one must follow */
	*s = made;
	return 0;
}

static uint32_t find(const struct dict *d, const struct names *names, const char *name)
{
	uint32_t id = dict_find(d, name, strlen(name)), i, n = dict_size(d);

	for (i = 0; id == DICT_NONE && names && i < n; i++)
		if (strcmp(names_show(names, dict_text(d, i, NULL)), name) == 0)
			id = i;
	return id;
}

int stop_on_bind(struct stop_on *s, const struct ids *ids, const struct names *names,
	struct err *e)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct stop_rule *r = &s->rule[i];

		if (r->kind != STOP_USER && r->kind != STOP_CATEGORY)
			continue;
		r->id = find(r->kind == STOP_USER ? ids->user : ids->category, names, name_of(r));
		if (r->id == DICT_NONE)
			return err_set(e, -EINVAL, "could not stop on %s: the log has none such",
				r->text);
	}
	return 0;
}

static unsigned priority_of(const struct finding *f)
{
	char c = model_priority(f->severity);

	return c == 'S' ? 2 : c == '!';
}

static bool meets(const struct stop_rule *r, const struct finding *f)
{
	switch (r->kind) {
	case STOP_PRIORITY:
		return priority_of(f) >= r->priority;
	case STOP_USER:
		return f->user == r->id;
	case STOP_CATEGORY:
		return f->kind == KIND_INTEREST && (f->from == r->id || f->to == r->id);
	default:
		return f->score > r->score;
	}
}

const struct stop_rule *stop_on_match(const struct stop_on *s, const struct finding *f)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (meets(&s->rule[i], f))
			return &s->rule[i];
	return NULL;
}
