#include "ingest/event.h"

#include <errno.h>
#include <math.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

#define CAP_MIN 64u

const char *const behaviour_name[BEHAVIOUR_N] = {
	[BEHAVIOUR_VIEW] = "view", [BEHAVIOUR_CART] = "cart", [BEHAVIOUR_FAVOURITE] = "favourite",
	[BEHAVIOUR_BUY] = "buy", [BEHAVIOUR_OTHER] = "other", [BEHAVIOUR_RETURN] = "return",
};

const char *const reject_name[REJECT_N] = {
	[REJECT_TIME] = "no time", [REJECT_USER] = "missing user",
	[REJECT_CATEGORY] = "missing category", [REJECT_NUMBER] = "bad number",
	[REJECT_COLUMNS] = "too few columns", [REJECT_QUOTE] = "unclosed quote",
	[REJECT_LONG] = "line too long", [REJECT_LATE] = "late",
};

int ids_init(struct ids *ids, struct err *e)
{
	*ids = (struct ids){0};
	if ((ids->user = dict_new(e)) && (ids->item = dict_new(e)) && (ids->category = dict_new(e)))
		return 0;
	ids_done(ids);
	return -ENOMEM;
}

void ids_done(struct ids *ids)
{
	dict_free(ids->user);
	dict_free(ids->item);
	dict_free(ids->category);
	*ids = (struct ids){0};
}

/* The columns of a batch as a table, so that they grow in one loop. */
struct column {
	void **data;
	size_t size;
};

#define COLUMNS_ALWAYS 5u
#define COLUMNS_N 8u

/* Those that a batch may lack come last. */
static void columns_of(struct batch *b, struct column ret[COLUMNS_N])
{
	ret[0] = (struct column){(void **)&b->time_ms, sizeof(*b->time_ms)};
	ret[1] = (struct column){(void **)&b->user, sizeof(*b->user)};
	ret[2] = (struct column){(void **)&b->item, sizeof(*b->item)};
	ret[3] = (struct column){(void **)&b->category, sizeof(*b->category)};
	ret[4] = (struct column){(void **)&b->behaviour, sizeof(*b->behaviour)};
	ret[5] = (struct column){(void **)&b->price, sizeof(*b->price)};
	ret[6] = (struct column){(void **)&b->quantity, sizeof(*b->quantity)};
	ret[7] = (struct column){(void **)&b->offset, sizeof(*b->offset)};
}

struct batch *batch_new(uint32_t cap, bool with_price, bool with_quantity, bool with_offset,
	struct err *e)
{
	struct batch *b = mem_get(1, sizeof(*b));
	bool with[COLUMNS_N - COLUMNS_ALWAYS] = {with_price, with_quantity, with_offset};
	struct column column[COLUMNS_N];

	if (!b)
		goto fail;
	b->cap = cap > CAP_MIN ? cap : CAP_MIN;
	columns_of(b, column);
	for (uint32_t i = 0; i < COLUMNS_N; i++) {
		if (i >= COLUMNS_ALWAYS && !with[i - COLUMNS_ALWAYS])
			continue;
		/* Not mem_get(): what is about to be written need not be zeroed. */
		if (!(*column[i].data = mem_resize(NULL, b->cap, column[i].size)))
			goto fail;
	}
	return b;
fail:
	err_set(e, -ENOMEM, "could not make a batch of %u events: out of memory", cap);
	batch_free(b);
	return NULL;
}

void batch_free(struct batch *b)
{
	struct column column[COLUMNS_N];

	if (!b)
		return;
	columns_of(b, column);
	for (uint32_t i = 0; i < COLUMNS_N; i++)
		mem_free(*column[i].data);
	mem_free(b->reject);
	mem_free(b);
}

static bool grow(struct batch *b)
{
	struct column column[COLUMNS_N];

	if (b->cap > UINT32_MAX / 2)
		return false;
	columns_of(b, column);
	for (uint32_t i = 0; i < COLUMNS_N; i++) {
		if (i >= COLUMNS_ALWAYS && !*column[i].data)
			continue;
		void *p = mem_resize(*column[i].data, 2 * (size_t)b->cap, column[i].size);
		if (!p)
			return false;
		*column[i].data = p;
	}
	b->cap *= 2;
	return true;
}

bool batch_add(struct batch *b, const struct event *ev, uint64_t offset)
{
	if (b->n == b->cap && !grow(b))
		return false;
	b->time_ms[b->n] = ev->time_ms;
	b->user[b->n] = ev->user;
	b->item[b->n] = ev->item;
	b->category[b->n] = ev->category;
	b->behaviour[b->n] = ev->behaviour;
	if (b->price)
		b->price[b->n] = ev->price;
	if (b->quantity)
		b->quantity[b->n] = ev->quantity;
	if (b->offset)
		b->offset[b->n] = offset;
	b->n++;
	return true;
}

struct event batch_get(const struct batch *b, uint32_t i)
{
	return (struct event){
		.time_ms = b->time_ms[i], .user = b->user[i], .item = b->item[i],
		.category = b->category[i], .behaviour = b->behaviour[i],
		.price = b->price ? b->price[i] : NAN,
		.quantity = b->quantity ? b->quantity[i] : NAN,
	};
}
