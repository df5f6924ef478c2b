/* names: one file for the names of users, items and categories. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "ingest/names.h"

static struct names *names_of(const char *text, struct err *e)
{
	char path[] = "/tmp/t_names.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	struct names *n = names_open(path, e);
	unlink(path);
	return n;
}

static void must_show(const char *file, const char *id, const char *want)
{
	struct err e = {0};
	struct names *n = names_of(file, &e);

	if (!n)
		fail_msg("%s", e.text);
	assert_string_equal(names_show(n, id), want);
	names_close(n);
}

static void an_id_shows_its_name(void **state)
{
	(void)state;
	must_show("id,name\n7,Seven\n007,\"Bond, James\"\n", "7", "Seven");
	must_show("id,name\n7,Seven\n007,\"Bond, James\"\n", "007", "Bond, James");
	must_show("id,name\n7,Seven\n", "8", "8");
	must_show("7,Seven\n8,Eight", "7", "Seven");
	must_show("7,Seven\n8,Eight", "8", "Eight");
	must_show("\xef\xbb\xbf\r\nName;x,Id,name\r\nz,1,One\r\n", "1", "One");
	must_show("NAME,ID\nid,name\n", "name", "id");
	must_show("1,a\n2,b\n1,c\n", "1", "c");
	must_show("1,a\n1,\n", "1", "a");
	must_show("1,\n", "1", "1");
	must_show("", "id", "id");
	assert_string_equal(names_show(NULL, "x"), "x");
}

static void a_name_leads_to_its_id(void **state)
{
	struct err e = {0};
	struct names *n = names_of("7,Seven\n8,Eight\n9,Eight\n5,old\n5,new\n", &e);

	(void)state;
	assert_non_null(n);
	assert_string_equal(names_id(n, "Seven"), "7");
	assert_string_equal(names_id(n, "new"), "5");
	assert_string_equal(names_id(n, "old"), "old");         /* it is none's any more */
	assert_string_equal(names_id(n, "Eight"), "Eight");     /* of two */
	assert_string_equal(names_id(n, "7"), "7");
	assert_string_equal(names_id(n, "nobody"), "nobody");
	assert_string_equal(names_id(NULL, "Seven"), "Seven");
	names_close(n);
}

static void must_refuse(const char *file, const char *part)
{
	struct err e = {0};
	struct names *n = names_of(file, &e);

	assert_null(n);
	assert_int_equal(e.code, -EINVAL);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
}

static void a_bad_file_is_told_with_its_line(void **state)
{
	struct err e = {0};

	(void)state;
	must_refuse("id,name\n1,a\n\"2\n2\",b\n\n3\n4,d\n", "line 6: id,name is expected");
	must_refuse("1,a\n,b\n", "line 2: the id is missing");
	must_refuse("1,a\n2,\"b\n3,c\n", "line 2: a quote is never closed");
	must_refuse("just words\n", "line 1: id,name is expected");
	assert_null(names_open("/nowhere/names.csv", &e));
	assert_int_equal(e.code, -ENOENT);
	assert_non_null(strstr(e.text, "\"/nowhere/names.csv\": No such file"));
	assert_null(names_open("/tmp", &e));
	assert_int_equal(e.code, -EISDIR);
	char *text = malloc(5000);
	memset(text, 'x', 4999);
	text[4999] = '\0';
	memcpy(text + 4900, ",name", 5);
	must_refuse(text, "line 1: longer than 4096 bytes");
	free(text);
}

static void many_names_are_kept(void **state)
{
	enum { N = 20000 };
	char *text = malloc(N * 24), *p = text;

	(void)state;
	for (int i = 0; i < N; i++)
		p += sprintf(p, "%d,\"name\n%d\"\n", i, i % 1000);
	struct names *n = names_of(text, NULL);
	assert_non_null(n);
	for (int i = 0; i < N; i += 7) {
		char id[16], name[24];
		snprintf(id, sizeof(id), "%d", i);
		snprintf(name, sizeof(name), "name\n%d", i % 1000);
		assert_string_equal(names_show(n, id), name);
	}
	names_close(n);
	free(text);
}

static void memory_out_is_said(void **state)
{
	size_t used = mem_used();
	struct names *n = NULL;

	(void)state;
	for (uint64_t k = 1; !n && k < 100; k++) {
		struct err e = {0};
		mem_fail_after(k);
		n = names_of("1,a\n2,b\n", &e);
		mem_fail_after(0);
		assert_true(n || (e.code == -ENOMEM && mem_used() == used));
	}
	assert_string_equal(names_show(n, "2"), "b");
	names_close(n);
	assert_int_equal(mem_used(), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_shows_its_name),
		cmocka_unit_test(a_name_leads_to_its_id),
		cmocka_unit_test(a_bad_file_is_told_with_its_line),
		cmocka_unit_test(many_names_are_kept),
		cmocka_unit_test(memory_out_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
