/* Files to alerts, and to a store. */
#include "engine/run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "turned_log.h"

/* One alert for each user who turned, from phones to nursery, begun about where the user turned. */
static void check_turned(const struct run *r)
{
	bool found[N_USERS] = { false };

	for (uint32_t i = 0; i < r->n_alerts; i++) {
		const struct finding *f = &r->alert[i].f;
		unsigned user = (unsigned)atoi(dict_text(r->ids.user, f->user, NULL) + 4);

		if (user >= N_TURNED || strcmp(dict_text(r->ids.category, f->to, NULL), "nursery"))
			continue;
		found[user] = true;
		assert_string_equal(dict_text(r->ids.category, f->from, NULL), "phones");
		assert_true(f->onset_ms >= (START_S + (TURN_AT - 3) * 3600ll) * 1000);
		assert_true(f->onset_ms <= f->time_ms);
		assert_true(r->alert[i].model == r->model.hash);
	}
	for (uint32_t u = 0; u < N_TURNED; u++)
		assert_true(found[u]);
}

static void test_run_with_a_model(void **state)
{
	const struct place *p = *state;
	const char *path[] = { p->log };
	struct run_options o = options(p, path);
	struct run r = run_of(&o);

	check_turned(&r);
	assert_int_equal(r.n_alerts, N_TURNED);
	assert_int_equal(r.load.events, N_USERS * N_LOOKS);
	assert_int_equal(r.load.rejected[REJECT_TIME], 1);
	for (uint32_t i = 1; i < r.n_alerts; i++)
		assert_true(r.alert[i - 1].f.time_ms <= r.alert[i].f.time_ms);
	run_done(&r);
}

static void test_run_fits_a_model(void **state)
{
	const struct place *p = *state;
	const char *path[] = { p->log };
	struct run_options o = options(p, path);
	struct run r;

	o.model = NULL;
	o.budget = (struct budget){ .amount = 100 };
	r = run_of(&o);
	check_turned(&r);
	assert_false(r.model.provisional);
	assert_true(r.model.n_share == 6);
	run_done(&r);
}

/* A budget or a horizon given beside a model: another threshold and hash, or fewer alerts. */
static void test_run_overrules(void **state)
{
	const struct place *p = *state;
	const char *path[] = { p->log };
	struct run_options o = options(p, path);
	struct run plain = run_of(&o), strict, early;
	struct run_progress progress = {0};
	struct err e = {0};

	o.budget = (struct budget){ .amount = .001 };
	strict = run_of(&o);
	assert_true(model_lowest_threshold(&strict.model) > model_lowest_threshold(&plain.model));
	assert_true(strict.model.hash != plain.model.hash);
	assert_non_null(strstr(strict.note, "unverified"));
	run_done(&strict);

	o.budget = (struct budget){ .amount = 5, .per_day = true };
	assert_int_equal(run_files(&strict, &o, &progress, &e), -EINVAL);
	assert_non_null(strstr(e.text, "per kud"));
	run_done(&strict);

	o.budget = (struct budget){ 0 };
	o.until_ms = plain.alert[4].f.time_ms;
	early = run_of(&o);
	assert_true(early.n_alerts >= 5 && early.n_alerts < plain.n_alerts);
	for (uint32_t i = 0; i < early.n_alerts; i++)
		assert_true(early.alert[i].id == plain.alert[i].id);
	run_done(&early);
	run_done(&plain);
}

static void test_unusable_files(void **state)
{
	const struct place *p = *state;
	char bad[160];
	const char *path[] = { bad };
	struct run_options o = options(p, path);
	struct run r = {0};
	struct run_progress progress = {0};
	struct err e = {0};
	FILE *f;

	snprintf(bad, sizeof(bad), "%s/bad.csv", p->folder);
	f = fopen(bad, "w");
	fputs("timestamp,user,item,category,behaviour,price,quantity\nsoon,u,i,c,view,,\n", f);
	fclose(f);
	assert_int_equal(run_files(&r, &o, &progress, &e), 0);
	assert_int_equal(r.load.unusable, 1);
	assert_int_equal(r.n_alerts, 0);
	assert_non_null(strstr(r.load.why, "bad.csv"));
	run_done(&r);

	snprintf(bad, sizeof(bad), "%s/none.csv", p->folder);
	assert_int_equal(run_files(&r, &o, &progress, &e), -ENOENT);
	assert_non_null(strstr(e.text, "none.csv"));
	run_done(&r);
}

static void test_store_twice_is_once(void **state)
{
	const struct place *p = *state;
	const char *path[] = { p->log };
	struct run_options o = options(p, path);
	struct run r = run_of(&o);
	struct run_progress progress = {0};
	struct err e = {0};

	for (int i = 0; i < 2; i++) {
		struct store *s = store_open(p->db, &e);

		assert_non_null(s);
		assert_int_equal(run_store(&r, s, &o, &progress, &e), 0);
		store_close(s);
		check_store(p, &r);
	}
	assert_int_equal(progress.stage, RUN_DONE);
	run_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_with_a_model),
		cmocka_unit_test(test_run_fits_a_model),
		cmocka_unit_test(test_run_overrules),
		cmocka_unit_test(test_unusable_files),
		cmocka_unit_test(test_store_twice_is_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_place, clear_place);
}
