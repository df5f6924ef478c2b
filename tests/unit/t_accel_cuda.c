/* Forecasts and learning on the device, under the shim, against the CPU. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cblas.h>
#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/accel.h"
#include "learn/accel_module.h"
#include "learn/adam.h"
#include "learn/dataset.h"
#include "learn/fit_lstm.h"
#include "learn/lstm_tape.h"
#include "model/forecaster.h"
#include "model/lstm.h"
#include "shim.h"
#include "shim_test.h"

extern const struct accel_ops accel_module;

#define ROWS 200u

static void fill(float *v, uint64_t n, uint64_t seed, double within)
{
	struct chance c = { seed };
	for (uint64_t i = 0; i < n; i++)
		v[i] = (float)((2 * chance_unit(chance_next(&c)) - 1) * within);
}

static float *floats(uint64_t n, uint64_t seed, double within)
{
	float *v = mem_get(n, sizeof *v);
	assert_non_null(v);
	fill(v, n, seed, within);
	return v;
}

/* The module as it is linked in; a is up, or lost with a notice. */
static void start(struct accel *a, const struct shim_plan *plan)
{
	struct err e = {0};
	shim_set(plan);
	*a = (struct accel){ .ops = &accel_module };
	pthread_mutex_init(&a->turn, NULL);
	if (accel_module.open(&a->device, &e) == 0)
		atomic_store(&a->is_up, true);
	else
		accel_lose(a, &e);
}

static void stop(struct accel *a)
{
	if (a->device)
		accel_module.close(a->device);
	pthread_mutex_destroy(&a->turn);
}

/* Forecasters */

static void make_linear(struct forecaster *f, uint32_t columns)
{
	struct err e = {0};
	*f = (struct forecaster){ .kind = FORECASTER_LINEAR, .steps = 1 };
	f->features.n = columns;
	f->features.cap[OBSERVED_VALUE] = INFINITY;
	assert_int_equal(linear_init(&f->linear, columns, 0, &e), 0);
	fill(f->linear.weight, columns + 1, 3, 1);
}

/* A tree of 2^depth leaves: node i has its children at 2 i + 1 and 2 i + 2. */
static void grow(struct forest *f, uint32_t tree, uint32_t depth, struct chance *c)
{
	uint32_t inner = (1u << depth) - 1;
	struct forest_node *node = f->node + f->root[tree];
	for (uint32_t i = 0; i < 2 * inner + 1; i++) {
		node[i].at = (float)(chance_unit(chance_next(c)) * 2 - 1);
		node[i].link = i < inner ? (i + 1) << FOREST_COLUMN_BITS |
			chance_below(c, f->n_columns) : 0;
	}
}

static void make_forest(struct forecaster *f, uint32_t columns)
{
	const uint32_t trees = 13;
	struct chance c = { 4 };
	struct err e = {0};
	uint32_t n = 0;
	*f = (struct forecaster){ .kind = FORECASTER_FOREST, .steps = 1 };
	f->features.n = columns;
	f->features.cap[OBSERVED_VALUE] = INFINITY;
	for (uint32_t t = 0; t < trees; t++)
		n += (2u << t % 6) - 1;
	assert_int_equal(forest_init(&f->forest, columns, trees, n, &e), 0);
	for (uint32_t t = 0; t < trees; t++) {
		f->forest.root[t + 1] = f->forest.root[t] + (2u << t % 6) - 1;
		grow(&f->forest, t, t % 6, &c);
	}
}

static void make_network(struct forecaster *f, const struct lstm_shape *s)
{
	struct err e = {0};
	*f = (struct forecaster){ .kind = FORECASTER_LSTM, .steps = s->steps };
	f->features.n = s->inputs;
	f->features.cap[OBSERVED_VALUE] = INFINITY;
	f->lstm = lstm_new(s, &e);
	assert_non_null(f->lstm);
	fill(f->lstm->weight, lstm_n_weights(s), 8, .7);
	fill(f->lstm->mean, s->inputs, 9, .5);
	fill(f->lstm->inverse, s->inputs, 10, 1);
	f->lstm->y_mean = .3f;
	f->lstm->y_scale = 1.7f;
}

/* How far the device is from the CPU at most; whether it did it at all is in *ret_held. */
static double distance(struct accel *a, const struct forecaster *f, uint32_t n, bool *ret_held)
{
	uint32_t columns = forecaster_columns(f);
	float *x = floats((uint64_t)n * columns, 7, 2), *mine = floats(n, 1, 1);
	float *there = floats(n, 2, 1);
	struct accel_forecaster h;
	double far = 0;
	if (n > 2 && f->kind == FORECASTER_FOREST)
		x[columns] = NAN;
	accel_hold(&h, a, f);
	accel_predict(&h, x, n, there);
	forecaster_predict(f, x, n, mine);
	for (uint32_t i = 0; i < n; i++)
		far = fmax(far, fabs((double)mine[i] - (double)there[i]));
	if (f->kind != FORECASTER_LSTM)
		far = memcmp(mine, there, n * sizeof *mine) == 0 ? 0 : 1;
	*ret_held = h.held;
	accel_drop(&h);
	mem_free(x);
	mem_free(mine);
	mem_free(there);
	return far;
}

