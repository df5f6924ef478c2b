#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "base/pack.h"

static void fill(struct packer *p)
{
	pack_u32(p, 7);
	pack(p, "abc", 3);
	pack_u32(p, 0x01020304);
}

static void what_goes_in_comes_out(void **state)
{
	(void)state;
	char bytes[11], text[3];
	uint32_t v;
	struct packer p = { bytes, 0, sizeof bytes };
	fill(&p);
	assert_int_equal(p.len, sizeof bytes);
	struct unpacker u = { bytes, bytes + p.len };
	assert_int_equal(unpack_u32(&u, &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(unpack_to(&u, text, sizeof text), 0);
	assert_memory_equal(text, "abc", 3);
	assert_int_equal(unpack_u32(&u, &v), 0);
	assert_int_equal(v, 0x01020304);
	assert_ptr_equal(u.at, u.end);
}

static void a_packer_without_room_counts(void **state)
{
	(void)state;
	char few[5] = "-----";
	struct packer p = { 0 };
	fill(&p);
	assert_int_equal(p.len, 11);
	p = (struct packer){ few, 0, sizeof few };
	fill(&p);
	assert_int_equal(p.len, 11);
	assert_int_equal(few[4], '-');          /* a value is put whole or not at all */
}

static void nothing_is_taken_past_the_end(void **state)
{
	(void)state;
	const char bytes[6] = "abcdef";
	uint32_t v;
	struct unpacker u = { bytes, bytes + sizeof bytes };
	assert_null(unpack(&u, 7));
	assert_null(unpack(&u, SIZE_MAX));
	assert_int_equal(unpack_u32(&u, &v), 0);
	assert_int_equal(unpack_u32(&u, &v), -EBADMSG);
	assert_ptr_equal(unpack(&u, 2), bytes + 4);
	assert_non_null(unpack(&u, 0));
	assert_null(unpack(&u, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(a_packer_without_room_counts),
		cmocka_unit_test(nothing_is_taken_past_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
