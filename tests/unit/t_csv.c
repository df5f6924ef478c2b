/* csv: rows to events and rejects, with their lines and bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "ingest/csv.h"
#include "ingest/number.h"

struct bench {
	struct ids ids;
	struct zone zone;
	struct format format;
	struct csv_reader *reader;
};

static const struct format plain = {.name = "test", .delim = ',',
	.column = {0, 1, 2, 3, 4, 5, 6}};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	*state = b;
	b->format = plain;
	return ids_init(&b->ids, NULL) || zone_init(&b->zone, NULL, NULL);
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	csv_reader_free(b->reader);
	ids_done(&b->ids);
	zone_done(&b->zone);
	free(b);
	return 0;
}

static struct batch *read_at(struct bench *b, const char *data, struct csv_block block)
{
	if (!b->reader)
		b->reader = csv_reader_new(&b->ids, &b->format, &b->zone, true, 100, NULL);
	assert_non_null(b->reader);
	block.data = data;
	block.len = block.len ? block.len : strlen(data);
	block.first_line = block.first_line ? block.first_line : 1;
	struct batch *batch = csv_read(b->reader, &block, NULL);
	assert_non_null(batch);
	return batch;
}

static struct batch *read_text(struct bench *b, const char *data)
{
	return read_at(b, data, (struct csv_block){0});
}

static void must_be(const struct dict *d, uint32_t id, const char *want)
{
	size_t len;
	const char *have = dict_text(d, id, &len);

	assert_int_equal(len, strlen(want));
	assert_memory_equal(have, want, len);
}

static void must_reject(const struct batch *b, uint32_t i, enum reject why, uint64_t line,
	const char *text)
{
	assert_true(i < b->n_reject);
	assert_int_equal(b->reject[i].why, why);
	assert_int_equal(b->reject[i].line, line);
	assert_int_equal(b->reject[i].len, strlen(text));
	assert_memory_equal(b->reject[i].text, text, b->reject[i].len);
}

static void rows_become_events(void **state)
{
	struct bench *b = *state;
	struct batch *batch = read_text(b, "1511544070,007,i1,c1,buy,2.5,3\n"
		"2017-11-25T01:00:00Z,u,,c1,Walk,,\n"
		"1511544070123,\"u,\n2\",\"i\"\"1\",c1,refund,-1e-2,-4\n");

	assert_int_equal(batch->n, 3);
	assert_int_equal(batch->n_rows, 3);
	struct event ev = batch_get(batch, 0);
	assert_int_equal(ev.time_ms, 1511544070000);
	must_be(b->ids.user, ev.user, "007");
	must_be(b->ids.item, ev.item, "i1");
	assert_int_equal(ev.behaviour, BEHAVIOUR_BUY);
	assert_true(ev.price == 2.5f && ev.quantity == 3);
	ev = batch_get(batch, 1);
	must_be(b->ids.item, ev.item, "");
	assert_int_equal(ev.behaviour, BEHAVIOUR_OTHER);
	assert_true(isnan(ev.price) && isnan(ev.quantity));
	assert_int_equal(batch->category[1], batch->category[0]);
	ev = batch_get(batch, 2);
	assert_int_equal(ev.time_ms, 1511544070123);
	must_be(b->ids.user, ev.user, "u,\n2");
	must_be(b->ids.item, ev.item, "i\"1");
	assert_int_equal(ev.behaviour, BEHAVIOUR_RETURN);
	assert_true(ev.price == -.01f && ev.quantity == -4);
	assert_int_equal(batch->offset[0], 0);
	assert_int_equal(batch->offset[1], 31);
	batch_free(batch);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	struct bench *b = *state;
	struct batch *batch = read_at(b, "\r\n1,u,i,c,pv\r\n,u,i,c,pv\r\n\r\n1,\"u\r\nv\",i,,pv\r\n"
		"1,,i,c,pv\r\nx,u,i,c,pv\r\n1,u,i\r\n1,u,i,c,pv,12x\r\n1,u,i,c,pv,,1.2.3\r\n"
		"\"1,u,i,c,pv\r\n2,u,i,c,pv",
		(struct csv_block){.first_line = 11, .offset = 1000, .source = 7});

	assert_int_equal(batch->n, 2);
	assert_int_equal(batch->n_rows, 10);
	assert_int_equal(batch->n_reject, 8);
	must_reject(batch, 0, REJECT_TIME, 13, ",u,i,c,pv");
	must_reject(batch, 1, REJECT_CATEGORY, 15, "1,\"u\r\nv\",i,,pv");
	must_reject(batch, 2, REJECT_USER, 17, "1,,i,c,pv");
	must_reject(batch, 3, REJECT_TIME, 18, "x,u,i,c,pv");
	must_reject(batch, 4, REJECT_COLUMNS, 19, "1,u,i");
	must_reject(batch, 5, REJECT_NUMBER, 20, "1,u,i,c,pv,12x");
	must_reject(batch, 6, REJECT_NUMBER, 21, "1,u,i,c,pv,,1.2.3");
	must_reject(batch, 7, REJECT_QUOTE, 22, "\"1,u,i,c,pv");
	assert_int_equal(batch->rejected[REJECT_TIME], 2);
	assert_int_equal(batch->rejected[REJECT_QUOTE], 1);
	assert_int_equal(batch->offset[0], 1002);
	assert_int_equal(batch->source, 7);
	assert_int_equal(batch->reject[0].source, 7);
	/* What was rejected has left no id. */
	assert_int_equal(dict_size(b->ids.user), 1);
	assert_int_equal(dict_size(b->ids.category), 1);
	batch_free(batch);
}