static bool linear_and_forest_agree(void *unused, const struct shim_plan *plan)
{
	void (*const make[])(struct forecaster *f, uint32_t columns) = { make_linear, make_forest };
	const uint32_t n_rows[] = { 1, 129, 1000 };
	struct accel a;
	bool same = true, held;
	(void)unused;
	start(&a, plan);
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < sizeof n_rows / sizeof *n_rows; i++) {
			struct forecaster f;
			make[k](&f, 27);
			same = distance(&a, &f, n_rows[i], &held) == 0 && held && same;
			forecaster_done(&f);
		}
	same = accel_is_up(&a) && same;
	stop(&a);
	return same;
}

static void linear_and_forest_are_the_cpus_bits(void **state)
{
	struct shim_plan plan;
	(void)state;
	shim_plan_init(&plan);
	for (plan.order = 0; plan.order < 3; plan.order++)
		assert_true(linear_and_forest_agree(NULL, &plan));
}

/* More than travel to the device together. */
static void rows_come_in_pieces(void **state)
{
	struct shim_plan plan;
	struct forecaster f;
	struct accel a;
	bool held;
	(void)state;
	shim_plan_init(&plan);
	start(&a, &plan);
	make_linear(&f, 1024);
	assert_true(distance(&a, &f, 4200, &held) == 0 && held);
	forecaster_done(&f);
	stop(&a);
}

static const struct lstm_shape shapes[] = { { 1, 5, 3, 4 }, { 2, 40, 2, 5 }, { 2, 9, 12, 1 },
	{ 1, 16, 7, 6 } };
#define SHAPES (sizeof shapes / sizeof *shapes)

/* As far as the CPU's own may be apart, 1e-5 y_scale. */
static bool network_agrees(void *shape, const struct shim_plan *plan)
{
	struct forecaster f;
	struct accel a;
	bool held;
	make_network(&f, shape);
	start(&a, plan);
	double far = distance(&a, &f, 1, &held);
	far = fmax(far, distance(&a, &f, 150, &held));
	bool same = held && far < 1e-5 * (double)f.lstm->y_scale;
	forecaster_done(&f);
	stop(&a);
	return same;
}

static void networks_are_near_the_cpus(void **state)
{
	struct shim_plan plan;
	(void)state;
	shim_plan_init(&plan);
	for (size_t i = 0; i < SHAPES; i++) {
		plan.order = (uint32_t)i;
		assert_true(network_agrees((void *)(uintptr_t)&shapes[i], &plan));
	}
}

/* Learning */

static void make_rows(struct dataset *d, const struct lstm_shape *s, uint32_t n, uint64_t seed)
{
	struct err e = {0};
	assert_int_equal(dataset_init(d, n, s->steps * s->inputs, &e), 0);
	fill(d->x, (uint64_t)n * d->n_columns, seed, 2);
	for (uint32_t i = 0; i < n; i++)
		d->y[i] = 3 + dataset_row(d, i)[d->n_columns - s->inputs];
}

/* The gradient of one mini-batch beside that of the tape, which t_fit_lstm compares with slopes;
 * then Adam's step from there, in the same floats.
 */
