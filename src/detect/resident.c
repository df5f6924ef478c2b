#include "detect/resident.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

#define NOWHERE UINT32_MAX
#define MOVED 256u              /* states moved at once */
#define ROWS_LEAST 200000u      /* of a journal, whatever the number of users: 8 MiB */
#define SAVES_ALONE 4u          /* between two steps; then all are fetched */

/* Where a slot's state is. Steps are numbered from 1; home knows those before `home`. */
struct place {
	uint32_t frame;                 /* slot of the device; NOWHERE */
	uint32_t home, last;            /* last: one more than its newest step */
	uint32_t used;                  /* in which part of which step: not to make room */
};

struct journal {
	struct row *row;
	struct run_of *run;             /* `first` is within the journal */
	struct {
		uint32_t step;
		enum step_mode mode;
	} *of;                          /* by run */
	uint32_t n_rows, cap_rows, n_runs, cap_runs;
};

struct resident {
	struct backend device, home;
	bool insists;
	struct err lost;                /* code 0: it is there */
	struct place *place;            /* by slot */
	uint32_t n_slots, cap_places;
	bool full;                      /* the device has no memory for more frames */
	uint32_t *slot_of;              /* by frame */
	uint32_t n_frames, cap_frames, n_taken, hand;
	uint32_t step, part, n_saves;
	struct journal journal;
	struct run_of *run;             /* of the part being stepped, by frames */
	uint32_t cap_run;
	struct verdict *dropped;
	uint32_t cap_dropped;
	uint32_t from[MOVED], to[MOVED];
	struct slot_state state[MOVED];
};

static struct resident *resident_of(const struct backend *b)
{
	return b->priv;
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not keep the state of users: out of memory");
}

/* Makes *array hold at least `need` elements; false when memory is out. */
static bool grow(void *array, uint32_t *cap, uint64_t need, size_t size)
{
	void **p = array;
	if (need <= *cap)
		return true;
	if (need > UINT32_MAX / 2)
		return false;
	void *bigger = mem_resize(*p, need + need / 2, size);
	if (!bigger)
		return false;
	*p = bigger;
	*cap = (uint32_t)(need + need / 2);
	return true;
}

static bool is_dirty(const struct resident *r, uint32_t slot)
{
	return r->place[slot].last > r->place[slot].home;
}

/* Giving up */

/* Steps again, at home, what it has not seen. */
static int replay(struct resident *r, struct err *e)
{
	const struct journal *j = &r->journal;
	int code = 0;
	for (uint32_t i = 0; i < j->n_runs && code == 0; i++) {
		struct runs one = { j->row, &j->run[i], 1, j->of[i].mode };
		uint32_t n;
		if (j->of[i].step < r->place[j->run[i].slot].home)
			continue;
		code = r->home.ops->step(&r->home, &one, r->dropped, &n, e);
	}
	return code;
}

static int give_up(struct resident *r, const struct err *why, struct err *e)
{
	int code = replay(r, e);
	r->lost = *why;
	r->journal.n_runs = r->journal.n_rows = 0;
	for (uint32_t i = 0; i < r->n_slots; i++)
		r->place[i].home = r->place[i].last;
	backend_close(&r->device);
	return code;
}

static bool is_lost(const struct resident *r)
{
	return r->lost.code < 0;
}

/* Whoever insists on the device is told, from then on. */
static int refuse(const struct resident *r, struct err *e)
{
	return r->insists ? err_set(e, r->lost.code, "%s", r->lost.text) : 0;
}

/* Between device and home */

/* The first n slots of r->from come home. */
static int fetch_some(struct resident *r, uint32_t n, struct err *why)
{
	for (uint32_t i = 0; i < n; i++)
		r->to[i] = r->place[r->from[i]].frame;
	int code = r->device.ops->save(&r->device, r->to, n, r->state, why);
	if (code == 0)
		code = r->home.ops->load(&r->home, r->from, n, r->state, why);
	for (uint32_t i = 0; i < n && code == 0; i++)
		r->place[r->from[i]].home = r->step;
	return code;
}

/* All that the journal speaks of, and it is empty. */
static int fetch_all(struct resident *r, struct err *why)
{
	struct journal *j = &r->journal;
	uint32_t n = 0;
	int code = 0;
	for (uint32_t i = 0; i < j->n_runs && code == 0; i++) {
		struct place *p = &r->place[j->run[i].slot];
		if (p->last <= p->home || j->of[i].step + 1 != p->last)
			continue;
		r->from[n++] = j->run[i].slot;
		if (n < MOVED)
			continue;
		code = fetch_some(r, n, why);
		n = 0;
	}
	if (code == 0 && n > 0)
		code = fetch_some(r, n, why);
	if (code == 0)
		j->n_runs = j->n_rows = 0;
	return code;
}

