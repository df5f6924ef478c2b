#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "clicks.h"
#include "model/model.h"

static const struct { const char *s; uint32_t len; uint64_t count; } share[] = {
	{ "shoes", 5, 70 }, { "a\0b", 3, 4 }, { "\xff\xfe", 2, 9 }, { "", 0, 1 }, { "a", 1, 16 },
	{ "\xe5\xa9\xb4", 3, 100 },
};
#define N_SHARE (sizeof share / sizeof *share)

/* rotate: in which order the shares come. */
static void make(struct model *m, size_t rotate)
{
	*m = (struct model){
		.gap_ms = 1234567, .strength = 12.3f, .count_sum = 200,
		.threshold = { 7.7f, -1e-42f },
		.channels = CHANNEL_BIT(CHANNEL_MIXTURE) | CHANNEL_BIT(CHANNEL_VOLUME) |
			CHANNEL_BIT(CHANNEL_FORECAST),
		.n_folds = MODEL_FOLDS,
		.learned = { { .1f, 20, 3e30f }, { 1, .5f, -.3f }, 2.5f, .3f, true },
		.fold_sum = { 3, 2, 1, 5, 0 },
		.budget_kud = 1. / 3,
		.smallest_kud = 5e-324,
		.far = { { { -1.5f, 100 }, { 2, 10 }, { 4.1f, .7 } }, 3, 1.1 },
		.curve[CHANNEL_LEARNED] = { { { 1, 50 }, { 2, 1e-9 } }, 2, .3 },
		.realised_kud = .3,
		.n_events = 9007199254740993, .n_users = 7, .n_alarms = 3, .user_days = .1,
		.log_loss = 2. / 7, .log_loss_population = NAN, .from_ms = -5, .to_ms = INT64_MAX,
		.unverified = true, .at_risk_per_day = 1e308,
	};
	volume_model_default(&m->volume);
	m->volume.hour_of_week[167] = 1.25f;
	m->volume.pledge.threshold = 4.5f;
	m->volume.pledge.unverified = false;
	m->volume.pledge.n_users = 12;
	m->volume.pledge.far = (struct far_curve){ { { 1, 30 }, { 4.5f, .5 } }, 2, .9 };
	known_model(&m->forecast, 2.5f);
	m->forecast.pledge.n_alarms = 5;
	m->forecast.naive = (struct forecast_figure){ 2, .75, -.5, 0, .5 };
	m->forecast.seasonal = (struct forecast_figure){ 4, 1, -1, -1, 0 };
	m->forecast.figure[FORECASTER_LINEAR] = (struct forecast_figure){ 1.5, .5, .25, .125, -3 };
	m->share = mem_get(N_SHARE, sizeof *m->share);
	m->n_share = N_SHARE;
	for (size_t i = 0; i < N_SHARE; i++) {
		size_t k = (i + rotate) % N_SHARE;

		m->share[i] = (struct model_share){ .category = mem_text(share[k].s, share[k].len),
			.len = share[k].len, .count = share[k].count, .rows = share[k].count + 7,
			.n_items = 3, .fold_count = { 0, 1 }, .fold_rows = { 7, 1 } };
	}
	m->item = mem_get(N_SHARE, sizeof *m->item);
	m->n_items = N_SHARE;
	for (size_t i = 0; i < N_SHARE; i++) {
		size_t k = (i + rotate) % N_SHARE;

		m->item[i] = (struct model_item){ .item = mem_text(share[k].s, share[k].len),
			.len = share[k].len, .rows = (uint32_t)share[k].count + 2,
			.fold_rows = { 0, 2, 1 } };
	}
	model_seal(m);
}

