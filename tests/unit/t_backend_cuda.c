/* The CUDA backend, compiled for the host through cuda/shim.h, against the CPU backend: the same
 * verdicts and states to the bit, whatever the batch, the channels and the order of lanes; and a
 * kernel whose lanes are mixed up in one place gives others.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "detect/resident.h"
#include "kernels.h"
#include "shim_test.h"
#include "step_log.h"

extern const struct backend_ops backend_module;

#define FEW 12u                 /* slots of what is run often */

static uint32_t many_slots(void)
{
	return shim_is_instrumented() ? FEW : SLOTS;
}

/* Whether the device under this plan says and keeps what the CPU does. */
static bool agrees(const struct history *h, const struct trial *t, const struct shim_plan *plan)
{
	struct rules rules = some_rules(t->channels);
	struct witness *cpu = new_witness(&backend_cpu, &rules), *gpu;
	shim_set(plan);
	gpu = new_witness(&backend_module, &rules);
	watch(cpu, h, SLOTS, t->mode);
	watch(gpu, h, t->batch, t->mode);
	assert_true(has_spoken(cpu, t));
	bool same = same_states(cpu, gpu, t->channels) && same_verdicts(cpu, gpu);
	free_witness(cpu);
	free_witness(gpu);
	return same;
}

static void every_bit_is_the_cpus(void **state)
{
	static const struct trial trials[] = {
		{ CHANNEL_BIT(CHANNEL_MIXTURE), STEP_ALARMS, SLOTS },
		{ CHANNEL_BIT(CHANNEL_LEARNED), STEP_ALARMS, SLOTS },
		{ ALL_CHANNELS, STEP_ALARMS, SLOTS }, { ALL_CHANNELS, STEP_RECORDS, SLOTS },
		{ ALL_CHANNELS, STEP_QUIET, 7 },
	};
	struct shim_plan plan;
	(void)state;
	shim_plan_init(&plan);
	for (uint32_t i = 0; i < sizeof trials / sizeof *trials; i++) {
		struct history *h = make_history(i + 1, many_slots());
		plan.order = i;
		assert_true(agrees(h, &trials[i], &plan));
		free(h);
	}
}

static void one_user_alone_is_one_among_many(void **state)
{
	struct trial t = { ALL_CHANNELS, STEP_ALARMS, 1 };
	struct history *h = make_history(77, many_slots());
	struct shim_plan plan;
	(void)state;
	shim_plan_init(&plan);
	assert_true(agrees(h, &t, &plan));
	free(h);
}

/* Sessions enough for candidates to be dropped. */
static const struct trial long_trial = { ALL_CHANNELS, STEP_RECORDS, SLOTS };

