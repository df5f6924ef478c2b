/* The ingest thread: rows as they arrive, held back until their time has passed, handed on. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "engine/live_gauge.h"
#include "engine/live_parts.h"

#define WAIT_MS 100             /* how soon a wish to stop is seen */
#define SEND_MS 500             /* how often the console hears of rows that are only held */
#define IDLE_MS 1000
#define DAY_MS 86400000

void live_said(void *live, enum notice_level level, const char *line)
{
	struct live *l = live;
	text_addf(&l->said, "%d%s\n", level, line);
}

static int64_t wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static bool grow(void *array, uint32_t *cap, uint32_t need, size_t size)
{
	void **p = array, *bigger;
	if (need <= *cap)
		return true;
	bigger = mem_resize(*p, need + need / 2, size);
	if (!bigger)
		return false;
	*p = bigger;
	*cap = need + need / 2;
	return true;
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM,
		"could not hold more rows back: out of memory (see --memory, --lateness)");
}

/* Where the sources stand; those not seen before get a voice in the order. */
static int take_places(struct live *l, struct err *e)
{
	struct live_item *it = l->now;
	uint32_t n = follow_places(l->follow, it->place, it->cap_places);
	if (n > it->cap_places) {
		if (!grow(&it->place, &it->cap_places, n, sizeof *it->place))
			return no_memory(e);
		n = follow_places(l->follow, it->place, it->cap_places);
	}
	it->n_places = n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t source = it->place[i].source;
		if (source >= l->n_known) {
			bool *known = mem_resize(l->known, source + 1, sizeof *known);
			if (!known)
				return no_memory(e);
			memset(known + l->n_known, 0, source + 1 - l->n_known);
			l->known = known;
			l->n_known = source + 1;
		}
		if (!l->known[source] && order_start(l->order, source) < 0)
			return no_memory(e);
		l->known[source] = true;
	}
	return 0;
}

/* Sources that are silent hold nobody back. With `once` only the end counts: how long a disk or a
 * pipe took must not decide which rows are late.
 */
static void let_pass(struct live *l)
{
	int64_t enough = l->o.lateness_ms > IDLE_MS ? l->o.lateness_ms : IDLE_MS;
	for (uint32_t i = 0; i < l->now->n_places; i++) {
		const struct follow_place *p = &l->now->place[i];
		if (p->ended || (!l->o.follow.once && follow_quiet_ms(l->follow, p->source) >=
			enough))
			order_idle(l->order, p->source);
	}
}

/* Offsets go down to the oldest row held; what is wholly done is forgotten. */
static void settle_places(struct live *l)
{
	struct live_item *it = l->now;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < it->n_places; i++) {
		struct follow_place p = it->place[i];
		uint64_t low = order_low_offset(l->order, p.source);
		if (p.ended && p.old && low == UINT64_MAX) {
			follow_forget(l->follow, p.source);
			l->known[p.source] = false;
			continue;
		}
		p.offset = low < p.offset ? low : p.offset;
		it->place[kept++] = p;
	}
	it->n_places = kept;
}

static int add_rejects(struct live_item *it, const struct reject_row *r, uint32_t n)
{
	if (!grow(&it->reject, &it->cap_rejects, it->n_rejects + n, sizeof *r))
		return -ENOMEM;
	if (n > 0)
		memcpy(it->reject + it->n_rejects, r, n * sizeof *r);
	it->n_rejects += n;
	return 0;
}

static int refuse(struct live *l, uint64_t offset, uint32_t *n_kept)
{
	struct reject_row row;
	l->now->late++;
	if ((*n_kept)++ >= l->o.follow.keep_rejects)
		return 0;
	follow_row(l->follow, offset, &row);
	return add_rejects(l->now, &row, 1);
}