static bool step_agrees(void *shape, const struct shim_plan *plan)
{
	const struct lstm_shape *s = shape;
	uint64_t n = lstm_n_weights(s);
	float *mine = floats(n, 1, 1), *there = floats(n, 2, 1), *weight = floats(n, 3, 1);
	uint32_t row[] = { 3, 0, 39, 3, 6, 2, 1, 17, 20, 21, 22 };
	struct accel_batch b = { .row = row, .n = 11, .rate = .01f };
	struct forecaster f;
	struct lstm_tape t;
	struct adam adam;
	struct dataset d;
	struct accel a;
	struct err e = {0};
	void *pupil;
	bool same = true;
	make_network(&f, s);
	make_rows(&d, s, 40, 1);
	start(&a, plan);
	assert_int_equal(lstm_tape_init(&t, s, b.n, &e), 0);
	assert_int_equal(adam_init(&adam, n, &e), 0);
	double loss = lstm_tape_forward(&t, f.lstm, (struct tape_rows){ &d, row, b.n });
	lstm_tape_backward(&t, f.lstm, b.n, 1 / (float)b.n, mine);
	const struct accel_lesson l = { f.lstm, &d, &d, 16, 0 };
	assert_int_equal(accel_module.learn(a.device, &l, &pupil, &e), 0);
	assert_int_equal(accel_module.batch(pupil, &b, &e), 0);
	assert_int_equal(accel_module.gradient(pupil, there, &e), 0);
	assert_int_equal(accel_module.weights(pupil, weight, &e), 0);
	same = fabs(b.ret_sum - loss) < 1e-5 * loss;
	for (uint64_t i = 0; i < n; i++)
		same = fabs((double)mine[i] - (double)there[i]) < 1e-6 + 1e-5 * fabs(
			(double)mine[i]) && same;
	same = fabs(b.ret_length - adam_clip(there, n, 0)) < 1e-9 * b.ret_length && same;
	adam_step(&adam, f.lstm->weight, there, b.rate);
	same = memcmp(weight, f.lstm->weight, n * sizeof *weight) == 0 && same;
	accel_module.leave(pupil);
	stop(&a);
	adam_done(&adam);
	lstm_tape_done(&t);
	dataset_done(&d);
	forecaster_done(&f);
	mem_free(mine);
	mem_free(there);
	mem_free(weight);
	return same;
}

static void gradients_are_the_tapes(void **state)
{
	struct shim_plan plan;
	(void)state;
	shim_plan_init(&plan);
	for (size_t i = 0; i < SHAPES; i++) {
		plan.order = (uint32_t)i;
		assert_true(step_agrees((void *)(uintptr_t)&shapes[i], &plan));
	}
}

/* What came of a course. */
struct learnt_by {
	struct lstm *m;
	struct fit_lstm f;
	int r;
};

static const struct lstm_shape small = { 2, 6, 2, 4 };

static void learn(struct learnt_by *ret, struct accel *a)
{
	struct err e = {0};
	struct dataset d, later;
	make_rows(&d, &small, ROWS, 1);
	make_rows(&later, &small, 60, 2);
	ret->f = fit_lstm_default(small.inputs);
	ret->f.layers = small.layers;
	ret->f.hidden = small.hidden;
	ret->f.batch = 48;
	ret->f.epochs = 4;
	ret->f.rate = .05f;
	ret->f.clip = 1.5f;
	ret->f.seed = 5;
	ret->f.valid = &later;
	ret->f.accel = a;
	ret->r = fit_lstm(&ret->f, &d, &ret->m, &e);
	assert_int_equal(ret->r, 0);
	dataset_done(&d);
	dataset_done(&later);
}

static void learnt_done(struct learnt_by *l)
{
	lstm_free(l->m);
	fit_lstm_done(&l->f);
}

static bool same_weights(const struct lstm *a, const struct lstm *b)
{
	return memcmp(a->weight, b->weight, lstm_n_weights(&a->shape) * sizeof *a->weight) == 0;
}

/* Curves within 1e-4 of each other: rounding grows with the steps. */
static void learning_takes_the_cpus_course(void **state)
{
	struct learnt_by cpu, there, again;
	struct shim_plan plan;
	struct accel a;
	(void)state;
	shim_plan_init(&plan);
	learn(&cpu, NULL);
	start(&a, &plan);
	learn(&there, &a);
	assert_true(accel_is_up(&a));
	assert_string_equal(accel_notice(&a), "");
	stop(&a);
	plan.order = 2;
	start(&a, &plan);
	learn(&again, &a);
	stop(&a);
	assert_false(same_weights(cpu.m, there.m));
	assert_true(same_weights(there.m, again.m));
	assert_int_equal(there.f.n_epochs, cpu.f.n_epochs);
	assert_int_equal(there.f.best, cpu.f.best);
	assert_true(cpu.f.curve[3].valid_mse < .6 * cpu.f.start_mse);
	assert_true(fabs(there.f.start_mse / cpu.f.start_mse - 1) < 1e-5);
	for (uint32_t i = 0; i < cpu.f.n_epochs; i++) {
		const struct fit_lstm_epoch *mine = &cpu.f.curve[i], *at = &there.f.curve[i];
		assert_true(fabs(at->train_mse / mine->train_mse - 1) < 1e-4);
		assert_true(fabs(at->valid_mse / mine->valid_mse - 1) < 1e-4);
		assert_true(fabs(at->longest / mine->longest - 1) < 1e-3);
	}
	learnt_done(&cpu);
	learnt_done(&there);
	learnt_done(&again);
}

/* Failures: the CPU's very result, and a reason. */