static void assert_same(const struct model *a, const struct model *b)
{
	struct model x = *a, y = *b;

	assert_int_equal(a->n_share, b->n_share);
	for (uint32_t i = 0; i < a->n_share; i++) {
		assert_int_equal(a->share[i].len, b->share[i].len);
		assert_memory_equal(a->share[i].category, b->share[i].category, a->share[i].len);
		assert_int_equal(a->share[i].count, b->share[i].count);
		assert_int_equal(a->share[i].rows, b->share[i].rows);
		assert_int_equal(a->share[i].n_items, b->share[i].n_items);
		assert_memory_equal(a->share[i].fold_count, b->share[i].fold_count,
			sizeof a->share[i].fold_count);
	}
	assert_int_equal(a->n_items, b->n_items);
	for (uint32_t i = 0; i < a->n_items; i++) {
		assert_memory_equal(a->item[i].item, b->item[i].item, a->item[i].len);
		assert_int_equal(a->item[i].rows, b->item[i].rows);
		assert_memory_equal(a->item[i].fold_rows, b->item[i].fold_rows,
			sizeof a->item[i].fold_rows);
	}
	assert_int_equal(x.forecast.n_bytes, y.forecast.n_bytes);
	assert_memory_equal(x.forecast.bytes, y.forecast.bytes, x.forecast.n_bytes);
	assert_memory_equal(&x.forecast.scale, &y.forecast.scale, sizeof x.forecast -
		offsetof(struct forecast_model, scale));
	x.share = y.share = NULL;
	assert_int_equal(isnan(x.log_loss_population), isnan(y.log_loss_population));
	x.log_loss_population = y.log_loss_population = 0;
	assert_int_equal(x.hash, y.hash);
	assert_memory_equal(&x.learned, &y.learned, sizeof x.learned);
	assert_memory_equal(&x.far, &y.far, sizeof x.far);
	assert_memory_equal(x.curve, y.curve, sizeof x.curve);
	assert_memory_equal(x.threshold, y.threshold, sizeof x.threshold);
	assert_memory_equal(&x.volume, &y.volume, sizeof x.volume);
	assert_memory_equal(&x.n_events, &y.n_events, sizeof x - offsetof(struct model, n_events));
	assert_true(x.provisional == y.provisional && x.unverified == y.unverified);
	assert_true(x.gap_ms == y.gap_ms && x.strength == y.strength && x.count_sum == y.count_sum);
	assert_true(x.channels == y.channels && x.n_folds == y.n_folds);
	assert_true(x.smallest_kud == y.smallest_kud && x.budget_kud == y.budget_kud);
}

static void default_knows_nothing_and_says_so(void **state)
{
	struct model m;

	(void)state;
	model_default(&m);
	assert_true(m.provisional && m.unverified && m.channels == CHANNEL_BIT(CHANNEL_MIXTURE));
	assert_true(fabs((double)model_pi(&m, NULL, 0) - .001) < 1e-6);
	assert_null(model_find_share(&m, "x", 1));
	assert_true(m.threshold[CHANNEL_MIXTURE] == 9 && m.strength == 20 && m.gap_ms == 1800000);
	assert_true(isinf(m.threshold[CHANNEL_LEARNED]));
	assert_true(model_far(&m, CHANNEL_MIXTURE, 9) == m.budget_kud);
	assert_true(far_curve_score(&m.far, m.budget_kud) == 9);
	model_done(&m);
}

static void hash_ignores_order_and_report(void **state)
{
	struct model a, b;

	(void)state;
	make(&a, 0);
	make(&b, 4);
	b.n_events++;
	b.log_loss = 9;
	model_seal(&b);
	assert_int_equal(a.hash, b.hash);
	assert_int_equal(a.share[0].len, 0);
	assert_int_equal(a.share[5].len, 2);
	model_done(&a);
	model_done(&b);
}

#define CHANGES(lvalue, other) do { \
		__typeof__(lvalue) old = (lvalue); \
		(lvalue) = (other); \
		model_seal(&m); \
		assert_int_not_equal(m.hash, hash); \
		(lvalue) = old; \
		model_seal(&m); \
		assert_int_equal(m.hash, hash); \
	} while (0)

static void hash_sees_every_field(void **state)
{
	struct model m;
	(void)state;
	make(&m, 0);
	uint64_t hash = m.hash;
	CHANGES(m.provisional, true);
	CHANGES(m.unverified, false);
	CHANGES(m.gap_ms, 1234568);
	CHANGES(m.strength, nextafterf(m.strength, 99));
	CHANGES(m.count_sum, 201);
	CHANGES(m.share[3].count, 17);
	CHANGES(m.share[5].len, 1);
	CHANGES(m.share[2].fold_count[1], 0);
	CHANGES(m.share[2].fold_rows[0], 0);
	CHANGES(m.share[2].rows, 99);
	CHANGES(m.share[2].n_items, 9);
	CHANGES(m.item[2].rows, 99);
	CHANGES(m.item[2].fold_rows[1], 1);
	CHANGES(m.fold_sum[4], 1);
	CHANGES(m.channels, 2);
	CHANGES(m.n_folds, 0);
	CHANGES(m.learned.strength[2], 0);
	CHANGES(m.learned.weight[1], 0);
	CHANGES(m.learned.offset, 3);
	CHANGES(m.learned.power, .25f);
	CHANGES(m.learned.trained, false);
	CHANGES(m.curve[CHANNEL_LEARNED].point[0].far, 49);
	CHANGES(m.threshold[0], 7.6f);
	CHANGES(m.budget_kud, .3);
	CHANGES(m.smallest_kud, 0);
	CHANGES(m.far.point[1].score, 2.5f);
	CHANGES(m.far.point[2].far, .8);
	CHANGES(m.far.n, 2);
	CHANGES(m.far.tail, 1);
	model_done(&m);
}

