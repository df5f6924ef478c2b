/* A person's own keys: taken, refused with reasons, and what help and footer are made from. */
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "ui/keymap.h"
#include "ui/parts.h"
#include "ui/term.h"

static struct keymap map;

static int start(void **state)
{
	(void)state;
	keymap_init(&map);
	return 0;
}

static const char *name_at(int key)
{
	const struct action *a = keys_find(&map, key, IN_LIVE, WHEN_LOADED | WHEN_REPLAY);

	return a ? a->name : "";
}

static void set(const char *name, const char *keys, unsigned line)
{
	struct err e = { 0 };

	assert_int_equal(keymap_set(&map, name, keys, line, &e), 0);
}

static void the_table_as_built_is_sound(void **state)
{
	struct err e = { 0 };
	unsigned line = 0, i;

	(void)state;
	assert_int_equal(keymap_check(&map, &line, &e), 0);
	for (i = 0; i < map.n; i++)
		assert_ptr_equal(keys_row(&map, i), &map.row[i]);
	assert_null(keys_row(&map, map.n));
	assert_null(keys_row(NULL, map.n));
}

static void a_key_replaces_the_commands_own(void **state)
{
	struct parts footer = { .n = 0 };
	struct err e = { 0 };
	unsigned line = 0, i, found = 0;

	(void)state;
	set("faster", "  _   ^U ", 3);
	assert_string_equal(name_at('_'), "faster");
	assert_string_equal(name_at(TERM_CTRL('u')), "faster");
	assert_string_equal(name_at('>'), "");
	assert_int_equal(keymap_check(&map, &line, &e), 0);
	keys_footer(&map, &footer, IN_LIVE, WHEN_LOADED | WHEN_REPLAY);
	for (i = 0; i < footer.n; i++)
		found += strcmp(footer.part[i].text, "< _") == 0;
	assert_int_equal(found, 1);
}

static void keys_may_be_swapped(void **state)
{
	struct err e = { 0 };
	unsigned line = 0;

	(void)state;
	set("faster", "<", 1);
	set("slower", ">", 2);
	assert_int_equal(keymap_check(&map, &line, &e), 0);
	assert_string_equal(name_at('<'), "faster");
	assert_string_equal(name_at('>'), "slower");
}

static void two_commands_on_one_key_are_named(void **state)
{
	struct err e = { 0 };
	unsigned line = 0;

	(void)state;
	set("slower", "_", 4);
	set("faster", "_", 9);
	assert_int_equal(keymap_check(&map, &line, &e), -EINVAL);
	assert_int_equal(line, 9);
	assert_non_null(strstr(e.text, "_ would be the key of slower and of faster in LIVE"));
}

/* A replay's key and a live run's are never offered together. */
static void commands_that_never_meet_may_share(void **state)
{
	struct err e = { 0 };
	unsigned line = 0;

	(void)state;
	set("pause", "_", 1);
	set("hold", "_", 2);
	assert_int_equal(keymap_check(&map, &line, &e), 0);
}

static void what_makes_no_sense_is_told(void **state)
{
	static const struct { const char *name, *keys, *says; } wrong[] = {
		{ "fastr", "x", "did you mean faster?" },
		{ "\x1b[2J", "x", "\\x1b[2J" },
		{ "faster", "Hyper", "\"Hyper\" is no key" },
		{ "faster", "AVeryLongNameOfAKeyIndeed", "is no key" },
		{ "faster", "\x1b[2J", "\\x1b" },
		{ "faster", "a b c d e f", "more than 5 keys" },
		{ "faster", " ", "no key is given" },
	};
	struct err e;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		e = (struct err){ 0 };
		assert_int_equal(keymap_set(&map, wrong[i].name, wrong[i].keys, 1, &e), -EINVAL);
		assert_non_null(strstr(e.text, wrong[i].says));
	}
	assert_string_equal(name_at('>'), "faster");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_table_as_built_is_sound, start),
		cmocka_unit_test_setup(a_key_replaces_the_commands_own, start),
		cmocka_unit_test_setup(keys_may_be_swapped, start),
		cmocka_unit_test_setup(two_commands_on_one_key_are_named, start),
		cmocka_unit_test_setup(commands_that_never_meet_may_share, start),
		cmocka_unit_test_setup(what_makes_no_sense_is_told, start),
	};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
