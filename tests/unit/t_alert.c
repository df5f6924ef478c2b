#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/alert.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/text.h"

static int setup(void **state)
{
	struct ids *ids = calloc(1, sizeof *ids);
	struct err e;

	if (!ids || ids_init(ids, &e) < 0)
		return -1;
	*state = ids;
	return 0;
}

static int teardown(void **state)
{
	ids_done(*state);
	free(*state);
	return 0;
}

static uint32_t id(struct dict *d, const char *s)
{
	return dict_id(d, s, strlen(s));
}

static struct finding finding(struct ids *ids)
{
	return (struct finding){
		.time_ms = 1511618602007, .onset_ms = -1, .user = id(ids->user, "007"),
		.from = id(ids->category, "Phones, used"), .to = id(ids->category, "a\"b\x1b"),
		.n_before = 30, .n_after = 7, .to_before = 1, .to_after = 7,
		.score = 14.800001f, .far = .025f, .severity = 72,
	};
}

static void assert_row(enum alert_form form, const struct alert *a, const struct ids *ids,
	const char *want)
{
	struct text t;

	text_init(&t, 4096);
	alert_row(&t, form, a, ids, "new");
	assert_string_equal(t.s, want);
	text_done(&t);
}

static void csv_row_is_contracts(void **state)
{
	struct ids *ids = *state;
	struct finding f = finding(ids);
	struct alert a = { .f = f, .id = 0xab, .model = 0x0123456789abcdef };

	assert_row(ALERT_CSV, &a, ids, "00000000000000ab,007,2017-11-25T14:03:22.007Z,"
		"1969-12-31T23:59:59.999Z,interest,shift,\"Phones, used\",\"a\"\"b\\x1b\","
		"0.0333333,1,14.8,0.025,72,new,0123456789abcdef\n");
}

static void jsonl_row_has_the_same_names(void **state)
{
	struct ids *ids = *state;
	struct finding f = finding(ids);
	struct alert a = { .f = f, .id = 0xab, .model = 0x0123456789abcdef };

	assert_row(ALERT_JSONL, &a, ids, "{\"alert_id\":\"00000000000000ab\",\"user\":\"007\","
		"\"time\":\"2017-11-25T14:03:22.007Z\",\"onset\":\"1969-12-31T23:59:59.999Z\","
		"\"kind\":\"interest\",\"direction\":\"shift\",\"category_from\":\"Phones, used\","
		"\"category_to\":\"a\\\"b\\u001b\",\"share_before\":0.0333333,\"share_after\":1,"
		"\"score\":14.8,\"far\":0.025,\"severity\":72,\"state\":\"new\","
		"\"model\":\"0123456789abcdef\"}\n");
}

static void assert_labelled(enum alert_form form, struct ids *ids, const struct alert_words *w,
	const char *end)
{
	struct alert a = { .f = finding(ids), .id = 0xab, .model = 1 };
	struct text plain, t;

	text_init(&plain, 4096);
	text_init(&t, 4096);
	alert_row(&plain, form, &a, ids, w->state);
	plain.s[plain.len - (form == ALERT_CSV ? 1 : 2)] = '\0';
	alert_row_labelled(&t, form, &a, ids, w);
	assert_memory_equal(t.s, plain.s, strlen(plain.s));
	assert_string_equal(t.s + strlen(plain.s), end);
	text_done(&plain);
	text_done(&t);
}

static void a_labelled_row_has_two_cells_more(void **state)
{
	static const struct alert_words said = { "cleared", "false", "a,\x1b", 3, NULL };
	static const struct alert_words unsaid = { "new", NULL, NULL, 0, NULL };
	struct text t;

	assert_labelled(ALERT_CSV, *state, &said, ",false,\"a,\\x1b\"\n");
	assert_labelled(ALERT_JSONL, *state, &said,
		",\"label\":\"false\",\"note\":\"a,\\u001b\"}\n");
	assert_labelled(ALERT_CSV, *state, &unsaid, ",,\n");
	assert_labelled(ALERT_JSONL, *state, &unsaid, ",\"label\":null,\"note\":null}\n");
	text_init(&t, 4096);
	alert_header_labelled(&t, ALERT_CSV);
	assert_non_null(strstr(t.s, ",severity,state,model,label,note\n"));
	text_done(&t);
}

static void absent_is_empty_or_null(void **state)
{
	struct ids *ids = *state;
	struct finding f = { .user = id(ids->user, "u"), .from = DICT_NONE, .to = DICT_NONE,
		.n_before = 3, .n_after = 4, .score = 1, .far = NAN, .kind = KIND_VOLUME,
		.direction = DIRECTION_FADE, .level_before = 2.5f, .level_after = NAN };
	struct alert a = { .f = f, .id = 0, .model = 1 };

	assert_row(ALERT_CSV, &a, ids, "0000000000000000,u,1970-01-01T00:00:00.000Z,"
		"1970-01-01T00:00:00.000Z,volume,fade,,,2.5,,1,,0,new,0000000000000001\n");
	assert_row(ALERT_JSONL, &a, ids, "{\"alert_id\":\"0000000000000000\",\"user\":\"u\","
		"\"time\":\"1970-01-01T00:00:00.000Z\",\"onset\":\"1970-01-01T00:00:00.000Z\","
		"\"kind\":\"volume\",\"direction\":\"fade\",\"category_from\":null,"
		"\"category_to\":null,\"share_before\":2.5,\"share_after\":null,\"score\":1,"
		"\"far\":null,\"severity\":0,\"state\":\"new\",\"model\":\"0000000000000001\"}\n");
}

