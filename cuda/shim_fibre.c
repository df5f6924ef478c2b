/* Lanes as fibres: a block's warps take turns, and within a warp its lanes. */
#include "shim.h"

#include <stdbool.h>
#include <sys/mman.h>

#include "shim_fibre.h"
#include "shim_parts.h"

#define LANES 32u
#define WARPS_MAX 32u
#define STACK_BYTES ((size_t)128 << 10)
#define PAGE 4096
#define NOBODY UINT32_MAX

struct fibre {
	struct fibre_tools tools;
	struct fibre_at at;
	char *stack;
	uint32_t turn;          /* of the warp's meetings, in which it is */
};

struct warp {
	uint32_t ready, waits, held, left;      /* lanes: may run, at a meeting, at a barrier */
	const struct shim_site *site[LANES];    /* where they wait */
	/* A lane may be a meeting ahead of another that has not read yet, never two. */
	uint32_t value[2][LANES];
};

struct block {
	struct fibre fibre[WARPS_MAX * LANES];
	struct warp warp[WARPS_MAX];
	struct fibre_tools home_tools;
	struct fibre_at home;
	uint32_t now;           /* the fibre that runs */
	uint32_t n_warps, index, n_blocks;
	uint64_t chance;
	void (*kernel)(const void *);
	const void *args;
};

/* Kept with its stacks until the process ends: making them takes longer than running a kernel. */
static _Thread_local struct block *the_block;

static uint32_t lane_of(const struct block *b)
{
	return b->now % LANES;
}

static struct warp *warp_of(struct block *b)
{
	return &b->warp[b->now / LANES];
}

/* One of the bits set. */
static uint32_t choose(struct block *b, uint32_t set)
{
	uint32_t order = shim_plan()->order;
	if (order == 0)
		return (uint32_t)__builtin_ctz(set);
	if (order == 1)
		return 31 - (uint32_t)__builtin_clz(set);
	b->chance = b->chance * 6364136223846793005u + 1442695040888963407u;
	uint32_t skip = (uint32_t)(b->chance >> 33) % (uint32_t)__builtin_popcount(set);
	for (; skip > 0; skip--)
		set &= set - 1;
	return (uint32_t)__builtin_ctz(set);
}

static void complain(const struct warp *w)
{
	const struct shim_site *first = NULL;
	for (uint32_t i = 0; i < LANES; i++) {
		if (!((w->waits | w->held) >> i & 1))
			continue;
		if (first && w->site[i]->number != first->number)
			shim_die("lanes of a warp wait at %s:%d and at %s:%d", first->file,
				first->line, w->site[i]->file, w->site[i]->line);
		first = w->site[i];
	}
	shim_die("a lane has left that others wait for at %s:%d", first->file, first->line);
}

/* Whether all lanes of all warps are at the block's barrier; then they go on. */
static bool open_barrier(struct block *b)
{
	const struct shim_site *first = b->warp[0].site[0];
	for (uint32_t i = 0; i < b->n_warps; i++)
		if (b->warp[i].held != UINT32_MAX)
			return false;
	for (uint32_t i = 0; i < b->n_warps * LANES; i++)
		if (b->warp[i / LANES].site[i % LANES]->number != first->number)
			shim_die("threads of a block are at different barriers, one at %s:%d",
				first->file, first->line);
	for (uint32_t i = 0; i < b->n_warps; i++) {
		b->warp[i].ready = UINT32_MAX;
		b->warp[i].held = 0;
	}
	return true;
}

/* The next lane to run: of this warp while it has one; NOBODY: all have left. */
static uint32_t next_fibre(struct block *b)
{
	uint32_t set = 0, left = 0;
	struct warp *w = warp_of(b);
	if (w->ready)
		return (uint32_t)(w - b->warp) * LANES + choose(b, w->ready);
	for (uint32_t i = 0; i < b->n_warps; i++) {
		set |= (uint32_t)(b->warp[i].ready != 0) << i;
		left += b->warp[i].left == UINT32_MAX;
		if (b->warp[i].waits && !b->warp[i].ready)
			complain(&b->warp[i]);
	}
	if (set) {
		uint32_t warp = choose(b, set);
		return warp * LANES + choose(b, b->warp[warp].ready);
	}
	if (left == b->n_warps)
		return NOBODY;
	if (!open_barrier(b))
		for (uint32_t i = 0; i < b->n_warps; i++)
			if (b->warp[i].held || b->warp[i].waits)
				complain(&b->warp[i]);
	return choose(b, UINT32_MAX);
}

static void give_way(struct block *b, bool leaves)
{
	struct fibre *me = &b->fibre[b->now];
	uint32_t next = next_fibre(b);
	if (next == b->now)
		return;
	struct fibre_tools *to = next == NOBODY ? &b->home_tools : &b->fibre[next].tools;
	struct fibre_at *at = next == NOBODY ? &b->home : &b->fibre[next].at;
	b->now = next;
	fibre_goes(&me->tools, to, leaves);
	fibre_switch(&me->at, at);
	fibre_came(&me->tools);
}

static void fibre_main(void)
{
	struct block *b = the_block;
	fibre_came(&b->fibre[b->now].tools);
	b->kernel(b->args);
	struct warp *w = warp_of(b);
	uint32_t bit = UINT32_C(1) << lane_of(b);
	w->ready &= ~bit;
	w->left |= bit;
	give_way(b, true);
	shim_die("a lane that had left was called");
}

