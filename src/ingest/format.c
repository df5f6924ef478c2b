#include "ingest/format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "ingest/format_parts.h"
#include "ingest/split.h"

#define SHOWN_MAX 160           /* bytes of a log's text in a message */
#define WORD_MAX 24

static const char guessed_delims[] = ",;\t";

static const struct format_word taobao_words[] = {
	{"pv", BEHAVIOUR_VIEW}, {"cart", BEHAVIOUR_CART}, {"fav", BEHAVIOUR_FAVOURITE},
	{"buy", BEHAVIOUR_BUY}, {NULL, BEHAVIOUR_OTHER},
};

static const struct format formats[] = {
	{.name = "veer", .delim = ',', .header = true, .column = {-1, -1, -1, -1, -1, -1, -1}},
	{.name = "taobao", .delim = ',', .header = false, .column = {4, 0, 1, 2, 3, -1, -1},
		.words = taobao_words},
	/* A series is its own category. */
	{.name = FORMAT_SERIES, .delim = ',', .header = true, .valued = true,
		.column = {-1, -1, -1, -1, -1, -1, -1},
		.header_name = {[FIELD_TIME] = "time", [FIELD_USER] = "series",
			[FIELD_CATEGORY] = "series", [FIELD_PRICE] = "value"}},
	{.name = NULL},
};
#define VEER (&formats[0])
#define TAOBAO (&formats[1])

static const struct format own = {.name = "columns", .column = {-1, -1, -1, -1, -1, -1, -1}};

/* By word. */
static const struct format_word common_words[] = {
	{"add_to_cart", BEHAVIOUR_CART}, {"addtocart", BEHAVIOUR_CART}, {"browse", BEHAVIOUR_VIEW},
	{"buy", BEHAVIOUR_BUY}, {"cancel", BEHAVIOUR_RETURN}, {"cancellation", BEHAVIOUR_RETURN},
	{"cart", BEHAVIOUR_CART}, {"click", BEHAVIOUR_VIEW}, {"fav", BEHAVIOUR_FAVOURITE},
	{"favorite", BEHAVIOUR_FAVOURITE}, {"favourite", BEHAVIOUR_FAVOURITE},
	{"order", BEHAVIOUR_BUY}, {"orders", BEHAVIOUR_BUY}, {"page_view", BEHAVIOUR_VIEW},
	{"product_viewed", BEHAVIOUR_VIEW}, {"purchase", BEHAVIOUR_BUY}, {"pv", BEHAVIOUR_VIEW},
	{"refund", BEHAVIOUR_RETURN}, {"remove_from_cart", BEHAVIOUR_RETURN},
	{"return", BEHAVIOUR_RETURN}, {"transaction", BEHAVIOUR_BUY},
	{"uncart", BEHAVIOUR_RETURN}, {"view", BEHAVIOUR_VIEW}, {"wishlist", BEHAVIOUR_FAVOURITE},
};

const struct format *format_table(void)
{
	return formats;
}

static int by_word(const void *key, const void *row)
{
	return strcmp(key, ((const struct format_word *)row)->word);
}

enum behaviour format_behaviour(const struct format *f, const char *word, size_t len)
{
	char lower[WORD_MAX];

	if (!len || len >= sizeof(lower) || memchr(word, '\0', len))
		return BEHAVIOUR_OTHER;
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] | 0x20 : word[i]);
	lower[len] = '\0';
	for (const struct format_word *w = f->words; w && w->word; w++)
		if (!strcmp(w->word, lower))
			return w->behaviour;
	const struct format_word *w = bsearch(lower, common_words,
		sizeof(common_words) / sizeof(common_words[0]), sizeof(common_words[0]), by_word);
	return w ? w->behaviour : BEHAVIOUR_OTHER;
}

__attribute__((format(printf, 3, 4)))
static void say(char *said, size_t cap, const char *format, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, format);
	if (len < cap)
		vsnprintf(said + len, cap - len, format, args);
	va_end(args);
}

static void show_cell(const struct cell *c, char *ret, size_t cap)
{
	text_scrub(ret, cap, c->s, c->len);
}

/* The names of the header, or what can be shown of them. */
static void show_header(const struct head *h, char *ret, size_t cap)
{
	char name[48];

	ret[0] = '\0';
	for (uint32_t i = 0; h->n_rows && i < h->row[0].n && i < HEAD_CELLS; i++) {
		show_cell(&h->row[0].cell[i], name, sizeof(name));
		if (strlen(ret) + strlen(name) + 8 > cap) {
			say(ret, cap, ", ...");
			return;
		}
		say(ret, cap, "%s%s", i ? ", " : "", name);
	}
}

