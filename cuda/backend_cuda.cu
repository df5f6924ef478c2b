/* The CUDA backend's host side: states that stay on the device, rows that travel to it, verdicts
 * that come back. One stream copies while the other computes; a step goes in pieces, so that the
 * next piece is packed and copied while the last one is worked on. A step ends with a wait.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/backend.h"

#include "buffer.h"
#include "host.h"
#include "kernels.h"

#define PIECE 32768u            /* runs copied and worked on together */
#define FIRST_VERDICTS 1024u    /* that come back with their number, in one copy */
#define MOVED 4096u             /* states moved together */
#define BLOCK_SLOTS (1u << STATES_SHIFT)

struct cuda {
	unsigned channels;
	cudaStream_t copy, compute;
	cudaEvent_t copied;
	struct rules *rules;            /* on the device, as are the tables of states */
	struct states states;
	struct mixture *mixture[STATES_BLOCKS];
	struct learned *learned[STATES_BLOCKS];
	uint32_t n_blocks, n_slots;
	struct buffer row, run, n_given, given, tile, out, moved;       /* on the device */
	struct buffer row_here, run_here, out_here, moved_here;         /* pinned */
	char name[256];
};

static struct cuda *cuda_of(const struct backend *b)
{
	return (struct cuda *)b->priv;
}

static bool speaks(const struct cuda *c, enum channel channel)
{
	return c->channels & CHANNEL_BIT(channel);
}

/* Opening and closing */

static cudaError_t make_table(void *ret)
{
	return cudaMalloc((void **)ret, STATES_BLOCKS * sizeof(void *));
}

static cudaError_t make_parts(struct cuda *c, const struct rules *rules)
{
	cudaError_t r = cudaStreamCreateWithFlags(&c->copy, cudaStreamNonBlocking);
	if (r == cudaSuccess)
		r = cudaStreamCreateWithFlags(&c->compute, cudaStreamNonBlocking);
	if (r == cudaSuccess)
		r = cudaEventCreateWithFlags(&c->copied, cudaEventDisableTiming);
	if (r == cudaSuccess && speaks(c, CHANNEL_MIXTURE))
		r = make_table(&c->states.mixture);
	if (r == cudaSuccess && speaks(c, CHANNEL_LEARNED))
		r = make_table(&c->states.learned);
	if (r == cudaSuccess)
		r = cudaMalloc((void **)&c->rules, sizeof *rules);
	if (r == cudaSuccess)
		r = cudaMemcpyAsync(c->rules, rules, sizeof *rules, cudaMemcpyHostToDevice,
			c->compute);
	if (r == cudaSuccess)
		r = cudaStreamSynchronize(c->compute);
	return r;
}

static int cuda_open(struct backend *b, const struct rules *rules, struct err *e)
{
	struct cuda *c = (struct cuda *)calloc(1, sizeof *c);
	if (!c)
		return fail(e, -ENOMEM, "could not open backend \"cuda\": out of memory");
	b->priv = c;
	b->rules = rules;
	c->channels = rules->channels;
	int code = host_find_device(c->name, sizeof c->name, e);
	if (code < 0)
		return code;
	cudaError_t r = make_parts(c, rules);
	return r == cudaSuccess ? 0 : fail_call(e, r, "open backend \"cuda\"");
}

static void free_buffers(struct cuda *c)
{
	struct buffer *all[] = { &c->row, &c->run, &c->n_given, &c->given, &c->tile, &c->out,
		&c->moved, &c->row_here, &c->run_here, &c->out_here, &c->moved_here };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_done(all[i]);
}

static void cuda_close(struct backend *b)
{
	struct cuda *c = cuda_of(b);
	if (!c)
		return;
	free_buffers(c);
	for (uint32_t i = 0; i < c->n_blocks; i++) {
		cudaFree(c->mixture[i]);
		cudaFree(c->learned[i]);
	}
	cudaFree(c->states.mixture);
	cudaFree(c->states.learned);
	cudaFree(c->rules);
	if (c->copied)
		cudaEventDestroy(c->copied);
	if (c->copy)
		cudaStreamDestroy(c->copy);
	if (c->compute)
		cudaStreamDestroy(c->compute);
	free(c);
	b->priv = NULL;
}

static void cuda_describe(const struct backend *b, char *ret, size_t cap)
{
	size_t left = 0, total = 0;
	int driver = 0, runtime = 0;
	cudaMemGetInfo(&left, &total);
	cudaDriverGetVersion(&driver);
	cudaRuntimeGetVersion(&runtime);
	snprintf(ret, cap, "%s, %zu of %zu MB free, driver %d.%d, runtime %d.%d",
		cuda_of(b)->name, left >> 20, total >> 20, driver / 1000, driver % 1000 / 10,
		runtime / 1000, runtime % 1000 / 10);
}

