/* From what to what an alarm is, of rows that are set by hand. */
#include "detect/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "detect/priors.h"
#include "ingest/event.h"

#define SESSION INT64_C(36000000)
#define N_SESSIONS 12

enum { PHONES, BOOKS, PRAMS, TOYS, COMMON, N_CATEGORIES };

struct scene {
	struct ids ids;
	struct model model;
	struct priors priors;
	struct profile profile;
	struct past past;
	uint32_t item;
};

/* An event of an item of its own; since the change it is kept in the past as well. */
static void look(struct scene *s, int64_t time_ms, uint32_t category, bool is_since)
{
	struct sight sight = { .category = category, .item = s->item, .tag = (uint16_t)s->item };
	struct row row;

	s->item++;
	if (profile_is_over(&s->profile, time_ms, SESSION / 2))
		profile_close(&s->profile);
	assert_int_equal(profile_push(&s->profile, time_ms, &sight, 1, &row), 1);
	if (!is_since)
		return;
	s->past.row[s->past.n++] = row;
	s->past.n_counts += row.flags & ROW_COUNT;
}

/* Phones in all sessions, books in every second one. Names are not in the order of numbers. */
static int set_up(void **state)
{
	static const char *const name[N_CATEGORIES] = { "phones", "books", "prams", "dolls",
		"common" };
	static struct scene s;
	struct err e = { 0 };

	memset(&s, 0, sizeof s);
	assert_int_equal(ids_init(&s.ids, &e), 0);
	for (uint32_t i = 0; i < N_CATEGORIES; i++)
		assert_int_equal(dict_id(s.ids.category, name[i], strlen(name[i])), i);
	s.model.strength = 10;
	assert_int_equal(priors_init(&s.priors, &s.model, &s.ids, &e), 0);
	assert_int_equal(priors_grow(&s.priors, &e), 0);
	for (uint32_t i = 0; i < N_CATEGORIES; i++)
		s.priors.category[i].pi[0] = i == COMMON ? .6f : .1f;
	profile_init(&s.profile);
	for (int i = 0; i < N_SESSIONS; i++) {
		look(&s, i * SESSION, PHONES, false);
		if (i % 2)
			look(&s, i * SESSION + 1000, BOOKS, false);
		if (!i)
			look(&s, 2000, COMMON, false);
	}
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	profile_done(&s->profile);
	priors_done(&s->priors);
	model_done(&s->model);
	ids_done(&s->ids);
	return 0;
}

static struct finding explained(struct scene *s)
{
	struct suspect who = { &s->profile, &s->past, &s->priors };
	struct finding f = { 0 };

	explain(&who, &f);
	return f;
}

static void the_most_looked_at_is_what_a_user_turned_to(void **state)
{
	struct scene *s = *state;
	struct finding f;

	look(s, 20 * SESSION, TOYS, true);
	for (int i = 1; i < 8; i++)
		look(s, 20 * SESSION + i, PRAMS, true);
	f = explained(s);
	assert_int_equal(f.from, PHONES);
	assert_int_equal(f.to, PRAMS);
	assert_int_equal(f.to_after, 1);        /* a session counts once */
	assert_int_equal(f.n_after, 2);
	assert_int_equal(f.n_before, 19);
	assert_int_equal(f.from_before, N_SESSIONS);
}

static void ties_go_to_the_order_of_bytes(void **state)
{
	struct scene *s = *state;

	look(s, 20 * SESSION, PRAMS, true);
	look(s, 20 * SESSION + 1, TOYS, true);
	assert_int_equal(explained(s).to, TOYS);        /* "dolls" */
}

/* Of few rows its share leans far towards the population's, but nobody saw it. */
static void what_did_not_occur_is_no_answer(void **state)
{
	struct scene *s = *state;

	look(s, 20 * SESSION, TOYS, true);
	assert_int_equal(explained(s).to, TOYS);
	s->past.row[0].category = PHONES;
	assert_int_equal(explained(s).to, DICT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_most_looked_at_is_what_a_user_turned_to, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(ties_go_to_the_order_of_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_did_not_occur_is_no_answer, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
