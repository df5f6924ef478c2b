/* The kernels: channels are in lanes_*.h, here is who works on what. */
#include "kernels.h"

#include "lanes_learned.h"
#include "lanes_mixture.h"

#define WARPS 8u                /* of a block that steps */
#define GRID_MAX (1u << 20)

static __device__ uint32_t warp_number(void)
{
	return (blockIdx.x * blockDim.x + threadIdx.x) / LANES;
}

static __device__ uint32_t n_warps(void)
{
	return gridDim.x * blockDim.x / LANES;
}

static __device__ struct mixture *mixture_at(const struct states *s, uint32_t slot)
{
	return s->mixture[slot >> STATES_SHIFT] + (slot & ((1u << STATES_SHIFT) - 1));
}

static __device__ struct learned *learned_at(const struct states *s, uint32_t slot)
{
	return s->learned[slot >> STATES_SHIFT] + (slot & ((1u << STATES_SHIFT) - 1));
}

/* A run at work: what the warp holds of its slot. */
struct work {
	struct mixture *mixture;        /* NULL: does not speak */
	struct learned *learned;
	struct lanes_mixture m;
	struct lanes_learned l;
};

static __device__ void give(struct verdict *to, uint32_t run, enum channel channel, float score,
	uint32_t lane)
{
	if (lane != 0)
		return;
	to->run = run;
	to->channel = (uint8_t)channel;
	to->score = score;
}

static __device__ bool judge_mixture(struct work *w, const struct step_args *a, uint32_t quiet_n,
	uint32_t lane)
{
	float score = lanes_mixture_read(&w->m, lane);
	return w->m.n > quiet_n && backend_judge(score, a->rules->mixture.threshold, &w->m.best,
		a->mode);
}

static __device__ bool judge_learned(struct work *w, const struct step_args *a, uint32_t quiet_n,
	uint32_t lane)
{
	float score = lanes_learned_read(&w->l, &a->rules->learned, lane);
	return w->l.n > quiet_n && backend_judge(score, a->rules->learned.threshold, &w->l.best,
		a->mode);
}

/* One row; whether it is the last of an instant whose verdict is due. */
static __device__ bool take_row(struct work *w, const struct step_args *a,
	const struct device_row *row, uint32_t quiet_n, uint32_t lane)
{
	uint32_t flags = device_row_flags(row);
	if (w->learned)
		lanes_learned_push(&w->l, w->learned, &a->rules->learned, row, lane);
	if (w->mixture && flags & ROW_COUNT)
		lanes_mixture_push(&w->m, w->mixture, &a->rules->mixture, row, lane);
	return w->mixture && flags & ROW_LAST && judge_mixture(w, a, quiet_n, lane);
}

/* How many verdicts the run gave. */
static __device__ uint32_t step_run(struct work *w, const struct step_args *a, uint32_t number,
	uint32_t lane)
{
	struct device_run run = a->run[number];
	struct verdict *to = a->given + number + run.first;
	uint32_t n = 0;
	if (run.n == RUN_CLOSES) {
		n = w->learned && judge_learned(w, a, run.quiet_n, lane);
		if (n)
			give(to, number, CHANNEL_LEARNED, w->l.score, lane);
		return n;
	}
	for (uint32_t i = run.first; i < run.first + run.n; i++) {
		if (!take_row(w, a, a->row + i, run.quiet_n, lane))
			continue;
		give(to + n++, number, CHANNEL_MIXTURE, w->m.log_m, lane);
		if (a->mode == STEP_ALARMS)
			break;
	}
	return n;
}

KERNEL(step_kernel, struct step_args)
{
	uint32_t lane = threadIdx.x % LANES;
	for (uint32_t i = a.first_run + warp_number(); i < a.end_run; i += n_warps()) {
		uint32_t slot = a.run[i].slot, closes = a.run[i].n == RUN_CLOSES;
		struct work w = { 0 };
		w.mixture = a.states.mixture && !closes ? mixture_at(&a.states, slot) : NULL;
		w.learned = a.states.learned ? learned_at(&a.states, slot) : NULL;
		if (w.mixture)
			lanes_mixture_load(&w.m, w.mixture, lane);
		if (w.learned)
			lanes_learned_load(&w.l, w.learned, lane);
		uint32_t n = step_run(&w, &a, i, lane);
		if (w.mixture)
			lanes_mixture_store(&w.m, w.mixture, lane);
		if (w.learned)
			lanes_learned_store(&w.l, w.learned, lane);
		if (lane == 0)
			a.n_given[i] = n;
	}
}

/* Sums of what the threads before this one brought, and of all. All threads of the block come. */
static __device__ uint32_t sum_before(uint32_t mine, uint32_t *ret_all)
{
	__shared__ uint32_t of_warp[LANES];
	uint32_t lane = threadIdx.x % LANES, warp = threadIdx.x / LANES, sum = mine, below = 0;
	for (uint32_t by = 1; by < LANES; by *= 2) {
		uint32_t other = __shfl_up_sync(ALL_LANES, sum, by);
		sum += lane >= by ? other : 0;
	}
	if (lane == LANES - 1)
		of_warp[warp] = sum;
	__syncthreads();
	*ret_all = 0;
	for (uint32_t i = 0; i < blockDim.x / LANES; i++) {
		below += i < warp ? of_warp[i] : 0;
		*ret_all += of_warp[i];
	}
	__syncthreads();                /* of_warp may be written again */
	return below + sum - mine;
}