/* Room for states */

/* One more block of a channel, known to the device under its number. */
static cudaError_t add_block(struct cuda *c, void *ret_block, void *table, size_t size)
{
	void **block = (void **)ret_block;
	cudaError_t r = cudaMalloc(block, size << STATES_SHIFT);
	if (r == cudaSuccess)
		r = cudaMemcpyAsync((void **)table + c->n_blocks, block, sizeof *block,
			cudaMemcpyHostToDevice, c->compute);
	return r;
}

static cudaError_t add_blocks(struct cuda *c)
{
	uint32_t k = c->n_blocks;
	cudaError_t r = k < STATES_BLOCKS ? cudaSuccess : cudaErrorMemoryAllocation;
	if (r == cudaSuccess && speaks(c, CHANNEL_MIXTURE))
		r = add_block(c, &c->mixture[k], c->states.mixture, sizeof(struct mixture));
	if (r == cudaSuccess && speaks(c, CHANNEL_LEARNED))
		r = add_block(c, &c->learned[k], c->states.learned, sizeof(struct learned));
	/* The table's entries are read from c->mixture and c->learned. */
	cudaError_t wait = cudaStreamSynchronize(c->compute);
	r = r == cudaSuccess ? wait : r;
	if (r == cudaSuccess) {
		c->n_blocks++;
		return r;
	}
	cudaFree(c->mixture[k]);
	cudaFree(c->learned[k]);
	c->mixture[k] = NULL;
	c->learned[k] = NULL;
	return r;
}

static int cuda_reserve(struct backend *b, uint32_t n_slots, struct err *e)
{
	struct cuda *c = cuda_of(b);
	cudaError_t r = cudaSuccess;
	while (r == cudaSuccess && n_slots > (uint64_t)c->n_blocks << STATES_SHIFT)
		r = add_blocks(c);
	if (r == cudaErrorMemoryAllocation)
		return fail(e, -ENOMEM, "the device has no memory for more than %u users",
			c->n_blocks << STATES_SHIFT);
	if (r == cudaSuccess && n_slots > c->n_slots) {
		struct reset_args a = { c->states, c->n_slots, n_slots };
		r = kernels_reset(a, c->compute);
	}
	if (r != cudaSuccess)
		return fail_call(e, r, "keep the state of more users on the device");
	c->n_slots = n_slots > c->n_slots ? n_slots : c->n_slots;
	return 0;
}

/* States to and fro */

struct moved {
	uint32_t *slot;
	struct mixture *mixture;
	struct learned *learned;
};

static size_t mixture_bytes(const struct cuda *c, uint32_t n)
{
	return speaks(c, CHANNEL_MIXTURE) ? n * sizeof(struct mixture) : 0;
}

static size_t learned_bytes(const struct cuda *c, uint32_t n)
{
	return speaks(c, CHANNEL_LEARNED) ? n * sizeof(struct learned) : 0;
}

/* Of a list of n slots; what follows is aligned. */
static size_t slot_bytes(uint32_t n)
{
	return (n + 15) / 16 * 64;
}

static size_t bytes_of(const struct cuda *c, uint32_t n)
{
	return slot_bytes(n) + mixture_bytes(c, n) + learned_bytes(c, n);
}

/* The parts of a buffer for n states. */
static struct moved parts_of(const struct cuda *c, void *at, uint32_t n)
{
	char *next = (char *)at + slot_bytes(n);
	struct moved m = { (uint32_t *)at, (struct mixture *)next,
		(struct learned *)(next + mixture_bytes(c, n)) };
	return m;
}

static cudaError_t move_states(struct cuda *c, uint32_t n, bool saves)
{
	struct moved on = parts_of(c, c->moved.p, n);
	struct move_args a = { c->states, on.slot, n, on.mixture, on.learned, saves };
	size_t bytes = bytes_of(c, n), up = saves ? n * sizeof *on.slot : bytes;
	cudaError_t r = cudaMemcpyAsync(c->moved.p, c->moved_here.p, up, cudaMemcpyHostToDevice,
		c->compute);
	if (r == cudaSuccess)
		r = kernels_move(a, c->compute);
	if (r == cudaSuccess && saves)
		r = cudaMemcpyAsync(c->moved_here.p, c->moved.p, bytes, cudaMemcpyDeviceToHost,
			c->compute);
	if (r == cudaSuccess)
		r = cudaStreamSynchronize(c->compute);
	return r;
}

