/* One user's portrait: cells, shares, scores and alerts, against sums made the slow way. */
#include "engine/portrait.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/finding.h"
#include "model/model.h"

#define HOUR_MS INT64_C(3600000)
#define N_PHONES 60u
#define N_NURSERY 12u
#define N_EVENTS (N_PHONES + N_NURSERY)
#define START_MS INT64_C(1511539200000)
#define USER 5u

struct stage {
	struct ids ids;
	struct model model;
};

static uint32_t category(struct stage *st, const char *text)
{
	return dict_id(st->ids.category, text, strlen(text));
}

static int set_stage(void **state)
{
	static struct stage st;
	struct err e = {0};

	*state = &st;
	if (ids_init(&st.ids, &e) < 0)
		return -1;
	for (unsigned i = 0; i <= USER; i++) {
		char name[8];

		dict_id(st.ids.user, name, (size_t)snprintf(name, sizeof(name), "u%u", i));
	}
	category(&st, "of another user");
	dict_id(st.ids.item, "", 0);
	model_default(&st.model);
	return 0;
}

static int clear_stage(void **state)
{
	struct stage *st = *state;

	ids_done(&st->ids);
	model_done(&st->model);
	return 0;
}

/* A look an hour, mostly at phones, with a few of six others between; then nothing but nursery. */
static struct event *make_events(struct stage *st)
{
	static const char *const others[] = { "tv", "books", "audio", "garden", "toys", "wine" };
	struct event *ev = mem_get(N_EVENTS, sizeof(*ev));

	assert_non_null(ev);
	for (uint32_t i = 0; i < N_EVENTS; i++) {
		const char *c = i >= N_PHONES ? "nursery" : i % 5 ? "phones" : others[i / 5 % 6];

		ev[i] = (struct event){
			.time_ms = START_MS + i * HOUR_MS,
			.user = USER,
			.category = category(st, c),
			.behaviour = i % 10 ? BEHAVIOUR_VIEW : BEHAVIOUR_BUY,
			.price = NAN,
			.quantity = NAN,
		};
	}
	return ev;
}

static void make(struct portrait *p, struct stage *st, const struct portrait_options *o)
{
	struct err e = {0};

	assert_int_equal(
		portrait_make(p, USER, make_events(st), N_EVENTS, &st->model, &st->ids, o, &e), 0);
}

static void test_finds_the_change(void **state)
{
	struct stage *st = *state;
	struct portrait p;
	struct portrait_options o = {
		.n_cells = 72, .max_rows = 20, .upto_ms = START_MS + 71 * HOUR_MS
	};
	const struct finding *f;

	make(&p, st, &o);
	assert_int_equal(p.n_findings, 1);
	f = &p.finding[0];
	assert_int_equal(f->user, USER);
	assert_int_equal(f->to, category(st, "nursery"));
	assert_int_equal(f->from, category(st, "phones"));
	assert_int_equal(f->onset_ms, START_MS + N_PHONES * HOUR_MS);
	assert_true(f->score >= p.threshold);
	assert_true(p.threshold == st->model.threshold[CHANNEL_MIXTURE]);
	assert_string_equal(dict_text(st->ids.category, p.row[0].category, NULL), "nursery");
	assert_true(p.row[0].now == 1);
	assert_true(p.row[0].base == 0);
	assert_int_equal(p.row[0].n_events, N_NURSERY);
	assert_int_equal(p.row[0].last_ms, START_MS + 71 * HOUR_MS);
	for (uint32_t i = 0; i < N_EVENTS; i++)
		assert_int_equal(p.event[i].user, USER);
	portrait_done(&p);
}

/* Events are an hour apart and so are the cells: each cell has one event, the last one the last. */
static void test_cells(void **state)
{
	struct stage *st = *state;
	struct portrait p;
	struct portrait_options o = { .n_cells = 72,
		.max_rows = 20,
		.upto_ms = START_MS + 71 * HOUR_MS,
		.span_ms = 72 * HOUR_MS,
		.score = SCORE_INTEREST };

	make(&p, st, &o);
	assert_int_equal(p.cell_ms, HOUR_MS);
	assert_int_equal(p.from_ms, o.upto_ms - 72 * HOUR_MS);
	for (uint32_t c = 0; c < p.n_cells; c++) {
		for (uint32_t r = 0; r < p.n_rows; r++) {
			float want = p.row[r].category != p.event[c].category ? 0 : c % 10 ? 1 : 5;

			assert_true(p.row[r].cell[c] == want);
		}
	}
	portrait_done(&p);
}

