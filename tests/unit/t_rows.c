/* Rows of many series against those of each alone. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "learn/rows.h"

#define SERIES 100u
#define STEPS 60u

struct bench {
	struct observation o[SERIES][STEPS];
	struct rows_series series[SERIES];
	struct feature_set set;
	struct rows_source from;
};

/* Of 0 to 59 steps; one in twenty is far too high. */
static void make_bench(struct bench *b)
{
	struct chance c = { 3 };
	struct feature_tally t = {0};
	assert_int_equal(feature_init(&b->set, "lag1-3,mean5,hour_sin", 2, NULL), 0);
	for (uint32_t s = 0; s < SERIES; s++)
		for (uint32_t i = 0; i < STEPS; i++)
			b->o[s][i] = (struct observation){ .start_ms = i * 1000, .price = NAN,
				.at = { (float)chance_below(&c, 9) +
				(chance_is(&c, .05) ? 1e6f : 0) } };
	assert_int_equal(feature_fit_caps(&b->set, CAP_QUANTILE, .9, &b->o[0][0], STEPS, NULL), 0);
	for (uint32_t s = 0; s < SERIES; s++) {
		feature_clean(&b->set, b->o[s], STEPS, &t);
		b->series[s] = (struct rows_series){ b->o[s], chance_below(&c, STEPS), 3 * s };
	}
	b->from = (struct rows_source){ &b->set, NULL, b->series, SERIES, 1 };
}

static void series_after_series(void **state)
{
	struct bench *b = mem_get(1, sizeof *b);
	float x[STEPS * 5], y[STEPS];
	int64_t time_ms[STEPS], known_ms[STEPS];
	(void)state;
	make_bench(b);
	for (int rejects = 0; rejects < 2; rejects++)
		for (unsigned threads = 1; threads < 5; threads += 3) {
			struct rows r;
			struct feature_tally all = {0}, each = {0};
			struct feature_rows one = { x, y, time_ms, known_ms };
			uint32_t at = 0;
			b->set.rejects = rejects;
			b->from.threads = threads;
			assert_int_equal(rows_init(&r, &b->from, &all, NULL), 0);
			for (uint32_t s = 0; s < SERIES; s++) {
				uint32_t n = feature_rows(&b->set, NULL, b->series[s].at,
					b->series[s].n, &one, &each);
				assert_memory_equal(dataset_row(&r.d, at), x, n * 5 * sizeof *x);
				assert_memory_equal(r.d.y + at, y, n * sizeof *y);
				assert_memory_equal(r.d.time_ms + at, time_ms, n * sizeof *time_ms);
				assert_memory_equal(r.d.known_ms + at, known_ms,
					n * sizeof *known_ms);
				for (uint32_t i = 0; i < n; i++)
					assert_int_equal(r.d.series[at + i], 3 * s);
				at += n;
			}
			assert_int_equal(r.d.n_rows, at);
			assert_int_equal(all.n_rejected, each.n_rejected);
			assert_true(!rejects == (all.n_rejected == 0));
			assert_string_equal(r.d.name[3], "mean5");
			rows_done(&r);
		}
	mem_free(b);
}

static void memory_may_end_anywhere(void **state)
{
	struct bench *b = mem_get(1, sizeof *b);
	size_t used = mem_used();
	uint64_t n = 0;
	(void)state;
	make_bench(b);
	for (int r = -ENOMEM; r < 0; n++) {
		struct rows rows;
		mem_fail_after(n + 1);
		r = rows_init(&rows, &b->from, NULL, NULL);
		assert_true(r == 0 || (r == -ENOMEM && mem_used() == used));
		rows_done(&rows);
	}
	mem_fail_after(0);
	assert_in_range(n, 9, 12);
	mem_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_after_series),
		cmocka_unit_test(memory_may_end_anywhere),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