static cudaError_t need_moved(struct cuda *c, uint32_t n)
{
	cudaError_t r = buffer_need(&c->moved_here, bytes_of(c, n), true);
	return r == cudaSuccess ? buffer_need(&c->moved, bytes_of(c, n), false) : r;
}

static int cuda_load(struct backend *b, const uint32_t *slot, uint32_t n,
	const struct slot_state *from, struct err *e)
{
	struct cuda *c = cuda_of(b);
	cudaError_t r = cudaSuccess;
	for (uint32_t first = 0, k; first < n && r == cudaSuccess; first += k) {
		k = n - first < MOVED ? n - first : MOVED;
		r = need_moved(c, k);
		if (r != cudaSuccess)
			break;
		struct moved m = parts_of(c, c->moved_here.p, k);
		memcpy(m.slot, slot + first, k * sizeof *slot);
		for (uint32_t i = 0; i < k; i++) {
			if (speaks(c, CHANNEL_MIXTURE))
				m.mixture[i] = from[first + i].mixture;
			if (speaks(c, CHANNEL_LEARNED))
				m.learned[i] = from[first + i].learned;
		}
		r = move_states(c, k, false);
	}
	return r == cudaSuccess ? 0 : fail_call(e, r, "bring states to the device");
}

static int cuda_save(const struct backend *b, const uint32_t *slot, uint32_t n,
	struct slot_state *to, struct err *e)
{
	struct cuda *c = cuda_of(b);
	cudaError_t r = cudaSuccess;
	for (uint32_t first = 0, k; first < n && r == cudaSuccess; first += k) {
		k = n - first < MOVED ? n - first : MOVED;
		r = need_moved(c, k);
		if (r != cudaSuccess)
			break;
		struct moved m = parts_of(c, c->moved_here.p, k);
		memcpy(m.slot, slot + first, k * sizeof *slot);
		r = move_states(c, k, true);
		for (uint32_t i = 0; i < k && r == cudaSuccess; i++) {
			if (speaks(c, CHANNEL_MIXTURE))
				to[first + i].mixture = m.mixture[i];
			if (speaks(c, CHANNEL_LEARNED))
				to[first + i].learned = m.learned[i];
		}
	}
	return r == cudaSuccess ? 0 : fail_call(e, r, "take states from the device");
}

/* A step */

static uint32_t rows_of(const struct run_of *run)
{
	return run->closes ? 0 : run->n;
}

static cudaError_t need_step(struct cuda *c, uint32_t n_runs, uint32_t n_rows)
{
	size_t most = (size_t)n_rows + n_runs;
	cudaError_t r = buffer_need(&c->row_here, n_rows * sizeof(struct device_row), true);
	if (r == cudaSuccess)
		r = buffer_need(&c->run_here, n_runs * sizeof(struct device_run), true);
	if (r == cudaSuccess)
		r = buffer_need(&c->row, n_rows * sizeof(struct device_row), false);
	if (r == cudaSuccess)
		r = buffer_need(&c->run, n_runs * sizeof(struct device_run), false);
	if (r == cudaSuccess)
		r = buffer_need(&c->n_given, n_runs * sizeof(uint32_t), false);
	if (r == cudaSuccess)
		r = buffer_need(&c->given, most * sizeof(struct verdict), false);
	if (r == cudaSuccess)
		r = buffer_need(&c->tile, (n_runs / TILE + 1) * sizeof(uint32_t), false);
	most = most > FIRST_VERDICTS ? most : FIRST_VERDICTS;
	if (r == cudaSuccess)
		r = buffer_need(&c->out, sizeof(struct verdicts) + most * sizeof(struct verdict),
			false);
	if (r == cudaSuccess)
		r = buffer_need(&c->out_here, c->out.bytes, true);
	return r;
}

/* Packs runs first..end - 1, their rows from row `at` on; returns the row behind. */
static uint32_t pack(struct cuda *c, const struct runs *s, uint32_t first, uint32_t end,
	uint32_t at)
{
	struct device_run *run = (struct device_run *)c->run_here.p;
	struct device_row *row = (struct device_row *)c->row_here.p;
	for (uint32_t i = first; i < end; i++) {
		const struct run_of *from = &s->run[i];
		run[i].slot = from->slot;
		run[i].first = at;
		run[i].n = from->closes ? RUN_CLOSES : from->n;
		run[i].quiet_n = from->quiet_n;
		for (uint32_t k = 0; k < rows_of(from); k++)
			device_row_pack(&row[at++], &s->row[from->first + k]);
	}
	return at;
}