static void hash_sees_the_channels_beside(void **state)
{
	struct model m;
	(void)state;
	make(&m, 0);
	uint64_t hash = m.hash;
	CHANGES(m.volume.hour_of_week[3], 2);
	CHANGES(m.volume.discount, .5f);
	CHANGES(m.volume.prior_rate, .5f);
	CHANGES(m.volume.prior_sessions, .5f);
	CHANGES(m.volume.lag_sessions, 9);
	CHANGES(m.volume.warm_up_sessions, 9);
	CHANGES(m.volume.pledge.threshold, 4);
	CHANGES(m.volume.pledge.budget_kud, 4);
	CHANGES(m.volume.pledge.smallest_kud, 4);
	CHANGES(m.volume.pledge.first_part, .5);
	CHANGES(m.volume.pledge.far.point[1].far, .4);
	model_done(&m);
}

/* Files without the channels keep the hash they had before those were known. */
static void volume_and_forecast_count_where_they_speak(void **state)
{
	struct model m;
	uint64_t hash;

	(void)state;
	make(&m, 0);
	m.channels = CHANNEL_BIT(CHANNEL_MIXTURE);
	model_seal(&m);
	hash = m.hash;
	m.volume.pledge.threshold = 99;
	m.forecast.pledge.threshold = 99;
	model_seal(&m);
	assert_int_equal(m.hash, hash);
	model_done(&m);
}

static void negative_zero_is_zero(void **state)
{
	struct model m, back;
	void *blob;
	size_t len;

	(void)state;
	model_default(&m);
	m.learned.weight[0] = -0.f;
	model_seal(&m);
	assert_int_equal(model_to_blob(&m, &blob, &len, NULL), 0);
	assert_int_equal(model_from_blob(&back, blob, len, NULL), 0);
	mem_free(blob);
	model_done(&back);
	model_done(&m);
}

/* What the user's own fold was counted for is left out. */
static void pi_is_the_smoothed_share_of_other_folds(void **state)
{
	struct model m;
	const struct model_share *s;

	(void)state;
	make(&m, 2);
	s = model_find_share(&m, "a\0b", 3);
	assert_true(model_pi(&m, NULL, 4) == (float)(.5 / (200 + .5 * (N_SHARE + 1))));
	assert_true(model_pi(&m, s, 4) == (float)(4.5 / (200 + .5 * (N_SHARE + 1))));
	assert_true(model_pi(&m, s, 1) == (float)(3.5 / (198 + .5 * (N_SHARE + 1))));
	assert_true(model_item_norm(s, 0) == (float)(4 + (double).3f * 3 + 5));
	assert_true(model_item_norm(s, 4) == (float)(11 + (double).3f * 3 + 5));
	assert_true(model_item_norm(NULL, 0) == 5);
	assert_int_equal(model_find_item(&m, "shoes", 5)->rows, 72);
	assert_null(model_find_item(&m, "new", 3));
	m.n_folds = 0;
	assert_true(model_pi(&m, s, 1) == (float)(4.5 / (200 + .5 * (N_SHARE + 1))));
	assert_int_equal(model_fold(&m, 3), 0);
	model_done(&m);
}

static void shares_sum_to_one(void **state)
{
	struct model m;

	(void)state;
	make(&m, 0);
	for (unsigned fold = 0; fold < MODEL_FOLDS; fold++) {
		double sum = (double)model_pi(&m, NULL, fold);

		m.fold_sum[fold] = 0;
		for (size_t i = 0; i < N_SHARE; i++)
			m.fold_sum[fold] += m.share[i].fold_count[fold];
		sum = (double)model_pi(&m, NULL, fold);
		for (size_t i = 0; i < N_SHARE; i++)
			sum += (double)model_pi(&m, &m.share[i], fold);
		assert_true(fabs(sum - 1) < 1e-6);
	}
	model_done(&m);
}

