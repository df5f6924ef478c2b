/* fuzz_csv.c - blocks cut anywhere give what one plain pass of libcsv over everything gives.
 *
 * The first four bytes choose row_max, the delimiter, the header and the sizes of the reads; the
 * rest is the file. The plain pass feeds libcsv byte by byte, so that it knows where rows end
 * without knowing anything of quotes.
 */
#include <csv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/zone.h"
#include "ingest/csv.h"
#include "ingest/number.h"
#include "ingest/split.h"

enum { TIME, USER, CATEGORY, ITEM, BEHAVIOUR, PRICE, N };

struct plan {
	size_t row_max;
	struct format format;
	uint32_t seed;
	const char *data;
	size_t len;
};

/* A row as text: what it became, and where. */
struct outcome {
	char s[512];
};

struct outcomes {
	struct outcome *row;
	size_t n, cap;
};

struct text_cut {
	const char *s;
	size_t len, row_max;
};

static struct outcome *more(struct outcomes *o)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 64;
		o->row = realloc(o->row, o->cap * sizeof(*o->row));
		if (!o->row)
			abort();
	}
	return &o->row[o->n++];
}

static void add_event(struct outcomes *o, const char *const text[3], const size_t len[3],
	const struct event *ev, uint64_t offset)
{
	struct outcome *to = more(o);
	int n = snprintf(to->s, sizeof(to->s), "event at %ju time %jd behaviour %d price %a",
		(uintmax_t)offset, (intmax_t)ev->time_ms, ev->behaviour, (double)ev->price);

	for (int i = 0; i < 3; i++)
		for (size_t k = 0; k < len[i] + 1 && n < 500; k++)
			n += snprintf(to->s + n, sizeof(to->s) - (size_t)n, k ? "%02x" : "/",
				k ? (unsigned char)text[i][k - 1] : 0);
}

/* Of a line too long, no more than row_max bytes are sure to be in the block that tells of it. */
static void add_reject(struct outcomes *o, enum reject why, uint64_t line, struct text_cut text)
{
	const char *s = text.s;
	size_t len = text.len;
	struct outcome *to = more(o);

	while (len && (s[len - 1] == '\n' || s[len - 1] == '\r'))
		len--;
	len = len < REJECT_TEXT_MAX ? len : REJECT_TEXT_MAX;
	if (why == REJECT_LONG && len > text.row_max)
		len = text.row_max;
	int n = snprintf(to->s, sizeof(to->s), "reject %d line %ju ", why, (uintmax_t)line);
	for (size_t k = 0; k < len && n < 500; k++)
		n += snprintf(to->s + n, sizeof(to->s) - (size_t)n, "%02x", (unsigned char)s[k]);
}

/* --- the plain pass --- */

struct plain {
	const struct plan *plan;
	struct outcomes *out;
	struct zone zone;
	char *text[N];
	size_t len[N];
	uint32_t n;
	bool ended, header;
	size_t row;
};

static uint64_t line_of(const struct plan *p, size_t at)
{
	uint64_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += p->data[i] == '\n' || (p->data[i] == '\r' && (i + 1 == p->len ||
			p->data[i + 1] != '\n'));
	return line;
}

static void plain_field(void *s, size_t len, void *ctx)
{
	struct plain *x = ctx;

	if (x->n < N) {
		x->text[x->n] = realloc(x->text[x->n], len + 1);
		memcpy(x->text[x->n], s, len);
		x->len[x->n] = len;
	}
	x->n++;
}

static void plain_row(int c, void *ctx)
{
	struct plain *x = ctx;

	(void)c;
	x->ended = true;
}

static enum reject plain_judge(struct plain *x, struct event *ev)
{
	ev->price = NAN;
	if (x->n <= BEHAVIOUR)
		return REJECT_COLUMNS;
	if (!time_parse(x->text[TIME], x->len[TIME], &x->zone, &ev->time_ms))
		return REJECT_TIME;
	if (!x->len[USER])
		return REJECT_USER;
	if (!x->len[CATEGORY])
		return REJECT_CATEGORY;
	if (x->n > PRICE && x->len[PRICE] && !number_parse(x->text[PRICE], x->len[PRICE],
		&ev->price))
		return REJECT_NUMBER;
	ev->behaviour = (uint8_t)format_behaviour(&x->plan->format, x->text[BEHAVIOUR],
		x->len[BEHAVIOUR]);
	return REJECT_N;
}

