#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/complete.h"

static int setup(void **state)
{
	static struct complete_words w;
	int alert, label;

	complete_add(&w, "alert", -1, &alert);
	complete_add(&w, "alert_id", alert, NULL);
	complete_add(&w, "category_from", alert, NULL);
	complete_add(&w, "category_to", alert, NULL);
	complete_add(&w, "label", -1, &label);
	complete_add(&w, "alert_id", label, NULL);
	complete_add(&w, "note", label, NULL);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	complete_done(*state);
	return 0;
}

/* The choices for the word before "|", with blanks between. */
static void assert_choices(void **state, const char *typed, const char *want)
{
	struct completion c;
	char sql[256], got[4096] = "";
	const char *caret = strchr(typed, '|');
	unsigned i;

	snprintf(sql, sizeof sql, "%.*s%s", (int)(caret - typed), typed, caret + 1);
	complete_find(*state, sql, (size_t)(caret - typed), &c);
	for (i = 0; i < c.n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "",
			c.choice[i]);
	assert_string_equal(got, want);
}

static void a_statement_begins(void **state)
{
	assert_choices(state, "|", "SELECT WITH VALUES EXPLAIN QUERY PLAN");
	assert_choices(state, "S|", "SELECT");
	assert_choices(state, "se|", "select");
	assert_choices(state, "zz|", "");
}

static void tables_follow_from(void **state)
{
	assert_choices(state, "SELECT * F|", "FROM");
	assert_choices(state, "SELECT max(x) n fr|", "from");
	assert_choices(state, "SELECT 'a' fr|", "from");
	assert_choices(state, "SELECT * FROM |", "alert label");
	assert_choices(state, "SELECT * FROM al|", "alert");
	assert_choices(state, "SELECT * FROM alert JOIN L|", "label");
}

static void columns_are_those_of_the_tables_named(void **state)
{
	assert_choices(state, "SELECT | FROM label", "alert_id note");
	assert_choices(state, "SELECT cat| FROM alert", "category_from category_to");
	assert_choices(state, "SELECT no|", "note not");
	assert_choices(state, "SELECT NO| FROM alert", "NOT");
}

static void an_alias_stands_for_its_table(void **state)
{
	assert_choices(state, "SELECT a.| FROM label l JOIN alert AS a",
		"alert_id category_from category_to");
	assert_choices(state, "SELECT l.n| FROM label l JOIN alert AS a", "note");
	assert_choices(state, "SELECT label.n| FROM label", "note");
	assert_choices(state, "SELECT x.n| FROM label", "");
}

static void quoted_text_is_left_alone(void **state)
{
	assert_choices(state, "SELECT 'al|", "");
	assert_choices(state, "SELECT 'x' fr|", "from");
	assert_choices(state, "SELECT 1 -- al|", "");
	assert_choices(state, "SELECT 1 -- it\nfr|", "from");
}

static void the_parameter_is_known(void **state)
{
	assert_choices(state, "SELECT * FROM alert WHERE time_ms > :n|", ":now_ms");
}

static void what_all_share_is_measured(void **state)
{
	struct completion c;

	complete_find(*state, "SELECT cat FROM alert", 10, &c);
	assert_int_equal(c.from, 7);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.common, strlen("category_"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_statement_begins),
		cmocka_unit_test(tables_follow_from),
		cmocka_unit_test(columns_are_those_of_the_tables_named),
		cmocka_unit_test(an_alias_stands_for_its_table),
		cmocka_unit_test(quoted_text_is_left_alone),
		cmocka_unit_test(the_parameter_is_known),
		cmocka_unit_test(what_all_share_is_measured),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
