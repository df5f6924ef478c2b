#include "learn/fit_parts.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/priors.h"
#include "ingest/event.h"
#include "series/crew.h"
#include "series/history.h"

#define USERS_AT_ONCE 512u
#define ITEMS_MAX 262144u       /* of a model */
#define ROWS_MIN 2u             /* of an item that is kept */

struct category_sum {
	_Atomic uint64_t count[MODEL_FOLDS], rows[MODEL_FOLDS];
	uint32_t n_items;
};

struct item_sum {
	_Atomic uint32_t rows[MODEL_FOLDS];
	_Atomic uint32_t category;      /* the first by its bytes, when it is of several */
};

/* Users are shared out among threads. The dictionaries may grow meanwhile, as a live run reads on:
 * what came after the history has no sums.
 */
struct share_work {
	const struct fit_scope *f;
	struct fit_walk walk;
	struct category_sum *category;
	struct item_sum *item;
	uint32_t n_categories, n_items;
	_Atomic uint32_t next;
	atomic_bool no_memory;
};

/* What one thread is at. */
struct share_user {
	struct share_work *w;
	const struct profile *p;
};

static void keep_category(struct share_work *w, struct item_sum *i, uint32_t category)
{
	uint32_t old = atomic_load(&i->category);
	while ((old == DICT_NONE || (old != category &&
		dict_cmp(w->f->ids->category, category, old) < 0)) &&
		!atomic_compare_exchange_weak(&i->category, &old, category))
		;
}

static void add_row(void *ctx, const struct row *r, uint32_t n)
{
	struct share_user *u = ctx;
	struct category_sum *c = &u->w->category[r->category];
	unsigned fold = u->p->fold;
	(void)n;
	if (r->flags & ROW_COUNT)
		atomic_fetch_add_explicit(&c->count[fold], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->rows[fold], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&u->w->item[r->item].rows[fold], 1, memory_order_relaxed);
	keep_category(u->w, &u->w->item[r->item], r->category);
}

static void count_shares(void *ctx)
{
	struct share_work *w = ctx;
	struct profile p;
	struct share_user u = { w, &p };
	struct fit_walk walk = w->walk;
	uint32_t first, n_users = history_n_users(w->f->h);
	int r = 0;
	walk.each = add_row;
	walk.ctx = &u;
	profile_init(&p);
	while (r == 0 && (first = atomic_fetch_add(&w->next, USERS_AT_ONCE)) < n_users)
		for (uint32_t i = first; r == 0 && i < n_users && i - first < USERS_AT_ONCE; i++)
			r = fit_each_row(&walk, &p, i);
	if (r < 0)
		atomic_store(&w->no_memory, true);
	profile_done(&p);
}

static int take_shares(struct model *m, const struct share_work *w, struct err *e)
{
	uint32_t n = w->n_categories;
	m->share = mem_get(n ? n : 1, sizeof *m->share);
	for (uint32_t c = 0; m->share && c < n; c++) {
		struct model_share s = { .n_items = w->category[c].n_items };
		size_t len;
		const char *text = dict_text(w->f->ids->category, c, &len);
		for (int f = 0; f < MODEL_FOLDS; f++) {
			s.count += s.fold_count[f] = w->category[c].count[f];
			s.rows += s.fold_rows[f] = w->category[c].rows[f];
			m->fold_sum[f] += s.fold_count[f];
		}
		if (s.count == 0)
			continue;
		s.category = mem_text(text, len);
		s.len = (uint32_t)len;
		if (!s.category)
			return -ENOMEM;
		m->share[m->n_share++] = s;
		m->count_sum += s.count;
	}
	return m->share ? 0 : err_set(e, -ENOMEM, "could not keep the shares: out of memory");
}

static uint32_t rows_of(const struct item_sum *i)
{
	uint32_t rows = 0;
	for (int f = 0; f < MODEL_FOLDS; f++)
		rows += i->rows[f];
	return rows;
}

static int more_first(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x < y) - (x > y);
}

/* The fewest rows of an item that is kept, so that there are not too many. */
static uint32_t rows_bar(const struct item_sum *item, uint32_t n)
{
	uint32_t kept = 0, *rows = mem_get(n ? n : 1, sizeof *rows), bar = ROWS_MIN;
	for (uint32_t i = 0; rows && i < n; i++)
		if (rows_of(&item[i]) >= ROWS_MIN)
			rows[kept++] = rows_of(&item[i]);
	if (rows && kept > ITEMS_MAX) {
		qsort(rows, kept, sizeof *rows, more_first);
		bar = rows[ITEMS_MAX] + 1;
	}
	mem_free(rows);
	return rows ? bar : 0;
}

static int take_items(struct model *m, const struct share_work *w, struct err *e)
{
	uint32_t n = w->n_items, bar = rows_bar(w->item, n), kept = 0;
	for (uint32_t i = 0; i < n; i++) {
		w->category[w->item[i].category == DICT_NONE ? 0 : w->item[i].category].n_items +=
			w->item[i].category != DICT_NONE;
		kept += rows_of(&w->item[i]) >= bar;
	}
	m->item = mem_get(kept ? kept : 1, sizeof *m->item);
	for (uint32_t i = 0; m->item && bar && i < n; i++) {
		size_t len;
		const char *text = dict_text(w->f->ids->item, i, &len);
		struct model_item k = { .len = (uint32_t)len, .rows = rows_of(&w->item[i]) };
		if (k.rows < bar)
			continue;
		for (int f = 0; f < MODEL_FOLDS; f++)
			k.fold_rows[f] = w->item[i].rows[f];
		if (!(k.item = mem_text(text, len)))
			break;
		m->item[m->n_items++] = k;
	}
	return m->item && m->n_items == kept ? 0 :
		err_set(e, -ENOMEM, "could not keep the shares of %u items: out of memory", kept);
}

static int count_all(struct share_work *w, struct err *e)
{
	w->n_categories = dict_size(w->f->ids->category);
	w->n_items = dict_size(w->f->ids->item);
	w->category = mem_get(w->n_categories + 1ul, sizeof *w->category);
	w->item = mem_get(w->n_items + 1ul, sizeof *w->item);
	if (!w->category || !w->item)
		return err_set(e, -ENOMEM, "could not count categories and items: out of memory");
	for (uint32_t i = 0; i < w->n_items; i++)
		w->item[i].category = DICT_NONE;
	crew_run(w->f->threads, count_shares, w);
	return w->no_memory ? err_set(e, -ENOMEM, "could not count the categories: out of memory")
		: 0;
}

int fit_shares(struct model *m, const struct fit_scope *f, struct err *e)
{
	struct priors p;
	struct share_work w = { .f = f };
	m->n_folds = MODEL_FOLDS;
	int r = priors_init(&p, m, f->ids, e);
	w.walk = (struct fit_walk){ .f = f, .priors = &p, .gap_ms = m->gap_ms };
	if (r == 0)
		r = count_all(&w, e);
	if (r == 0)
		r = take_items(m, &w, e);
	if (r == 0)
		r = take_shares(m, &w, e);
	mem_free(w.category);
	mem_free(w.item);
	priors_done(&p);
	return r;
}
