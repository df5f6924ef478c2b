#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/keymap.h"
#include "ui/keys.h"
#include "ui/parts.h"

#define EVERY_STATE (WHEN_LOADED | WHEN_LIVE | WHEN_REPLAY | WHEN_ALERTS | WHEN_FOUND | WHEN_HELD)

static void no_key_means_two_things(void **state)
{
	const struct action *a, *b;
	unsigned i, j, k, l;

	(void)state;
	for (i = 0; (a = keys_row(NULL, i)); i++)
		for (j = i + 1; (b = keys_row(NULL, j)); j++)
			for (k = 0; k < KEYS_MAX && a->key[k]; k++)
				for (l = 0; l < KEYS_MAX && b->key[l]; l++)
					assert_false(a->key[k] == b->key[l] &&
						keymap_can_meet(a, b));
}

static void every_row_is_whole(void **state)
{
	const struct action *a, *b;
	unsigned i, j;

	(void)state;
	for (i = 0; (a = keys_row(NULL, i)); i++) {
		assert_non_null(a->run);
		assert_true(a->key[0] != 0 && a->views != 0);
		assert_in_range(strlen(a->help), 5, KEYS_HELP_COLUMNS);
		assert_true(a->rank == 0 || a->label);
		for (j = i + 1; (b = keys_row(NULL, j)); j++)
			assert_string_not_equal(a->name, b->name);
	}
	assert_true(i > 30);
}

static void names_go_both_ways(void **state)
{
	const struct action *a;
	char name[KEY_NAME_MAX];
	unsigned i, k;

	(void)state;
	for (i = 0; (a = keys_row(NULL, i)); i++)
		for (k = 0; k < KEYS_MAX && a->key[k]; k++)
			assert_int_equal(key_parse(key_name(a->key[k], name)), a->key[k]);
	assert_string_equal(key_name(' ', name), "Space");
	assert_string_equal(key_name(TERM_CTRL('n'), name), "^N");
	assert_int_equal(key_parse("é"), 0xe9);
	assert_int_equal(key_parse(""), 0);
	assert_int_equal(key_parse("Hyper"), 0);
}

static void offers_only_what_works(void **state)
{
	(void)state;
	assert_null(keys_find(NULL, 'j', IN_LIVE, WHEN_REPLAY));
	assert_string_equal(keys_find(NULL, 'q', IN_LIVE, WHEN_REPLAY | WHEN_NO_TWIN)->name,
		"leave");
	assert_null(keys_find(NULL, ']', IN_LIVE, WHEN_LOADED | WHEN_LIVE));
	assert_non_null(keys_find(NULL, '[', IN_LIVE, WHEN_LOADED | WHEN_LIVE));
	assert_string_equal(keys_find(NULL, ' ', IN_LIVE, WHEN_LOADED | WHEN_LIVE)->name, "hold");
	assert_string_equal(keys_find(NULL, ' ', IN_USER, WHEN_LOADED | WHEN_REPLAY)->name,
		"pause");
	assert_null(keys_find(NULL, 'n', IN_LIVE, WHEN_LOADED | WHEN_LIVE | WHEN_ALERTS));
	assert_non_null(keys_find(NULL, 'n', IN_LIVE,
		WHEN_LOADED | WHEN_LIVE | WHEN_ALERTS | WHEN_FOUND));
	assert_null(keys_find(NULL, TERM_ESCAPE, IN_LIVE, WHEN_LOADED | WHEN_NOT_FOUND));
	assert_string_equal(keys_find(NULL, TERM_ESCAPE, IN_LIVE,
		WHEN_LOADED | WHEN_NOT_FOUND | WHEN_TRYING)->name, "budget-end");
	assert_null(keys_find(NULL, 'G', IN_LIVE, WHEN_LOADED | WHEN_LIVE));
	assert_null(keys_find(NULL, '{', IN_LIVE, EVERY_STATE));
	assert_non_null(keys_find(NULL, '{', IN_USER, EVERY_STATE));
}

static void a_twin_is_left_not_quit(void **state)
{
	unsigned twin = WHEN_LOADED | WHEN_REPLAY | WHEN_TWIN;

	(void)state;
	assert_string_equal(keys_find(NULL, 'q', IN_LIVE, twin)->name, "leave-twin");
	assert_string_equal(keys_find(NULL, '`', IN_USER, twin)->name, "return");
	assert_string_equal(keys_find(NULL, ' ', IN_LIVE, twin)->name, "pause");
	assert_non_null(keys_find(NULL, ']', IN_LIVE, twin));
	assert_null(keys_find(NULL, 'B', IN_LIVE, twin));
	assert_non_null(keys_find(NULL, 'B', IN_LIVE, WHEN_LOADED | WHEN_REPLAY | WHEN_NO_TWIN));
}

static bool holds(const struct parts *p, const char *text)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->part[i].text, text) == 0)
			return true;
	return false;
}

static unsigned rank_of(const struct parts *p, const char *text)
{
	unsigned i = 0;

	while (strcmp(p->part[i].text, text) != 0)
		i++;
	return p->part[i].rank;
}

static void footer_is_the_table(void **state)
{
	struct parts p = { .n = 0 };

	(void)state;
	keys_footer(NULL, &p, IN_USER, WHEN_LOADED | WHEN_REPLAY);
	assert_true(holds(&p, "[ ]"));
	assert_true(holds(&p, "{ }"));
	assert_true(holds(&p, "event"));
	assert_true(holds(&p, "Space"));
	p.n = 0;
	keys_footer(NULL, &p, IN_LIVE, WHEN_LOADED | WHEN_LIVE | WHEN_NO_TWIN);
	assert_false(holds(&p, "[ ]"));
	assert_true(holds(&p, "quit"));
	assert_true(holds(&p, "?"));
	assert_true(rank_of(&p, "[") > rank_of(&p, "population"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_key_means_two_things),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(offers_only_what_works),
		cmocka_unit_test(a_twin_is_left_not_quit),
		cmocka_unit_test(footer_is_the_table),
	};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
