#include "engine/portrait.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/tracker.h"
#include "engine/tally.h"
#include "model/model.h"

/* A portrait in the making. */
struct easel {
	struct portrait *p;
	const struct portrait_options *o;
	const struct ids *ids;
	struct ids own;         /* of what the user looked at, while changes are found */
	const struct model *model;
	struct tally tally;
	uint32_t cap_findings;
	uint32_t first_now;     /* index of the first event of `now` */
	double sum_before, sum_since;
};

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not draw a user: out of memory");
}

/* The newest alert's categories come first, whatever their share: they are what it is about. */
static int pin_of(const struct easel *w, uint32_t category)
{
	const struct portrait *p = w->p;
	const struct finding *f = p->n_findings ? &p->finding[p->n_findings - 1] : NULL;

	return f && category == f->to ? 0 : f && category == f->from ? 1 : 2;
}

static int row_cmp(const void *a, const void *b, void *ctx)
{
	const struct easel *w = ctx;
	const struct tally_row *x = a, *y = b;
	double vx = score_value(&x->since, w->o->score), vy = score_value(&y->since, w->o->score);

	int pin_x = pin_of(w, x->category), pin_y = pin_of(w, y->category);

	if (pin_x != pin_y)
		return pin_x - pin_y;
	if (vx != vy)
		return vx > vy ? -1 : 1;
	return dict_cmp(w->ids->category, x->category, y->category);
}

/* The cell of a moment: cells are open on the left, so that the last one ends at upto_ms. */
static bool find_cell(const struct portrait *p, int64_t t_ms, uint32_t *ret)
{
	if (t_ms <= p->from_ms || !p->n_cells)
		return false;
	*ret = (uint32_t)((t_ms - p->from_ms - 1) / p->cell_ms);
	return *ret < p->n_cells;
}

static void lay_cells(struct portrait *p, const struct portrait_options *o)
{
	int64_t span_ms = o->span_ms;

	if (span_ms <= 0)
		span_ms = p->n_events ? o->upto_ms - p->first_ms + 1 : 1;
	p->n_cells = o->n_cells < PORTRAIT_CELLS_MAX ? o->n_cells : PORTRAIT_CELLS_MAX;
	p->cell_ms = 1;
	if (p->n_cells)
		p->cell_ms = (span_ms + p->n_cells - 1) / p->n_cells;
	p->from_ms = o->upto_ms - o->back_ms - p->cell_ms * p->n_cells;
	for (uint32_t i = 0; i < PORTRAIT_CELLS_MAX; i++)
		p->score[i] = NAN;
}

static void see_score(struct portrait *p, int64_t t_ms, float score)
{
	uint32_t cell;

	if (find_cell(p, t_ms, &cell) && !(p->score[cell] >= score))
		p->score[cell] = score;
}

/* An alert restarts its user, so the score that raised it is seen here or nowhere. */
static int take_finding(void *ctx, const struct shard_event *ev, struct err *e)
{
	const struct finding *f = &ev->finding;
	struct easel *w = ctx;
	struct portrait *p = w->p;

	if (ev->kind != SHARD_FOUND)
		return 0;
	if (p->n_findings == w->cap_findings) {
		uint32_t cap = w->cap_findings ? w->cap_findings * 2 : 8;
		struct finding *more = mem_resize(p->finding, cap, sizeof(*more));

		if (!more)
			return no_memory(e);
		p->finding = more;
		w->cap_findings = cap;
	}
	p->finding[p->n_findings] = *f;
	p->finding[p->n_findings++].user = p->user;
	see_score(p, f->time_ms, f->score);
	return 0;
}

/* A finding's categories have the numbers of the user's own ids. */
static uint32_t number_of(const struct easel *w, uint32_t own)
{
	const char *text;
	size_t len;

	if (own == DICT_NONE)
		return own;
	text = dict_text(w->own.category, own, &len);
	return dict_find(w->ids->category, text, len);
}

