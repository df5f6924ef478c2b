#include "detect/priors.h"

#include <endian.h>
#include <errno.h>
#include <xxhash.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "ingest/event.h"

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not keep the shares of categories and items: out of "
		"memory");
}

/* Items of the model that are looked up among the numbers in the time that one number takes. */
#define MODEL_ITEMS_A_LOOK 16

/* Makes *array hold `need` elements of `size`; false when memory is out. */
static bool fit(void *array, uint32_t need, uint32_t *cap, size_t size)
{
	void **p = array;
	if (*p && need <= *cap)
		return true;
	uint32_t bigger = need + need / 4 + 16;
	void *grown = mem_resize(*p, bigger, size);
	if (!grown)
		return false;
	*p = grown;
	*cap = bigger;
	return true;
}

static void set_category(struct priors *p, uint32_t id, const struct model_share *s)
{
	for (unsigned f = 0; f < MODEL_FOLDS; f++) {
		p->category[id].pi[f] = model_pi(p->model, s, f);
		p->category[id].item_norm[f] = 1.0f / model_item_norm(s, f);
	}
}

static void take_category(struct priors *p, uint32_t id)
{
	size_t len;
	const char *text = dict_text(p->ids->category, id, &len);
	set_category(p, id, model_find_share(p->model, text, len));
}

static uint16_t tag_of(const struct priors *p, uint32_t id)
{
	size_t len;
	const char *text = dict_text(p->ids->item, id, &len);
	return (uint16_t)XXH64(text, len, 0);
}

static void take_item(struct priors *p, uint32_t id)
{
	size_t len;
	const char *text = dict_text(p->ids->item, id, &len);
	const struct model_item *i = model_find_item(p->model, text, len);
	p->item[id] = (struct item_prior){ i ? (uint32_t)(i - p->model->item) : UINT32_MAX,
		tag_of(p, id) };
}

/* The first of many: those of the model are looked up among the numbers, which are hashed, instead
 * of the numbers among those of the model.
 */
static void take_all_items(struct priors *p, uint32_t n)
{
	const struct model *m = p->model;
	for (p->n_items = 0; p->n_items < n; p->n_items++)
		p->item[p->n_items] = (struct item_prior){ UINT32_MAX, tag_of(p, p->n_items) };
	for (uint32_t i = 0; i < m->n_items; i++) {
		uint32_t id = dict_find(p->ids->item, m->item[i].item, m->item[i].len);
		if (id < n)
			p->item[id].listed = i;
	}
}

int priors_grow(struct priors *p, struct err *e)
{
	uint32_t n = dict_size(p->ids->category);
	if (n > p->n_categories && !fit(&p->category, n, &p->cap_categories, sizeof *p->category))
		return no_memory(e);
	for (; p->n_categories < n; p->n_categories++)
		take_category(p, p->n_categories);
	if (!(p->model->channels & CHANNEL_BIT(CHANNEL_LEARNED)))
		return 0;
	n = dict_size(p->ids->item);
	if ((n > p->n_items || !p->item) && !fit(&p->item, n, &p->cap_items, sizeof *p->item))
		return no_memory(e);
	if (p->n_items == 0 && n > p->model->n_items / MODEL_ITEMS_A_LOOK)
		take_all_items(p, n);
	for (; p->n_items < n; p->n_items++)
		take_item(p, p->n_items);
	return 0;
}

int priors_init(struct priors *p, const struct model *m, const struct ids *ids, struct err *e)
{
	*p = (struct priors){ .model = m, .ids = ids };
	return priors_grow(p, e);
}

void priors_done(struct priors *p)
{
	mem_free(p->category);
	mem_free(p->item);
	*p = (struct priors){0};
}

unsigned priors_fold(const struct priors *p, int64_t time_ms, const struct sight *first)
{
	uint64_t h = htole64((uint64_t)time_ms);
	size_t len;
	if (p->model->n_folds == 0)
		return 0;
	h = XXH64(&h, sizeof h, 0);
	const char *text = dict_text(p->ids->category, first->category, &len);
	h = XXH64(text, len, h);
	text = dict_text(p->ids->item, first->item, &len);
	return model_fold(p->model, XXH64(text, len, h));
}

static float rows_of(const struct priors *p, uint32_t item, unsigned fold)
{
	uint32_t listed = item < p->n_items ? p->item[item].listed : UINT32_MAX;
	if (listed == UINT32_MAX)       /* or a row that was kept without its item */
		return 0;
	const struct model_item *i = &p->model->item[listed];
	return (float)(i->rows - i->fold_rows[fold]);
}

void priors_fill(const struct priors *p, unsigned fold, struct row *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct category_prior *c = &p->category[r[i].category];
		r[i].pi = c->pi[fold];
		r[i].pi_item = p->item ? (rows_of(p, r[i].item, fold) + MODEL_ITEM_PRIOR) *
			c->item_norm[fold] : 0;
	}
}
