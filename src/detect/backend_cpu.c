/* The CPU backend: states in blocks that stay where they are, one user after the other. */
#include "detect/backend.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "base/blocks.h"
#include "base/cpu.h"
#include "base/err.h"
#include "base/mem.h"

struct cpu {
	struct blocks mixture, learned;         /* of the channels that speak */
	uint32_t n_slots;
};

static struct mixture *mixture_of(const struct backend *b, uint32_t slot)
{
	const struct cpu *c = b->priv;
	return blocks_at(&c->mixture, slot);
}

static struct learned *learned_of(const struct backend *b, uint32_t slot)
{
	const struct cpu *c = b->priv;
	return blocks_at(&c->learned, slot);
}

static bool speaks(const struct backend *b, enum channel c)
{
	return b->rules->channels & CHANNEL_BIT(c);
}

static int cpu_open(struct backend *b, const struct rules *r, struct err *e)
{
	struct cpu *c = mem_get(1, sizeof *c);
	if (!c)
		return err_set(e, -ENOMEM, "could not open the cpu backend: out of memory");
	blocks_init(&c->mixture, sizeof(struct mixture));
	blocks_init(&c->learned, sizeof(struct learned));
	b->rules = r;
	b->priv = c;
	return 0;
}

static int cpu_reserve(struct backend *b, uint32_t n_slots, struct err *e)
{
	struct cpu *c = b->priv;
	if ((speaks(b, CHANNEL_MIXTURE) && !blocks_reserve(&c->mixture, n_slots)) ||
	    (speaks(b, CHANNEL_LEARNED) && !blocks_reserve(&c->learned, n_slots)))
		return err_set(e, -ENOMEM, "could not keep the state of %u users: out of memory",
			n_slots);
	for (; c->n_slots < n_slots; c->n_slots++) {
		if (speaks(b, CHANNEL_MIXTURE))
			mixture_reset(mixture_of(b, c->n_slots));
		if (speaks(b, CHANNEL_LEARNED))
			learned_reset(learned_of(b, c->n_slots));
	}
	return 0;
}

static int cpu_load(struct backend *b, const uint32_t *slot, uint32_t n,
	const struct slot_state *from, struct err *e)
{
	(void)e;
	for (uint32_t i = 0; i < n; i++) {
		if (speaks(b, CHANNEL_MIXTURE))
			*mixture_of(b, slot[i]) = from[i].mixture;
		if (speaks(b, CHANNEL_LEARNED))
			*learned_of(b, slot[i]) = from[i].learned;
	}
	return 0;
}

static int cpu_save(const struct backend *b, const uint32_t *slot, uint32_t n,
	struct slot_state *to, struct err *e)
{
	(void)e;
	for (uint32_t i = 0; i < n; i++) {
		if (speaks(b, CHANNEL_MIXTURE))
			to[i].mixture = *mixture_of(b, slot[i]);
		if (speaks(b, CHANNEL_LEARNED))
			to[i].learned = *learned_of(b, slot[i]);
	}
	return 0;
}

static bool read_mixture(struct backend *b, const struct run_of *run, enum step_mode mode,
	struct verdict *v)
{
	struct mixture *x = mixture_of(b, run->slot);
	float score = mixture_read(x);
	*v = (struct verdict){ .channel = CHANNEL_MIXTURE, .score = score };
	return x->n > run->quiet_n &&
		backend_judge(score, b->rules->mixture.threshold, &x->best, mode);
}

static bool read_learned(struct backend *b, const struct run_of *run, enum step_mode mode,
	struct verdict *v)
{
	struct learned *x = learned_of(b, run->slot);
	float score = learned_read(x, &b->rules->learned);
	*v = (struct verdict){ .channel = CHANNEL_LEARNED, .score = score };
	return x->n > run->quiet_n &&
		backend_judge(score, b->rules->learned.threshold, &x->best, mode);
}

/* Rows of one run; an alarm stops it at the end of its instant. */
static uint32_t run_rows(struct backend *b, const struct row *row, const struct run_of *run,
	enum step_mode mode, struct verdict *ret)
{
	bool mixture = speaks(b, CHANNEL_MIXTURE), learned = speaks(b, CHANNEL_LEARNED);
	uint32_t n = 0;
	if (run->closes)
		return learned && read_learned(b, run, mode, &ret[0]);
	for (uint32_t i = run->first; i < run->first + run->n; i++) {
		if (learned)
			learned_push(learned_of(b, run->slot), &b->rules->learned, &row[i]);
		if (!mixture)
			continue;
		if (row[i].flags & ROW_COUNT)
			mixture_push(mixture_of(b, run->slot), &b->rules->mixture, &row[i]);
		if (row[i].flags & ROW_LAST && read_mixture(b, run, mode, &ret[n])) {
			n++;
			if (mode == STEP_ALARMS)
				break;
		}
	}
	return n;
}

PART_OF_MANY void fetch_lines(const void *state, size_t size)
{
	for (size_t i = 0; i < size; i += 64)
		__builtin_prefetch((const char *)state + i, 1);
}

/* The times of a mixture's counts are written, one of them, and not read: nothing waits for them.
 * Inline, since a compiler may drop calls of a function that does nothing but ask for memory.
 */
PART_OF_MANY void fetch(const struct backend *b, uint32_t slot)
{
	if (speaks(b, CHANNEL_MIXTURE))
		fetch_lines(mixture_of(b, slot), offsetof(struct mixture, time));
	if (speaks(b, CHANNEL_LEARNED))
		fetch_lines(learned_of(b, slot), sizeof(struct learned));
}

#define AHEAD 8                 /* runs whose states are on their way from memory */

static int cpu_step(struct backend *b, const struct runs *s, struct verdict *ret, uint32_t *ret_n,
	struct err *e)
{
	const struct run_of *run = s->run;
	uint32_t n = 0;
	(void)e;
	for (uint32_t i = 1; i < s->n_runs && i < AHEAD; i++)
		fetch(b, run[i].slot);
	for (uint32_t i = 0; i < s->n_runs; i++) {
		if (i + AHEAD < s->n_runs)
			fetch(b, run[i + AHEAD].slot);
		uint32_t more = run_rows(b, s->row, &run[i], s->mode, ret + n);
		for (uint32_t end = n + more; n < end; n++)
			ret[n].run = i;
	}
	*ret_n = n;
	return 0;
}

static void cpu_describe(const struct backend *b, char *ret, size_t cap)
{
	(void)b;
	snprintf(ret, cap, "linked in");
}

static void cpu_close(struct backend *b)
{
	struct cpu *c = b->priv;
	if (!c)
		return;
	blocks_done(&c->mixture);
	blocks_done(&c->learned);
	mem_free(c);
}

const struct backend_ops backend_cpu = {
	.abi = BACKEND_ABI, .name = "cpu", .open = cpu_open, .reserve = cpu_reserve,
	.load = cpu_load, .step = cpu_step, .save = cpu_save, .describe = cpu_describe,
	.close = cpu_close,
};
