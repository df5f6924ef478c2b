#include "ingest/names.h"

#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "ingest/split.h"

#define BLOCK ((size_t)64 << 10)
#define FIELD_MAX 4096
#define NAMES_FIRST 256u

/* What libcsv keeps in pstate, by names of its own source. */
enum { LIBCSV_AT_ROW = 0, LIBCSV_IN_FIELD = 2 };

enum { ID, NAME, WANTED_N };

struct names {
	struct dict *id, *name;
	uint32_t *name_of;              /* by the number of the id */
	uint32_t cap;
};

struct reading {
	struct names *names;
	const char *path;
	struct csv_parser parser;
	uint64_t line, row_line;        /* of the byte under way; where its row starts */
	uint32_t column[WANTED_N];      /* where id and name stand */
	uint32_t in_header[WANTED_N];   /* the same words in the first row; from 1, 0: nowhere */
	uint32_t n_columns;
	bool begun;                     /* the first row is behind us */
	char field[WANTED_N][FIELD_MAX];
	size_t len[WANTED_N];
	struct err err;
};

static bool is_word(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(s, word, len);
}

static void on_field(void *s, size_t len, void *ctx)
{
	struct reading *r = ctx;
	uint32_t column = r->n_columns++;

	if (!r->begun && is_word(s, len, "id"))
		r->in_header[ID] = r->n_columns;
	if (!r->begun && is_word(s, len, "name"))
		r->in_header[NAME] = r->n_columns;
	for (int i = 0; i < WANTED_N; i++) {
		if (column != r->column[i])
			continue;
		r->len[i] = len;
		memcpy(r->field[i], s, len < FIELD_MAX ? len : FIELD_MAX);
	}
}

/* Of an id that comes twice the last name stands. */
static bool keep(struct names *n, const struct reading *r)
{
	uint32_t id = dict_id(n->id, r->field[ID], r->len[ID]);
	uint32_t name = dict_id(n->name, r->field[NAME], r->len[NAME]);

	if (id == DICT_NONE || name == DICT_NONE)
		return false;
	if (id >= n->cap) {
		uint32_t cap = n->cap ? 2 * n->cap : NAMES_FIRST;
		uint32_t *more = mem_resize(n->name_of, cap, sizeof(*more));
		if (!more)
			return false;
		n->name_of = more;
		n->cap = cap;
	}
	n->name_of[id] = name;
	return true;
}

static int refuse(struct reading *r, const char *why)
{
	return err_set(&r->err, -EINVAL, "could not read names from \"%s\", line %llu: %s", r->path,
		(unsigned long long)r->row_line, why);
}

static void take_row(struct reading *r)
{
	bool first = !r->begun;

	r->begun = true;
	if (first && r->in_header[ID] && r->in_header[NAME]) {
		r->column[ID] = r->in_header[ID] - 1;
		r->column[NAME] = r->in_header[NAME] - 1;
		return;
	}
	if (r->n_columns <= r->column[ID] || r->n_columns <= r->column[NAME])
		refuse(r, "id,name is expected");
	else if (!r->len[ID])
		refuse(r, "the id is missing");
	else if (r->len[ID] > FIELD_MAX || r->len[NAME] > FIELD_MAX)
		refuse(r, "longer than 4096 bytes");
	else if (r->len[NAME] && r->field[NAME][0] && !keep(r->names, r))
		err_set(&r->err, -ENOMEM, "could not keep the names of \"%s\": out of memory",
			r->path);
}

static void on_row(int c, void *ctx)
{
	struct reading *r = ctx;

	(void)c;
	if (!r->err.code)
		take_row(r);
	r->n_columns = 0;
}

/* Feeds whole lines one by one, since libcsv does not tell in which it is. */
static void feed(struct reading *r, const char *s, size_t len)
{
	for (size_t at = 0, end; at < len && !r->err.code; at = end) {
		const char *newline = memchr(s + at, '\n', len - at);
		end = newline ? (size_t)(newline - s) + 1 : len;
		if (r->parser.pstate == LIBCSV_AT_ROW)
			r->row_line = r->line;
		if (csv_parse(&r->parser, s + at, end - at, on_field, on_row, r) != end - at)
			err_set(&r->err, -ENOMEM, "could not read names from \"%s\": out of memory",
				r->path);
		r->line += newline != NULL;
	}
}

static void finish(struct reading *r)
{
	if (r->parser.pstate == LIBCSV_IN_FIELD && r->parser.quoted)
		refuse(r, "a quote is never closed");
	else
		csv_fini(&r->parser, on_field, on_row, r);
}

static void read_all(struct reading *r, FILE *f)
{
	char block[BLOCK];
	size_t len, bom = 0;
	bool first = true;

	while (!r->err.code && (len = fread(block, 1, sizeof(block), f)) > 0) {
		bom = first ? split_bom(block, len) : 0;
		feed(r, block + bom, len - bom);
		first = false;
	}
	if (!r->err.code && ferror(f))
		err_set(&r->err, -errno, "could not read names from \"%s\": %s", r->path,
			strerror(errno));
	if (!r->err.code)
		finish(r);
}

struct names *names_open(const char *path, struct err *e)
{
	struct names *n = mem_get(1, sizeof(*n));
	struct reading *r = mem_get(1, sizeof(*r));
	FILE *f = NULL;
	int code = -ENOMEM;

	if (!n || !r || !(n->id = dict_new(NULL)) || !(n->name = dict_new(NULL))) {
		err_set(e, code, "could not keep names: out of memory");
		goto out;
	}
	if (!(f = fopen(path, "re"))) {
		code = err_set(e, -errno, "could not open names \"%s\": %s", path, strerror(errno));
		goto out;
	}
	r->names = n;
	r->path = path;
	r->line = 1;
	r->column[NAME] = 1;
	csv_init(&r->parser, 0);
	read_all(r, f);
	csv_free(&r->parser);
	code = r->err.code ? err_set(e, r->err.code, "%s", r->err.text) : 0;
out:
	if (f)
		fclose(f);
	mem_free(r);
	if (code < 0) {
		names_close(n);
		n = NULL;
	}
	return n;
}

void names_close(struct names *n)
{
	if (!n)
		return;
	dict_free(n->id);
	dict_free(n->name);
	mem_free(n->name_of);
	mem_free(n);
}

const char *names_show(const struct names *n, const char *id)
{
	uint32_t number = n ? dict_find(n->id, id, strlen(id)) : DICT_NONE;

	return number == DICT_NONE ? id : dict_text(n->name, n->name_of[number], NULL);
}

const char *names_id(const struct names *n, const char *text)
{
	uint32_t name = n ? dict_find(n->name, text, strlen(text)) : DICT_NONE, i;
	uint32_t found = DICT_NONE;

	for (i = 0; name != DICT_NONE && i < dict_size(n->id); i++) {
		if (n->name_of[i] != name)
			continue;
		if (found != DICT_NONE)
			return text;
		found = i;
	}
	return found == DICT_NONE ? text : dict_text(n->id, found, NULL);
}