static void the_header_is_no_row(void **state)
{
	struct bench *b = *state;
	struct batch *batch = read_at(b,
		"\xef\xbb\xbf\n\"time\",user,\"it\nem\",x,y\nbad\n1,u,i,c,pv\n",
		(struct csv_block){.skip_header = true});

	assert_int_equal(batch->n, 1);
	assert_int_equal(batch->n_rows, 2);
	must_reject(batch, 0, REJECT_COLUMNS, 4, "bad");
	batch_free(batch);
}

static void fields_may_share_a_column_or_be_absent(void **state)
{
	struct bench *b = *state;

	b->format.column[FIELD_ITEM] = 3;
	b->format.column[FIELD_BEHAVIOUR] = b->format.column[FIELD_PRICE] = -1;
	struct batch *batch = read_text(b, "1,u,x,c,buy,no,5\n1,u,x,c\n1,u,x\n");
	assert_int_equal(batch->n, 2);
	assert_int_equal(batch->rejected[REJECT_COLUMNS], 1);
	must_be(b->ids.item, batch->item[0], "c");
	must_be(b->ids.category, batch->category[0], "c");
	assert_int_equal(batch->behaviour[0], BEHAVIOUR_VIEW);
	assert_null(batch->price);
	assert_true(batch->quantity[0] == 5 && isnan(batch->quantity[1]));
	batch_free(batch);
}

static void only_the_first_rejects_are_kept(void **state)
{
	struct bench *b = *state;
	struct csv_block block = {.data = "a\nb\nc\nd\n", .len = 8, .first_line = 1};

	b->reader = csv_reader_new(&b->ids, &b->format, &b->zone, false, 2, NULL);
	struct batch *batch = csv_read(b->reader, &block, NULL);
	assert_int_equal(batch->rejected[REJECT_COLUMNS], 4);
	assert_int_equal(batch->n_reject, 2);
	must_reject(batch, 1, REJECT_COLUMNS, 2, "b");
	batch_free(batch);
}

static void long_rows_are_cut_and_counted(void **state)
{
	struct bench *b = *state;
	size_t len = 3 * (size_t)ROW_MAX;
	char *data = malloc(len + 1);

	memset(data, 'x', len);
	data[len] = '\0';
	memcpy(data, "1,u,", 4);
	memcpy(data + ROW_MAX - 8, ",c,pv,1\n", 8);             /* a row of ROW_MAX bytes is one */
	memcpy(data + len - 12, "\n2,u,i,c,pv\n", 12);
	struct batch *batch = read_text(b, data);
	assert_int_equal(batch->n, 2);
	assert_int_equal(batch->n_reject, 1);
	assert_int_equal(batch->reject[0].why, REJECT_LONG);
	assert_int_equal(batch->reject[0].line, 2);
	assert_int_equal(batch->reject[0].len, REJECT_TEXT_MAX);
	size_t item;
	dict_text(b->ids.item, batch->item[0], &item);
	assert_int_equal(item, ROW_MAX - 8 - 4);
	batch_free(batch);
	batch = read_at(b, data + ROW_MAX, (struct csv_block){.offset = ROW_MAX, .rest = true});
	assert_int_equal(batch->n, 1);
	assert_int_equal(batch->n_reject, 0);
	batch_free(batch);
	free(data);
}