static void plain_take(struct plain *x, size_t end)
{
	struct event ev;
	const char *text[3] = {x->text[USER], x->text[CATEGORY], x->text[ITEM]};
	size_t len[3] = {x->len[USER], x->len[CATEGORY], x->len[ITEM]};

	if (!x->header) {
		enum reject why = plain_judge(x, &ev);
		if (why == REJECT_N)
			add_event(x->out, text, len, &ev, x->row);
		else
			add_reject(x->out, why, line_of(x->plan, x->row), (struct text_cut){
				x->plan->data + x->row, end - x->row, x->plan->row_max});
	}
	x->header = false;
}

/* One row from x->row; returns where the next starts. */
static size_t plain_next(struct plain *x)
{
	const struct plan *p = x->plan;
	struct csv_parser parser;
	size_t i = x->row, line = 0, limit = p->row_max;
	bool open = false;

	csv_init(&parser, 0);
	csv_set_delim(&parser, (unsigned char)p->format.delim);
	x->n = 0;
	x->ended = false;
	for (bool newline = false; i < p->len && !x->ended && !(newline && parser.pstate == 0);
		i++) {
		if (i - x->row == limit) {
			open = true;
			break;
		}
		csv_parse(&parser, p->data + i, 1, plain_field, plain_row, x);
		newline = p->data[i] == '\n' || p->data[i] == '\r';
		if (newline && !line)
			line = i + 1;
	}
	if (!open && i == p->len && !x->ended) {
		open = parser.pstate == 2 && parser.quoted;     /* FIELD_BEGUN */
		limit = SIZE_MAX;
		if (!open)
			csv_fini(&parser, plain_field, plain_row, x);
	}
	csv_free(&parser);
	if (!open) {
		if (x->ended)
			plain_take(x, i);
		return i;
	}
	enum reject why = line || limit == SIZE_MAX ? REJECT_QUOTE : REJECT_LONG;
	for (size_t k = line ? line : i; !line && k <= p->len; k++)
		if (k == p->len || p->data[k] == '\n' || p->data[k] == '\r')
			line = k + (k < p->len);
	if (p->data[line - 1] == '\r' && line < p->len && p->data[line] == '\n')
		line++;
	add_reject(x->out, why, line_of(p, x->row), (struct text_cut){
		p->data + x->row, line - x->row, p->row_max});
	x->header = false;
	return line;
}

static void plain_pass(const struct plan *p, struct outcomes *out)
{
	struct plain x = {.plan = p, .out = out, .header = p->format.header};

	for (int i = 0; i < N; i++)
		x.text[i] = calloc(1, 1);
	zone_init(&x.zone, NULL, NULL);
	for (x.row = split_bom(p->data, p->len); x.row < p->len; x.row = plain_next(&x))
		;
	zone_done(&x.zone);
	for (int i = 0; i < N; i++)
		free(x.text[i]);
}

/* --- in blocks --- */

static void collect(struct outcomes *events, struct outcomes *rejects, const struct ids *ids,
	const struct batch *b, uint64_t lines, size_t row_max)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct event ev = batch_get(b, i);
		const char *text[3];
		size_t len[3];
		text[0] = dict_text(ids->user, ev.user, &len[0]);
		text[1] = dict_text(ids->category, ev.category, &len[1]);
		text[2] = dict_text(ids->item, ev.item, &len[2]);
		add_event(events, text, len, &ev, b->offset ? b->offset[i] : 0);
	}
	for (uint32_t i = 0; i < b->n_reject; i++)
		add_reject(rejects, b->reject[i].why, b->reject[i].line + lines, (struct text_cut){
			b->reject[i].text, b->reject[i].len, row_max});
}

static size_t next_read(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return 1 + (*seed >> 16) % (1u + (*seed >> 28) * 8u);
}