static void folds_are_even(void **state)
{
	struct model m;
	uint32_t n[MODEL_FOLDS] = { 0 };

	(void)state;
	make(&m, 0);
	for (int i = 0; i < 5000; i++)
		n[model_fold(&m, (uint64_t)i * 0x9e3779b97f4a7c15u)]++;
	for (int f = 0; f < MODEL_FOLDS; f++)
		assert_in_range(n[f], 850, 1150);
	model_done(&m);
}

static void severity_is_contracts(void **state)
{
	(void)state;
	assert_int_equal(model_severity(1), 40);
	assert_int_equal(model_severity(.1), 60);
	assert_int_equal(model_severity(.01), 80);
	assert_int_equal(model_severity(1e-9), 100);
	assert_int_equal(model_severity(0), 100);
	assert_int_equal(model_severity(1e9), 0);
	assert_int_equal(model_severity(NAN), 0);
	assert_int_equal(model_priority(80), 'S');
	assert_int_equal(model_priority(79), '!');
	assert_int_equal(model_priority(50), '!');
	assert_int_equal(model_priority(49), '.');
}

static void copy_is_deep(void **state)
{
	struct model a, b;

	(void)state;
	make(&a, 0);
	assert_int_equal(model_copy(&b, &a, NULL), 0);
	assert_same(&a, &b);
	assert_ptr_not_equal(a.share, b.share);
	assert_ptr_not_equal(a.share[1].category, b.share[1].category);
	model_done(&a);
	model_done(&b);
}

static void blob_round_trips_to_the_bit(void **state)
{
	struct model a, b;
	void *blob, *again;
	size_t len, len_again;

	(void)state;
	make(&a, 3);
	assert_int_equal(model_to_blob(&a, &blob, &len, NULL), 0);
	assert_int_equal(model_from_blob(&b, blob, len, NULL), 0);
	assert_same(&a, &b);
	assert_int_equal(model_to_blob(&b, &again, &len_again, NULL), 0);
	assert_int_equal(len, len_again);
	assert_memory_equal(blob, again, len);
	mem_free(blob);
	mem_free(again);
	model_done(&a);
	model_done(&b);
}

/* Whatever byte is changed, the model is either refused or the same. */
static void no_damage_gets_through(void **state)
{
	struct model m, back;
	struct err e;
	unsigned char *blob;
	size_t len, refused = 0;

	(void)state;
	make(&m, 0);
	assert_int_equal(model_to_blob(&m, (void **)&blob, &len, NULL), 0);
	for (size_t i = 0; i < len; i += 3) {
		blob[i] ^= 0x55;
		if (model_from_blob(&back, blob, len, &e) == 0)
			assert_int_equal(back.hash, m.hash);
		else
			refused++;
		blob[i] ^= 0x55;
		model_done(&back);
	}
	assert_true(refused > 200);
	for (size_t n = 0; n < len; n += 97)
		assert_int_not_equal(model_from_blob(&back, blob, n, &e), 0);
	mem_free(blob);
	model_done(&m);
}

static void faults_of_memory_are_reported(void **state)
{
	struct model m, back;
	struct err e;
	void *blob;
	size_t len;
	int code = -1;

	(void)state;
	make(&m, 0);
	assert_int_equal(model_to_blob(&m, &blob, &len, NULL), 0);
	for (uint64_t n = 1; code; n++) {
		mem_fail_after(n);
		code = model_from_blob(&back, blob, len, &e);
		mem_fail_after(0);
		assert_true(code == 0 || code == -ENOMEM);
		model_done(&back);
	}
	for (code = -1; code;) {
		static uint64_t n = 1;

		mem_fail_after(n++);
		code = model_copy(&back, &m, &e);
		mem_fail_after(0);
		assert_true(code == 0 || code == -ENOMEM);
		model_done(&back);
	}
	mem_free(blob);
	model_done(&m);
}

struct folder {
	char dir[256], path[300];
};

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof *f);

	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof f->dir, "%s/t_model.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof f->path, "%s/x.model", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct folder *f = *state;

	unlink(f->path);
	if (rmdir(f->dir) < 0)          /* a temporary file was left */
		return -1;
	free(f);
	return 0;
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void file_round_trips(void **state)
{
	struct folder *f = *state;
	struct model a, b;
	struct err e;

	model_default(&a);
	assert_int_equal(model_save(&a, f->path, &e), 0);
	model_done(&a);
	make(&a, 1);
	assert_int_equal(model_save(&a, f->path, &e), 0);
	assert_int_equal(model_open(&b, f->path, &e), 0);
	assert_same(&a, &b);
	model_done(&a);
	model_done(&b);
}

