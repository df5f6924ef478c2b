/* States on a device that is too small or lost at any moment: what is said and kept is what the CPU
 * backend says and keeps, whenever it happens.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/err.h"
#include "detect/resident.h"
#include "step_log.h"

/* A device: the CPU backend with so few slots, which fails from the n-th call on. */
struct fake {
	struct backend cpu;
	uint32_t n_frames, calls, fails_at, n_saved;
	bool closed;
};

static int use(struct fake *f, struct err *e)
{
	assert_false(f->closed);
	return ++f->calls >= f->fails_at ? err_set(e, -EIO, "it fell off the bus") : 0;
}

static int fake_reserve(struct backend *b, uint32_t n, struct err *e)
{
	struct fake *f = b->priv;
	int r = use(f, e);
	if (r == 0 && n > f->n_frames)
		return err_set(e, -ENOMEM, "full");
	return r < 0 ? r : f->cpu.ops->reserve(&f->cpu, n, e);
}

static int fake_load(struct backend *b, const uint32_t *slot, uint32_t n,
	const struct slot_state *from, struct err *e)
{
	struct fake *f = b->priv;
	int r = use(f, e);
	return r < 0 ? r : f->cpu.ops->load(&f->cpu, slot, n, from, e);
}

/* A step that fails may have done its work. */
static int fake_step(struct backend *b, const struct runs *s, struct verdict *ret, uint32_t *ret_n,
	struct err *e)
{
	struct fake *f = b->priv;
	assert_int_equal(f->cpu.ops->step(&f->cpu, s, ret, ret_n, e), 0);
	return use(f, e);
}

static int fake_save(const struct backend *b, const uint32_t *slot, uint32_t n,
	struct slot_state *to, struct err *e)
{
	struct fake *f = b->priv;
	int r = use(f, e);
	f->n_saved += n;
	return r < 0 ? r : f->cpu.ops->save(&f->cpu, slot, n, to, e);
}

static void fake_close(struct backend *b)
{
	struct fake *f = b->priv;
	backend_close(&f->cpu);
	f->closed = true;
}

static const struct backend_ops fake_ops = {
	.abi = BACKEND_ABI, .name = "fake", .reserve = fake_reserve, .load = fake_load,
	.step = fake_step, .save = fake_save, .close = fake_close,
};

static struct witness *new_resident(struct fake *f, const struct rules *rules, bool insists)
{
	struct backend device = { .ops = &fake_ops, .rules = rules, .priv = f };
	struct witness *w = calloc(1, sizeof *w);
	struct err e = {0};
	assert_non_null(w);
	f->cpu.ops = &backend_cpu;
	must(f->cpu.ops->open(&f->cpu, rules, &e), &e);
	must(resident_open(&w->b, &device, insists, &e), &e);
	return w;
}

/* Whether a device of so many frames that fails then leaves no trace. */
static bool leaves_no_trace(const struct history *h, const struct witness *cpu, uint32_t n_frames,
	uint32_t fails_at, uint32_t *ret_calls)
{
	struct rules rules = some_rules(ALL_CHANNELS);
	struct fake f = { .n_frames = n_frames, .fails_at = fails_at };
	struct witness *w = new_resident(&f, &rules, false);
	watch(w, h, SLOTS, STEP_ALARMS);
	bool same = same_verdicts(cpu, w) && same_states(cpu, w, ALL_CHANNELS);
	*ret_calls = f.calls;
	assert_true(f.closed == (resident_lost(&w->b) != NULL));
	assert_true(f.closed == (f.calls >= fails_at || n_frames == 0));
	assert_string_equal(resident_name(&w->b), f.closed ? "cpu" : "fake");
	free_witness(w);
	assert_true(f.closed);
	return same;
}

