#include "alert/alert.h"

#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/dict.h"
#include "base/text.h"
#include "base/zone.h"

static const char *const column[] = {
	"alert_id", "user", "time", "onset", "kind", "direction", "category_from", "category_to",
	"share_before", "share_after", "score", "far", "severity", "state", "model",
	"label", "note",                /* of labelled rows */
};
#define N_LABELLED (sizeof column / sizeof *column)
#define N_COLUMNS (N_LABELLED - 2)

static const char *const form_name[] = { [ALERT_CSV] = "csv", [ALERT_JSONL] = "jsonl" };
#define N_FORMS (sizeof form_name / sizeof *form_name)

/* xxh64 of the other fields, little-endian, seeded with xxh64 of the user's bytes (and their
 * length, which xxh64 takes in).
 */
static uint64_t alert_id(const struct finding *f, const struct ids *ids, uint64_t model_hash)
{
	size_t len;
	const char *user = dict_text(ids->user, f->user, &len);
	uint64_t field[] = {
		htole64(f->kind), htole64((uint64_t)f->onset_ms), htole64((uint64_t)f->time_ms),
		htole64(model_hash),
	};

	return XXH64(field, sizeof field, XXH64(user, len, 0));
}

struct alert alert_make(const struct finding *f, const struct ids *ids, uint64_t model_hash)
{
	return (struct alert){
		.f = *f, .id = alert_id(f, ids, model_hash), .model = model_hash,
		.cleared_ms = INT64_MIN,
	};
}

const char *alert_state(const struct alert *a)
{
	return a->cleared_ms == INT64_MIN ? "new" : "cleared";
}

static int alert_cmp(const void *a, const void *b, void *ctx)
{
	const struct finding *x = &((const struct alert *)a)->f, *y = &((const struct alert *)b)->f;
	const struct ids *ids = ctx;
	int c = (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);

	if (!c && x->user != y->user)
		c = dict_cmp(ids->user, x->user, y->user);
	return c ? c : strcmp(kind_name[x->kind], kind_name[y->kind]);
}

void alert_sort(struct alert *a, uint32_t n, const struct ids *ids)
{
	if (n)
		qsort_r(a, n, sizeof *a, alert_cmp, (void *)(uintptr_t)ids);
}

bool alert_form_parse(const char *word, enum alert_form *ret)
{
	for (unsigned i = 0; i < N_FORMS; i++)
		if (!strcmp(word, form_name[i])) {
			*ret = (enum alert_form)i;
			return true;
		}
	return false;
}

static void add_header(struct text *t, enum alert_form form, size_t n)
{
	if (form != ALERT_CSV)
		return;
	for (size_t i = 0; i < n; i++)
		text_addf(t, "%s%s", i ? "," : "", column[i]);
	text_add(t, "\n", 1);
}

void alert_header(struct text *t, enum alert_form form)
{
	add_header(t, form, N_COLUMNS);
}

void alert_header_labelled(struct text *t, enum alert_form form)
{
	add_header(t, form, N_LABELLED);
}

/* A row under way: its cells come in the order of column[]. */
struct row {
	struct text *t;
	enum alert_form form;
	unsigned n;
};

static void next_cell(struct row *r)
{
	if (r->form == ALERT_JSONL)
		text_addf(r->t, "%s\"%s\":", r->n ? "," : "{", column[r->n]);
	else if (r->n)
		text_add(r->t, ",", 1);
	r->n++;
}

static void put_absent(struct row *r)
{
	next_cell(r);
	if (r->form == ALERT_JSONL)
		text_add(r->t, "null", 4);
}

static void put_bytes(struct row *r, const char *s, size_t len)
{
	next_cell(r);
	if (r->form == ALERT_JSONL)
		text_add_json(r->t, s, len);
	else
		text_add_csv(r->t, s, len);
}

static void put_word(struct row *r, const char *s)
{
	put_bytes(r, s, strlen(s));
}

static void put_hash(struct row *r, uint64_t hash)
{
	char hex[17];

	snprintf(hex, sizeof hex, "%016" PRIx64, hash);
	put_word(r, hex);
}

static void put_time(struct row *r, int64_t ms)
{
	char buf[ZONE_TEXT_MAX];

	put_word(r, time_iso(ms, buf));
}

