/* Forecasters of every kind as bytes and back, rows of windows, and bytes that are none. */
#include "model/forecaster.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/pack.h"
#include "clicks.h"
#include "model/forecast_model.h"
#include "model/lstm.h"
#include "model/model.h"

#define ROWS 50u

static struct chance chance = { 11 };

static float some(void)
{
	return (float)chance_normal(chance_next(&chance));
}

static void make_linear(struct forecaster *f)
{
	struct err e = {0};
	assert_int_equal(linear_init(&f->linear, f->features.n, 0, &e), 0);
	for (uint32_t i = 0; i <= f->features.n; i++)
		f->linear.weight[i] = some();
}

/* Two stumps and a leaf. */
static void make_forest(struct forecaster *f)
{
	struct err e = {0};
	assert_int_equal(forest_init(&f->forest, f->features.n, 3, 7, &e), 0);
	for (uint32_t t = 0; t < 2; t++) {
		f->forest.node[3 * t] = (struct forest_node){ .5f, 1u << FOREST_COLUMN_BITS | t };
		f->forest.node[3 * t + 1].at = 1 + (float)t;
		f->forest.node[3 * t + 2].at = 5;
	}
	f->forest.node[6].at = 2;
	for (uint32_t t = 0; t <= 3; t++)
		f->forest.root[t] = t < 3 ? 3 * t : 7;
}

static void make_network(struct forecaster *f)
{
	struct err e = {0};
	const struct lstm_shape s = { 1, 6, f->features.n, f->steps };
	f->lstm = lstm_new(&s, &e);
	assert_non_null(f->lstm);
	for (uint64_t i = 0; i < lstm_n_weights(&s); i++)
		f->lstm->weight[i] = some();
}

static void make(struct forecaster *f, enum forecaster_kind kind)
{
	struct err e = {0};
	*f = (struct forecaster){ .kind = kind, .steps = kind == FORECASTER_LSTM ? 9 : 1 };
	assert_int_equal(feature_init(&f->features, kind == FORECASTER_LSTM ?
		"lag1,diff2,views1,day_sin" : "lag1-3,mean7,day_cos", 1, &e), 0);
	if (kind == FORECASTER_LINEAR)
		make_linear(f);
	else if (kind == FORECASTER_FOREST)
		make_forest(f);
	else if (kind == FORECASTER_LSTM)
		make_network(f);
}

static char *bytes_of(const struct forecaster *f, size_t *ret_len)
{
	struct packer p = {0};
	forecaster_pack(f, &p);
	char *at = malloc(p.len);
	p = (struct packer){ at, 0, p.len };
	forecaster_pack(f, &p);
	*ret_len = p.len;
	return at;
}

static void every_kind_comes_back(void **state)
{
	(void)state;
	for (int kind = FORECASTER_LINEAR; kind < FORECASTER_N; kind++) {
		struct forecaster a, b;
		struct err e = {0};
		size_t len, again;
		make(&a, (enum forecaster_kind)kind);
		char *bytes = bytes_of(&a, &len), *twice;
		assert_int_equal(forecaster_unpack(&b, bytes, len, &e), 0);
		assert_int_equal(b.kind, kind);
		assert_int_equal(forecaster_window(&b), forecaster_window(&a));
		twice = bytes_of(&b, &again);
		assert_int_equal(again, len);
		assert_memory_equal(twice, bytes, len);
		uint32_t n = forecaster_columns(&a);
		float *x = calloc((size_t)ROWS * n, sizeof *x), y[ROWS], z[ROWS];
		for (uint32_t i = 0; i < ROWS * n; i++)
			x[i] = some();
		forecaster_predict(&a, x, ROWS, y);
		forecaster_predict(&b, x, ROWS, z);
		assert_memory_equal(y, z, sizeof y);
		bool spread = false;
		for (uint32_t i = 0; i < ROWS; i++) {
			assert_true(y[i] >= 0);
			spread |= y[i] > 0 && y[i] != y[0];
		}
		assert_true(spread);
		free(x);
		free(bytes);
		free(twice);
		forecaster_done(&a);
		forecaster_done(&b);
	}
}

/* Steps are cleaned before they are learnt from: no forecast is right above the cap. */
static void nothing_is_forecast_above_the_cap(void **state)
{
	(void)state;
	for (int kind = FORECASTER_LINEAR; kind < FORECASTER_N; kind++) {
		struct forecaster f;
		float free_y[ROWS], y[ROWS];
		uint32_t n_above = 0;
		make(&f, (enum forecaster_kind)kind);
		uint32_t n = forecaster_columns(&f);
		float *x = calloc((size_t)ROWS * n, sizeof *x);
		for (uint32_t i = 0; i < ROWS * n; i++)
			x[i] = some();
		forecaster_predict(&f, x, ROWS, free_y);
		f.features.cap[OBSERVED_VALUE] = .2f;
		forecaster_predict(&f, x, ROWS, y);
		for (uint32_t i = 0; i < ROWS; i++) {
			assert_true(y[i] == fminf(free_y[i], .2f));
			n_above += free_y[i] > .2f;
		}
		assert_true(n_above > 0);
		free(x);
		forecaster_done(&f);
	}
}

static void cut_bytes_are_refused(void **state)
{
	(void)state;
	for (int kind = FORECASTER_NONE; kind < FORECASTER_N; kind++) {
		struct forecaster a, b;
		struct err e = {0};
		size_t len;
		make(&a, (enum forecaster_kind)kind);
		char *bytes = bytes_of(&a, &len);
		for (size_t cut = 0; cut < len; cut++) {
			char *part = malloc(cut + 1);
			memcpy(part, bytes, cut);
			assert_int_equal(forecaster_unpack(&b, part, cut, &e), -EBADMSG);
			assert_true(b.linear.weight == NULL && b.lstm == NULL);
			free(part);
		}
		free(bytes);
		forecaster_done(&a);
	}
}