/* The first n slots of r->from, which have frames, go to the device. */
static int send_some(struct resident *r, uint32_t n, struct err *why)
{
	int code = r->home.ops->save(&r->home, r->from, n, r->state, why);
	for (uint32_t i = 0; i < n; i++)
		r->to[i] = r->place[r->from[i]].frame;
	return code < 0 ? code : r->device.ops->load(&r->device, r->to, n, r->state, why);
}

/* The next frame whose slot is not of this part; its slot comes home and loses it. */
static int make_room(struct resident *r, uint32_t *ret_frame, struct err *why)
{
	uint32_t frame, slot;
	int code = 0;
	do {
		frame = r->hand;
		r->hand = (r->hand + 1) % r->n_frames;
		slot = r->slot_of[frame];
	} while (r->place[slot].used == r->part);
	if (is_dirty(r, slot)) {
		/* Those next to go come with it. */
		uint32_t n = 0;
		for (uint32_t k = 0; k < r->n_frames && n < MOVED; k++) {
			uint32_t next = r->slot_of[(frame + k) % r->n_frames];
			if (r->place[next].used != r->part && is_dirty(r, next))
				r->from[n++] = next;
		}
		code = fetch_some(r, n, why);
	}
	if (code == 0)
		r->place[slot].frame = NOWHERE;
	*ret_frame = frame;
	return code;
}

/* A slot gets a frame; *ret_new: its state there is not the slot's yet. */
static int settle(struct resident *r, uint32_t slot, bool *ret_new, struct err *why)
{
	struct place *p = &r->place[slot];
	uint32_t frame;
	*ret_new = true;
	if (r->n_taken < r->n_frames) {
		*ret_new = p->last > 0 || p->home > 0;
		frame = r->n_taken++;
	} else {
		int code = make_room(r, &frame, why);
		if (code < 0)
			return code;
	}
	p->frame = frame;
	r->slot_of[frame] = slot;
	return 0;
}

/* All slots of these runs are on the device. */
static int bring(struct resident *r, const struct run_of *run, uint32_t n_runs, struct err *why)
{
	uint32_t n = 0, waiting[MOVED];
	int code = 0;
	r->part++;
	for (uint32_t i = 0; i < n_runs; i++)
		r->place[run[i].slot].used = r->part;
	for (uint32_t i = 0; i < n_runs && code == 0; i++) {
		bool is_new;
		if (r->place[run[i].slot].frame != NOWHERE)
			continue;
		code = settle(r, run[i].slot, &is_new, why);
		if (code == 0 && is_new)
			waiting[n++] = run[i].slot;
		if (code < 0 || (n < MOVED && i + 1 < n_runs))
			continue;
		for (uint32_t k = 0; k < n; k++)
			r->from[k] = waiting[k];
		code = n ? send_some(r, n, why) : 0;
		n = 0;
	}
	for (uint32_t k = 0; k < n; k++)
		r->from[k] = waiting[k];
	return code == 0 && n > 0 ? send_some(r, n, why) : code;
}

/* Steps */

/* A part of a step: runs whose rows are as many as given. */
struct part {
	const struct runs *runs;
	uint32_t first, end, n_rows;
};

static uint32_t rows_of(const struct run_of *run)
{
	return run->closes ? 0 : run->n;
}

/* Room for a part, in the journal and beside it. */
static bool has_room(struct resident *r, const struct part *p)
{
	struct journal *j = &r->journal;
	uint64_t runs = (uint64_t)j->n_runs + (p->end - p->first), rows = (uint64_t)j->n_rows +
		p->n_rows;
	uint32_t cap = j->cap_runs;
	return grow(&j->row, &j->cap_rows, rows, sizeof *j->row) &&
		grow(&j->run, &cap, runs, sizeof *j->run) &&
		grow(&j->of, &j->cap_runs, runs, sizeof *j->of) &&
		grow(&r->run, &r->cap_run, p->end - p->first, sizeof *r->run) &&
		grow(&r->dropped, &r->cap_dropped, p->n_rows + 1, sizeof *r->dropped);
}

