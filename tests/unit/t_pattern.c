#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/pattern.h"

static bool is_in(const char *pattern, const char *s)
{
	struct pattern p;
	struct err e = { 0 };
	bool yes;

	if (pattern_make(&p, pattern, &e) < 0)
		fail_msg("%s", e.text);
	yes = pattern_is_in(&p, s, strlen(s));
	pattern_done(&p);
	return yes;
}

static void finds_without_regard_to_case(void **state)
{
	(void)state;
	assert_true(is_in("GIFT", "Phones > Gift cards"));
	assert_true(is_in("^!! new .*> gift", "!! new 730441 Phones > Gift cards"));
	assert_true(is_in("ü.l", "Möbel Ümlaut ÜXL"));
	assert_false(is_in("(?-i)GIFT", "Phones > Gift cards"));
	assert_false(is_in("^Gift", "Phones > Gift cards"));
}

static void broken_text_matches_nothing(void **state)
{
	(void)state;
	assert_true(is_in("b", "a\xff" "b"));
	assert_false(is_in("a.b", "a\xff" "b"));
}

static void a_fault_is_told_with_its_place(void **state)
{
	static const char *const bad[][2] = {
		{ "gift(", "at its end" }, { "é)x", "at character 2: \")x\"" },
		{ "a[z", "at its end" }, { "*x", "at character" }, { "\\", "at its end" },
	};
	struct pattern p;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){ 0 };
		assert_int_equal(pattern_make(&p, bad[i][0], &e), -EINVAL);
		assert_null(p.code);
		if (!strstr(e.text, bad[i][1]) || !strstr(e.text, "is no pattern: "))
			fail_msg("%s", e.text);
	}
}

/* Two to the 63rd ways to match nothing: given up, not gone through. */
static void no_pattern_takes_forever(void **state)
{
	char s[64];

	(void)state;
	memset(s, 'a', sizeof s - 1);
	s[sizeof s - 1] = 0;
	assert_false(is_in("^(a+)+b$", s));
	assert_true(is_in("^(a+)+$", s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_without_regard_to_case),
		cmocka_unit_test(broken_text_matches_nothing),
		cmocka_unit_test(a_fault_is_told_with_its_place),
		cmocka_unit_test(no_pattern_takes_forever),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
