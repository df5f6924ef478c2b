#include "learn/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "ingest/event.h"
#include "ingest/table.h"

#define ROW_TEXT_MAX (1u << 20)

const char *const answer_kind_name[ANSWER_KINDS] = { "null", "splice", "sham" };
const char *const answer_split_name[ANSWER_SPLITS] = { "dev", "test" };

int answers_add(struct answers *a, const struct answer *row, struct err *e)
{
	if (a->n == a->cap) {
		uint32_t cap = a->cap ? 2 * a->cap : 256;
		struct answer *more = mem_resize(a->row, cap, sizeof *more);
		if (!more)
			return err_set(e, -ENOMEM, "could not keep the answers: out of memory");
		a->row = more;
		a->cap = cap;
	}
	a->row[a->n++] = *row;
	return 0;
}

static int by_user(const void *a, const void *b, void *dict)
{
	return dict_cmp(dict, ((const struct answer *)a)->user, ((const struct answer *)b)->user);
}

void answers_sort(struct answers *a, const struct ids *ids)
{
	if (a->n)
		qsort_r(a->row, a->n, sizeof *a->row, by_user, ids->user);
}

void answers_done(struct answers *a)
{
	mem_free(a->row);
	*a = (struct answers){0};
}

enum { USER, KIND, SPLIT, T_CHANGE, FIRST_NEW, N_PRE, N_POST, RATE_RATIO, JS, JS_SELF, DONOR };
static const char *const column[] = { "user", "kind", "split", "t_change", "idx_change", "n_pre",
	"n_post", "rate_ratio", "js", "js_self", "donor", NULL };

struct taking {
	struct answers *a;
	const struct ids *ids;
	uint8_t *seen;                  /* by user number */
};

static int index_of(const char *const *name, int n, const char *word)
{
	int i = 0;
	while (i < n && strcmp(name[i], word) != 0)
		i++;
	return i;
}

/* An empty field is NaN. */
static bool take_number(const struct table_field *f, double *ret)
{
	char *end;
	*ret = NAN;
	if (f->len == 0)
		return true;
	*ret = strtod(f->s, &end);
	return *end == '\0' && isfinite(*ret);
}

static uint32_t count_of(double x)
{
	return x >= 0 && x < UINT32_MAX ? (uint32_t)x : 0;
}

static int take_numbers(struct answer *row, const struct table_field *f, struct err *e)
{
	double number[DONOR + 1];
	for (int i = FIRST_NEW; i < DONOR; i++)
		if (!take_number(&f[i], &number[i]))
			return err_set(e, -EINVAL, "%s \"%s\": not a number", column[i], f[i].s);
	row->first_new = count_of(number[FIRST_NEW]);
	row->n_pre = count_of(number[N_PRE]);
	row->n_post = count_of(number[N_POST]);
	row->rate_ratio = number[RATE_RATIO];
	row->js = number[JS];
	row->js_self = number[JS_SELF];
	return 0;
}

static int take_words(struct answer *row, const struct table_field *f, struct err *e)
{
	int kind = index_of(answer_kind_name, ANSWER_KINDS, f[KIND].s);
	int split = index_of(answer_split_name, ANSWER_SPLITS, f[SPLIT].s);
	if (kind == ANSWER_KINDS)
		return err_set(e, -EINVAL, "kind \"%s\": not null, splice or sham", f[KIND].s);
	if (split == ANSWER_SPLITS)
		return err_set(e, -EINVAL, "split \"%s\": not dev or test", f[SPLIT].s);
	if (f[T_CHANGE].len && !time_parse(f[T_CHANGE].s, f[T_CHANGE].len, NULL, &row->change_ms))
		return err_set(e, -EINVAL, "t_change \"%s\": not a time", f[T_CHANGE].s);
	if (kind == ANSWER_SPLICE && f[T_CHANGE].len == 0)
		return err_set(e, -EINVAL, "a splice without t_change");
	row->kind = (enum answer_kind)kind;
	row->split = (enum answer_split)split;
	return 0;
}

static int take_row(void *ctx, const struct table_field *f, struct err *e)
{
	struct taking *t = ctx;
	struct answer row = { .user = dict_find(t->ids->user, f[USER].s, f[USER].len),
		.donor = dict_find(t->ids->user, f[DONOR].s, f[DONOR].len) };
	if (take_words(&row, f, e) < 0 || take_numbers(&row, f, e) < 0)
		return e->code;
	if (row.user == DICT_NONE)
		return 0;
	if (t->seen[row.user]++)
		return err_set(e, -EINVAL, "user \"%s\" comes a second time", f[USER].s);
	return answers_add(t->a, &row, e);
}

int answers_read(struct answers *a, const char *path, const struct ids *ids, struct err *e)
{
	struct taking t = { a, ids, mem_get(dict_size(ids->user) + 1ul, 1) };
	struct table_reader r = { .path = path, .what = "the truth", .column = column,
		.n_needed = FIRST_NEW, .take = take_row, .ctx = &t };
	*a = (struct answers){0};
	int code = t.seen ? table_read(&r, e) :
		err_set(e, -ENOMEM, "could not keep the answers: out of memory");
	mem_free(t.seen);
	if (code == 0 && a->n == 0)
		code = err_set(e, -EINVAL, "the truth \"%s\" has no user of the log", path);
	if (code < 0)
		answers_done(a);
	answers_sort(a, ids);
	return code;
}

static void add_id(struct text *t, const struct dict *d, uint32_t id)
{
	size_t len;
	const char *s = dict_text(d, id, &len);
	text_add_raw(t, s, len);
}

static void add_number(struct text *t, double x)
{
	if (isnan(x))
		text_add(t, ",", 1);
	else
		text_addf(t, ",%.4f", x);
}

static void add_row(struct text *t, const struct answer *r, const struct ids *ids)
{
	bool changes = r->kind != ANSWER_NULL;
	add_id(t, ids->user, r->user);
	text_addf(t, ",%s,%s,", answer_kind_name[r->kind], answer_split_name[r->split]);
	if (changes)
		text_addf(t, "%s%" PRId64 ".%03d,%u,", r->change_ms < 0 ? "-" : "",
			(int64_t)llabs(r->change_ms) / 1000, (int)(llabs(r->change_ms) % 1000),
			r->first_new);
	else
		text_add(t, ",,", 2);
	text_addf(t, "%u,%u", r->n_pre, r->n_post);
	add_number(t, r->rate_ratio);
	add_number(t, r->js);
	add_number(t, r->js_self);
	text_add(t, ",", 1);
	if (r->donor != DICT_NONE)
		add_id(t, ids->user, r->donor);
	text_add(t, "\n", 1);
}

int answers_write(const struct answers *a, const char *path, const struct ids *ids, struct err *e)
{
	FILE *f = fopen(path, "we");
	struct text t;
	if (!f)
		return err_set(e, -errno, "could not write \"%s\": %s", path, strerror(errno));
	text_init(&t, ROW_TEXT_MAX);
	for (int i = 0; column[i]; i++)
		fprintf(f, "%s%s", i ? "," : "", column[i]);
	fputc('\n', f);
	for (uint32_t i = 0; i < a->n; i++) {
		add_row(&t, &a->row[i], ids);
		fwrite(t.s, 1, t.len, f);
		text_clear(&t);
	}
	text_done(&t);
	bool bad = ferror(f);
	if (fclose(f) != 0 || bad)
		return err_set(e, -EIO, "could not write \"%s\": %s", path, strerror(errno));
	return 0;
}
