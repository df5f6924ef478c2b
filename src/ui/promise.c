#include "ui/promise.h"

#include "model/model.h"
#include "ui/ui.h"
#include "ui/words.h"

#define DAY_MS 86400000.0

/* Those that have a budget of their own have users at risk of their own. */
static double day_beside(const struct model *m, enum channel c, const struct pledge *p)
{
	return m->channels & CHANNEL_BIT(c) ? p->budget_kud * p->at_risk_per_day / 1000 : 0;
}

bool promise_of(const struct model *m, const struct promise_log *l, struct promise *ret)
{
	if (!m || !m->n_users || l->span_ms <= 0)
		return false;
	ret->day = m->budget_kud * m->at_risk_per_day / 1000 +
		day_beside(m, CHANNEL_VOLUME, &m->volume.pledge) +
		day_beside(m, CHANNEL_FORECAST, &m->forecast.pledge);
	if (!(ret->day > 0))
		return false;
	ret->kud = m->at_risk_per_day > 0 ? m->budget_kud :
		m->channels & CHANNEL_BIT(CHANNEL_VOLUME) ? m->volume.pledge.budget_kud :
		m->forecast.pledge.budget_kud;
	ret->day *= (double)l->n_users / (double)m->n_users;
	ret->so_far = ret->day * (double)l->span_ms / DAY_MS;
	ret->is_broken = ret->so_far >= PROMISE_LEAST
		&& l->n_alerts > PROMISE_TOO_MANY * ret->so_far;
	return true;
}

void promise_add(const struct ui *u, struct parts *p, unsigned rank)
{
	const struct snapshot *s = u->snap;
	const struct model *m = u->feed->model;
	char n[WORDS_MAX];
	struct promise q;
	struct part *part;

	/* Of a live run it is not known when what its store keeps begins to be all there was. */
	if (s->twin.is_on || !promise_of(m, &(struct promise_log){ s->data_ms - s->first_ms,
		s->users, s->n_alerts }, &q))
		return;
	part = parts_add(p, rank, q.is_broken ? INK_HIGH : INK_DIM,
		"%s alert%s, %.*f promised so far%s", words_count(s->n_alerts, n),
		s->n_alerts == 1 ? "" : "s", q.so_far < 10, q.so_far,
		q.is_broken ? ": TOO MANY" : "");
	part->is_right = true;
	parts_add(p, rank + 1, INK_DIM, "(%s a day, %.3g/kud)", words_figure(q.day, n),
		q.kud)->gap = 1;
}
