/* format: what is chosen for a head of a file, and what is said when nothing fits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "ingest/format.h"

struct choice {
	const char *spec, *columns, *head;
	const char *name;               /* NULL: refused */
	char delim;
	bool header;
	int column[FIELD_N];            /* time, user, item, category, behaviour, price, quantity */
	const char *said;               /* part of what is said, or of the message */
	int code;
};

#define VEER "timestamp,user,item,category,behaviour"
#define TAOBAO "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,pv,1511561733\n"
#define REES46 "event_time,event_type,product_id,category_id,category_code,brand,price,user_id," \
	"user_session\n2019-10-01 00:00:00 UTC,view,44600062,2103807459595387724,,shiseido,35.79," \
	"541312140,72d76fde\n"

static const struct choice fits[] = {
	{.head = VEER "\n1,u,i,c,pv\n", .name = "veer", .delim = ',', .header = true,
		.column = {0, 1, 2, 3, 4, -1, -1},
		.said = "format veer guessed: header, time=timestamp"},
	{.head = "\xef\xbb\xbf\"timestamp\",user,item,category,behaviour", .name = "veer",
		.delim = ',', .header = true, .column = {0, 1, 2, 3, 4, -1, -1}},
	{.head = VEER ",price,quantity\r\n1,u,", .name = "veer", .delim = ',', .header = true,
		.column = {0, 1, 2, 3, 4, 5, 6}},
	{.head = "Category ID;USER;qty;Time\n", .name = "veer", .delim = ';', .header = true,
		.column = {3, 1, -1, 0, -1, -1, 2}, .said = "delimiter ;"},
	{.head = "ts\tuser_id\taction\tcategory_id\n", .name = "veer", .delim = '\t',
		.header = true, .column = {0, 1, -1, 3, 2, -1, -1}, .said = "delimiter tab"},
	{.head = REES46, .name = "veer", .delim = ',', .header = true,
		.column = {0, 7, 2, 3, 1, 6, -1},
		.said = "category=category_id,behaviour=event_type"},
	{.head = TAOBAO, .name = "taobao", .delim = ',', .column = {4, 0, 1, 2, 3, -1, -1},
		.said = "format taobao guessed: no header, user,item,category,behaviour,timestamp"},
	{.head = "broken\n1;2;3;BUY;2017-11-25\n", .name = "taobao", .delim = ';',
		.column = {4, 0, 1, 2, 3, -1, -1}, .said = "delimiter ;"},
	{.spec = "taobao", .head = TAOBAO, .name = "taobao", .delim = ',',
		.column = {4, 0, 1, 2, 3, -1, -1}, .said = ""},
	{.spec = "veer", .head = VEER "\n", .name = "veer", .delim = ',', .header = true,
		.column = {0, 1, 2, 3, 4, -1, -1}, .said = ""},
	{.spec = "veer", .columns = "category=brand", .head = REES46, .name = "veer", .delim = ',',
		.header = true, .column = {0, 7, 2, 5, 1, 6, -1}},
	{.columns = "time=5,user=1,item=2,category=3,behaviour=4", .head = TAOBAO,
		.name = "columns", .delim = ',', .column = {4, 0, 1, 2, 3, -1, -1}, .said = ""},
	{.columns = "time=1,user=2,category=2", .head = "1;u\n", .name = "columns", .delim = ';',
		.column = {0, 1, -1, 1, -1, -1, -1}, .said = "format columns, delimiter ; guessed"},
	{.columns = "time=when,user=2,category=What Kind,delim=tab",
		.head = "a\tb\tWhat Kind\twhen\n", .name = "columns", .delim = '\t',
		.header = true, .column = {3, 1, -1, 2, -1, -1, -1}},
	{.columns = "delim=,,time=1,user=2,category=3,header=yes", .head = "x,y,z\n",
		.name = "columns", .delim = ',', .header = true,
		.column = {0, 1, -1, 2, -1, -1, -1}},
	{.columns = "time=1,user=2,category=3", .head = "time,who,what\n1,2,3\n", .name = "columns",
		.delim = ',', .header = true, .column = {0, 1, -1, 2, -1, -1, -1}},
	{.columns = "time=1,user=2,category=3,header=no", .head = "time,who,what\n",
		.name = "columns", .delim = ',', .column = {0, 1, -1, 2, -1, -1, -1}},
};

static const struct choice refused[] = {
	{.head = "some;thing\x1b[31m;else\n", .code = -ENOMSG,
		.said = "first line \"some;thing\\x1b[31m;else\"; try --format veer, taobao or "
			"series, or --columns"},
	{.head = "", .code = -ENOMSG, .said = "try --format"},
	{.head = "timestamp,user,item\n", .code = -ENOMSG,
		.said = "no category column in the header: timestamp, user, item"},
	{.spec = "veer", .head = "when,user,category\n", .code = -ENOMSG,
		.said = "no time column in the header: when, user, category"},
	{.spec = "vier", .head = VEER, .code = -EINVAL, .said = "\"vier\"; known are veer, taobao"},
	{.spec = "taobao", .head = "1,2,3\n", .code = -ENOMSG, .said = "first rows have 3"},
	{.columns = "time=1,user=2,category=9", .head = "1,2,3\n", .code = -ENOMSG,
		.said = "column 9"},
	{.columns = "time=t,user=u,category=c", .head = "t,u,d\n", .code = -ENOMSG,
		.said = "no column \"c\" for category in the header: t, u, d"},
	{.columns = "time=1,user=2", .head = "1,2\n", .code = -EINVAL,
		.said = "category is missing"},
	{.columns = "time=0,user=2,category=3", .head = "1\n", .code = -EINVAL, .said = "time=0"},
	{.columns = "time=,user=2,category=3", .head = "1\n", .code = -EINVAL, .said = "time="},
	{.columns = "time", .head = "1\n", .code = -EINVAL, .said = "\"time\" is not of the form"},
	{.columns = "", .head = "1\n", .code = -EINVAL, .said = "not of the form"},
	{.columns = "tame=1", .head = "1\n", .code = -EINVAL, .said = "\"tame\" is none of time"},
	{.columns = "time=t,user=2,category=3,header=no", .head = "1\n", .code = -EINVAL,
		.said = "header=no"},
	{.columns = "time=1,user=2,category=3,delim=ab", .head = "1\n", .code = -EINVAL,
		.said = "delim=ab"},
	{.columns = "time=1,user=2,category=3,delim=\"", .head = "1\n", .code = -EINVAL,
		.said = "delim="},
	{.columns = "time=1,user=2,category=3,header=perhaps", .head = "1\n", .code = -EINVAL,
		.said = "yes or no"},
};

