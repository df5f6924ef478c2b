#include "learn/fit_parts.h"

#include "detect/priors.h"
#include "ingest/event.h"
#include "series/history.h"

int fit_each_row(const struct fit_walk *w, struct profile *p, uint32_t user)
{
	struct user_events u;
	history_user(w->f->h, user, &u);
	profile_reset(p);
	for (uint32_t i = 0; i < u.n && u.time_ms[i] <= w->f->until_ms; i++) {
		struct sight s = { u.category[i], u.item[i], priors_tag(w->priors, u.item[i]),
			u.behaviour[i] };
		struct row row;
		uint32_t n = p->n;
		if (u.behaviour[i] == BEHAVIOUR_RETURN)
			continue;
		if (profile_is_over(p, u.time_ms[i], w->gap_ms))
			profile_close(p);
		if (p->session == 0)
			p->fold = (uint8_t)priors_fold(w->priors, u.time_ms[i], &s);
		int r = profile_push(p, u.time_ms[i], &s, 1, &row);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		priors_fill(w->priors, p->fold, &row, 1);
		w->each(w->ctx, &row, n);
	}
	return 0;
}