static int track(struct easel *w, struct tracker *t, struct event *ev, struct err *e)
{
	struct portrait *p = w->p;

	for (uint32_t i = 0, end; i < p->n_events; i = end) {
		struct standing now;

		end = i + 1;
		while (end < p->n_events && ev[end].time_ms == ev[i].time_ms)
			end++;
		if (tracker_feed(t, ev + i, end - i, take_finding, w, e) < 0)
			return e->code;
		tracker_standing(t, 0, &now);
		if (isfinite(now.score))
			see_score(p, ev[i].time_ms, now.score);
	}
	return tracker_advance(t, w->o->horizon_ms, take_finding, w, e);
}

static uint32_t own_id(struct dict *own, const struct dict *all, uint32_t id)
{
	size_t len;
	const char *text = dict_text(all, id, &len);

	return dict_id(own, text, len);
}

/* The events with numbers of their own, of one user, number 0: a tracker keeps a place for every
 * number there is, and looks each up in the model, which of a whole log takes long.
 */
static struct event *renumber(struct easel *w, struct err *e)
{
	const struct portrait *p = w->p;
	struct event *ev = mem_get(p->n_events + 1ul, sizeof(*ev));

	for (uint32_t i = 0; ev && i < p->n_events; i++) {
		ev[i] = p->event[i];
		ev[i].user = 0;
		ev[i].category = own_id(w->own.category, w->ids->category, ev[i].category);
		ev[i].item = own_id(w->own.item, w->ids->item, ev[i].item);
		if (ev[i].category == DICT_NONE || ev[i].item == DICT_NONE) {
			mem_free(ev);
			ev = NULL;
		}
	}
	if (!ev)
		no_memory(e);
	return ev;
}

static int find_changes(struct easel *w, struct err *e)
{
	struct portrait *p = w->p;
	struct tracker *t = NULL;
	struct event *ev = NULL;
	int code;

	if (!w->model)
		return 0;
	p->threshold = model_lowest_threshold(w->model);
	if (ids_init(&w->own, e) == 0 && (ev = renumber(w, e)) != NULL
		&& (t = tracker_new(w->model, &w->own, "cpu", e)) != NULL)
		code = track(w, t, ev, e);
	else
		code = e->code;
	for (uint32_t i = 0; i < p->n_findings; i++) {
		p->finding[i].from = number_of(w, p->finding[i].from);
		p->finding[i].to = number_of(w, p->finding[i].to);
	}
	tracker_free(t);
	mem_free(ev);
	ids_done(&w->own);
	return code;
}

/* Since the onset of the newest alert, or the last quarter of the events. */
static void split_now(struct easel *w)
{
	const struct portrait *p = w->p;
	uint32_t i = p->n_events - (p->n_events + 3) / 4;

	if (p->n_findings)
		i = 0;
	while (p->n_findings && p->event[i].time_ms < p->finding[p->n_findings - 1].onset_ms)
		i++;
	w->first_now = i;
}

static int sum_up(struct easel *w, struct err *e)
{
	struct portrait *p = w->p;
	uint32_t *category = mem_get(p->n_events + 1ul, sizeof(*category));
	int code;

	if (!category)
		return no_memory(e);
	for (uint32_t i = 0; i < p->n_events; i++)
		category[i] = p->event[i].category;
	code = tally_init(&w->tally, category, p->n_events, e);
	mem_free(category);
	if (code < 0)
		return code;
	for (uint32_t i = 0; i < p->n_events; i++) {
		const struct event *ev = &p->event[i];
		struct tally_row *r = tally_find(&w->tally, ev->category);

		r->n_events++;
		r->last_ms = ev->time_ms;
		score_add(i < w->first_now ? &r->before : &r->since, w->o->score, ev->behaviour,
			ev->price, ev->quantity);
	}
	return 0;
}

static float share(const struct score_sum *s, double sum, enum score_kind kind)
{
	double value = score_value(s, kind);

	return sum > 0 && value > 0 ? (float)(value / sum) : 0;
}

