#include "learn/sample.h"

#include <errno.h>
#include <xxhash.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "series/history.h"

static uint64_t hash_of(const struct ids *ids, uint32_t user)
{
	size_t len;
	const char *text = dict_text(ids->user, user, &len);
	return XXH64(text, len, 0);
}

static uint32_t n_events(const struct history *h, uint32_t user)
{
	struct user_events u;
	history_user(h, user, &u);
	return u.n;
}

int sample_users(struct sample *s, const struct history *h, const struct ids *ids, uint32_t want,
	uint32_t min_events, struct err *e)
{
	*s = (struct sample){0};
	uint32_t users = history_n_users(h);
	for (uint32_t u = 0; u < users; u++)
		s->n_eligible += n_events(h, u) >= min_events;
	uint64_t bar = s->n_eligible <= want ? UINT64_MAX : UINT64_MAX / s->n_eligible * want;
	s->user = mem_get(s->n_eligible ? s->n_eligible : 1, sizeof *s->user);
	if (!s->user)
		return err_set(e, -ENOMEM, "could not choose users to fit on: out of memory");
	for (uint32_t u = 0; u < users; u++)
		if (n_events(h, u) >= min_events && hash_of(ids, u) <= bar)
			s->user[s->n++] = u;
	return 0;
}

void sample_done(struct sample *s)
{
	mem_free(s->user);
	*s = (struct sample){0};
}