static void a_lost_device_leaves_no_trace(void **state)
{
	struct learnt_by cpu;
	struct forecaster f;
	uint32_t n_calls = UINT32_MAX;
	const uint32_t far = shim_is_instrumented() ? 1000 : 400;
	(void)state;
	learn(&cpu, NULL);
	make_forest(&f, 9);
	for (uint32_t call = 1; call < n_calls; call += call < 40 ? 12 : far) {
		struct learnt_by l;
		struct shim_plan plan;
		struct accel a;
		bool held;
		shim_plan_init(&plan);
		plan.fail_call = call;
		plan.fail_code = cudaErrorUnknown;
		start(&a, &plan);
		assert_true(distance(&a, &f, 40, &held) == 0);
		learn(&l, &a);
		n_calls = shim_calls();
		if (!accel_is_up(&a)) {
			n_calls = UINT32_MAX;
			assert_true(same_weights(cpu.m, l.m));
			assert_non_null(strstr(accel_notice(&a), "; the cpu forecasts"));
		}
		learnt_done(&l);
		stop(&a);
	}
	forecaster_done(&f);
	learnt_done(&cpu);
}

static void without_cublas_all_but_networks_is_there(void **state)
{
	struct learnt_by cpu, l;
	struct forecaster f;
	struct shim_plan plan;
	struct accel a;
	char text[100];
	bool held;
	(void)state;
	shim_plan_init(&plan);
	assert_true((shim_set(&plan), accel_module.networks(text, sizeof text)));
	plan.no_blas = true;
	start(&a, &plan);
	assert_false(accel_module.networks(text, sizeof text));
	learn(&cpu, NULL);
	learn(&l, &a);
	assert_true(same_weights(cpu.m, l.m));
	assert_non_null(strstr(accel_notice(&a), "no networks on the device"));
	make_forest(&f, 9);
	assert_true(distance(&a, &f, 40, &held) == 0 && held);
	forecaster_done(&f);
	make_network(&f, &small);
	assert_true(distance(&a, &f, 40, &held) == 0 && !held);
	forecaster_done(&f);
	learnt_done(&cpu);
	learnt_done(&l);
	stop(&a);
}

static void a_small_device_is_no_device(void **state)
{
	struct learnt_by cpu, l;
	struct shim_plan plan;
	struct accel a;
	(void)state;
	shim_plan_init(&plan);
	plan.memory_bytes = 20000;
	start(&a, &plan);
	learn(&cpu, NULL);
	learn(&l, &a);
	assert_true(same_weights(cpu.m, l.m));
	assert_non_null(strstr(accel_notice(&a), "out of memory"));
	learnt_done(&cpu);
	learnt_done(&l);
	stop(&a);
}

/* What is spoilt shows. */

static bool holds_apart(bool (*holds)(void *, const struct shim_plan *), void *what,
	const struct shim_plan *plan)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		_exit(holds(what, plan) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

/* In one of a few orders of lanes. */
static bool shows(struct shim_plan plan)
{
	void *shape = (void *)(uintptr_t)&shapes[1];
	for (plan.order = 0; plan.order < 4; plan.order++)
		if (!holds_apart(step_agrees, shape, &plan))
			return true;
	return false;
}

/* What is spoilt shows with or without instruments. */
static void skip_if_slow(void)
{
	if (shim_is_instrumented()) {
		print_message("# the build is instrumented\n");
		skip();
	}
}

static void every_place_where_lanes_meet_matters(void **state)
{
	(void)state;
	skip_if_slow();
	for (uint32_t i = 0; i < shim_n_accel_sites; i++) {
		struct shim_plan plan;
		shim_plan_init(&plan);
		assert_int_not_equal(shim_kind(i), SHIM_UNSEEN);
		if (shim_kind(i) == SHIM_EXCHANGE)
			plan.wrong_site = i;
		else
			plan.no_barrier = i;
		assert_true(shows(plan));
	}
}

static void a_wrong_index_shows(void **state)
{
	struct shim_plan plan;
	(void)state;
	skip_if_slow();
	shim_plan_init(&plan);
	plan.wrong_lane = 5;
	assert_false(holds_apart(linear_and_forest_agree, NULL, &plan));
	assert_false(holds_apart(network_agrees, (void *)(uintptr_t)&shapes[1], &plan));
	assert_true(shows(plan));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linear_and_forest_are_the_cpus_bits),
		cmocka_unit_test(rows_come_in_pieces),
		cmocka_unit_test(networks_are_near_the_cpus),
		cmocka_unit_test(gradients_are_the_tapes),
		cmocka_unit_test(learning_takes_the_cpus_course),
		cmocka_unit_test(a_lost_device_leaves_no_trace),
		cmocka_unit_test(without_cublas_all_but_networks_is_there),
		cmocka_unit_test(a_small_device_is_no_device),
		cmocka_unit_test(every_place_where_lanes_meet_matters),
		cmocka_unit_test(a_wrong_index_shows),
	};
	openblas_set_num_threads(1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
