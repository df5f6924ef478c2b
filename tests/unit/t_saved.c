/* Filters and views with names: what lines of a config file say, and why some say nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "ui/kept.h"
#include "ui/rank.h"
#include "ui/saved.h"
#include "ui/tables.h"
#include "ui/view.h"

static void a_line_has_parts(void **state)
{
	struct kept k;

	(void)state;
	assert_int_equal(kept_parse(&k, "", NULL), 0);
	assert_int_equal(k.view, VIEW_LIVE);
	assert_int_equal(k.window, TABLES_WINDOWS);
	assert_int_equal(kept_parse(&k, " population\tsort=user window=all  order=net off=yes "
		"inverted=no theme=safe glyphs=ascii filter= a=b  c ", NULL), 0);
	assert_int_equal(k.view, VIEW_POPULATION);
	assert_int_equal(k.sort, LIST_USER);
	assert_int_equal(k.window, TABLES_WINDOWS - 1);
	assert_int_equal(k.order, SORT_NET);
	assert_true(k.is_off && !k.is_inverted);
	assert_string_equal(k.theme, "safe");
	assert_string_equal(k.glyphs, "ascii");
	assert_string_equal(k.filter, " a=b  c ");
	assert_int_equal(kept_parse(&k, "view=sql", NULL), 0);
	assert_int_equal(k.view, VIEW_SQL);
}

static void a_bad_line_says_why(void **state)
{
	static const struct { struct saved_row row; const char *why; } bad[] = {
		{ { SAVED_FILTER, "a b", "x" }, "filter \"a b\": a name has " SAVED_NAME_FORM },
		{ { SAVED_FILTER, "gone", "(" }, "filter gone: " },
		{ { SAVED_FILTER, "empty", "" }, "filter empty: no pattern is given" },
		{ { SAVED_FILTER, "there", "x" }, "filter there: there is one of that name above" },
		{ { SAVED_VIEW, "v", "sort=scroe" },
			"view v: no sort \"scroe\": there are time, score, user" },
		{ { SAVED_VIEW, "v", "user" },
			"view v: no view \"user\": there are live, population, sql, system" },
		{ { SAVED_VIEW, "v", "srot=score" }, "view v: no part is named \"srot\": " },
		{ { SAVED_VIEW, "v", "theme=pink" }, "view v: no theme \"pink\": " },
		{ { SAVED_VIEW, "v", "glyphs=tiles" }, "view v: no glyphs \"tiles\": " },
		{ { SAVED_VIEW, "v", "filter=[" }, "view v: " },
	};
	struct saved s = { .n = 0 };
	size_t i;

	(void)state;
	assert_int_equal(saved_add(&s, &(struct saved_row){ SAVED_FILTER, "there", "x" }, NULL), 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };

		assert_int_equal(saved_add(&s, &bad[i].row, &e), -EINVAL);
		if (strncmp(e.text, bad[i].why, strlen(bad[i].why)) != 0)
			fail_msg("%s", e.text);
	}
	assert_int_equal(s.n, 1);
}

static void kinds_have_names_of_their_own(void **state)
{
	struct saved s = { .n = 0 };
	char names[64] = "";

	(void)state;
	assert_int_equal(saved_add(&s, &(struct saved_row){ SAVED_FILTER, "ab", "x" }, NULL), 0);
	assert_int_equal(saved_add(&s, &(struct saved_row){ SAVED_VIEW, "ab", "sql" }, NULL), 0);
	assert_int_equal(saved_add(&s, &(struct saved_row){ SAVED_FILTER, "ac", "y" }, NULL), 0);
	assert_string_equal(saved_find(&s, SAVED_VIEW, "ab"), "sql");
	assert_string_equal(saved_find(&s, SAVED_FILTER, "ab"), "x");
	assert_null(saved_find(&s, SAVED_VIEW, "ac"));
	assert_int_equal(saved_list(&s, SAVED_FILTER, "a", names, sizeof names), 2);
	assert_string_equal(names, "ab ac");
	assert_int_equal(saved_list(NULL, SAVED_FILTER, "", names, sizeof names), 0);
}

/* Whatever is kept is read as it was. */
static void a_file_is_read_as_it_was_written(void **state)
{
	char path[] = "t_saved.XXXXXX";
	struct kept k, again;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(kept_read(&k, path), -1);
	assert_int_equal(kept_parse(&k, "system sort=score window=7d order=name inverted=yes "
		"theme=mono glyphs=acs filter=^! new", NULL), 0);
	k.at_ms = 77;
	k.alert = UINT64_C(0xfedcba9876543210);
	k.log = 5;
	k.clock_ms = -3;
	assert_true(kept_write(&k, path));
	assert_int_equal(kept_read(&again, path), 1);
	assert_memory_equal(&k, &again, sizeof k);
	kept_init(&k);
	k.at_ms = 1;
	assert_true(kept_write(&k, path));
	assert_int_equal(kept_read(&again, path), 1);
	assert_memory_equal(&k, &again, sizeof k);
	unlink(path);
	assert_int_equal(kept_read(&k, path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_parts),
		cmocka_unit_test(a_bad_line_says_why),
		cmocka_unit_test(kinds_have_names_of_their_own),
		cmocka_unit_test(a_file_is_read_as_it_was_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
