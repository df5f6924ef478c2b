#include "ingest/names.h"

#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

#define BLOCK 65536
#define FIELD_MAX 4096          /* longer ids and names are cut */

struct names {
	struct dict *id, *name;
	uint32_t *name_of;              /* by number of the id */
	uint32_t cap;
	/* while reading */
	uint32_t column;
	uint64_t row;
	size_t len[2];
	char field[2][FIELD_MAX];
	bool no_memory;
	uint64_t short_row;             /* the first row with fewer than two fields; 0: none */
};

static void on_field(void *s, size_t len, void *ctx)
{
	struct names *n = ctx;
	uint32_t i = n->column++;
	if (i > 1)
		return;
	n->len[i] = len < FIELD_MAX ? len : FIELD_MAX;
	memcpy(n->field[i], s, n->len[i]);
}

static bool keep(struct names *n)
{
	uint32_t id = dict_id(n->id, n->field[0], n->len[0]);
	uint32_t name = dict_id(n->name, n->field[1], n->len[1]);
	if (id == DICT_NONE || name == DICT_NONE)
		return false;
	if (id >= n->cap) {
		uint32_t cap = n->cap ? 2 * n->cap : 256;
		uint32_t *more = mem_resize(n->name_of, cap, sizeof *more);
		if (!more)
			return false;
		n->name_of = more;
		n->cap = cap;
	}
	n->name_of[id] = name;          /* of duplicates the last wins */
	return true;
}

static bool is_header(const struct names *n)
{
	return n->row == 1 && n->len[0] == 2 && memcmp(n->field[0], "id", 2) == 0;
}

static void on_row(int c, void *ctx)
{
	struct names *n = ctx;
	(void)c;
	n->row++;
	if (n->column < 2)
		n->short_row = n->short_row ? n->short_row : n->row;
	else if (!is_header(n) && n->len[1] > 0)
		n->no_memory |= !keep(n);
	n->column = 0;
}

static int read_all(struct names *n, FILE *f, const char *path, struct err *e)
{
	struct csv_parser p;
	char block[BLOCK];
	size_t len;
	csv_init(&p, 0);
	while (!n->no_memory && (len = fread(block, 1, sizeof block, f)) > 0)
		csv_parse(&p, block, len, on_field, on_row, n);
	csv_fini(&p, on_field, on_row, n);
	csv_free(&p);
	if (ferror(f))
		return err_set(e, -EIO, "could not read names from \"%s\"", path);
	if (n->no_memory)
		return err_set(e, -ENOMEM, "could not keep the names of \"%s\": out of memory",
			path);
	if (n->short_row)
		return err_set(e, -EINVAL, "names in \"%s\": row %llu is not id,name", path,
			(unsigned long long)n->short_row);
	return 0;
}

struct names *names_open(const char *path, struct err *e)
{
	struct names *n = mem_get(1, sizeof *n);
	FILE *f = fopen(path, "r");
	if (!f)
		err_set(e, -errno, "could not open names \"%s\": %s", path, strerror(errno));
	else if (!n || !(n->id = dict_new(e)) || !(n->name = dict_new(e)))
		err_set(e, -ENOMEM, "could not keep names: out of memory");
	else if (read_all(n, f, path, e) == 0) {
		fclose(f);
		return n;
	}
	if (f)
		fclose(f);
	names_close(n);
	return NULL;
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