static void write_down(struct resident *r, const struct part *p)
{
	struct journal *j = &r->journal;
	for (uint32_t i = p->first; i < p->end; i++) {
		const struct run_of *run = &p->runs->run[i];
		j->run[j->n_runs] = *run;
		j->run[j->n_runs].first = j->n_rows;
		j->of[j->n_runs].step = r->step;
		j->of[j->n_runs++].mode = p->runs->mode;
		for (uint32_t k = 0; k < rows_of(run); k++)
			j->row[j->n_rows++] = p->runs->row[run->first + k];
		r->place[run->slot].last = r->step + 1;
	}
	r->step++;
}

/* On the device; verdicts' runs are those of the whole step. */
static int step_there(struct resident *r, const struct part *p, struct verdict *ret,
	uint32_t *ret_n, struct err *why)
{
	uint32_t n_runs = p->end - p->first;
	struct runs there = { p->runs->row, r->run, n_runs, p->runs->mode };
	int code = bring(r, p->runs->run + p->first, n_runs, why);
	if (code < 0)
		return code;
	for (uint32_t i = 0; i < n_runs; i++) {
		r->run[i] = p->runs->run[p->first + i];
		r->run[i].slot = r->place[r->run[i].slot].frame;
	}
	return r->device.ops->step(&r->device, &there, ret, ret_n, why);
}

static int step_home(struct resident *r, const struct part *p, struct verdict *ret,
	uint32_t *ret_n, struct err *e)
{
	struct runs here = { p->runs->row, p->runs->run + p->first, p->end - p->first,
		p->runs->mode };
	return r->home.ops->step(&r->home, &here, ret, ret_n, e);
}

static bool is_full(const struct resident *r)
{
	uint64_t most = (uint64_t)r->n_slots * sizeof(struct slot_state) / 2 / sizeof(struct row);
	return r->journal.n_rows > (most > ROWS_LEAST ? most : ROWS_LEAST) ||
		r->journal.n_runs > (most > ROWS_LEAST ? most : ROWS_LEAST);
}

static int step_part(struct resident *r, const struct part *p, struct verdict *ret,
	uint32_t *ret_n, struct err *e)
{
	struct err why = {0};
	int code = 0;
	if (!is_lost(r)) {
		code = is_full(r) ? fetch_all(r, &why) : 0;
		if (!has_room(r, p))
			return no_memory(e);
		if (code == 0)
			code = step_there(r, p, ret, ret_n, &why);
		if (code == 0) {
			write_down(r, p);
			return 0;
		}
		code = give_up(r, &why, e);
	}
	if (code == 0)
		code = refuse(r, e);
	return code < 0 ? code : step_home(r, p, ret, ret_n, e);
}

/* As many runs as the device has frames. */
static int resident_step(struct backend *b, const struct runs *s, struct verdict *ret,
	uint32_t *ret_n, struct err *e)
{
	struct resident *r = resident_of(b);
	struct part p = { .runs = s };
	int code = 0;
	*ret_n = 0;
	r->n_saves = 0;
	for (; p.first < s->n_runs && code == 0; p.first = p.end) {
		uint32_t n = 0;
		p.n_rows = 0;
		for (p.end = p.first; p.end < s->n_runs && (is_lost(r) ||
			p.end - p.first < r->n_frames); p.end++)
			p.n_rows += rows_of(&s->run[p.end]);
		code = step_part(r, &p, ret + *ret_n, &n, e);
		for (uint32_t i = 0; i < n && code == 0; i++)
			ret[*ret_n + i].run += p.first;
		*ret_n += n;
	}
	return code;
}

/* The other functions of a backend */

#define FRAMES 4096u            /* asked for at once: new users come one by one */

/* As many frames as the device has memory for, up to n. */
static int add_frames(struct resident *r, uint32_t n, struct err *why)
{
	int code = 0;
	while (n > r->n_frames) {
		code = r->device.ops->reserve(&r->device, n, why);
		if (code < 0 && code != -ENOMEM)
			return code;
		r->full |= code < 0;
		if (code == 0)
			r->n_frames = n;
		else
			n = r->n_frames + (n - r->n_frames) / 2;
	}
	if (r->n_frames == 0)
		return code;
	return grow(&r->slot_of, &r->cap_frames, r->n_frames, sizeof *r->slot_of) ? 0 : -ENOMEM;
}

