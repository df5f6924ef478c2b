#include "ingest/table.h"

#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/split.h"

#define BLOCK ((size_t)64 << 10)
#define NOWHERE UINT32_MAX

/* What libcsv keeps in pstate between two rows, by a name of its own source. */
enum { LIBCSV_AT_ROW = 0 };

struct reading {
	const struct table_reader *t;
	uint32_t n_wanted;
	uint32_t place[TABLE_COLUMNS_MAX];      /* column of the file of each wanted one */
	uint32_t column;                        /* of the field to come */
	uint64_t line, row_line;
	bool begun;                             /* the header is behind us */
	bool too_long;
	struct csv_parser parser;
	char text[TABLE_COLUMNS_MAX][TABLE_FIELD_MAX + 1];
	size_t len[TABLE_COLUMNS_MAX];
	struct err err;
};

static void on_field(void *s, size_t len, void *ctx)
{
	struct reading *r = ctx;
	uint32_t column = r->column++;
	for (uint32_t i = 0; i < r->n_wanted; i++) {
		const char *name = r->t->column[i];
		if (!r->begun && len == strlen(name) && memcmp(s, name, len) == 0)
			r->place[i] = column;
		if (!r->begun || r->place[i] != column)
			continue;
		r->too_long |= len > TABLE_FIELD_MAX;
		r->len[i] = len < TABLE_FIELD_MAX ? len : TABLE_FIELD_MAX;
		memcpy(r->text[i], s, r->len[i]);
		r->text[i][r->len[i]] = '\0';
	}
}

static void take_header(struct reading *r)
{
	r->begun = true;
	for (uint32_t i = 0; i < r->t->n_needed; i++)
		if (r->place[i] == NOWHERE && r->err.code == 0)
			err_set(&r->err, -EINVAL, "no column \"%s\" in its first row",
				r->t->column[i]);
}

static void take_row(struct reading *r)
{
	struct table_field f[TABLE_COLUMNS_MAX];
	if (r->too_long) {
		err_set(&r->err, -EINVAL, "a field longer than %u bytes", TABLE_FIELD_MAX);
		return;
	}
	for (uint32_t i = 0; i < r->n_wanted; i++)
		f[i] = (struct table_field){ r->text[i], r->len[i] };
	r->t->take(r->t->ctx, f, &r->err);
}

static void on_row(int c, void *ctx)
{
	struct reading *r = ctx;
	(void)c;
	if (r->err.code == 0 && r->begun)
		take_row(r);
	else if (r->err.code == 0)
		take_header(r);
	if (r->err.code < 0 && r->line > 0) {
		err_wrap(&r->err, "could not read %s \"%s\", line %llu", r->t->what, r->t->path,
			(unsigned long long)r->row_line);
		r->line = 0;            /* said once */
	}
	r->column = 0;
	memset(r->len, 0, sizeof r->len);
	for (uint32_t i = 0; i < r->n_wanted; i++)
		r->text[i][0] = '\0';
}

/* Whole lines one by one, since libcsv does not tell in which it is. */
static void feed(struct reading *r, const char *s, size_t len)
{
	for (size_t at = 0, end; at < len && r->err.code == 0; at = end) {
		const char *newline = memchr(s + at, '\n', len - at);
		end = newline ? (size_t)(newline - s) + 1 : len;
		if (r->parser.pstate == LIBCSV_AT_ROW)
			r->row_line = r->line;
		if (csv_parse(&r->parser, s + at, end - at, on_field, on_row, r) != end - at)
			err_set(&r->err, -ENOMEM, "could not read %s \"%s\": out of memory",
				r->t->what, r->t->path);
		r->line += r->line > 0 && newline;
	}
}

static void read_all(struct reading *r, FILE *f)
{
	char block[BLOCK];
	size_t len, bom = 0;
	bool first = true;
	while (r->err.code == 0 && (len = fread(block, 1, sizeof block, f)) > 0) {
		bom = first ? split_bom(block, len) : 0;
		feed(r, block + bom, len - bom);
		first = false;
	}
	if (r->err.code == 0 && ferror(f))
		err_set(&r->err, -errno, "could not read %s \"%s\": %s", r->t->what, r->t->path,
			strerror(errno));
	if (r->err.code == 0)
		csv_fini(&r->parser, on_field, on_row, r);
	if (r->err.code == 0 && !r->begun)
		err_set(&r->err, -EINVAL, "could not read %s \"%s\": it is empty", r->t->what,
			r->t->path);
}

static FILE *open_table(const char *path)
{
	return strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
}

int table_read(const struct table_reader *t, struct err *e)
{
	struct reading *r = mem_get(1, sizeof *r);
	FILE *f = r ? open_table(t->path) : NULL;
	int code = r ? -errno : -ENOMEM;
	if (!f) {
		mem_free(r);
		return err_set(e, code, "could not read %s \"%s\": %s", t->what, t->path,
			strerror(-code));
	}
	*r = (struct reading){ .t = t, .line = 1, .row_line = 1 };
	while (t->column[r->n_wanted])
		r->place[r->n_wanted++] = NOWHERE;
	csv_init(&r->parser, 0);
	read_all(r, f);
	csv_free(&r->parser);
	if (f != stdin)
		fclose(f);
	code = r->err.code < 0 ? err_set(e, r->err.code, "%s", r->err.text) : 0;
	mem_free(r);
	return code;
}