static cudaError_t copy_items(struct cuda *c, struct buffer *to, const struct buffer *from,
	size_t size, uint32_t first, uint32_t end)
{
	if (first == end)
		return cudaSuccess;
	return cudaMemcpyAsync((char *)to->p + size * first, (const char *)from->p + size * first,
		size * (end - first), cudaMemcpyHostToDevice, c->copy);
}

static cudaError_t send_piece(struct cuda *c, struct step_args *a, uint32_t first_row,
	uint32_t end_row)
{
	cudaError_t r = copy_items(c, &c->row, &c->row_here, sizeof(struct device_row), first_row,
		end_row);
	if (r == cudaSuccess)
		r = copy_items(c, &c->run, &c->run_here, sizeof(struct device_run), a->first_run,
			a->end_run);
	if (r == cudaSuccess)
		r = cudaEventRecord(c->copied, c->copy);
	if (r == cudaSuccess)
		r = cudaStreamWaitEvent(c->compute, c->copied, 0);
	return r == cudaSuccess ? kernels_step(*a, c->compute) : r;
}

static cudaError_t send(struct cuda *c, const struct runs *s)
{
	struct step_args a;
	uint32_t row = 0;
	cudaError_t r = cudaSuccess;
	a.states = c->states;
	a.rules = c->rules;
	a.row = (const struct device_row *)c->row.p;
	a.run = (const struct device_run *)c->run.p;
	a.mode = s->mode;
	a.n_given = (uint32_t *)c->n_given.p;
	a.given = (struct verdict *)c->given.p;
	for (uint32_t i = 0; i < s->n_runs && r == cudaSuccess; i = a.end_run) {
		a.first_run = i;
		a.end_run = s->n_runs - i < PIECE ? s->n_runs : i + PIECE;
		uint32_t end_row = pack(c, s, a.first_run, a.end_run, row);
		r = send_piece(c, &a, row, end_row);
		row = end_row;
	}
	return r;
}

static cudaError_t fetch(struct cuda *c, size_t from, size_t bytes)
{
	cudaError_t r = cudaMemcpyAsync((char *)c->out_here.p + from, (char *)c->out.p + from,
		bytes, cudaMemcpyDeviceToHost, c->compute);
	return r == cudaSuccess ? cudaStreamSynchronize(c->compute) : r;
}

static cudaError_t receive(struct cuda *c, uint32_t n_runs, uint32_t *ret_n)
{
	struct gather_args a = { (const struct device_run *)c->run.p, n_runs,
		(const uint32_t *)c->n_given.p, (const struct verdict *)c->given.p,
		(uint32_t *)c->tile.p, (struct verdicts *)c->out.p };
	size_t first = sizeof(struct verdicts) + FIRST_VERDICTS * sizeof(struct verdict);
	cudaError_t r = kernels_gather(a, c->compute);
	if (r == cudaSuccess)
		r = fetch(c, 0, first);
	if (r != cudaSuccess)
		return r;
	*ret_n = ((struct verdicts *)c->out_here.p)->n;
	return *ret_n <= FIRST_VERDICTS ? r :
		fetch(c, first, (*ret_n - FIRST_VERDICTS) * sizeof(struct verdict));
}

static int cuda_step(struct backend *b, const struct runs *s, struct verdict *ret, uint32_t *ret_n,
	struct err *e)
{
	struct cuda *c = cuda_of(b);
	uint32_t n_rows = 0;
	*ret_n = 0;
	if (s->n_runs == 0)
		return 0;
	for (uint32_t i = 0; i < s->n_runs; i++)
		n_rows += rows_of(&s->run[i]);
	cudaError_t r = need_step(c, s->n_runs, n_rows);
	if (r == cudaSuccess)
		r = send(c, s);
	if (r == cudaSuccess)
		r = receive(c, s->n_runs, ret_n);
	if (r != cudaSuccess)
		return fail_call(e, r, "step on the device");
	memcpy(ret, ((struct verdicts *)c->out_here.p)->v, *ret_n * sizeof *ret);
	return 0;
}

#ifdef __cplusplus
extern "C"
#endif
__attribute__((visibility("default")))
extern const struct backend_ops backend_module;
const struct backend_ops backend_module = { BACKEND_ABI, "cuda", cuda_open, cuda_reserve, cuda_load,
	cuda_step, cuda_save, cuda_describe, cuda_close };
