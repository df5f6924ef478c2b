/* priors.h - a model's shares by the numbers of a run's dictionaries, ready to be looked up.
 *
 * Each user is judged by the shares that its fold may know (model.h). Numbers that arrive later are
 * taken in by priors_grow(). Memory: 44 bytes a category, 8 an item. Owner: whoever grows it; in
 * between any thread may read.
 */
#ifndef DETECT_PRIORS_H
#define DETECT_PRIORS_H

#include <stdint.h>

#include "model/model.h"
#include "series/profile.h"

struct err;
struct ids;

struct category_prior {
	float pi[MODEL_FOLDS];
	float item_norm[MODEL_FOLDS];
};

struct item_prior {
	uint32_t listed;        /* index among the model's items, UINT32_MAX: not one of them */
	uint16_t tag;
};

struct priors {
	const struct model *model;      /* borrowed, like ids */
	const struct ids *ids;
	struct category_prior *category;
	struct item_prior *item;        /* NULL: no channel looks at items */
	uint32_t n_categories, n_items, cap_categories, cap_items;
};

int priors_init(struct priors *p, const struct model *m, const struct ids *ids, struct err *e);
void priors_done(struct priors *p);
/* Takes in the numbers there are now. */
int priors_grow(struct priors *p, struct err *e);

/* Of numbers that priors_grow() has taken in. */
static inline uint16_t priors_tag(const struct priors *p, uint32_t item)
{
	return p->item ? p->item[item].tag : 0;
}
/* Of a user whose first event is this. */
unsigned priors_fold(const struct priors *p, int64_t time_ms, const struct sight *first);
void priors_fill(const struct priors *p, unsigned fold, struct row *r, uint32_t n);

#endif
