/* The CPU backend: states in blocks that stay where they are, one user after the other. */
#include "detect/backend.h"

#include <errno.h>
#include <math.h>

#include "base/blocks.h"
#include "base/cpu.h"
#include "base/err.h"
#include "base/mem.h"

#define LINES (sizeof(struct mixture) / 64)

struct cpu {
	struct blocks state;
	uint32_t n_slots;
};

static struct mixture *state_of(const struct backend *b, uint32_t slot)
{
	const struct cpu *c = b->priv;
	return blocks_at(&c->state, slot);
}

static int cpu_open(struct backend *b, const struct mixture_rule *rule, struct err *e)
{
	struct cpu *c = mem_get(1, sizeof *c);
	if (!c)
		return err_set(e, -ENOMEM, "could not open the cpu backend: out of memory");
	blocks_init(&c->state, sizeof(struct mixture));
	b->rule = rule;
	b->priv = c;
	return 0;
}

static int cpu_reserve(struct backend *b, uint32_t n_slots, struct err *e)
{
	struct cpu *c = b->priv;
	if (!blocks_reserve(&c->state, n_slots))
		return err_set(e, -ENOMEM, "could not keep the state of %u users: out of memory",
			n_slots);
	while (c->n_slots < n_slots)
		mixture_reset(state_of(b, c->n_slots++));
	return 0;
}

static void cpu_load(struct backend *b, uint32_t slot, const struct mixture *from)
{
	*state_of(b, slot) = *from;
}

static void cpu_save(const struct backend *b, uint32_t slot, struct mixture *to)
{
	*to = *state_of(b, slot);
}

/* What the end of an instant says of a user: nothing, a record high, an alarm. */
static bool judge(struct mixture *x, const struct mixture_rule *r, bool records, struct verdict *v)
{
	float score = mixture_read(x, r);
	bool alarm = score >= r->threshold, high = score > x->best;
	if (high)
		x->best = score;
	if (records ? !high : !alarm)
		return false;
	*v = (struct verdict){ .alarm = alarm, .score = score, .log_m = x->log_m };
	v->age = records ? 0 : mixture_age(x);
	return true;
}

static uint32_t run_counts(struct backend *b, const struct count *c, const struct run_of *run,
	bool records,
	struct verdict *ret)
{
	struct mixture *x = state_of(b, run->slot);
	uint32_t n = 0;
	for (uint32_t i = run->first; i < run->first + run->n; i++) {
		mixture_push(x, b->rule, &c[i]);
		if (!(c[i].flags & COUNT_LAST))
			continue;
		if (x->n <= run->quiet_n) {
			mixture_read(x, b->rule);
			continue;
		}
		if (!judge(x, b->rule, records, &ret[n]))
			continue;
		ret[n++].at = i;
		if (!records)
			break;
	}
	return n;
}

PART_OF_MANY void fetch(const struct backend *b, uint32_t slot)
{
	const char *line = (const char *)state_of(b, slot);
	for (uint32_t i = 0; i < LINES; i++)
		__builtin_prefetch(line + 64 * i, 1);
}

#define AHEAD 6                 /* runs whose states are on their way from memory */

static uint32_t cpu_step(struct backend *b, const struct count *c, const struct run_of *run,
	uint32_t n_runs,
	bool records, struct verdict *ret)
{
	uint32_t n = 0;
	for (uint32_t i = 1; i < n_runs && i < AHEAD; i++)
		fetch(b, run[i].slot);
	for (uint32_t i = 0; i < n_runs; i++) {
		if (i + AHEAD < n_runs)
			fetch(b, run[i + AHEAD].slot);
		uint32_t more = run_counts(b, c, &run[i], records, ret + n);
		for (uint32_t end = n + more; n < end; n++)
			ret[n].run = i;
	}
	return n;
}

static void cpu_close(struct backend *b)
{
	struct cpu *c = b->priv;
	if (!c)
		return;
	blocks_done(&c->state);
	mem_free(c);
}

const struct backend_ops backend_cpu = {
	.abi = BACKEND_ABI, .name = "cpu", .open = cpu_open, .reserve = cpu_reserve, .load =
		cpu_load,
	.step = cpu_step, .save = cpu_save, .close = cpu_close,
};