static uint32_t widest(const struct head *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n_rows; i++)
		n = h->row[i].n > n ? h->row[i].n : n;
	return n;
}

static int missing(const struct wish *w, const struct head *h, enum field field, struct err *e)
{
	const char *name = w->format.header_name[field];
	char header[2 * SHOWN_MAX];

	show_header(h, header, sizeof(header));
	if (name[0])
		return err_set(e, -ENOMSG, "no column \"%s\" for %s in the header: %s", name,
			field_name[field], header);
	return err_set(e, -ENOMSG, "no %s column in the header: %s; name it with --columns %s=NAME",
		field_name[field], header, field_name[field]);
}

/* Settles what w leaves open, in *f, by the rows seen. */
static int fit(const struct wish *w, const struct head *h, struct format *f, struct err *e)
{
	char delim = f->delim;

	*f = w->format;
	f->delim = delim;
	f->header = w->header > 0;
	for (int i = 0; i < FIELD_N; i++) {
		enum field field = (enum field)i;
		if (f->header_name[i][0])
			f->column[i] = head_find(h, f->header_name[i]);
		else if (f->column[i] < 0 && w->common)
			f->column[i] = head_find_common(h, field);
		if (f->column[i] < 0 && (field_needed(field) || f->header_name[i][0]))
			return missing(w, h, field, e);
		if (f->column[i] >= (int)widest(h) && field_needed(field))
			return err_set(e, -ENOMSG,
				"%s is to be column %d, but the first rows have %u",
				field_name[i], f->column[i] + 1, widest(h));
	}
	if (w->header < 0) {
		int time = f->column[FIELD_TIME];
		f->header = h->n_rows && time < (int)h->row[0].n && time < (int)HEAD_CELLS
			&& head_is_common(&h->row[0].cell[time], FIELD_TIME);
	}
	return 0;
}

/* Fits a wish with each delimiter it leaves open. The reason kept is that of the widest row. */
static int fit_delims(const struct wish *w, struct cell head, struct format *f, struct err *e)
{
	char given[2] = {w->format.delim, '\0'};
	struct head *h = mem_get(1, sizeof(*h));
	uint32_t most = 0;
	int code = h ? -ENOMSG : err_set(e, -ENOMEM, "could not choose a format: out of memory");

	for (const char *d = given[0] ? given : guessed_delims; h && *d && code == -ENOMSG; d++) {
		struct err why = {0};
		code = head_init(h, *d, head.s, head.len, e);
		f->delim = *d;
		if (code == 0 && (code = fit(w, h, f, &why)) < 0 && (widest(h) > most || !most)) {
			most = widest(h);
			err_set(e, code, "%s", why.text);
		}
		head_done(h);
	}
	mem_free(h);
	return code;
}

/* Five columns and no header, a behaviour in the fourth and a time in the fifth. */
static bool is_taobao(const struct head *h)
{
	struct zone utc;
	int64_t ms;
	bool is = false;

	if (zone_init(&utc, NULL, NULL) < 0)
		return false;
	for (uint32_t i = 0; i < h->n_rows && !is; i++) {
		const struct cell *c = h->row[i].cell;
		is = h->row[i].n == 5
			&& format_behaviour(TAOBAO, c[3].s, c[3].len) != BEHAVIOUR_OTHER
			&& time_parse(c[4].s, c[4].len, &utc, &ms);
	}
	zone_done(&utc);
	return is;
}

static bool guess_taobao(struct cell head, struct format *f)
{
	struct head *h = mem_get(1, sizeof(*h));
	bool is = false;

	for (const char *d = guessed_delims; h && *d && !is; d++) {
		if (head_init(h, *d, head.s, head.len, NULL) < 0)
			break;
		is = is_taobao(h);
		*f = *TAOBAO;
		f->delim = *d;
		head_done(h);
	}
	mem_free(h);
	return is;
}

static const char *delim_name(char delim)
{
	return delim == ',' ? "" : delim == '\t' ? ", delimiter tab" : ", delimiter ;";
}

/* Says it in the words of --columns. */
static void say_veer(const struct format *f, struct cell head, char *said, size_t cap)
{
	struct head *h = mem_get(1, sizeof(*h));
	char name[48];

	if (!h || head_init(h, f->delim, head.s, head.len, NULL) < 0)
		goto out;
	say(said, cap, "format veer guessed: header");
	for (int i = 0; i < FIELD_N; i++) {
		if (f->column[i] < 0)
			continue;
		show_cell(&h->row[0].cell[f->column[i]], name, sizeof(name));
		say(said, cap, "%s%s=%s", i ? "," : ", ", field_name[i], name);
	}
	say(said, cap, "%s", delim_name(f->delim));
	head_done(h);
out:
	mem_free(h);
}

