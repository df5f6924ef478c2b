/* libcsv hands out one field at a time in a buffer that it uses again, so the fields wanted are
 * copied until their row ends. Only of rows known to be good are the ids numbered, so that what is
 * rejected leaves no user behind; and of several rows at once, for dictionaries wait for memory.
 *
 * libcsv does not tell where it stands. The rows rejected are counted, and found again by a walk
 * over the block, which is rare.
 */
#include "ingest/csv.h"

#include <csv.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "ingest/number.h"
#include "ingest/split.h"

#define ENTRY_STEP 4096         /* libcsv's buffer grows by it */
#define ROWS_AT_ONCE 32u
#define COPY_AT_ONCE 16u        /* bytes that one instruction copies, more than most fields have */
#define WORD_MAX 32
#define ROW_BYTES_FIRST 32      /* a guess at the bytes of a row before any was seen */
#define NO_SLOT UINT8_MAX
#define TEXT_CAP (2 * (size_t)ROW_MAX + COPY_AT_ONCE)

struct part {
	const char *s;
	size_t len;
};

/* Good rows whose ids have no numbers yet. */
enum { KEY_USER, KEY_ITEM, KEY_CATEGORY, KEYS_N };

struct pending {
	uint32_t n;
	struct event ev[ROWS_AT_ONCE];
	uint64_t offset[ROWS_AT_ONCE];
	struct dict_key key[KEYS_N][ROWS_AT_ONCE];
};

struct csv_reader {
	struct csv_parser parser;
	struct ids *ids;
	const struct format *format;
	const struct zone *zone;
	bool keep_offsets;
	uint32_t keep_rejects;
	size_t row_max;
	uint32_t n_needed;              /* columns */
	uint32_t width;                 /* columns that slot_at knows */
	uint8_t *slot_at;               /* by column: where its text goes; fields may share a
		 * column */
	uint8_t slot_of[FIELD_N];
	double row_bytes;               /* on average, in the last block */
	struct part last_word;          /* rows have few different ones */
	char word[WORD_MAX];
	enum behaviour last_behaviour;
	/* the row under way */
	struct part part[FIELD_N];
	uint32_t n_columns;
	bool too_long;
	size_t row_at, used;            /* where in text it starts, and the end of all text */
	char *text;                     /* of the pending rows and the one under way; [TEXT_CAP] */
	struct pending pending;
	/* the block under way */
	const struct csv_block *block;
	struct batch *batch;
	bool header_due, no_memory;
	uint64_t run_rows;              /* rows libcsv has ended in the run under way */
	uint32_t n_located;             /* rejects whose place is known */
	uint64_t offset, line;          /* of the row under way; of line_at */
	size_t line_at;
};

static void *csv_resize(void *p, size_t size)
{
	return mem_resize(p, size, 1);
}

/* Gives each column that is wanted a slot. */
static bool lay_out(struct csv_reader *r)
{
	uint8_t n_slots = 0;

	for (int i = 0; i < FIELD_N; i++) {
		uint32_t end = (uint32_t)(r->format->column[i] + 1);
		r->width = end > r->width ? end : r->width;
		if (i < FIELD_PRICE && end > r->n_needed)
			r->n_needed = end;
	}
	r->slot_at = mem_get(r->width + 1, 1);
	if (!r->slot_at)
		return false;
	memset(r->slot_at, NO_SLOT, r->width + 1);
	for (int i = 0; i < FIELD_N; i++) {
		int column = r->format->column[i];
		r->slot_of[i] = NO_SLOT;
		if (column < 0)
			continue;
		if (r->slot_at[column] == NO_SLOT)
			r->slot_at[column] = n_slots++;
		r->slot_of[i] = r->slot_at[column];
	}
	return true;
}

struct csv_reader *csv_reader_new(struct ids *ids, const struct format *f, const struct zone *z,
	bool keep_offsets, uint32_t keep_rejects, struct err *e)
{
	struct csv_reader *r = mem_get(1, sizeof(*r));

	if (!r)
		goto fail;
	*r = (struct csv_reader){
		.ids = ids, .format = f, .zone = z, .keep_offsets = keep_offsets,
		.keep_rejects = keep_rejects, .row_max = ROW_MAX, .row_bytes = ROW_BYTES_FIRST,
	};
	csv_init(&r->parser, 0);
	csv_set_delim(&r->parser, (unsigned char)f->delim);
	csv_set_realloc_func(&r->parser, csv_resize);
	csv_set_free_func(&r->parser, mem_free);
	csv_set_blk_size(&r->parser, ENTRY_STEP);
	r->text = mem_get(TEXT_CAP, 1);
	if (lay_out(r) && r->text)
		return r;
	csv_reader_free(r);
fail:
	err_set(e, -ENOMEM, "could not make a csv reader: out of memory");
	return NULL;
}

void csv_reader_free(struct csv_reader *r)
{
	if (!r)
		return;
	csv_free(&r->parser);
	mem_free(r->slot_at);
	mem_free(r->text);
	mem_free(r);
}

