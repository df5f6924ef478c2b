#include "alert/complete.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Those that a SELECT has use for. */
static const char *const keywords[] = {
	"FROM", "SELECT", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "DISTINCT", "AND",
	"OR", "NOT", "NULL", "IS", "IN", "LIKE", "GLOB", "BETWEEN", "EXISTS", "AS", "ON", "JOIN",
	"LEFT JOIN", "USING", "HAVING", "DESC", "ASC", "OFFSET", "UNION", "UNION ALL", "EXCEPT",
	"INTERSECT", "WITH", "WITH RECURSIVE", "VALUES", "CASE", "WHEN", "THEN", "ELSE", "END",
	"CAST(", "OVER", "PARTITION BY", "COLLATE", "EXPLAIN QUERY PLAN",
};

/* Those that begin one. */
static const char *const starts[] = { "SELECT", "WITH", "VALUES", "EXPLAIN QUERY PLAN" };

static const char *const functions[] = {
	"abs(", "avg(", "coalesce(", "count(*)", "count(", "datetime(", "group_concat(", "hex(",
	"ifnull(", "iif(", "instr(", "julianday(", "length(", "lower(", "max(", "min(", "nullif(",
	"printf(", "quote(", "random(", "rank(", "replace(", "round(", "row_number(", "strftime(",
	"substr(", "sum(", "time(", "total(", "trim(", "typeof(", "unixepoch(", "upper(", ":now_ms",
};

void complete_done(struct complete_words *w)
{
	mem_free(w->word);
	*w = (struct complete_words){ 0 };
}

bool complete_add(struct complete_words *w, const char *text, int table, int *ret)
{
	if (w->n == w->cap) {
		uint32_t cap = w->cap ? 2 * w->cap : 64;
		struct complete_word *more = mem_resize(w->word, cap, sizeof *more);

		if (!more)
			return false;
		w->word = more;
		w->cap = cap;
	}
	snprintf(w->word[w->n].text, sizeof w->word->text, "%s", text);
	w->word[w->n].table = table;
	if (ret)
		*ret = (int)w->n;
	w->n++;
	return true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
		|| c == '_' || (unsigned char)c >= 0x80;
}

/* A token of a statement: a word, or one other character. */
struct token {
	const char *s;
	size_t len;
};

/* Quoted texts and comments are passed over as one token each. */
static size_t next_token(const char *sql, size_t at, size_t end, struct token *ret)
{
	size_t from;

	while (at < end && strchr(" \t\r\n", sql[at]))
		at++;
	from = at;
	if (at < end && (sql[at] == '\'' || sql[at] == '"')) {
		for (at++; at < end && sql[at] != sql[from]; at++)
			;
		at += at < end;
	} else if (at + 1 < end && sql[at] == '-' && sql[at + 1] == '-') {
		while (at < end && sql[at] != '\n')
			at++;
	} else {
		while (at < end && is_word(sql[at]))
			at++;
		at += at == from && at < end;
	}
	*ret = (struct token){ sql + from, at - from };
	return at;
}

static bool is(const struct token *t, const char *word)
{
	return strlen(word) == t->len && strncasecmp(t->s, word, t->len) == 0;
}

static int find_table(const struct complete_words *w, const struct token *t)
{
	uint32_t i;

	for (i = 0; i < w->n; i++)
		if (w->word[i].table < 0 && is(t, w->word[i].text))
			return (int)i;
	return -1;
}

/* The table that `name` means somewhere in the statement, as itself or by an alias; -1: none. */
static int resolve(const struct complete_words *w, const char *sql, const struct token *name)
{
	size_t at = 0, end = strlen(sql);
	struct token t;
	int table = find_table(w, name), last = -1;

	while (table < 0 && at < end) {
		at = next_token(sql, at, end, &t);
		if (last >= 0 && is(&t, "AS"))
			continue;
		if (last >= 0 && t.len == name->len && strncasecmp(t.s, name->s, t.len) == 0)
			table = last;
		last = find_table(w, &t);
	}
	return table;
}

static bool names_a_table(const struct complete_words *w, const char *sql)
{
	size_t at = 0, end = strlen(sql);
	struct token t;

	while (at < end) {
		at = next_token(sql, at, end, &t);
		if (find_table(w, &t) >= 0)
			return true;
	}
	return false;
}

static bool is_named(const struct complete_words *w, const char *sql, int table)
{
	size_t at = 0, end = strlen(sql);
	struct token t;

	while (at < end) {
		at = next_token(sql, at, end, &t);
		if (is(&t, w->word[table].text))
			return true;
	}
	return false;
}

