/* The first rows of a file, by libcsv, and the names of columns among them. */
#include <csv.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/format_parts.h"

/* Common names, the likeliest first: where a log has two of them, the first is taken. */
static const char *const common[FIELD_N][16] = {
	[FIELD_TIME] = {"timestamp", "time", "ts", "event_time", "datetime", "date_time",
		"event_timestamp", "time_stamp", "created_at", "date"},
	[FIELD_USER] = {"user", "user_id", "userid", "uid", "visitor_id", "visitorid",
		"customer_id", "customerid", "customer"},
	[FIELD_ITEM] = {"item", "item_id", "itemid", "product_id", "productid", "product", "sku",
		"sku_id"},
	[FIELD_CATEGORY] = {"category", "category_id", "categoryid", "cat_id", "cat",
		"category_code"},
	[FIELD_BEHAVIOUR] = {"behaviour", "behavior", "behaviour_type", "behavior_type",
		"event_type", "event", "action", "action_type", "type"},
	[FIELD_PRICE] = {"price", "unit_price", "unitprice"},
	[FIELD_QUANTITY] = {"quantity", "qty"},
};

static void keep_cell(void *s, size_t len, void *ctx)
{
	struct head *h = ctx;

	if (h->n_rows == HEAD_ROWS)
		return;
	struct head_row *row = &h->row[h->n_rows];
	if (row->n < HEAD_CELLS) {
		char *to = h->text + h->used;
		if (len)
			memcpy(to, s, len);
		row->cell[row->n] = (struct cell){to, len};
		h->used += len;
	}
	row->n++;
}

static void keep_row(int c, void *ctx)
{
	struct head *h = ctx;

	(void)c;
	if (h->n_rows < HEAD_ROWS)
		h->n_rows++;
}

int head_init(struct head *h, char delim, const char *data, size_t len, struct err *e)
{
	struct csv_parser parser;
	bool whole = false;

	*h = (struct head){.text = mem_get(len + 1, 1)};
	if (!h->text || csv_init(&parser, 0) != 0)
		goto fail;
	csv_set_delim(&parser, (unsigned char)delim);
	whole = csv_parse(&parser, data, len, keep_cell, keep_row, h) == len;
	if (whole && !h->n_rows)
		csv_fini(&parser, keep_cell, keep_row, h);
	csv_free(&parser);
	if (whole)
		return 0;
fail:
	head_done(h);
	return err_set(e, -ENOMEM, "could not look at the first rows: out of memory");
}

void head_done(struct head *h)
{
	mem_free(h->text);
	h->text = NULL;
}

static bool is_gap(char c)
{
	return c == ' ' || c == '_' || c == '-' || c == '.';
}

static bool is_alike(const struct cell *c, const char *name)
{
	size_t i = 0;

	for (; i < c->len && name[i]; i++)
		if (tolower((unsigned char)c->s[i]) != tolower((unsigned char)name[i])
				&& !(is_gap(c->s[i]) && is_gap(name[i])))
			return false;
	return i == c->len && !name[i];
}

static bool is_same(const struct cell *c, const char *name)
{
	return c->len == strlen(name) && !memcmp(c->s, name, c->len);
}

static int find(const struct head *h, const char *name, bool (*matches)(const struct cell *,
	const char *))
{
	uint32_t n = h->n_rows ? h->row[0].n : 0;

	for (uint32_t i = 0; i < n && i < HEAD_CELLS; i++)
		if (matches(&h->row[0].cell[i], name))
			return (int)i;
	return -1;
}

int head_find(const struct head *h, const char *name)
{
	int column = find(h, name, is_same);

	return column >= 0 ? column : find(h, name, is_alike);
}

int head_find_common(const struct head *h, enum field field)
{
	int column = -1;

	for (const char *const *name = common[field]; *name && column < 0; name++)
		column = find(h, *name, is_alike);
	return column;
}

bool head_is_common(const struct cell *c, enum field field)
{
	for (const char *const *name = common[field]; *name; name++)
		if (is_alike(c, *name))
			return true;
	return false;
}