/* Cells further back are those of a longer span; the rest of the portrait does not change. */
static void test_cells_further_back(void **state)
{
	struct stage *st = *state;
	struct portrait now, back;
	struct portrait_options o = { .n_cells = 72, .max_rows = 20,
		.upto_ms = START_MS + 71 * HOUR_MS, .span_ms = 72 * HOUR_MS,
		.score = SCORE_INTEREST };

	make(&now, st, &o);
	o.n_cells = 24;
	o.span_ms = 24 * HOUR_MS;
	o.back_ms = 30 * HOUR_MS;
	make(&back, st, &o);
	assert_int_equal(back.from_ms, o.upto_ms - 54 * HOUR_MS);
	assert_int_equal(back.n_events, now.n_events);
	assert_int_equal(back.n_rows, now.n_rows);
	for (uint32_t r = 0; r < now.n_rows; r++) {
		assert_int_equal(back.row[r].n_events, now.row[r].n_events);
		for (uint32_t c = 0; c < 24; c++)
			assert_true(back.row[r].cell[c] == now.row[r].cell[c + 18]);
	}
	for (uint32_t c = 0; c < 24; c++)
		assert_true(isnan(now.score[c + 18]) ? isnan(back.score[c])
						     : back.score[c] == now.score[c + 18]);
	portrait_done(&now);
	portrait_done(&back);
}

static void test_whole_span_has_every_event(void **state)
{
	struct stage *st = *state;
	static const uint32_t cells[] = { 1, 7, 32, 256 };

	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
		struct portrait p;
		struct portrait_options o = { .n_cells = cells[i],
			.max_rows = 20,
			.score = SCORE_COUNT,
			.upto_ms = START_MS + 71 * HOUR_MS + 12345 };
		float sum = 0;

		make(&p, st, &o);
		for (uint32_t r = 0; r < p.n_rows; r++)
			for (uint32_t c = 0; c < p.n_cells; c++)
				sum += p.row[r].cell[c];
		assert_true(sum == N_EVENTS);
		assert_int_equal(p.from_ms + p.cell_ms * p.n_cells, o.upto_ms);
		portrait_done(&p);
	}
}

static void test_the_rest(void **state)
{
	struct stage *st = *state;
	struct portrait all, few;
	struct portrait_options o = {
		.n_cells = 10, .max_rows = 20, .upto_ms = START_MS + 71 * HOUR_MS
	};
	float now = 0, base = 0, cell = 0;
	uint32_t n = 0;

	make(&all, st, &o);
	o.max_rows = 3;
	make(&few, st, &o);
	assert_int_equal(all.n_rows, 8);
	assert_int_equal(few.n_rows, 3);
	assert_int_equal(few.row[2].category, DICT_NONE);
	assert_int_equal(few.row[2].n_rest, 6);
	for (uint32_t i = 2; i < all.n_rows; i++) {
		now += all.row[i].now;
		base += all.row[i].base;
		cell += all.row[i].cell[4];
		n += all.row[i].n_events;
	}
	assert_float_equal(few.row[2].now, now, 1e-6);
	assert_float_equal(few.row[2].base, base, 1e-6);
	assert_float_equal(few.row[2].cell[4], cell, 1e-6);
	assert_int_equal(few.row[2].n_events, n);
	now = base = 0;
	for (uint32_t i = 0; i < all.n_rows; i++) {
		assert_int_not_equal(all.row[i].category, DICT_NONE);
		now += all.row[i].now;
		base += all.row[i].base;
	}
	assert_float_equal(now, 1, 1e-6);
	assert_float_equal(base, 1, 1e-6);
	portrait_done(&all);
	portrait_done(&few);
}

/* A score is a function of the past: a portrait up to an earlier moment shows the beginning of a
 * later one's curve.
 */