static void put_number(struct row *r, double v)
{
	if (!isfinite(v)) {
		put_absent(r);
		return;
	}
	next_cell(r);
	text_addf(r->t, "%.6g", v);
}

static void put_category(struct row *r, const struct ids *ids, uint32_t category)
{
	size_t len;
	const char *s;

	if (category == DICT_NONE) {
		put_absent(r);
		return;
	}
	s = dict_text(ids->category, category, &len);
	put_bytes(r, s, len);
}

static void put_share(struct row *r, const struct finding *f, uint32_t part, uint32_t whole)
{
	put_number(r, f->to == DICT_NONE || !whole ? NAN : (double)part / whole);
}

static void put_cells(struct row *r, const struct alert *a, const struct ids *ids,
	const struct alert_words *w)
{
	const struct finding *f = &a->f;
	size_t len;
	const char *user = dict_text(ids->user, f->user, &len);

	put_hash(r, a->id);
	if (w->user)
		put_word(r, w->user);
	else
		put_bytes(r, user, len);
	put_time(r, f->time_ms);
	put_time(r, f->onset_ms);
	put_word(r, kind_name[f->kind]);
	put_word(r, direction_name[f->direction]);
	put_category(r, ids, f->from);
	put_category(r, ids, f->to);
	if (f->kind == KIND_INTEREST) {
		put_share(r, f, f->to_before, f->n_before);
		put_share(r, f, f->to_after, f->n_after);
	} else {                        /* shares of nothing: the level itself */
		put_number(r, (double)f->level_before);
		put_number(r, (double)f->level_after);
	}
	put_number(r, (double)f->score);
	put_number(r, (double)f->far);
	put_number(r, f->severity);
	put_word(r, w->state);
	put_hash(r, a->model);
}

static void end_row(struct row *r)
{
	text_addf(r->t, "%s\n", r->form == ALERT_JSONL ? "}" : "");
}

void alert_row(struct text *t, enum alert_form form, const struct alert *a, const struct ids *ids,
	const char *state)
{
	struct row r = { t, form, 0 };

	put_cells(&r, a, ids, &(struct alert_words){ .state = state });
	end_row(&r);
}

void alert_row_labelled(struct text *t, enum alert_form form, const struct alert *a,
	const struct ids *ids, const struct alert_words *w)
{
	struct row r = { t, form, 0 };

	put_cells(&r, a, ids, w);
	if (w->label)
		put_word(&r, w->label);
	else
		put_absent(&r);
	if (w->note_len)
		put_bytes(&r, w->note, w->note_len);
	else
		put_absent(&r);
	end_row(&r);
}

void alert_levels(const struct finding *f, char from[ALERT_SIDE_MAX], char to[ALERT_SIDE_MAX])
{
	bool is_pace = f->kind == KIND_VOLUME || f->kind == KIND_FORECAST;
	const char *unit = is_pace ? "/day" : "";
	int digits = is_pace ? 2 : 5;

	snprintf(from, ALERT_SIDE_MAX, "%s %.*g%s", direction_name[f->direction], digits,
		(double)f->level_before, unit);
	snprintf(to, ALERT_SIDE_MAX, "%.*g%s", digits, (double)f->level_after, unit);
}

/* "1234567" to "1,234,567". */
static void group_digits(const char *digits, char *buf, size_t n)
{
	size_t len = strlen(digits), at = 0;

	for (size_t i = 0; i < len && at + 2 < n; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
}

void alert_once_in(double n, const char *unit, char *buf, size_t size)
{
	static const double most = 1e12;        /* beyond, the tail of no law says anything */
	char digits[32], grouped[48];

	snprintf(digits, sizeof digits, "%.1e", n < most ? n : most);
	n = strtod(digits, NULL);               /* two significant digits */
	if (n < 1) {
		snprintf(buf, size, "more than once a %s", unit);
		return;
	}
	if (n < 10) {
		snprintf(buf, size, "once in %.2g %s%s", n, unit, n == 1 ? "" : "s");
		return;
	}
	snprintf(digits, sizeof digits, "%.0f", n);
	group_digits(digits, grouped, sizeof grouped);
	snprintf(buf, size, "once in %s %ss", grouped, unit);
}

void alert_rarity(double far, char *buf, size_t n)
{
	if (isnan(far) || far < 0)
		snprintf(buf, n, "never calibrated");
	else
		alert_once_in(1000 / far, "user-day", buf, n);
}