static void add_to_row(struct easel *w, struct portrait_row *to, const struct tally_row *from)
{
	to->n_events += from->n_events;
	to->now += share(&from->since, w->sum_since, w->o->score);
	to->base += share(&from->before, w->sum_before, w->o->score);
	if (from->last_ms > to->last_ms)
		to->last_ms = from->last_ms;
}

static int make_rows(struct easel *w, struct err *e)
{
	struct portrait *p = w->p;
	uint32_t n = w->tally.n, cap = w->o->max_rows ? w->o->max_rows : n;
	bool rest = n > cap;

	qsort_r(w->tally.row, n, sizeof(*w->tally.row), row_cmp, w);
	for (uint32_t i = 0; i < n; i++) {
		w->sum_since += fmax(score_value(&w->tally.row[i].since, w->o->score), 0);
		w->sum_before += fmax(score_value(&w->tally.row[i].before, w->o->score), 0);
	}
	p->n_rows = rest ? cap : n;
	p->row = mem_get(p->n_rows + 1ul, sizeof(*p->row));
	if (!p->row)
		return no_memory(e);
	for (uint32_t i = 0; i < p->n_rows; i++) {
		p->row[i].category = w->tally.row[i].category;
		p->row[i].last_ms = INT64_MIN;
	}
	for (uint32_t i = 0; i < n; i++)
		add_to_row(w, &p->row[i < p->n_rows ? i : p->n_rows - 1], &w->tally.row[i]);
	if (rest) {
		p->row[cap - 1].category = DICT_NONE;
		p->row[cap - 1].n_rest = n - cap + 1;
	}
	return 0;
}

static struct score_sum *row_sums(struct easel *w, struct score_sum *sum, uint32_t category)
{
	struct portrait *p = w->p;
	uint32_t i = 0;

	while (p->row[i].category != category && p->row[i].category != DICT_NONE)
		i++;
	return sum + (size_t)i * p->n_cells;
}

static int fill_cells(struct easel *w, struct err *e)
{
	struct portrait *p = w->p;
	struct score_sum *sum = mem_get((size_t)p->n_rows * p->n_cells + 1, sizeof(*sum));
	uint32_t cell;

	if (!sum)
		return no_memory(e);
	for (uint32_t i = 0; i < p->n_events; i++) {
		const struct event *ev = &p->event[i];

		if (find_cell(p, ev->time_ms, &cell))
			score_add(row_sums(w, sum, ev->category) + cell, w->o->score, ev->behaviour,
				ev->price, ev->quantity);
	}
	for (uint32_t r = 0; r < p->n_rows; r++)
		for (cell = 0; cell < p->n_cells; cell++)
			p->row[r].cell[cell] =
				(float)score_value(&sum[r * p->n_cells + cell], w->o->score);
	mem_free(sum);
	return 0;
}

int portrait_make(struct portrait *p, uint32_t user, struct event *ev, uint32_t n,
	const struct model *m, const struct ids *ids, const struct portrait_options *o,
	struct err *e)
{
	struct easel w = { .p = p, .o = o, .ids = ids, .model = m };
	int code;

	while (n && ev[n - 1].time_ms > o->upto_ms)
		n--;
	*p = (struct portrait){ .user = user, .event = ev, .n_events = n };
	if (n) {
		p->first_ms = ev[0].time_ms;
		p->last_ms = ev[n - 1].time_ms;
	}
	lay_cells(p, o);
	code = find_changes(&w, e);
	split_now(&w);
	if (code == 0)
		code = sum_up(&w, e);
	if (code == 0)
		code = make_rows(&w, e);
	if (code == 0)
		code = fill_cells(&w, e);
	tally_done(&w.tally);
	if (code < 0)
		portrait_done(p);
	return code;
}

void portrait_done(struct portrait *p)
{
	mem_free(p->row);
	mem_free(p->finding);
	mem_free(p->event);
	*p = (struct portrait){0};
}