void csv_reader_row_max(struct csv_reader *r, size_t bytes)
{
	r->row_max = bytes < ROW_MAX ? bytes : ROW_MAX;
}

static const struct part *part_of(const struct csv_reader *r, enum field field)
{
	static const struct part none = {NULL, 0};
	int column = r->format->column[field];

	return column >= 0 && (uint32_t)column < r->n_columns ? &r->part[r->slot_of[field]] : &none;
}

static bool number(const struct csv_reader *r, enum field field, float *ret)
{
	const struct part *p = part_of(r, field);

	*ret = NAN;
	return !p->len || number_parse(p->s, p->len, ret);
}

static enum behaviour behaviour(struct csv_reader *r)
{
	const struct part *p = part_of(r, FIELD_BEHAVIOUR);

	if (r->format->column[FIELD_BEHAVIOUR] < 0)
		return BEHAVIOUR_VIEW;
	if (p->len == r->last_word.len && r->last_word.s && !memcmp(p->s, r->word, p->len))
		return r->last_behaviour;
	enum behaviour b = format_behaviour(r->format, p->s, p->len);
	if (p->len && p->len <= sizeof(r->word)) {
		memcpy(r->word, p->s, p->len);
		r->last_word = (struct part){r->word, p->len};
		r->last_behaviour = b;
	}
	return b;
}

/* What can be wrong with a row; REJECT_N: nothing. */
static enum reject judge(struct csv_reader *r, struct event *ev)
{
	const struct part *time = part_of(r, FIELD_TIME);

	if (r->n_columns < r->n_needed)
		return REJECT_COLUMNS;
	if (r->too_long)
		return REJECT_LONG;
	if (!time_parse(time->s, time->len, r->zone, &ev->time_ms))
		return REJECT_TIME;
	if (!part_of(r, FIELD_USER)->len)
		return REJECT_USER;
	if (!part_of(r, FIELD_CATEGORY)->len)
		return REJECT_CATEGORY;
	if (!number(r, FIELD_PRICE, &ev->price) || !number(r, FIELD_QUANTITY, &ev->quantity))
		return REJECT_NUMBER;
	if (r->format->valued && !isfinite(ev->price))
		return REJECT_NUMBER;
	return REJECT_N;
}

/* The reject's line holds the row's number in the run until locate() turns it into a line. */
static void reject(struct csv_reader *r, enum reject why, uint64_t row)
{
	struct batch *b = r->batch;

	b->rejected[why]++;
	if (b->n_reject == r->keep_rejects)
		return;
	if (b->n_reject == b->cap_reject) {
		uint32_t cap = b->cap_reject ? 2 * b->cap_reject : 4;
		struct reject_row *more = mem_resize(b->reject, cap, sizeof(*more));
		if (!more) {
			r->no_memory = true;
			return;
		}
		b->reject = more;
		b->cap_reject = cap;
	}
	b->reject[b->n_reject++] = (struct reject_row){
		.why = why, .source = r->block->source, .line = row,
	};
}

/* Numbers the ids of the pending rows and hands the rows on. */
static void settle(struct csv_reader *r)
{
	struct dict *dict[KEYS_N] = {r->ids->user, r->ids->item, r->ids->category};
	struct pending *p = &r->pending;
	uint32_t id[KEYS_N][ROWS_AT_ONCE];

	for (int k = 0; k < KEYS_N; k++)
		if (!dict_ids(dict[k], p->n, p->key[k], id[k]))
			r->no_memory = true;
	for (uint32_t i = 0; i < p->n && !r->no_memory; i++) {
		p->ev[i].user = id[KEY_USER][i];
		p->ev[i].item = id[KEY_ITEM][i];
		p->ev[i].category = id[KEY_CATEGORY][i];
		r->no_memory = !batch_add(r->batch, &p->ev[i], p->offset[i]);
	}
	p->n = 0;
	r->row_at = 0;
}

static struct dict_key key_of(const struct csv_reader *r, enum field field)
{
	const struct part *p = part_of(r, field);

	return (struct dict_key){p->len ? p->s : "", p->len};
}

static void take_row(struct csv_reader *r)
{
	struct pending *p = &r->pending;
	struct event *ev = &p->ev[p->n];
	enum reject why = judge(r, ev);

	r->batch->n_rows++;
	if (why != REJECT_N) {
		reject(r, why, r->run_rows);
		return;
	}
	ev->behaviour = (uint8_t)behaviour(r);
	p->offset[p->n] = r->offset;
	p->key[KEY_USER][p->n] = key_of(r, FIELD_USER);
	p->key[KEY_ITEM][p->n] = key_of(r, FIELD_ITEM);
	p->key[KEY_CATEGORY][p->n] = key_of(r, FIELD_CATEGORY);
	p->n++;
	r->row_at = r->used;
	if (p->n == ROWS_AT_ONCE || r->used > ROW_MAX)
		settle(r);
}