static void assert_refused(struct folder *f, int code, const char *why)
{
	struct model m;
	struct err e;

	assert_int_equal(model_open(&m, f->path, &e), code);
	assert_non_null(strstr(e.text, f->path));
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	assert_int_equal(m.n_share, 0);
}

static void write_text(const char *path, const char *text)
{
	FILE *o = fopen(path, "w");

	fputs(text, o);
	fclose(o);
}

static void saved(struct folder *f)
{
	struct model m;
	struct err e;

	unlink(f->path);
	make(&m, 0);
	assert_int_equal(model_save(&m, f->path, &e), 0);
	model_done(&m);
}

static void refusals_name_file_and_reason(void **state)
{
	struct folder *f = *state;

	assert_refused(f, -ENOENT, "No such file");
	write_text(f->path, "user,item\n1,2\n");
	assert_refused(f, -EBADMSG, "not a veer model");
	unlink(f->path);
	sql(f->path, "CREATE TABLE share (category, count)");
	assert_refused(f, -EBADMSG, "not a veer model");
	saved(f);
	sql(f->path, "PRAGMA user_version = 5");
	assert_refused(f, -EPROTO, "newer veer");
	saved(f);
	sql(f->path, "UPDATE share SET count = count + 1 WHERE category = 'shoes'");
	assert_refused(f, -EBADMSG, "damaged: its hash is");
	saved(f);
	sql(f->path, "DELETE FROM meta WHERE key = 'hash'");
	assert_refused(f, -EBADMSG, "missing");
	saved(f);
	sql(f->path, "UPDATE blob SET bytes = substr(bytes, 1, length(bytes) - 1)");
	assert_refused(f, -EBADMSG, "damaged: a linear forecaster is cut short");
	saved(f);
	assert_int_equal(truncate(f->path, 9000), 0);
	assert_refused(f, -EBADMSG, "damaged: its size");
}

static void forged_views_are_not_run(void **state)
{
	struct folder *f = *state;

	saved(f);
	sql(f->path, "DROP TABLE share; CREATE VIEW share AS WITH RECURSIVE n(i, k) AS "
		"(SELECT 'a', 1 UNION ALL SELECT 'a', k + 1 FROM n) "
		"SELECT i AS category, k AS count FROM n");
	assert_refused(f, -EBADMSG, "its tables are not those of a model");
}

static void a_person_can_read_it(void **state)
{
	struct folder *f = *state;
	sqlite3 *db;
	sqlite3_stmt *q;

	saved(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count FROM share WHERE category = '婴'", -1,
		&q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), 100);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static void unwritable_folder_is_an_error(void **state)
{
	struct model m;
	struct err e;

	(void)state;
	model_default(&m);
	assert_int_equal(model_save(&m, "/nonexistent/x.model", &e), -ENOENT);
	assert_non_null(strstr(e.text, "could not write model \"/nonexistent/x.model\": No such"));
	model_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_knows_nothing_and_says_so),
		cmocka_unit_test(hash_ignores_order_and_report),
		cmocka_unit_test(hash_sees_every_field),
		cmocka_unit_test(hash_sees_the_channels_beside),
		cmocka_unit_test(volume_and_forecast_count_where_they_speak),
		cmocka_unit_test(negative_zero_is_zero),
		cmocka_unit_test(pi_is_the_smoothed_share_of_other_folds),
		cmocka_unit_test(folds_are_even),
		cmocka_unit_test(shares_sum_to_one),
		cmocka_unit_test(severity_is_contracts),
		cmocka_unit_test(copy_is_deep),
		cmocka_unit_test(blob_round_trips_to_the_bit),
		cmocka_unit_test(no_damage_gets_through),
		cmocka_unit_test(faults_of_memory_are_reported),
		cmocka_unit_test_setup_teardown(file_round_trips, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_name_file_and_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(forged_views_are_not_run, setup, teardown),
		cmocka_unit_test_setup_teardown(a_person_can_read_it, setup, teardown),
		cmocka_unit_test(unwritable_folder_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