/* Whether the header, with some delimiter, names at least two of the needed columns. */
static bool is_nearly_veer(struct cell head)
{
	struct head *h = mem_get(1, sizeof(*h));
	int found = 0;

	for (const char *d = guessed_delims; h && *d && found < 2; d++) {
		if (head_init(h, *d, head.s, head.len, NULL) < 0)
			break;
		found = 0;
		for (int i = 0; i < FIELD_N; i++)
			found += field_needed((enum field)i) && head_find_common(h,
				(enum field)i) >= 0;
		head_done(h);
	}
	mem_free(h);
	return found >= 2;
}

static int guess(struct format *f, struct cell head, char *said, size_t cap, struct err *e)
{
	struct wish veer = {.format = *VEER, .header = 1, .common = true};
	char line[SHOWN_MAX];
	int code;

	veer.format.delim = '\0';
	code = fit_delims(&veer, head, f, e);
	if (code == 0)
		say_veer(f, head, said, cap);
	if (code != -ENOMSG)
		return code;
	if (guess_taobao(head, f)) {
		say(said, cap,
			"format taobao guessed: no header, "
			"user,item,category,behaviour,timestamp%s",
			delim_name(f->delim));
		return 0;
	}
	if (is_nearly_veer(head))
		return code;
	size_t end = split_line(head.s, 0, head.len);
	while (end && (head.s[end - 1] == '\n' || head.s[end - 1] == '\r'))
		end--;
	text_scrub(line, sizeof(line), head.s, end);
	return err_set(e, -ENOMSG,
		"no known format fits the first line \"%s\"; try --format veer, "
		"taobao or series, or --columns time=1,user=2,category=3", line);
}

static int unknown(const char *spec, struct err *e)
{
	char known[128] = "";

	for (const struct format *f = formats; f->name; f++)
		say(known, sizeof(known), "%s%s", f == formats ? "" : ", ", f->name);
	return err_set(e, -EINVAL, "unknown format \"%s\"; known are %s", spec, known);
}

static int wish_init(struct wish *w, const char *spec, const char *columns, struct err *e)
{
	*w = (struct wish){.format = own, .header = -1};
	if (spec) {
		const struct format *f = formats;
		while (f->name && strcmp(f->name, spec))
			f++;
		if (!f->name)
			return unknown(spec, e);
		*w = (struct wish){.format = *f, .header = f->header, .common = f == VEER};
		w->format.delim = '\0';
	}
	return columns ? columns_parse(w, columns, e) : 0;
}

const char *format_packed(const char *head, size_t len)
{
	static const struct { const char *name, *magic; size_t n; } packed[] = {
		{"gzip", "\x1f\x8b", 2}, {"xz", "\xfd""7zXZ", 6}, {"zstd", "\x28\xb5\x2f\xfd", 4},
	};

	for (size_t i = 0; i < sizeof(packed) / sizeof(*packed); i++)
		if (len >= packed[i].n && !memcmp(head, packed[i].magic, packed[i].n))
			return packed[i].name;
	return NULL;
}

bool format_is_row(const struct format *f, const struct zone *z, const char *head, size_t head_len)
{
	struct head *h = mem_get(1, sizeof(*h));
	size_t bom = split_bom(head, head_len);
	int time = f->column[FIELD_TIME];
	bool is = false;
	int64_t ms;

	if (h && head_init(h, f->delim, head + bom, head_len - bom, NULL) == 0) {
		const struct cell *c = time < (int)HEAD_CELLS ? &h->row[0].cell[time] : NULL;
		is = c && h->n_rows && time < (int)h->row[0].n && time_parse(c->s, c->len, z, &ms);
		head_done(h);
	}
	mem_free(h);
	return is;
}

int format_choose(struct format *f, const char *spec, const char *columns, const char *head,
	size_t head_len, char *ret_said, size_t said_cap, struct err *e)
{
	size_t bom = split_bom(head, head_len);
	struct cell text = {head + bom, head_len - bom};
	struct wish w;
	int code;

	if (said_cap)
		ret_said[0] = '\0';
	if (!spec && !columns)
		return guess(f, text, ret_said, said_cap, e);
	code = wish_init(&w, spec, columns, e);
	if (code < 0)
		return code;
	code = fit_delims(&w, text, f, e);
	if (code == 0 && !w.format.delim && f->delim != ',')
		say(ret_said, said_cap, "format %s%s guessed", f->name, delim_name(f->delim));
	return code;
}