/* All lanes of the warp come here before one goes on; returns what they brought. */
static const uint32_t *meet(const struct shim_site *at, enum shim_kind kind, uint32_t value)
{
	struct block *b = the_block;
	struct fibre *me = &b->fibre[b->now];
	struct warp *w = warp_of(b);
	uint32_t lane = lane_of(b), bit = UINT32_C(1) << lane;
	uint32_t *values = w->value[me->turn++ & 1];
	shim_visit(at->number, kind);
	values[lane] = value;
	w->site[lane] = at;
	w->ready &= ~bit;
	w->waits |= bit;
	if (w->waits == UINT32_MAX) {
		for (uint32_t i = 0; i < LANES; i++)
			if (w->site[i]->number != at->number)
				complain(w);
		w->waits = 0;
		w->ready = UINT32_MAX;
	}
	give_way(b, false);
	return values;
}

static uint32_t neighbour(const struct shim_site *at, uint32_t lane)
{
	return at->number == shim_plan()->wrong_site ? (lane + 1) % LANES : lane;
}

uint32_t shim_shuffle(const struct shim_site *at, uint32_t value, uint32_t from)
{
	uint32_t lane = lane_of(the_block);
	const uint32_t *values = meet(at, SHIM_EXCHANGE, value);
	return values[from < LANES ? neighbour(at, from) : lane];
}

uint32_t shim_ballot(const struct shim_site *at, int value)
{
	const uint32_t *values = meet(at, SHIM_EXCHANGE, value != 0);
	uint32_t bits = 0;
	for (uint32_t i = 0; i < LANES; i++)
		bits |= values[i] << neighbour(at, i);
	return bits;
}

void shim_warp_barrier(const struct shim_site *at)
{
	if (at->number != shim_plan()->no_barrier)
		meet(at, SHIM_WARP_BARRIER, 0);
}

void shim_block_barrier(const struct shim_site *at)
{
	struct block *b = the_block;
	struct warp *w = warp_of(b);
	uint32_t lane = lane_of(b), bit = UINT32_C(1) << lane;
	shim_visit(at->number, SHIM_BLOCK_BARRIER);
	if (at->number == shim_plan()->no_barrier)
		return;
	w->site[lane] = at;
	w->ready &= ~bit;
	w->held |= bit;
	give_way(b, false);
}

uint32_t shim_lane(void)
{
	return lane_of(the_block);
}

struct shim_index shim_thread(void)
{
	uint32_t thread = the_block->now, wrong = thread % LANES == shim_plan()->wrong_lane;
	return (struct shim_index){ thread + wrong };
}

struct shim_index shim_block(void)
{
	return (struct shim_index){ the_block->index };
}

struct shim_index shim_block_size(void)
{
	return (struct shim_index){ the_block->n_warps * LANES };
}

struct shim_index shim_grid(void)
{
	return (struct shim_index){ the_block->n_blocks };
}

static void *take_memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
		MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		shim_die("no memory for lanes");
	return p;
}

/* Its lowest page is nobody's. */
static char *take_stack(void)
{
	char *p = take_memory(STACK_BYTES);
	if (mprotect(p, PAGE, PROT_NONE) < 0)
		shim_die("no end to the stack of a lane");
	return p;
}

static void start_fibre(struct fibre *f)
{
	f->turn = 0;
	if (!f->stack)
		f->stack = take_stack();
	f->at.runs = false;
	getcontext(&f->at.context);
	f->at.context.uc_stack.ss_sp = f->stack + PAGE;
	f->at.context.uc_stack.ss_size = STACK_BYTES - PAGE;
	f->at.context.uc_link = NULL;
	makecontext(&f->at.context, fibre_main, 0);
	fibre_tools_init(&f->tools, f->stack + PAGE, STACK_BYTES - PAGE);
}

static void start_block(struct block *b)
{
	for (uint32_t i = 0; i < b->n_warps; i++)
		b->warp[i] = (struct warp){ .ready = UINT32_MAX };
	for (uint32_t i = 0; i < b->n_warps * LANES; i++)
		start_fibre(&b->fibre[i]);
}

static void run_block(struct block *b)
{
	start_block(b);
	fibre_tools_here(&b->home_tools);
	uint32_t warps = b->n_warps < LANES ? (UINT32_C(1) << b->n_warps) - 1 : UINT32_MAX;
	b->now = choose(b, warps) * LANES;
	b->now += choose(b, UINT32_MAX);
	fibre_goes(&b->home_tools, &b->fibre[b->now].tools, false);
	fibre_switch(&b->home, &b->fibre[b->now].at);
	fibre_came(&b->home_tools);
	for (uint32_t i = 0; i < b->n_warps * LANES; i++)
		fibre_tools_done(&b->fibre[i].tools);
}

void shim_run_grid(void (*kernel)(const void *), const void *args, unsigned blocks,
	unsigned threads)
{
	if (threads % LANES || threads == 0 || threads > WARPS_MAX * LANES)
		shim_die("a block of %u threads", threads);
	if (!the_block)
		the_block = take_memory(sizeof *the_block);
	struct block *b = the_block;
	b->kernel = kernel;
	b->args = args;
	b->n_warps = threads / LANES;
	b->n_blocks = blocks;
	b->chance = shim_plan()->order;
	for (b->index = 0; b->index < blocks; b->index++)
		run_block(b);
}

bool shim_is_instrumented(void)
{
	return FIBRE_ADDRESS || FIBRE_THREAD;
}