static int resident_reserve(struct backend *b, uint32_t n_slots, struct err *e)
{
	struct resident *r = resident_of(b);
	struct err why = {0};
	uint32_t n = r->n_slots;
	int code = r->home.ops->reserve(&r->home, n_slots, e);
	if (code < 0 || n_slots <= r->n_slots)
		return code;
	if (!grow(&r->place, &r->cap_places, n_slots, sizeof *r->place))
		return no_memory(e);
	for (; n < n_slots; n++)
		r->place[n] = (struct place){ .frame = NOWHERE };
	r->n_slots = n_slots;
	if (is_lost(r) || r->full || n_slots <= r->n_frames)
		return 0;
	code = add_frames(r, (n_slots + FRAMES - 1) / FRAMES * FRAMES, &why);
	if (code == -ENOMEM && why.code == 0)
		return no_memory(e);
	code = code < 0 ? give_up(r, &why, e) : 0;
	return code < 0 || !is_lost(r) ? code : refuse(r, e);
}

/* Up to MOVED states go to those of the slots that are on the device. */
static int load_there(struct resident *r, const uint32_t *slot, uint32_t n,
	const struct slot_state *from, struct err *why)
{
	uint32_t n_there = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct place *p = &r->place[slot[i]];
		p->home = p->last = r->step;
		if (p->frame == NOWHERE)
			continue;
		r->to[n_there] = p->frame;
		r->state[n_there++] = from[i];
	}
	return n_there ? r->device.ops->load(&r->device, r->to, n_there, r->state, why) : 0;
}

static int resident_load(struct backend *b, const uint32_t *slot, uint32_t n,
	const struct slot_state *from, struct err *e)
{
	struct resident *r = resident_of(b);
	struct err why = {0};
	int code = r->home.ops->load(&r->home, slot, n, from, e);
	for (uint32_t i = 0; i < n && code == 0 && !is_lost(r); i += MOVED) {
		code = load_there(r, slot + i, n - i < MOVED ? n - i : MOVED, from + i, &why);
		if (code < 0)
			code = give_up(r, &why, e);
	}
	return code;
}

static int resident_save(const struct backend *b, const uint32_t *slot, uint32_t n,
	struct slot_state *to, struct err *e)
{
	struct resident *r = resident_of(b);
	struct err why = {0};
	int code = 0;
	for (uint32_t i = 0; i < n && code == 0 && !is_lost(r); i++) {
		if (!is_dirty(r, slot[i]))
			continue;
		r->from[0] = slot[i];
		code = r->n_saves++ < SAVES_ALONE ? fetch_some(r, 1, &why) : fetch_all(r, &why);
		if (code < 0)
			code = give_up(r, &why, e);
	}
	return code < 0 ? code : r->home.ops->save(&r->home, slot, n, to, e);
}

static void resident_describe(const struct backend *b, char *ret, size_t cap)
{
	const struct resident *r = resident_of(b);
	if (is_lost(r))
		snprintf(ret, cap, "lost: %s", r->lost.text);
	else
		r->device.ops->describe(&r->device, ret, cap);
}

static void resident_close(struct backend *b)
{
	struct resident *r = resident_of(b);
	if (!r)
		return;
	backend_close(&r->device);
	backend_close(&r->home);
	mem_free(r->place);
	mem_free(r->slot_of);
	mem_free(r->journal.row);
	mem_free(r->journal.run);
	mem_free(r->journal.of);
	mem_free(r->run);
	mem_free(r->dropped);
	mem_free(r);
}

static const struct backend_ops ops = {
	.abi = BACKEND_ABI, .name = "resident", .reserve = resident_reserve, .load = resident_load,
	.step = resident_step, .save = resident_save, .describe = resident_describe,
	.close = resident_close,
};

int resident_open(struct backend *b, struct backend *device, bool insists, struct err *e)
{
	const struct rules *rules = device->rules;
	struct resident *r = mem_get(1, sizeof *r);
	*b = (struct backend){ .ops = &ops, .rules = rules, .priv = r };
	if (!r) {
		backend_close(device);
		return no_memory(e);
	}
	r->device = *device;
	r->step = 1;
	r->insists = insists;
	r->home.ops = &backend_cpu;
	return r->home.ops->open(&r->home, rules, e);
}

bool resident_is(const struct backend *b)
{
	return b->ops == &ops;
}

const char *resident_lost(const struct backend *b)
{
	return is_lost(resident_of(b)) ? resident_of(b)->lost.text : NULL;
}

const char *resident_name(const struct backend *b)
{
	const struct resident *r = resident_of(b);
	return is_lost(r) ? r->home.ops->name : r->device.ops->name;
}