static void blocks(const struct plan *p, bool offsets, struct outcomes *events,
	struct outcomes *rejects)
{
	struct ids ids;
	struct zone zone;
	struct split split;
	uint32_t seed = p->seed;
	size_t at = 0, len = 0, scanned = 0;
	uint64_t lines = 0;

	if (ids_init(&ids, NULL) < 0 || zone_init(&zone, NULL, NULL) < 0)
		abort();
	struct csv_reader *r = csv_reader_new(&ids, &p->format, &zone, offsets, UINT32_MAX, NULL);
	csv_reader_row_max(r, p->row_max);
	split_init(&split, p->format.delim);
	split.row_max = p->row_max;
	for (bool rest = false; at < p->len; ) {
		size_t want = next_read(&seed);
		len = want < p->len - at - len ? len + want : p->len - at;
		bool final = at + len == p->len;
		size_t cut = split_scan(&split, p->data + at, scanned, len);
		scanned = len;
		if (final)
			cut = len;
		else if (len - cut > p->row_max * (split.begun ? 1 : 2) + 4)
			abort();
		if (!cut)
			continue;
		struct csv_block block = {.data = p->data + at, .len = cut, .first_line = 1,
			.offset = at,
			.skip_header = !at && p->format.header, .rest = rest,
			.clean = !final && !split.bad};
		struct batch *b = csv_read(r, &block, NULL);
		if (!b || b->source_end != at + cut)
			abort();
		collect(events, rejects, &ids, b, lines, p->row_max);
		lines += split_count_lines(block.data, block.len);
		batch_free(b);
		rest = split.state == SPLIT_REST;
		split.bad = false;
		at += cut;
		len -= cut;
		scanned = len;
	}
	csv_reader_free(r);
	zone_done(&zone);
	ids_done(&ids);
}

static void must_equal(const struct outcomes *want, const char *kind, const struct outcomes *got,
	bool offsets)
{
	size_t k = 0;

	for (size_t i = 0; i < want->n; i++) {
		if (want->row[i].s[0] != kind[0])
			continue;
		const char *a = want->row[i].s, *b = k < got->n ? got->row[k].s : "nothing";
		if (kind[0] == 'e' && !offsets) {       /* compare behind the offset */
			a = strstr(a, " time ");
			b = strstr(b, " time ") ? strstr(b, " time ") : b;
		}
		if (strcmp(a, b)) {
			fprintf(stderr, "plain:  %s\nblocks: %s\n", a, b);
			abort();
		}
		k++;
	}
	if (k != got->n) {
		fprintf(stderr, "%zu %ss too many, the first is %s\n", got->n - k, kind,
			got->row[k].s);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct plan p = {.row_max = 64, .format = {.name = "fuzz", .delim = ',',
		.column = {TIME, USER, ITEM, CATEGORY, BEHAVIOUR, PRICE, -1}}};
	struct outcomes plain = {0};
	char *copy;                     /* with a NUL behind it */

	if (len < 4)
		return 0;
	p.row_max = 4 + data[0] % 128;
	p.format.delim = ",;\t|"[data[1] & 3];
	p.format.header = data[1] & 4;
	p.seed = (uint32_t)(data[2] << 8 | data[3]);
	p.len = len - 4;
	p.data = copy = malloc(len);
	if (!copy)
		abort();
	memcpy(copy, data + 4, p.len);
	copy[p.len] = '\0';
	/* A header may not be kept from its block by more empty lines than a row is long. */
	if (p.format.header && strspn(p.data, "\xef\xbb\xbf\r\n\t ") > p.row_max) {
		free(copy);
		return 0;
	}
	plain_pass(&p, &plain);
	for (int offsets = 0; offsets < 2; offsets++) {
		struct outcomes events = {0}, rejects = {0};
		blocks(&p, offsets, &events, &rejects);
		must_equal(&plain, "event", &events, offsets);
		must_equal(&plain, "reject", &rejects, offsets);
		free(events.row);
		free(rejects.row);
	}
	free(plain.row);
	free(copy);
	return 0;
}