static void a_device_may_be_small_and_lost_at_any_time(void **state)
{
	static const uint32_t frames[] = { 100000, SLOTS / 2, 5, 1, 0 };
	struct rules rules = some_rules(ALL_CHANNELS);
	struct history *h = make_history(3, SLOTS);
	struct witness *cpu = new_witness(&backend_cpu, &rules);
	(void)state;
	watch(cpu, h, SLOTS, STEP_ALARMS);
	assert_true(has_spoken(cpu, &(struct trial){ ALL_CHANNELS, STEP_ALARMS, SLOTS }));
	for (uint32_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		uint32_t n_calls, n = 0;
		assert_true(leaves_no_trace(h, cpu, frames[i], UINT32_MAX, &n_calls));
		for (uint32_t at = 1; at <= n_calls; at += 1 + n_calls / 60, n++) {
			uint32_t unused;
			assert_true(leaves_no_trace(h, cpu, frames[i], at, &unused));
		}
		assert_true(frames[i] == 0 || n > 25);
	}
	free_witness(cpu);
	free(h);
}

/* Who named the device is told that it is lost, and can still save what there was. */
static void who_insists_is_told(void **state)
{
	struct rules rules = some_rules(ALL_CHANNELS);
	struct history *h = make_history(3, SLOTS);
	struct witness *cpu = new_witness(&backend_cpu, &rules), *w;
	struct fake f = { .n_frames = 100000, .fails_at = 4 };
	struct err e = {0};
	uint32_t slot[SLOTS], n;
	(void)state;
	w = new_resident(&f, &rules, true);
	must(w->b.ops->reserve(&w->b, SLOTS, &e), &e);
	must(cpu->b.ops->reserve(&cpu->b, SLOTS, &e), &e);
	for (uint32_t k = 0; k < 2; k++) {
		feed(cpu, h, k, SLOTS, STEP_QUIET);
		feed(w, h, k, SLOTS, STEP_QUIET);
	}
	struct runs r = { h->row[2], h->run[2], h->n_runs[2], STEP_ALARMS };
	for (int i = 0; i < 2; i++) {
		assert_int_equal(w->b.ops->step(&w->b, &r, w->verdict[2], &n, &e), -EIO);
		assert_string_equal(e.text, "it fell off the bus");
	}
	for (uint32_t s = 0; s < SLOTS; s++)
		slot[s] = s;
	must(w->b.ops->save(&w->b, slot, SLOTS, w->state, &e), &e);
	must(cpu->b.ops->save(&cpu->b, slot, SLOTS, cpu->state, &e), &e);
	assert_true(same_states(cpu, w, ALL_CHANNELS));
	free_witness(w);
	free_witness(cpu);
	free(h);
}

/* The journal is emptied when it has grown to half of the states, and no state comes twice. */
static void a_journal_has_an_end(void **state)
{
	struct rules rules = some_rules(CHANNEL_BIT(CHANNEL_MIXTURE));
	struct row *row = calloc(1000, sizeof *row);
	struct fake f = { .n_frames = 100000, .fails_at = UINT32_MAX };
	struct witness *w = new_resident(&f, &rules, false);
	struct run_of run = { .slot = 7, .n = 1000, .quiet_n = UINT32_MAX };
	struct runs r = { row, &run, 1, STEP_QUIET };
	struct err e = {0};
	uint32_t n;
	(void)state;
	assert_non_null(row);
	for (uint32_t i = 0; i < 1000; i++)
		row[i] = (struct row){ .pi = .01f, .flags = ROW_COUNT | ROW_LAST };
	must(w->b.ops->reserve(&w->b, 10, &e), &e);
	for (uint32_t i = 0; i < 1000; i++)
		must(w->b.ops->step(&w->b, &r, w->verdict[0], &n, &e), &e);
	assert_in_range(f.n_saved, 2, 10);
	free_witness(w);
	free(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_may_be_small_and_lost_at_any_time),
		cmocka_unit_test(who_insists_is_told),
		cmocka_unit_test(a_journal_has_an_end),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
