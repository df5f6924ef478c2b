#include "detect/past.h"

#include <math.h>

#define TAIL .05f               /* of the onset's weight on either side of its interval */

/* Candidates of a channel, oldest first, with ln of their ratios. */
struct candidates {
	int64_t time_ms[PAST_ROWS];
	float log_ratio[PAST_ROWS];
	uint32_t n;
};

static void add(struct candidates *c, int64_t time_ms, float log_ratio)
{
	c->time_ms[c->n] = time_ms;
	c->log_ratio[c->n++] = log_ratio;
}

/* The ratios as weights (a flat prior over candidates): between which of them 90 % lie. */
static void find_interval(const struct candidates *c, struct past *p)
{
	float top = -INFINITY, sum = 0, below = 0;
	for (uint32_t i = 0; i < c->n; i++)
		top = c->log_ratio[i] > top ? c->log_ratio[i] : top;
	for (uint32_t i = 0; i < c->n; i++)
		sum += formula_exp(c->log_ratio[i] - top);
	p->from_ms = p->to_ms = p->onset_ms;
	for (uint32_t i = 0; i < c->n; i++) {
		float w = formula_exp(c->log_ratio[i] - top) / sum;
		if (below <= TAIL && below + w > TAIL && c->time_ms[i] < p->from_ms)
			p->from_ms = c->time_ms[i];
		if (below < 1 - TAIL && below + w >= 1 - TAIL && c->time_ms[i] > p->to_ms)
			p->to_ms = c->time_ms[i];
		below += w;
	}
}

static void from_mixture(struct past *p, const struct mixture *x)
{
	struct candidates c = {0};
	uint32_t oldest = x->n < MIXTURE_WINDOW ? x->n : MIXTURE_WINDOW, age = mixture_age(x);
	p->onset_ms = mixture_time_ms(x, age);
	for (uint32_t a = oldest; a >= MIXTURE_AFTER; a--)
		if (mixture_log_ratio(x, a) > -INFINITY)
			add(&c, mixture_time_ms(x, a), mixture_log_ratio(x, a));
	find_interval(&c, p);
	p->n = age;
}

static uint32_t from_learned(struct past *p, const struct learned *x)
{
	struct candidates c = {0};
	int best = learned_best(x);
	p->onset_ms = learned_time_ms(x, best);
	for (uint32_t i = 0; i < x->n_taus; i++)
		if (x->n_counts[i] >= LEARNED_AFTER)
			add(&c, learned_time_ms(x, (int)i), (float)x->log_ratio[i] / LEARNED_UNIT);
	find_interval(&c, p);
	return x->n_rows[best] < LEARNED_ROWS ? x->n_rows[best] : LEARNED_ROWS;
}

/* Rows in which the newest `n_counts` counts are, or all that are known. */
static uint32_t rows_with(const struct learned *x, uint32_t n_counts)
{
	uint32_t known = x->rows < LEARNED_ROWS ? x->rows : LEARNED_ROWS, age = 0;
	struct row r;
	while (age < known && n_counts > 0) {
		learned_row(x, ++age, &r);
		n_counts -= r.flags & ROW_COUNT;
	}
	return age;
}

/* When the row so many rows ago was, as far as candidates tell; oldest: in which session. */
static int64_t time_of(const struct learned *x, uint32_t age, const struct past *p, bool *ret_opens)
{
	int64_t time_ms = p->onset_ms;
	*ret_opens = false;
	for (uint32_t i = 0; i < x->n_taus; i++)
		if (x->n_rows[i] >= age) {
			time_ms = learned_time_ms(x, (int)i);
			*ret_opens = x->n_rows[i] == age;
		}
	return time_ms;
}

static void take_rows(struct past *p, const struct learned *x, const struct profile *who)
{
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t age = p->n - i;
		bool opens;
		struct row *r = &p->row[i];
		learned_row(x, age, r);
		r->time_ms = time_of(x, age, p, &opens);
		r->category = profile_category(who, r->place);
		r->item = UINT32_MAX;
		r->flags |= opens ? ROW_OPENS : 0;
	}
}

static void take_counts(struct past *p, const struct mixture *x)
{
	for (uint32_t i = 0; i < p->n; i++)
		p->row[i] = (struct row){ .category = mixture_category(x, p->n - i),
			.time_ms = mixture_time_ms(x, p->n - i), .item = UINT32_MAX,
			.flags = ROW_COUNT };
}

void past_init(struct past *p, const struct slot_state *s, const struct profile *who,
	enum channel channel, unsigned channels)
{
	*p = (struct past){0};
	if (channel == CHANNEL_MIXTURE)
		from_mixture(p, &s->mixture);
	else
		p->n = from_learned(p, &s->learned);
	if (channels & CHANNEL_BIT(CHANNEL_LEARNED)) {
		if (channel == CHANNEL_MIXTURE)
			p->n = rows_with(&s->learned, p->n);
		take_rows(p, &s->learned, who);
	} else {
		take_counts(p, &s->mixture);
	}
	for (uint32_t i = 0; i < p->n; i++) {
		bool last = i + 1 == p->n || p->row[i + 1].time_ms != p->row[i].time_ms;
		p->row[i].flags |= last ? ROW_LAST : 0;
		p->n_counts += p->row[i].flags & ROW_COUNT;
	}
}
