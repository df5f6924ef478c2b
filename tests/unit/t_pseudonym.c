#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/pseudonym.h"

/* The key 00 01 .. 0f and the bytes 00 01 .. 0e of the paper on SipHash: the hash is
 * a129ca6149be45e5, its lowest byte first.
 */
static void it_is_fifty_bits_of_the_hash(void **state)
{
	struct pseudonym_key k;
	uint8_t id[15], i;
	char buf[PSEUDONYM_COLUMNS + 1];

	(void)state;
	for (i = 0; i < sizeof k.byte; i++)
		k.byte[i] = i;
	for (i = 0; i < sizeof id; i++)
		id[i] = i;
	pseudonym_make(&k, id, sizeof id, buf);
	assert_string_equal(buf, "u-1damwg59yd");
}

static void a_key_decides(void **state)
{
	struct pseudonym_key k, other;
	char a[PSEUDONYM_COLUMNS + 1], b[PSEUDONYM_COLUMNS + 1];

	(void)state;
	pseudonym_new_key(&k);
	pseudonym_new_key(&other);
	pseudonym_make(&k, "730441", 6, a);
	pseudonym_make(&k, "730441", 6, b);
	assert_string_equal(a, b);
	pseudonym_make(&other, "730441", 6, b);
	assert_string_not_equal(a, b);
	pseudonym_make(&k, "730442", 6, b);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), PSEUDONYM_COLUMNS);
	assert_int_equal(strspn(a + 2, "0123456789abcdefghjkmnpqrstvwxyz"), PSEUDONYM_COLUMNS - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_fifty_bits_of_the_hash),
		cmocka_unit_test(a_key_decides),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