/* More text than fits beside a row of the greatest length, so that rows are settled early. */
static void many_long_ids_keep_their_rows(void **state)
{
	enum { ROWS = 50, ID = 40000 };
	struct bench *b = *state;
	char *data = malloc((size_t)ROWS * (ID + 16) + 1), *p = data;

	for (int i = 0; i < ROWS; i++) {
		p += sprintf(p, "%d,", i);
		memset(p, 'a' + i % 26, ID);
		p += ID + i % 3 - 2;
		p += sprintf(p, ",i%d,c,pv\n", i);
	}
	struct batch *batch = read_text(b, data);
	assert_int_equal(batch->n, ROWS);
	for (uint32_t i = 0; i < ROWS; i++) {
		size_t len;
		const char *user = dict_text(b->ids.user, batch->user[i], &len);
		assert_int_equal(len, ID + i % 3 - 2);
		assert_int_equal(user[0], 'a' + i % 26);
		assert_int_equal(user[len - 1], 'a' + i % 26);
		assert_int_equal(batch->time_ms[i], 1000 * i);
	}
	batch_free(batch);
	free(data);
}

static void memory_out_is_said_and_passes(void **state)
{
	struct bench *b = *state;
	struct csv_block block = {.data = "1,u,i,c,pv\nbad\n", .len = 15, .first_line = 1};
	bool failed = false, done = false;

	b->reader = csv_reader_new(&b->ids, &b->format, &b->zone, false, 5, NULL);
	for (uint64_t n = 1; !done && n < 100; n++) {
		struct err e = {0};
		mem_fail_after(n);
		struct batch *batch = csv_read(b->reader, &block, &e);
		mem_fail_after(0);
		failed |= !batch;
		assert_true(batch || e.code == -ENOMEM);
		done = batch != NULL;
		batch_free(batch);
	}
	assert_true(failed && done);
	struct batch *batch = csv_read(b->reader, &block, NULL);
	assert_int_equal(batch->n, 1);
	assert_int_equal(batch->n_reject, 1);
	batch_free(batch);
}

static void numbers_are_read_without_a_locale(void **state)
{
	static const struct { const char *text; float want; } good[] = {
		{"0", 0}, {"12", 12}, {"-3.25", -3.25f}, {"+.5", .5f}, {"7.", 7}, {"1e3", 1e3f},
		{"1.5E-2", .015f}, {"123456789012345678901234567890", 1.23456789e29f},
		{"0.000000000000000000000000000000001", 1e-33f}, {"1e-400", 0},
		{"0.1", .1f}, {"35.79", 35.79f}, {"16777217", 16777216},
		{"0000000000000000000000000012.5", 12.5f}, {"0e999999999999", 0},
	};
	static const char *const bad[] = {"", "+", ".", "-.", "e5", "1e", "1e+", "1x", "1,5",
		"0x10", "nan", "inf", " 1", "1 ", "1e39", "1e999999999999", "--1"};
	float v;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(number_parse(good[i].text, strlen(good[i].text), &v));
		if (v != good[i].want)
			fail_msg("%s is read as %a", good[i].text, (double)v);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (number_parse(bad[i], strlen(bad[i]), &v))
			fail_msg("\"%s\" is read as %a", bad[i], (double)v);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rows_become_events),
		CASE(what_is_wrong_is_told_with_its_line),
		CASE(the_header_is_no_row),
		CASE(fields_may_share_a_column_or_be_absent),
		CASE(only_the_first_rejects_are_kept),
		CASE(long_rows_are_cut_and_counted),
		CASE(many_long_ids_keep_their_rows),
		CASE(memory_out_is_said_and_passes),
		cmocka_unit_test(numbers_are_read_without_a_locale),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