/* Whatever is turned over, what is taken can be asked. */
static void damaged_bytes_do_no_harm(void **state)
{
	(void)state;
	for (int kind = FORECASTER_LINEAR; kind < FORECASTER_N; kind++) {
		struct forecaster a, b;
		size_t len;
		make(&a, (enum forecaster_kind)kind);
		char *bytes = bytes_of(&a, &len);
		for (size_t i = 0; i < len; i++) {
			struct err e = {0};
			bytes[i] ^= (char)(1 << i % 8);
			if (forecaster_unpack(&b, bytes, len, &e) == 0) {
				uint32_t n = forecaster_columns(&b);
				float *x = calloc(n, sizeof *x), y;
				forecaster_predict(&b, x, 1, &y);
				assert_true(y >= 0);
				free(x);
				forecaster_done(&b);
			}
			bytes[i] ^= (char)(1 << i % 8);
		}
		free(bytes);
		forecaster_done(&a);
	}
}

/* A forecaster whose window is longer than what is kept of a user. */
static void too_long_a_window_is_refused(void **state)
{
	struct forecaster a = { .kind = FORECASTER_LINEAR, .steps = 1 }, b;
	struct err e = {0};
	size_t len;
	(void)state;
	assert_int_equal(feature_init(&a.features, "mean33", 1, &e), 0);
	make_linear(&a);
	char *bytes = bytes_of(&a, &len);
	assert_int_equal(forecaster_unpack(&b, bytes, len, &e), -EBADMSG);
	free(bytes);
	forecaster_done(&a);
}

/* A network's row is that of each step as if it were the newest. */
static void rows_are_windows(void **state)
{
	struct forecaster f;
	struct observation o[FORECASTER_STEPS] = {0};
	float row[FORECASTER_COLUMNS_MAX], one[FEATURE_MAX];
	(void)state;
	make(&f, FORECASTER_LSTM);
	uint32_t window = forecaster_window(&f);
	for (uint32_t i = 0; i < window; i++)
		o[i] = (struct observation){ .start_ms = i * DAY, .price = NAN,
			.at = { [OBSERVED_VALUE] = some(), [OBSERVED_VIEWS] = (float)i } };
	forecaster_row(&f, o + window - 1, window * DAY, row);
	for (uint32_t s = 0; s < f.steps; s++) {
		uint32_t newest = window - f.steps + s;
		feature_row(&f.features, NULL, o + newest, (newest + 1) * DAY, one);
		assert_memory_equal(one, row + s * f.features.n, f.features.n * sizeof *one);
	}
	forecaster_done(&f);
}

static void a_model_keeps_the_bytes(void **state)
{
	struct forecast_model a, b;
	struct forecaster f;
	struct err e = {0};
	(void)state;
	make(&f, FORECASTER_FOREST);
	forecast_model_default(&a);
	forecast_model_default(&b);
	assert_true(forecast_model_is_good(&a) && a.f.kind == FORECASTER_NONE);
	assert_int_equal(forecast_model_take(&a, &f, &e), 0);
	assert_true(f.forest.node == NULL && a.n_bytes > 0);
	assert_int_equal(forecast_model_load(&b, a.bytes, a.n_bytes, &e), 0);
	assert_int_equal(b.f.kind, FORECASTER_FOREST);
	assert_int_equal(a.n_bytes, b.n_bytes);
	assert_memory_equal(a.bytes, b.bytes, a.n_bytes);
	assert_int_equal(forecast_model_load(&b, a.bytes, a.n_bytes - 1, &e), -EBADMSG);
	assert_int_equal(b.f.kind, FORECASTER_FOREST);
	b.scale = 0;
	assert_false(forecast_model_is_good(&b));
	forecast_model_done(&a);
	forecast_model_done(&b);
}

static void the_hash_sees_all_of_it(void **state)
{
	struct model m;
	(void)state;
	model_default(&m);
	forecast_model_done(&m.forecast);
	known_model(&m.forecast, 2);
	m.channels |= CHANNEL_BIT(CHANNEL_FORECAST);
	model_seal(&m);
	const uint64_t hash = m.hash;
#define CHANGES(lvalue, other) do { \
		__typeof__(lvalue) old = (lvalue); \
		(lvalue) = (other); \
		model_seal(&m); \
		assert_int_not_equal(m.hash, hash); \
		(lvalue) = old; \
		model_seal(&m); \
		assert_int_equal(m.hash, hash); \
	} while (0)
	CHANGES(((char *)m.forecast.bytes)[m.forecast.n_bytes - 1], 0x40);
	CHANGES(m.forecast.n_bytes, 0);
	CHANGES(m.forecast.scale, 5);
	CHANGES(m.forecast.prior_steps, 5);
	CHANGES(m.forecast.level_steps, 5);
	CHANGES(m.forecast.error_steps, 5);
	CHANGES(m.forecast.warm_up_steps, 5);
	CHANGES(m.forecast.pledge.threshold, 4);
	CHANGES(m.forecast.pledge.budget_kud, 4);
	CHANGES(m.forecast.pledge.far.point[1].far, .4);
	model_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(nothing_is_forecast_above_the_cap),
		cmocka_unit_test(cut_bytes_are_refused),
		cmocka_unit_test(damaged_bytes_do_no_harm),
		cmocka_unit_test(too_long_a_window_is_refused),
		cmocka_unit_test(rows_are_windows),
		cmocka_unit_test(a_model_keeps_the_bytes),
		cmocka_unit_test(the_hash_sees_all_of_it),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