/* Rows that an earlier run took already are only held again: it has counted them. */
static int take_batch(struct live *l, const struct batch *b, struct err *e)
{
	struct live_item *it = l->now;
	bool again = follow_is_again(l->follow);
	live_gauge_batch(l, b);
	uint32_t n_late = 0;
	int r = 0;
	if (!again) {
		it->rows += b->n_rows;
		for (int i = 0; i < REJECT_N; i++)
			it->unusable += b->rejected[i];
		r = add_rejects(it, b->reject, b->n_reject);
	}
	for (uint32_t i = 0; i < b->n && r >= 0; i++) {
		struct held h = { batch_get(b, i), b->source, b->offset[i] };
		r = order_put(l->order, &h);
		if (r == 0 && !again)
			r = refuse(l, h.offset, &n_late);
	}
	return r < 0 ? no_memory(e) : 0;
}

static int take_released(struct live *l, struct err *e)
{
	struct live_item *it = l->now;
	const struct held *ev;
	int64_t n = order_take(l->order, &ev);
	if (n < 0 || !grow(&it->ev, &it->cap, it->n + (uint32_t)n, sizeof *ev))
		return no_memory(e);
	if (n > 0)
		memcpy(it->ev + it->n, ev, (size_t)n * sizeof *ev);
	it->n += (uint32_t)n;
	it->released_ms = order_released(l->order);
	it->newest_ms = order_newest(l->order);
	return 0;
}

/* Hands the item on and waits for an idle one; false: detect is gone. */
static bool hand_on(struct live *l)
{
	struct live_item *it = l->now;
	struct text swap = it->notices;
	it->notices = l->said;
	l->said = swap;
	settle_places(l);
	follow_trouble(l->follow, it->trouble, sizeof it->trouble);
	memcpy(l->told, it->trouble, sizeof l->told);
	live_gauge_item(l);
	queue_put(&l->full, it);
	l->sent_tick_ms = live_tick_ms(l);
	l->now = queue_take(&l->idle);
	if (!l->now)
		return false;
	it = l->now;
	it->n = it->n_places = it->n_rejects = 0;
	it->rows = it->late = it->unusable = 0;
	text_clear(&it->notices);
	return true;
}

static bool is_worth_sending(const struct live *l)
{
	const struct live_item *it = l->now;
	char trouble[sizeof l->told];
	follow_trouble(l->follow, trouble, sizeof trouble);
	return it->n > 0 || it->n_rejects > 0 || it->late > 0 || it->unusable > 0 ||
		l->said.len > 0 || strcmp(trouble, l->told) != 0 ||
		(it->rows > 0 && live_tick_ms(l) - l->sent_tick_ms >= SEND_MS);
}

/* One round; 1: go on, 0: the end, or negative. */
static int round_of(struct live *l, struct err *e)
{
	struct batch *b = NULL;
	int next = follow_next(l->follow, WAIT_MS, &b, e);
	int r = next < 0 && next != -ENODATA ? next : take_places(l, e);
	if (r == 0 && b) {
		order_ceiling(l->order, wall_ms() + DAY_MS);
		r = take_batch(l, b, e);
	}
	batch_free(b);
	if (r < 0)
		return r;
	let_pass(l);
	if (next == -ENODATA)
		order_end(l->order);
	r = take_released(l, e);
	return r < 0 ? r : next != -ENODATA;
}

/* What came from a pipe cannot be read again: it is not left behind. */
static void drain_pipes(struct live *l, struct err *e)
{
	bool lost = false;
	if (take_places(l, e) < 0)
		return;
	for (uint32_t i = 0; i < l->now->n_places; i++)
		lost |= l->now->place[i].lost;
	if (lost)
		order_end(l->order);
	take_released(l, e);
}

void *live_ingest(void *live)
{
	struct live *l = live;
	struct err e = {0};
	int r = 1;
	l->now = queue_take(&l->idle);
	while (l->now && r > 0 && !l->stop) {
		r = round_of(l, &e);
		if (r > 0 && is_worth_sending(l) && !hand_on(l))
			break;
	}
	if (l->now) {
		if (r > 0)
			drain_pipes(l, &e);
		if (r < 0)
			l->now->n = l->now->n_places = 0;       /* half a round is not to be stored
				 * */
		l->now->failure = e;
		hand_on(l);
	}
	l->read_all = true;
	queue_close(&l->full);
	return NULL;
}
