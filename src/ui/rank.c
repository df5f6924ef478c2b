#include "ui/rank.h"

#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/mem.h"
#include "ui/ui.h"

/* The first eight bytes of what is compared, as a number: most pairs need nothing else. */
struct key {
	uint64_t first;
	uint32_t alert;
};

struct ranks {
	struct ui *u;
	enum list_sort by;
	size_t skip;            /* bytes that all the users sorted now have in common */
};

static const struct finding *finding(const struct ranks *r, uint32_t alert)
{
	return &feed_alert(r->u->feed, alert)->f;
}

static int cmp(const struct ranks *r, uint32_t i, uint32_t k)
{
	const struct finding *x = finding(r, i), *y = finding(r, k);
	int c = 0;

	if (r->by == LIST_SCORE)
		c = (x->score > y->score) - (x->score < y->score);
	else if (x->user != y->user)
		c = dict_cmp(r->u->feed->ids->user, y->user, x->user);
	return c ? c : (i > k) - (i < k);
}

static int cmp_keys(const void *a, const void *b, void *ctx)
{
	const struct key *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return cmp(ctx, x->alert, y->alert);
}

/* Bits of floats are in their order once the sign is taken care of; + 0 makes one zero of two. */
static uint64_t first_of_score(float score)
{
	uint32_t bits;

	score += 0.f;
	memcpy(&bits, &score, sizeof bits);
	return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static uint64_t first_of_user(const struct ranks *r, uint32_t user)
{
	size_t len, i;
	const char *s = dict_text(r->u->feed->ids->user, user, &len);
	uint64_t first = 0;

	for (i = r->skip; i < r->skip + sizeof first; i++)
		first = first << 8 | (i < len ? (unsigned char)s[i] : 0);
	return ~first;
}

static size_t in_common(const struct ranks *r, const struct key *key, uint32_t n)
{
	const struct dict *d = r->u->feed->ids->user;
	size_t len, common = 0;
	const char *s = dict_text(d, finding(r, key[0].alert)->user, &common);
	uint32_t k;

	for (k = 1; k < n && common; k++) {
		const char *other = dict_text(d, finding(r, key[k].alert)->user, &len);
		size_t i = 0;

		while (i < common && i < len && other[i] == s[i])
			i++;
		common = i;
	}
	return common;
}

static void sort(struct ranks *r, struct key *key, uint32_t n)
{
	uint32_t k;

	if (r->by == LIST_USER)
		r->skip = in_common(r, key, n);
	for (k = 0; k < n; k++) {
		const struct finding *f = finding(r, key[k].alert);

		key[k].first = r->by == LIST_SCORE ? first_of_score(f->score)
			: first_of_user(r, f->user);
	}
	qsort_r(key, n, sizeof *key, cmp_keys, r);
}

/* How many of n alerts in order come before one. */
static uint32_t place_of(const struct ranks *r, const uint32_t *alert, uint32_t n, uint32_t one)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (cmp(r, alert[middle], one) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool rank_merge(struct ui *u, enum list_sort by, uint32_t *alert, uint32_t old, uint32_t n)
{
	struct ranks r = { .u = u, .by = by };
	uint32_t k, end = old, place;
	struct key *key;

	if (n == old)
		return true;
	key = mem_get(n - old, sizeof *key);
	if (!key)
		return false;
	for (k = old; k < n; k++)
		key[k - old].alert = alert[k];
	sort(&r, key, n - old);
	for (k = n - old; k-- > 0; end = place) {
		place = place_of(&r, alert, end, key[k].alert);
		memmove(&alert[place + k + 1], &alert[place], (end - place) * sizeof *alert);
		alert[place + k] = key[k].alert;
	}
	mem_free(key);
	return true;
}
