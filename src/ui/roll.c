#include "ui/roll.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "engine/feed.h"

void roll_done(struct roll *r)
{
	mem_free(r->alert);
	mem_free(r->newest);
	*r = (struct roll){ 0 };
}

static uint32_t grown(uint32_t cap, uint32_t least)
{
	uint64_t n = cap < 256 ? 256 : (uint64_t)cap + cap / 2;

	return n < least ? least : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static int reserve_alerts(struct roll *r, uint32_t n)
{
	uint32_t cap = grown(r->cap, n);
	struct roll_alert *more;

	if (n <= r->cap)
		return 0;
	more = mem_resize(r->alert, cap, sizeof *more);
	if (!more)
		return -ENOMEM;
	r->alert = more;
	r->cap = cap;
	return 0;
}

static int reserve_user(struct roll *r, uint32_t user)
{
	uint32_t n = grown(r->n_users, user + 1);
	uint32_t *more;

	if (user < r->n_users)
		return 0;
	more = mem_resize(r->newest, n, sizeof *more);
	if (!more)
		return -ENOMEM;
	memset(more + r->n_users, 0xff, (n - r->n_users) * sizeof *more);
	r->newest = more;
	r->n_users = n;
	return 0;
}

int roll_sync(struct roll *r, struct feed *f, uint32_t n)
{
	if (reserve_alerts(r, n) < 0)
		return -ENOMEM;
	for (; r->n < n; r->n++) {
		uint32_t user = feed_alert(f, r->n)->f.user, before;

		if (reserve_user(r, user) < 0)
			return -ENOMEM;
		before = r->newest[user];
		r->alert[r->n] = (struct roll_alert){
			.before = before,
			.nth = before == ROLL_NONE ? 1 : r->alert[before].nth + 1,
		};
		r->newest[user] = r->n;
	}
	return 0;
}

uint32_t roll_newest(const struct roll *r, uint32_t user, uint32_t n)
{
	uint32_t i = user < r->n_users ? r->newest[user] : ROLL_NONE;

	while (i != ROLL_NONE && i >= n)
		i = r->alert[i].before;
	return i;
}