/* In a process of its own, since lanes that no longer meet end it. */
static bool holds_apart(bool (*holds)(void *, const struct shim_plan *), void *what,
	const struct shim_plan *plan)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int quiet = open("/dev/null", O_WRONLY);
		dup2(quiet, STDERR_FILENO);
		_exit(holds(what, plan) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

static bool long_trial_agrees(void *history, const struct shim_plan *plan)
{
	return agrees(history, &long_trial, plan);
}

/* A plan spoils one thing: it must show in one of a few orders of lanes. */
static bool shows(struct history *h, struct shim_plan plan)
{
	for (plan.order = 0; plan.order < 4; plan.order++)
		if (!holds_apart(long_trial_agrees, h, &plan))
			return true;
	return false;
}

static void every_place_where_lanes_meet_is_visited(void **state)
{
	struct history *h = make_history(5, FEW);
	struct shim_plan plan;
	(void)state;
	shim_plan_init(&plan);
	assert_true(agrees(h, &long_trial, &plan));
	for (uint32_t i = 0; i < shim_n_sites; i++)
		assert_int_not_equal(shim_kind(i), SHIM_UNSEEN);
	free(h);
}

/* What is spoilt shows with or without instruments, and with them takes minutes. */
static void skip_if_slow(void *made)
{
	if (!shim_is_instrumented())
		return;
	free(made);
	print_message("# the build is instrumented\n");
	skip();
}

static void a_wrong_lane_shows_wherever_lanes_meet(void **state)
{
	struct history *h = make_history(5, FEW);
	struct shim_plan plan;
	(void)state;
	skip_if_slow(h);
	shim_plan_init(&plan);
	for (uint32_t i = 0; i < shim_n_sites; i++) {
		plan.wrong_site = i;
		if (shim_kind(i) == SHIM_EXCHANGE && !shows(h, plan))
			fail_msg("a wrong lane at place %u does not show", i);
	}
	free(h);
}

/* Lane 0 reports for its warp: without it there is nothing to compare. */
static void a_wrong_index_shows(void **state)
{
	struct history *h = make_history(6, FEW);
	struct shim_plan plan;
	(void)state;
	skip_if_slow(h);
	shim_plan_init(&plan);
	for (plan.wrong_lane = 1; plan.wrong_lane < 31; plan.wrong_lane += 3)
		assert_true(shows(h, plan));
	free(h);
}

/* Two of a warp's five barriers stand before a vote, which waits as well here; CUDA promises of a
 * barrier alone that memory written before it is seen after it.
 */
static void a_missing_barrier_shows(void **state)
{
	struct history *h = make_history(6, FEW);
	struct shim_plan plan;
	uint32_t n = 0;
	(void)state;
	skip_if_slow(h);
	shim_plan_init(&plan);
	for (uint32_t i = 0; i < shim_n_sites; i++) {
		plan.no_barrier = i;
		n += shim_kind(i) == SHIM_WARP_BARRIER && shows(h, plan);
	}
	assert_int_equal(n, 3);
	free(h);
}

/* Verdicts of many runs, few of which said anything, brought together. */
#define MANY 270000u            /* more tiles than threads that place them */

struct pile {
	struct device_run run[MANY];
	uint32_t n_given[MANY], tile[MANY / TILE + 1];
	struct verdict given[4 * MANY];
	union {
		struct verdicts v;
		char room[sizeof(struct verdicts) + 3 * MANY * sizeof(struct verdict)];
	} out;
};

static struct pile *make_pile(void)
{
	struct pile *p = calloc(1, sizeof *p);
	struct chance chance = { 9 };
	uint32_t first = 0;
	assert_non_null(p);
	for (uint32_t i = 0; i < MANY; i++) {
		p->run[i].first = first;
		p->n_given[i] = chance_is(&chance, .1) ? 1 + chance_below(&chance, 3) : 0;
		for (uint32_t k = 0; k < p->n_given[i]; k++)
			p->given[i + first + k] = (struct verdict){ .run = i, .score = (float)k };
		first += chance_below(&chance, 2) + p->n_given[i];
	}
	return p;
}

static bool comes_in_order(struct pile *p, const struct shim_plan *plan)
{
	struct gather_args a = { p->run, MANY, p->n_given, p->given, p->tile, &p->out.v };
	uint32_t n = 0;
	cudaStream_t s;
	shim_set(plan);
	cudaStreamCreateWithFlags(&s, 0);
	kernels_gather(a, s);
	cudaStreamSynchronize(s);
	cudaStreamDestroy(s);
	for (uint32_t i = 0; i < MANY; i++)
		for (uint32_t k = 0; k < p->n_given[i]; k++, n++)
			if (p->out.v.v[n].run != i || p->out.v.v[n].score != (float)k)
				return false;
	return p->out.v.n == n;
}

static void verdicts_come_in_the_order_of_runs(void **state)
{
	struct pile *p = make_pile();
	struct shim_plan plan;
	(void)state;
	shim_plan_init(&plan);
	assert_true(comes_in_order(p, &plan));
	plan.order = 3;
	assert_true(comes_in_order(p, &plan));
	free(p);
}

static bool comes_in_order_apart(void *pile, const struct shim_plan *plan)
{
	return comes_in_order(pile, plan);
}

static void a_missing_barrier_of_the_block_shows(void **state)
{
	struct pile *p = make_pile();
	struct shim_plan plan;
	(void)state;
	skip_if_slow(p);
	shim_plan_init(&plan);
	plan.order = 3;
	for (uint32_t i = 0; i < shim_n_sites; i++) {
		plan.no_barrier = i;
		if (shim_kind(i) == SHIM_BLOCK_BARRIER)
			assert_false(holds_apart(comes_in_order_apart, p, &plan));
	}
	free(p);
}

/* The n-th call of the runtime fails, and all after it; or memory is out, once. */
static bool survives(const struct history *h, const struct witness *cpu, uint32_t call, int code,
	uint32_t *ret_calls)
{
	struct rules rules = some_rules(ALL_CHANNELS);
	struct witness *w = calloc(1, sizeof *w);
	struct backend device = { .ops = &backend_module };
	struct shim_plan plan;
	struct err e = {0};
	assert_non_null(w);
	shim_plan_init(&plan);
	plan.fail_call = call;
	plan.fail_code = code;
	shim_set(&plan);
	bool same = device.ops->open(&device, &rules, &e) < 0;
	if (same) {
		assert_in_range(strlen(e.text), 20, 200);
		backend_close(&device);
	} else {
		must(resident_open(&w->b, &device, false, &e), &e);
		watch(w, h, SLOTS, STEP_ALARMS);
		same = same_verdicts(cpu, w) && same_states(cpu, w, ALL_CHANNELS);
		assert_true(code != cudaErrorUnknown || resident_lost(&w->b));
		*ret_calls = shim_calls();      /* closing takes a few more */
		backend_close(&w->b);
	}
	free(w);
	return same;
}

static void a_lost_device_leaves_no_trace(void **state)
{
	struct rules rules = some_rules(ALL_CHANNELS);
	struct history *h = make_history(8, FEW);
	struct witness *cpu = new_witness(&backend_cpu, &rules);
	(void)state;
	watch(cpu, h, SLOTS, STEP_ALARMS);
	bool slow = shim_is_instrumented();
	uint32_t n_calls, unused;
	assert_true(survives(h, cpu, SHIM_NONE, 0, &n_calls));
	uint32_t far = 1 + n_calls / (slow ? 5 : 30);
	for (uint32_t call = 1; call <= n_calls; call += call < 60 && !slow ? 1 : far) {
		assert_true(survives(h, cpu, call, cudaErrorUnknown, &unused));
		if (call < 60)
			assert_true(survives(h, cpu, call, cudaErrorMemoryAllocation,
				&unused));
	}
	free_witness(cpu);
	free(h);
}

static void a_machine_without_a_device_is_told(void **state)
{
	struct rules rules = some_rules(ALL_CHANNELS);
	struct backend b = { .ops = &backend_module };
	struct shim_plan plan;
	struct err e = {0};
	(void)state;
	shim_plan_init(&plan);
	plan.no_device = true;
	shim_set(&plan);
	assert_int_equal(b.ops->open(&b, &rules, &e), -ENODEV);
	assert_non_null(strstr(e.text, "no device"));
	backend_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_is_the_cpus),
		cmocka_unit_test(one_user_alone_is_one_among_many),
		cmocka_unit_test(a_lost_device_leaves_no_trace),
		cmocka_unit_test(a_machine_without_a_device_is_told),
		cmocka_unit_test(every_place_where_lanes_meet_is_visited),
		cmocka_unit_test(a_wrong_lane_shows_wherever_lanes_meet),
		cmocka_unit_test(a_wrong_index_shows),
		cmocka_unit_test(a_missing_barrier_shows),
		cmocka_unit_test(verdicts_come_in_the_order_of_runs),
		cmocka_unit_test(a_missing_barrier_of_the_block_shows),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