/* libcsv's buffer is longer than COPY_AT_ONCE, whatever the field. */
static void on_field(void *s, size_t len, void *ctx)
{
	struct csv_reader *r = ctx;
	uint32_t column = r->n_columns++;

	if (column >= r->width || r->slot_at[column] == NO_SLOT)
		return;
	char *to = r->text + r->used;
	if (r->used - r->row_at + len > ROW_MAX) {
		r->too_long = true;
		return;
	}
	if (len <= COPY_AT_ONCE)
		memcpy(to, s, COPY_AT_ONCE);
	else
		memcpy(to, s, len);
	r->part[r->slot_at[column]] = (struct part){to, len};
	r->used += len;
}

static void row_begin(struct csv_reader *r)
{
	r->n_columns = 0;
	r->too_long = false;
	r->used = r->row_at;
}

static void on_row(int c, void *ctx)
{
	struct csv_reader *r = ctx;

	(void)c;
	if (!r->header_due && !r->no_memory)
		take_row(r);
	r->header_due = false;
	r->run_rows++;
	row_begin(r);
}

static void place(struct csv_reader *r, struct reject_row *row, size_t at, size_t end)
{
	const char *data = r->block->data;

	r->line += split_count_lines(data + r->line_at, at - r->line_at);
	r->line_at = at;
	row->line = r->line;
	while (end > at && (data[end - 1] == '\n' || data[end - 1] == '\r'))
		end--;
	row->len = (uint32_t)(end - at < REJECT_TEXT_MAX ? end - at : REJECT_TEXT_MAX);
	memcpy(row->text, data + at, row->len);
}

/* Turns the row numbers of the rejects of the run [from, to) to lines and text. */
static void locate(struct csv_reader *r, size_t from, size_t to)
{
	uint64_t row = 0;
	char delim = r->format->delim;

	for (size_t end; r->n_located < r->batch->n_reject && from < to; from = end) {
		end = split_row(delim, r->block->data, from, to);
		if (split_is_empty(delim, r->block->data + from, end - from))
			continue;
		if (r->batch->reject[r->n_located].line == row)
			place(r, &r->batch->reject[r->n_located++], from, end);
		row++;
	}
}

/* Whole good rows. */
static void parse(struct csv_reader *r, size_t from, size_t to)
{
	r->run_rows = 0;
	r->offset = r->block->offset + from;
	if (csv_parse(&r->parser, r->block->data + from, to - from, on_field, on_row, r) !=
		to - from)
		r->no_memory = true;
	if (to == r->block->len)
		csv_fini(&r->parser, on_field, on_row, r);
	locate(r, from, to);
}

static void parse_rows(struct csv_reader *r, size_t from, size_t to)
{
	for (size_t end; r->keep_offsets && from < to && !r->no_memory; from = end) {
		end = split_row(r->format->delim, r->block->data, from, to);
		parse(r, from, end);
	}
	if (from < to && !r->no_memory)
		parse(r, from, to);
}

static void take_bad(struct csv_reader *r, const struct split_bad *bad)
{
	r->batch->n_rows++;
	r->header_due = false;
	reject(r, bad->why, 0);
	if (r->n_located < r->batch->n_reject)
		place(r, &r->batch->reject[r->n_located++], bad->start, bad->end);
}

static void read_block(struct csv_reader *r)
{
	const struct csv_block *b = r->block;
	struct split split;
	struct split_bad bad;
	size_t at = b->offset ? 0 : split_bom(b->data, b->len);

	if (b->rest)
		at = split_line(b->data, at, b->len);
	split_init(&split, r->format->delim);
	split.row_max = r->row_max;
	while (at < b->len && !r->no_memory) {
		size_t from = at;
		bool found = !b->clean && split_find_bad(&split, b->data, &at, b->len, &bad);
		if (!found)
			at = b->len;
		parse_rows(r, from, found ? bad.start : at);
		if (found)
			take_bad(r, &bad);
	}
	if (!r->no_memory)
		settle(r);
}

struct batch *csv_read(struct csv_reader *r, const struct csv_block *b, struct err *e)
{
	const struct format *f = r->format;
	uint32_t cap = (uint32_t)((double)b->len / r->row_bytes * 1.1);

	r->batch = batch_new(cap, f->column[FIELD_PRICE] >= 0, f->column[FIELD_QUANTITY] >= 0,
		r->keep_offsets, e);
	if (!r->batch)
		return NULL;
	r->block = b;
	r->batch->source = b->source;
	r->batch->source_end = b->offset + b->len;
	r->header_due = b->skip_header;
	r->no_memory = false;
	r->n_located = 0;
	r->pending.n = 0;
	r->row_at = r->line_at = 0;
	row_begin(r);
	r->line = b->first_line;
	read_block(r);
	if (r->batch->n_rows)
		r->row_bytes = (double)b->len / (double)r->batch->n_rows;
	if (!r->no_memory)
		return r->batch;
	csv_fini(&r->parser, NULL, NULL, NULL);
	batch_free(r->batch);
	err_set(e, -ENOMEM, "could not read rows: out of memory");
	return NULL;
}