#define OF_THREAD 4u            /* runs of a tile that one thread looks at */

KERNEL(count_kernel, struct gather_args)
{
	uint32_t first = blockIdx.x * TILE + threadIdx.x * OF_THREAD, n = 0, all;
	for (uint32_t i = first; i < first + OF_THREAD && i < a.n_runs; i++)
		n += a.n_given[i];
	sum_before(n, &all);
	if (threadIdx.x == 0)
		a.tile[blockIdx.x] = all;
}

/* One block: the tiles' counts become where their verdicts begin. */
KERNEL(place_kernel, struct gather_args)
{
	uint32_t n_tiles = (a.n_runs + TILE - 1) / TILE, base = 0, all;
	for (uint32_t first = 0; first < n_tiles; first += blockDim.x) {
		uint32_t i = first + threadIdx.x, n = i < n_tiles ? a.tile[i] : 0;
		uint32_t before = sum_before(n, &all);
		if (i < n_tiles)
			a.tile[i] = base + before;
		base += all;
	}
	if (threadIdx.x == 0)
		a.to->n = base;
}

KERNEL(gather_kernel, struct gather_args)
{
	uint32_t first = blockIdx.x * TILE + threadIdx.x * OF_THREAD, n = 0, all;
	for (uint32_t i = first; i < first + OF_THREAD && i < a.n_runs; i++)
		n += a.n_given[i];
	struct verdict *to = a.to->v + a.tile[blockIdx.x] + sum_before(n, &all);
	for (uint32_t i = first; i < first + OF_THREAD && i < a.n_runs; i++)
		for (uint32_t k = 0; k < a.n_given[i]; k++)
			*to++ = a.given[i + a.run[i].first + k];
}

static __device__ void copy_words(uint32_t *to, const uint32_t *from, uint32_t n, uint32_t lane)
{
	for (uint32_t i = lane; i < n; i += LANES)
		to[i] = from[i];
}

static __device__ void clear_words(uint32_t *to, uint32_t n, uint32_t lane)
{
	for (uint32_t i = lane; i < n; i += LANES)
		to[i] = 0;
}

#define WORDS(type) ((uint32_t)(sizeof(type) / sizeof(uint32_t)))

KERNEL(reset_kernel, struct reset_args)
{
	uint32_t lane = threadIdx.x % LANES;
	for (uint32_t i = a.first + warp_number(); i < a.end; i += n_warps()) {
		struct mixture *m = a.states.mixture ? mixture_at(&a.states, i) : NULL;
		struct learned *l = a.states.learned ? learned_at(&a.states, i) : NULL;
		if (m)
			clear_words((uint32_t *)m, WORDS(*m), lane);
		if (l)
			clear_words((uint32_t *)l, WORDS(*l), lane);
		__syncwarp();           /* what follows is of a word another lane cleared */
		if (m && lane == 0)
			m->log_m = m->best = -INFINITY;
		if (l && lane == 0)
			l->score = l->best = -INFINITY;
	}
}

static __device__ void move(uint32_t *state, uint32_t *copy, uint32_t n, bool saves, uint32_t lane)
{
	copy_words(saves ? copy : state, saves ? state : copy, n, lane);
}

KERNEL(move_kernel, struct move_args)
{
	uint32_t lane = threadIdx.x % LANES;
	for (uint32_t i = warp_number(); i < a.n; i += n_warps()) {
		if (a.states.mixture)
			move((uint32_t *)mixture_at(&a.states, a.slot[i]),
				(uint32_t *)(a.mixture + i), WORDS(struct mixture), a.saves, lane);
		if (a.states.learned)
			move((uint32_t *)learned_at(&a.states, a.slot[i]),
				(uint32_t *)(a.learned + i), WORDS(struct learned), a.saves, lane);
	}
}

static unsigned blocks_for(uint32_t n_warps_wanted)
{
	uint32_t n = n_warps_wanted / WARPS + (n_warps_wanted % WARPS != 0);
	return n < GRID_MAX ? n : GRID_MAX;
}

cudaError_t kernels_step(struct step_args a, cudaStream_t s)
{
	return LAUNCH(step_kernel, blocks_for(a.end_run - a.first_run), WARPS * LANES, s, a);
}

cudaError_t kernels_gather(struct gather_args a, cudaStream_t s)
{
	uint32_t n_tiles = (a.n_runs + TILE - 1) / TILE;
	cudaError_t r = LAUNCH(count_kernel, n_tiles, TILE / OF_THREAD, s, a);
	if (r == cudaSuccess)
		r = LAUNCH(place_kernel, 1, TILE / OF_THREAD, s, a);
	if (r == cudaSuccess)
		r = LAUNCH(gather_kernel, n_tiles, TILE / OF_THREAD, s, a);
	return r;
}

cudaError_t kernels_reset(struct reset_args a, cudaStream_t s)
{
	return LAUNCH(reset_kernel, blocks_for(a.end - a.first), WARPS * LANES, s, a);
}

cudaError_t kernels_move(struct move_args a, cudaStream_t s)
{
	return LAUNCH(move_kernel, blocks_for(a.n), WARPS * LANES, s, a);
}