static void header_has_a_name_a_cell(void **state)
{
	struct text t;

	(void)state;
	text_init(&t, 4096);
	alert_header(&t, ALERT_JSONL);
	assert_int_equal(t.len, 0);
	alert_header(&t, ALERT_CSV);
	assert_string_equal(t.s,
		"alert_id,user,time,onset,kind,direction,category_from,category_to,"
		"share_before,share_after,score,far,severity,state,model\n");
	text_done(&t);
}

static void id_depends_on_its_five_fields_alone(void **state)
{
	struct ids *ids = *state;
	struct finding f = finding(ids), g = f;
	uint64_t first = alert_make(&f, ids, 5).id;

	g.score = 1;
	g.to = DICT_NONE;
	g.severity = 3;
	assert_int_equal(alert_make(&g, ids, 5).id, first);
	assert_int_not_equal(alert_make(&f, ids, 6).id, first);
	g = f;
	g.time_ms++;
	assert_int_not_equal(alert_make(&g, ids, 5).id, first);
	g = f;
	g.onset_ms++;
	assert_int_not_equal(alert_make(&g, ids, 5).id, first);
	g = f;
	g.kind = KIND_VOLUME;
	assert_int_not_equal(alert_make(&g, ids, 5).id, first);
	g = f;
	g.user = id(ids->user, "7");
	assert_int_not_equal(alert_make(&g, ids, 5).id, first);
}

/* The number of a user in the dictionary is chance: it must not show. */
static void id_ignores_dictionary_numbers(void **state)
{
	struct ids *ids = *state, other;
	struct finding f = finding(ids), g;
	struct err e;

	assert_int_equal(ids_init(&other, &e), 0);
	id(other.user, "somebody else");
	g = finding(&other);
	assert_int_not_equal(f.user, g.user);
	assert_int_equal(alert_make(&f, ids, 5).id, alert_make(&g, &other, 5).id);
	ids_done(&other);
}

/* A fixed value, so that ids in stores stay valid between versions (and processors). */
static void id_is_the_documented_hash(void **state)
{
	struct ids *ids = *state;
	struct finding f = { .user = id(ids->user, "u1"), .time_ms = 2, .onset_ms = 1 };

	assert_int_equal(alert_make(&f, ids, 3).id, 0x3d25c4dd9e866957);
}

static void sorts_by_time_user_kind(void **state)
{
	struct ids *ids = *state;
	uint32_t b = id(ids->user, "b"), a = id(ids->user, "a"), long_a = id(ids->user, "aa");
	struct alert list[] = {
		{ .f = { .time_ms = 2, .user = a } },
		{ .f = { .time_ms = 1, .user = b } },
		{ .f = { .time_ms = 1, .user = a, .kind = KIND_INTEREST } },
		{ .f = { .time_ms = 1, .user = long_a } },
		{ .f = { .time_ms = 1, .user = a, .kind = KIND_FORECAST } },
		{ .f = { .time_ms = -1, .user = b } },
	};

	alert_sort(list, 6, ids);
	assert_int_equal(list[0].f.time_ms, -1);
	assert_int_equal(list[1].f.kind, KIND_FORECAST);
	assert_int_equal(list[2].f.user, a);
	assert_int_equal(list[3].f.user, long_a);
	assert_int_equal(list[4].f.user, b);
	assert_int_equal(list[5].f.time_ms, 2);
	alert_sort(NULL, 0, ids);
}

static void forms_have_names(void **state)
{
	enum alert_form form;

	(void)state;
	assert_true(alert_form_parse("csv", &form) && form == ALERT_CSV);
	assert_true(alert_form_parse("jsonl", &form) && form == ALERT_JSONL);
	assert_false(alert_form_parse("json", &form));
	assert_false(alert_form_parse("", &form));
}

static void rarity_reads_well(void **state)
{
	static const struct { double far; const char *words; } table[] = {
		{ .025, "once in 40,000 user-days" },
		{ .0262, "once in 38,000 user-days" },
		{ 1, "once in 1,000 user-days" },
		{ .0101, "once in 99,000 user-days" },
		{ 10.04, "once in 100 user-days" },
		{ 55, "once in 18 user-days" },
		{ 400, "once in 2.5 user-days" },
		{ 1000, "once in 1 user-day" },
		{ 1004, "once in 1 user-day" },
		{ 1006, "more than once a user-day" },
		{ 5000, "more than once a user-day" },
		{ INFINITY, "more than once a user-day" },
		{ 1e-6, "once in 1,000,000,000 user-days" },
		{ 1e-30, "once in 1,000,000,000,000 user-days" },
		{ 0, "once in 1,000,000,000,000 user-days" },
		{ NAN, "never calibrated" },
		{ -1, "never calibrated" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		alert_rarity(table[i].far, buf, sizeof buf);
		assert_string_equal(buf, table[i].words);
	}
	alert_rarity(.025, buf, 8);
	assert_string_equal(buf, "once in");
}

int main(void)
{
#define WITH_IDS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_IDS(csv_row_is_contracts),
		WITH_IDS(jsonl_row_has_the_same_names),
		WITH_IDS(a_labelled_row_has_two_cells_more),
		WITH_IDS(absent_is_empty_or_null),
		cmocka_unit_test(header_has_a_name_a_cell),
		WITH_IDS(id_depends_on_its_five_fields_alone),
		WITH_IDS(id_ignores_dictionary_numbers),
		WITH_IDS(id_is_the_documented_hash),
		WITH_IDS(sorts_by_time_user_kind),
		cmocka_unit_test(forms_have_names),
		cmocka_unit_test(rarity_reads_well),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