static void offer(struct completion *c, const char *text, const char *prefix, size_t len,
	bool follows_case)
{
	bool is_lower = len && prefix[len - 1] >= 'a' && prefix[len - 1] <= 'z';
	unsigned i;
	char *to;

	if (c->n == COMPLETE_MAX || strncasecmp(text, prefix, len) != 0)
		return;
	for (i = 0; i < c->n; i++)
		if (strcasecmp(c->choice[i], text) == 0)
			return;
	to = c->choice[c->n++];
	snprintf(to, COMPLETE_TEXT_MAX, "%s", text);
	for (; follows_case && is_lower && *to; to++)
		if (*to >= 'A' && *to <= 'Z')
			*to = (char)(*to - 'A' + 'a');
}

static void offer_tables(struct completion *c, const struct complete_words *w, const char *prefix,
	size_t len)
{
	uint32_t i;

	for (i = 0; i < w->n; i++)
		if (w->word[i].table < 0)
			offer(c, w->word[i].text, prefix, len, false);
}

/* Of one table, or (-1) of those the statement names. */
static void offer_columns(struct completion *c, const struct complete_words *w, const char *sql,
	const struct token *prefix, int only)
{
	bool any = names_a_table(w, sql);
	uint32_t i;

	for (i = 0; i < w->n; i++) {
		int table = w->word[i].table;

		if (table < 0 || (only >= 0 && table != only))
			continue;
		if (only >= 0 || !any || is_named(w, sql, table))
			offer(c, w->word[i].text, prefix->s, prefix->len, false);
	}
}

static void offer_functions(struct completion *c, const char *prefix, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof functions / sizeof *functions; i++)
		offer(c, functions[i], prefix, len, false);
}

static void offer_keywords(struct completion *c, const char *prefix, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof keywords / sizeof *keywords; i++)
		offer(c, keywords[i], prefix, len, true);
}

static bool is_keyword(const struct token *t)
{
	size_t i;

	for (i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		const char *s = keywords[i];

		for (; *s; s += strcspn(s, " "), s += *s == ' ')
			if (t->len == strcspn(s, " ") && strncasecmp(t->s, s, t->len) == 0)
				return true;
	}
	return false;
}

/* Behind a value there comes no other: only keywords, and an alias of one's own. */
static bool ends_value(const struct token before[2])
{
	if (is(&before[0], "*"))
		return is(&before[1], "SELECT") || is(&before[1], ",");
	return is(&before[0], ")") || *before[0].s == '\'' || *before[0].s == '"'
		|| (is_word(*before[0].s) && !is_keyword(&before[0])) || is(&before[0], "END");
}

static void measure(struct completion *c)
{
	unsigned i;
	size_t k;

	c->common = c->n ? strlen(c->choice[0]) : 0;
	for (i = 1; i < c->n; i++) {
		const char *next = c->choice[i];

		for (k = 0; k < c->common && strncasecmp(next, c->choice[0], k + 1) == 0; k++)
			;
		c->common = k;
	}
}

/* The two tokens before the word; false: the word is within a quoted text or a comment. */
static bool look_back(const char *sql, size_t from, struct token before[2])
{
	size_t at = 0;

	before[0] = before[1] = (struct token){ "", 0 };
	while (at < from) {
		struct token t;

		at = next_token(sql, at, from, &t);
		if (!t.len)
			break;
		before[1] = before[0];
		before[0] = t;
	}
	if (!before[0].len)
		return true;
	if (*before[0].s == '\'' || *before[0].s == '"')
		return before[0].len > 1 && before[0].s[before[0].len - 1] == *before[0].s;
	return before[0].len < 2 || strncmp(before[0].s, "--", 2) != 0
		|| (before[0].s + before[0].len)[0] == '\n';
}

void complete_find(const struct complete_words *w, const char *sql, size_t caret,
	struct completion *ret)
{
	struct token before[2], prefix;

	*ret = (struct completion){ .from = caret };
	while (ret->from > 0 && is_word(sql[ret->from - 1]))
		ret->from--;
	if (ret->from > 0 && sql[ret->from - 1] == ':')
		ret->from--;
	prefix = (struct token){ sql + ret->from, caret - ret->from };
	if (!look_back(sql, ret->from, before))
		return;
	if (is(&before[0], ".")) {
		int table = resolve(w, sql, &before[1]);

		if (table >= 0)
			offer_columns(ret, w, sql, &prefix, table);
	} else if (is(&before[0], "FROM") || is(&before[0], "JOIN")) {
		offer_tables(ret, w, prefix.s, prefix.len);
	} else if (!before[0].len) {
		for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
			offer(ret, starts[i], prefix.s, prefix.len, true);
	} else if (ends_value(before)) {
		offer_keywords(ret, prefix.s, prefix.len);
	} else {
		offer_columns(ret, w, sql, &prefix, -1);
		if (prefix.len) {
			offer_functions(ret, prefix.s, prefix.len);
			offer_keywords(ret, prefix.s, prefix.len);
			offer_tables(ret, w, prefix.s, prefix.len);
		}
	}
	measure(ret);
}