static void test_scores(void **state)
{
	struct stage *st = *state;
	struct portrait all, early;
	struct portrait_options o = { .n_cells = 72,
		.max_rows = 20,
		.upto_ms = START_MS + 71 * HOUR_MS,
		.span_ms = 72 * HOUR_MS };
	uint32_t alarm = 0, seen = 0;

	make(&all, st, &o);
	o.upto_ms = START_MS + 40 * HOUR_MS + 1;
	o.n_cells = 41;
	o.span_ms = 41 * HOUR_MS;
	make(&early, st, &o);
	assert_int_equal(early.n_events, 41);
	assert_int_equal(early.n_findings, 0);
	for (uint32_t c = 0; c < 41; c++) {
		assert_true(isnan(all.score[c]) == isnan(early.score[c]));
		assert_true(isnan(all.score[c]) || all.score[c] == early.score[c]);
		seen += !isnan(all.score[c]);
	}
	assert_true(seen > 20 && seen < 41);
	assert_true(isnan(all.score[0]));
	while (all.event[alarm].time_ms != all.finding[0].time_ms)
		alarm++;
	assert_true(all.score[alarm] == all.finding[0].score);
	assert_true(all.score[alarm - 1] < all.threshold);
	portrait_done(&all);
	portrait_done(&early);
}

static void test_without_a_change(void **state)
{
	struct stage *st = *state;
	struct portrait p;
	struct err e = {0};
	struct event *ev = make_events(st);
	struct portrait_options o = {
		.n_cells = 8, .max_rows = 4, .upto_ms = START_MS + 39 * HOUR_MS
	};

	assert_int_equal(portrait_make(&p, USER, ev, 40, NULL, &st->ids, &o, &e), 0);
	assert_int_equal(p.n_findings, 0);
	for (uint32_t c = 0; c < 8; c++)
		assert_true(isnan(p.score[c]));
	/* The last quarter: events 30 to 39, of which 30 is a buy of "tv" and 35 a view of "books".
	 */
	assert_string_equal(dict_text(st->ids.category, p.row[0].category, NULL), "phones");
	assert_float_equal(p.row[0].now, 8. / 14, 1e-6);
	portrait_done(&p);
}

static void test_rates(void **state)
{
	static const enum behaviour b[] = { BEHAVIOUR_VIEW, BEHAVIOUR_VIEW, BEHAVIOUR_BUY,
		BEHAVIOUR_VIEW };
	struct stage *st = *state;
	struct event *ev = mem_get(4, sizeof(*ev));
	struct portrait_options o = {
		.n_cells = 1, .max_rows = 4, .upto_ms = 30, .score = SCORE_CONVERSION
	};
	struct portrait p;
	struct err e = {0};

	for (uint32_t i = 0; i < 4; i++)
		ev[i] = (struct event){ .time_ms = i * 10,
			.user = USER,
			.category = category(st, "phones"),
			.behaviour = (uint8_t)b[i],
			.price = NAN,
			.quantity = NAN };
	assert_int_equal(portrait_make(&p, USER, ev, 4, NULL, &st->ids, &o, &e), 0);
	assert_float_equal(p.row[0].cell[0], 1. / 3, 1e-6);
	portrait_done(&p);
}

static void test_nobody(void **state)
{
	struct stage *st = *state;
	struct portrait p;
	struct err e = {0};
	struct portrait_options o = { .n_cells = 8, .max_rows = 4, .upto_ms = 1000 };

	assert_int_equal(portrait_make(&p, USER, NULL, 0, &st->model, &st->ids, &o, &e), 0);
	assert_int_equal(p.n_rows, 0);
	assert_int_equal(p.n_events, 0);
	portrait_done(&p);
}

static void test_no_memory(void **state)
{
	struct stage *st = *state;
	struct portrait_options o = {
		.n_cells = 10, .max_rows = 3, .upto_ms = START_MS + 71 * HOUR_MS
	};
	size_t before = mem_used();
	unsigned failures = 0;

	for (uint64_t n = 1;; n++) {
		struct portrait p;
		struct err e = {0};
		struct event *ev = make_events(st);
		int code;

		mem_fail_after(n);
		code = portrait_make(&p, USER, ev, N_EVENTS, &st->model, &st->ids, &o, &e);
		mem_fail_after(0);
		if (code == 0)
			portrait_done(&p);
		assert_int_equal(mem_used(), before);
		if (code == 0)
			break;
		assert_int_equal(code, -ENOMEM);
		failures++;
	}
	assert_true(failures >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_the_change),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_cells_further_back),
		cmocka_unit_test(test_whole_span_has_every_event),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_without_a_change),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_no_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_stage, clear_stage);
}