static void must_hold(const char *text, const char *part)
{
	if (part && !strstr(text, part))
		fail_msg("\"%s\" does not say \"%s\"", text, part);
	if (part && !part[0])
		assert_string_equal(text, "");
}

static void what_fits_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		const struct choice *c = &fits[i];
		struct format f;
		struct err e = {0};
		char said[256];
		if (format_choose(&f, c->spec, c->columns, c->head, strlen(c->head), said,
				sizeof(said), &e) < 0)
			fail_msg("row %zu: %s", i, e.text);
		assert_string_equal(f.name, c->name);
		assert_int_equal(f.delim, c->delim);
		assert_int_equal(f.header, c->header);
		for (int k = 0; k < FIELD_N; k++)
			assert_int_equal(f.column[k], c->column[k]);
		must_hold(said, c->said);
	}
}

static void what_does_not_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct choice *c = &refused[i];
		struct format f;
		struct err e = {0};
		char said[256];
		assert_int_equal(format_choose(&f, c->spec, c->columns, c->head, strlen(c->head),
			said, sizeof(said), &e), c->code);
		must_hold(e.text, c->said);
	}
}

static void a_head_may_be_cut_anywhere(void **state)
{
	static const char head[] = VEER ",price\n1,u,i,c,pv,2\n";
	struct format f;
	char said[256];

	(void)state;
	for (size_t len = strlen(VEER) + 1; len < sizeof(head); len++) {
		assert_int_equal(format_choose(&f, NULL, NULL, head, len, said, sizeof(said), NULL),
			0);
		assert_int_equal(f.column[FIELD_CATEGORY], 3);
	}
}

static void words_are_behaviours(void **state)
{
	static const struct format_word words[] = {
		{"view", BEHAVIOUR_VIEW}, {"PV", BEHAVIOUR_VIEW}, {"click", BEHAVIOUR_VIEW},
		{"browse", BEHAVIOUR_VIEW}, {"page_view", BEHAVIOUR_VIEW},
		{"product_viewed", BEHAVIOUR_VIEW}, {"Cart", BEHAVIOUR_CART},
		{"addtocart", BEHAVIOUR_CART}, {"add_to_cart", BEHAVIOUR_CART},
		{"fav", BEHAVIOUR_FAVOURITE}, {"favourite", BEHAVIOUR_FAVOURITE},
		{"favorite", BEHAVIOUR_FAVOURITE}, {"wishlist", BEHAVIOUR_FAVOURITE},
		{"buy", BEHAVIOUR_BUY}, {"purchase", BEHAVIOUR_BUY}, {"transaction", BEHAVIOUR_BUY},
		{"order", BEHAVIOUR_BUY}, {"orders", BEHAVIOUR_BUY}, {"return", BEHAVIOUR_RETURN},
		{"refund", BEHAVIOUR_RETURN}, {"cancel", BEHAVIOUR_RETURN},
		{"cancellation", BEHAVIOUR_RETURN}, {"remove_from_cart", BEHAVIOUR_RETURN},
		{"uncart", BEHAVIOUR_RETURN}, {"other", BEHAVIOUR_OTHER}, {"", BEHAVIOUR_OTHER},
		{"impression", BEHAVIOUR_OTHER}, {"vie", BEHAVIOUR_OTHER},
		{"views", BEHAVIOUR_OTHER},
		{"a_word_longer_than_any_in_the_table", BEHAVIOUR_OTHER},
	};
	static const struct format_word own[] = {
		{"1", BEHAVIOUR_BUY}, {"view", BEHAVIOUR_CART}, {NULL, BEHAVIOUR_OTHER}};
	struct format f = *format_table();

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(format_behaviour(&f, words[i].word, strlen(words[i].word)),
			words[i].behaviour);
	assert_int_equal(format_behaviour(&f, "pv\0x", 4), BEHAVIOUR_OTHER);
	f.words = own;
	assert_int_equal(format_behaviour(&f, "1", 1), BEHAVIOUR_BUY);
	assert_int_equal(format_behaviour(&f, "view", 4), BEHAVIOUR_CART);
	assert_int_equal(format_behaviour(&f, "pv", 2), BEHAVIOUR_VIEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_found),
		cmocka_unit_test(what_does_not_says_why),
		cmocka_unit_test(a_head_may_be_cut_anywhere),
		cmocka_unit_test(words_are_behaviours),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
