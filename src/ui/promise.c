#include "ui/promise.h"

#include "model/model.h"
#include "ui/ui.h"
#include "ui/words.h"

#define DAY_MS 86400000.0

static void judge(struct promise *p, uint32_t n_alerts)
{
	p->is_broken = p->so_far >= PROMISE_LEAST && n_alerts > PROMISE_TOO_MANY * p->so_far;
}

bool promise_of(const struct model *m, const struct promise_log *l, struct promise *ret)
{
	if (!m || l->span_ms <= 0 || !((ret->day = model_promised_day(m, l->n_users)) > 0))
		return false;
	ret->kud = m->at_risk_per_day > 0 ? m->budget_kud :
		m->channels & CHANNEL_BIT(CHANNEL_VOLUME) ? m->volume.pledge.budget_kud :
		m->forecast.pledge.budget_kud;
	ret->so_far = ret->day * (double)l->span_ms / DAY_MS;
	judge(ret, l->n_alerts);
	return true;
}

/* A live run has added up what was promised as it went, by the model of each time. */
static bool promise_now(const struct ui *u, struct promise *ret, uint32_t *ret_n)
{
	const struct snapshot *s = u->snap;
	struct promise_log log = { s->data_ms - s->first_ms, s->users, s->n_alerts };

	if (!promise_of(u->feed->model, &log, ret))
		return false;
	*ret_n = s->n_alerts;
	if (s->live) {
		*ret_n = s->n_promised;
		ret->so_far = s->promised;
		judge(ret, *ret_n);
	}
	return true;
}

void promise_add(const struct ui *u, struct parts *p, unsigned rank)
{
	const struct snapshot *s = u->snap;
	char n[WORDS_MAX];
	struct promise q;
	uint32_t n_alerts;
	struct part *part;

	/* Of a live run it is not known when what its store keeps begins to be all there was. */
	if (s->twin.is_on || !promise_now(u, &q, &n_alerts))
		return;
	part = parts_add(p, rank, q.is_broken ? INK_HIGH : INK_DIM,
		"%s alert%s, %.*f promised so far%s", words_count(n_alerts, n),
		n_alerts == 1 ? "" : "s", q.so_far < 10, q.so_far,
		q.is_broken ? ": TOO MANY" : "");
	part->is_right = true;
	parts_add(p, rank + 1, INK_DIM, "(%s a day, %.3g/kud)", words_figure(q.day, n),
		q.kud)->gap = 1;
}
