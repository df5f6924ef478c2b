/* --columns: "time=5,user=1,category=Kind,delim=;,header=yes". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ingest/format_parts.h"

#define PART_MAX 128

const char *const field_name[FIELD_N] = {
	[FIELD_TIME] = "time", [FIELD_USER] = "user", [FIELD_ITEM] = "item",
	[FIELD_CATEGORY] = "category", [FIELD_BEHAVIOUR] = "behaviour", [FIELD_PRICE] = "price",
	[FIELD_QUANTITY] = "quantity",
};

bool field_needed(enum field field)
{
	return field == FIELD_TIME || field == FIELD_USER || field == FIELD_CATEGORY;
}

static int bad_value(const char *key, const char *value, const char *want, struct err *e)
{
	return err_set(e, -EINVAL, "columns: %s=%s is not understood: %s", key, value, want);
}

static int set_delim(struct wish *w, const char *value, struct err *e)
{
	static const struct { const char *word; char delim; } words[] = {
		{"tab", '\t'}, {"\\t", '\t'}, {"comma", ','}, {"semicolon", ';'}, {"space", ' '},
		{"pipe", '|'},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(value, words[i].word)) {
			w->format.delim = words[i].delim;
			return 0;
		}
	}
	if (!value[0] || value[1] || strchr("\"\r\n", value[0]))
		return bad_value("delim", value,
			"one character, or tab, comma, semicolon, space, pipe", e);
	w->format.delim = value[0];
	return 0;
}

static int set_header(struct wish *w, const char *value, struct err *e)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return bad_value("header", value, "yes or no", e);
	w->header = value[0] == 'y';
	return 0;
}

static int set_field(struct wish *w, enum field field, const char *value, struct err *e)
{
	size_t digits = strspn(value, "0123456789"), len = strlen(value);
	char *name = w->format.header_name[field];

	if (!len || len >= sizeof(w->format.header_name[field]))
		return bad_value(field_name[field], value, "a column's number from 1, or its name",
			e);
	w->format.column[field] = -1;
	name[0] = '\0';
	if (digits < len) {
		memcpy(name, value, len + 1);
		return 0;
	}
	long n = len < 9 ? strtol(value, NULL, 10) : 0;
	if (n < 1 || n > COLUMN_MAX)
		return bad_value(field_name[field], value, "columns are numbered from 1 to 4096",
			e);
	w->format.column[field] = (int)n - 1;
	return 0;
}

static int set(struct wish *w, const char *key, const char *value, struct err *e)
{
	if (!strcmp(key, "delim"))
		return set_delim(w, value, e);
	if (!strcmp(key, "header"))
		return set_header(w, value, e);
	if (!strcmp(key, "behavior"))
		key = "behaviour";
	for (int i = 0; i < FIELD_N; i++)
		if (!strcmp(key, field_name[i]))
			return set_field(w, (enum field)i, value, e);
	return err_set(e, -EINVAL,
		"columns: \"%s\" is none of time, user, item, category, behaviour, "
		"price, quantity, delim, header", key);
}

/* The end of a part. The value of delim= may be the comma that else ends one. */
static const char *part_end(const char *part)
{
	const char *from = strncmp(part, "delim=,", 7) ? part : part + 7;

	return from + strcspn(from, ",");
}

static int check(struct wish *w, struct err *e)
{
	bool named = false;

	for (int i = 0; i < FIELD_N; i++) {
		bool by_name = w->format.header_name[i][0];
		named |= by_name;
		if (field_needed((enum field)i) && !by_name && w->format.column[i] < 0 &&
			!w->common)
			return err_set(e, -EINVAL,
				"columns: %s is missing; time, user and category "
				"are needed", field_name[i]);
	}
	if (named && w->header == 0)
		return err_set(e, -EINVAL, "columns: a column is given by name, but header=no");
	if (named)
		w->header = 1;
	return 0;
}

int columns_parse(struct wish *w, const char *columns, struct err *e)
{
	char part[PART_MAX];

	for (const char *p = columns, *end; ; p = end + 1) {
		end = part_end(p);
		size_t len = (size_t)(end - p);
		if (len >= sizeof(part))
			return err_set(e, -EINVAL, "columns: \"%.20s...\" is too long", p);
		memcpy(part, p, len);
		part[len] = '\0';
		char *value = strchr(part, '=');
		if (!value)
			return err_set(e, -EINVAL,
				"columns: \"%s\" is not of the form field=column", part);
		*value++ = '\0';
		int code = set(w, part, value, e);
		if (code < 0)
			return code;
		if (!*end)
			return check(w, e);
	}
}
