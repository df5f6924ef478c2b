#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

static void set_keeps_code_and_text(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_set(&e, -ENOENT, "could not open \"%s\": %d", "a", 7), -ENOENT);
	assert_int_equal(e.code, -ENOENT);
	assert_string_equal(e.text, "could not open \"a\": 7");
	assert_int_equal(err_set(NULL, -EIO, "%s", "x"), -EIO);
}

static void set_scrubs(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, -EINVAL, "bad \"%s\"", "\x1b]0;x\x07\xff\xe2\x80\xae");
	assert_string_equal(e.text, "bad \"\\x1b]0;x\\x07\\xff\\u202e\"");
}

/* Of a long message of 3-byte characters only whole ones stay, at every offset of the cut. */
static void set_cuts_at_a_character(void **state)
{
	char in[ERR_TEXT_MAX + 64];
	struct err e;

	(void)state;
	for (size_t lead = 0; lead < 4; lead++) {
		size_t n = 0;
		for (; n < lead; n++)
			in[n] = 'a';
		for (; n + 3 < sizeof(in); n += 3)
			memcpy(in + n, "\xe6\x97\xa5", 3);
		in[n] = '\0';
		err_set(&e, -EINVAL, "%s", in);
		size_t len = strlen(e.text);
		assert_true(len < ERR_TEXT_MAX && len >= ERR_TEXT_MAX - 4);
		assert_int_equal((len - lead) % 3, 0);
		assert_memory_equal(e.text, in, len);
	}
}

static void wrap_puts_context_before(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, -EPERM, "it is locked");
	assert_int_equal(err_wrap(&e, "could not open %s", "it"), -EPERM);
	assert_string_equal(e.text, "could not open it: it is locked");
	for (int i = 0; i < 100; i++)
		assert_int_equal(err_wrap(&e, "again and again"), -EPERM);
	assert_true(strlen(e.text) < ERR_TEXT_MAX);
	assert_true(err_wrap(NULL, "x") < 0);
}

/* The message may be made of itself. */
static void set_from_its_own_text(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, -EIO, "inner");
	err_set(&e, -EINVAL, "outer (%s)", e.text);
	assert_string_equal(e.text, "outer (inner)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_keeps_code_and_text),
		cmocka_unit_test(set_scrubs),
		cmocka_unit_test(set_cuts_at_a_character),
		cmocka_unit_test(wrap_puts_context_before),
		cmocka_unit_test(set_from_its_own_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
