/* The history of a run: whatever the batches, limits and threads, the same events in order. */
#include "series/history.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"

#define N_EVENTS 6000u
#define N_USERS 150u            /* more than the partitions of a spill */

struct plain {                  /* an event in text, told by no dictionary */
	int64_t time_ms;
	char user[8], item[8], category[8];
	uint8_t behaviour;
	float price, quantity;
};

struct log {
	struct plain ev[N_EVENTS];
	uint32_t n;
};

struct shape {                  /* one way to put a log into a history */
	size_t memory_bytes;
	unsigned threads, seed;
	uint32_t batch;
};

static uint32_t draw(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % n);
}

/* Few times, items and categories: ties of every depth, and identical rows. */
static void make_log(struct log *log)
{
	uint64_t seed = 7;

	log->n = N_EVENTS;
	for (uint32_t i = 0; i < log->n; i++) {
		struct plain *p = &log->ev[i];
		uint32_t user = draw(&seed, N_USERS);

		p->time_ms = -500 + (int64_t)draw(&seed, user % 3 ? 40 : 100000);
		snprintf(p->user, sizeof(p->user), "%u", user * user % 9973);
		snprintf(p->item, sizeof(p->item), "%s%u", "i", draw(&seed, 12));
		snprintf(p->category, sizeof(p->category), "%u", draw(&seed, 25));
		p->behaviour = (uint8_t)draw(&seed, BEHAVIOUR_N);
		p->price = draw(&seed, 3) ? (float)draw(&seed, 4) - 1.5f : NAN;
		p->quantity = draw(&seed, 4) ? (float)draw(&seed, 2) : NAN;
	}
}

static int cmp_number(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(b) - isnan(a);
	return (a > b) - (a < b);
}

static int cmp_own(const struct plain *a, const struct plain *b)
{
	int order = cmp_number((double)a->time_ms, (double)b->time_ms);

	order = order ? order : strcmp(a->category, b->category);
	order = order ? order : strcmp(a->item, b->item);
	order = order ? order : a->behaviour - b->behaviour;
	order = order ? order : cmp_number(a->price, b->price);
	return order ? order : cmp_number(a->quantity, b->quantity);
}

static int cmp_by_user(const void *a, const void *b)
{
	int order = strcmp(((const struct plain *)a)->user, ((const struct plain *)b)->user);

	return order ? order : cmp_own(a, b);
}

static int cmp_by_time(const void *a, const void *b)
{
	const struct plain *x = a, *y = b;
	int order = cmp_number((double)x->time_ms, (double)y->time_ms);

	order = order ? order : strcmp(x->user, y->user);
	return order ? order : cmp_own(a, b);
}

static uint32_t id_of(struct dict *d, const char *text)
{
	return dict_id(d, text, strlen(text));
}

static void take(struct history *h, struct ids *ids, const struct plain *ev, uint32_t n)
{
	struct err e = {0};
	struct batch *b = batch_new(1 + n / 2, true, true, n % 2, &e);

	assert_non_null(b);
	for (uint32_t i = 0; i < n; i++) {
		struct event to = {
			.time_ms = ev[i].time_ms,
			.user = id_of(ids->user, ev[i].user),
			.item = id_of(ids->item, ev[i].item),
			.category = id_of(ids->category, ev[i].category),
			.behaviour = ev[i].behaviour,
			.price = ev[i].price,
			.quantity = ev[i].quantity,
		};
		assert_true(batch_add(b, &to, i));
	}
	assert_int_equal(history_take(h, b, &e), 0);
}

static void shuffle(struct log *log, uint64_t seed)
{
	for (uint32_t i = log->n; i > 1; i--) {
		uint32_t k = draw(&seed, i);
		struct plain p = log->ev[i - 1];

		log->ev[i - 1] = log->ev[k];
		log->ev[k] = p;
	}
}

static struct history *build(const struct log *from, struct ids *ids, const struct shape *s)
{
	struct log *log = malloc(sizeof(*log));
	struct err e = {0};
	struct history *h;

	assert_non_null(log);
	*log = *from;
	shuffle(log, s->seed);
	assert_int_equal(ids_init(ids, &e), 0);
	h = history_new(ids, s->memory_bytes, &e);
	assert_non_null(h);
	id_of(ids->user, "never seen");                /* a user of rejected rows only */
	for (uint32_t i = 0; i < log->n; i += s->batch)
		take(h, ids, log->ev + i, log->n - i < s->batch ? log->n - i : s->batch);
	assert_int_equal(history_seal(h, s->threads, &e), 0);
	assert_int_equal(history_order(h, &e), 0);
	free(log);
	return h;
}

static void demolish(struct history *h, struct ids *ids)
{
	history_free(h);
	ids_done(ids);
}

static void same_float(float a, float b)
{
	assert_true(isnan(a) ? isnan(b) : a == b);
}

static void same_event(const struct ids *ids, const struct user_events *ue, uint32_t i,
	const struct plain *want)
{
	assert_int_equal(ue->time_ms[i], want->time_ms);
	assert_string_equal(dict_text(ids->item, ue->item[i], NULL), want->item);
	assert_string_equal(dict_text(ids->category, ue->category[i], NULL), want->category);
	assert_int_equal(ue->behaviour[i], want->behaviour);
	same_float(ue->price[i], want->price);
	same_float(ue->quantity[i], want->quantity);
}

static void check_users(const struct history *h, const struct ids *ids, const struct log *by_user)
{
	struct user_events ue;

	for (uint32_t i = 0, n; i < by_user->n; i += n) {
		for (n = 1;
			i + n < by_user->n && !strcmp(by_user->ev[i + n].user, by_user->ev[i].user);
			n++)
			;
		history_user(h, id_of(ids->user, by_user->ev[i].user), &ue);
		assert_int_equal(ue.n, n);
		for (uint32_t k = 0; k < n; k++)
			same_event(ids, &ue, k, &by_user->ev[i + k]);
	}
	history_user(h, id_of(ids->user, "never seen"), &ue);
	assert_int_equal(ue.n, 0);
}

static void check_order(const struct history *h, const struct ids *ids, const struct log *by_time)
{
	for (uint32_t k = 0; k < by_time->n; k++) {
		struct user_events ue;
		uint32_t user, index;

		history_nth(h, k, &user, &index);
		assert_string_equal(dict_text(ids->user, user, NULL), by_time->ev[k].user);
		history_user(h, user, &ue);
		same_event(ids, &ue, index, &by_time->ev[k]);
		if (k && by_time->ev[k].time_ms != by_time->ev[k - 1].time_ms) {
			assert_int_equal(history_rank(h, by_time->ev[k].time_ms - 1), k);
			assert_int_equal(history_rank(h, by_time->ev[k - 1].time_ms), k);
		}
	}
	assert_int_equal(history_rank(h, INT64_MIN), 0);
	assert_int_equal(history_rank(h, INT64_MAX), by_time->n);
}

static void test_any_shape_same_history(void **state)
{
	static const struct shape shapes[] = {
		{ 0, 1, 1, N_EVENTS },
		{ 0, 2, 2, 700 },
		{ 0, 8, 3, 37 },
		{ 1, 1, 4, 511 },
		{ 20000, 3, 5, 64 },
		{ 100000, 8, 6, 1500 },
		{ 10u << 20, 4, 7, 999 },
		{ 1, 8, 8, 1 },
	};
	static struct log log, by_user, by_time;

	(void)state;
	make_log(&log);
	by_user = by_time = log;
	qsort(by_user.ev, log.n, sizeof(*log.ev), cmp_by_user);
	qsort(by_time.ev, log.n, sizeof(*log.ev), cmp_by_time);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct ids ids;
		struct history *h = build(&log, &ids, &shapes[i]);
		int64_t first_ms, last_ms;

		assert_int_equal(history_is_spilled(h), shapes[i].memory_bytes % (10u << 20) != 0);
		assert_int_equal(history_n_events(h), log.n);
		assert_int_equal(history_n_users(h), dict_size(ids.user));
		history_range(h, &first_ms, &last_ms);
		assert_int_equal(first_ms, by_time.ev[0].time_ms);
		assert_int_equal(last_ms, by_time.ev[log.n - 1].time_ms);
		check_users(h, &ids, &by_user);
		check_order(h, &ids, &by_time);
		demolish(h, &ids);
	}
}

static void test_few_users_spilled(void **state)
{
	static struct log log, by_user;
	struct shape shape = { 1, 2, 9, 50 };

	(void)state;
	make_log(&log);
	log.n = 400;
	for (uint32_t i = 0; i < log.n; i++)
		snprintf(log.ev[i].user, sizeof(log.ev[i].user), "u%u", i % 3);
	by_user = log;
	qsort(by_user.ev, log.n, sizeof(*log.ev), cmp_by_user);
	struct ids ids;
	struct history *h = build(&log, &ids, &shape);

	assert_true(history_is_spilled(h));
	check_users(h, &ids, &by_user);
	demolish(h, &ids);
}

static void test_empty(void **state)
{
	struct ids ids;
	struct err e = {0};
	struct history *h;
	int64_t first_ms, last_ms;

	(void)state;
	assert_int_equal(ids_init(&ids, &e), 0);
	h = history_new(&ids, 1, &e);
	assert_int_equal(history_take(h, batch_new(4, false, false, true, &e), &e), 0);
	assert_int_equal(history_seal(h, 2, &e), 0);
	assert_int_equal(history_order(h, &e), 0);
	assert_int_equal(history_n_events(h), 0);
	assert_int_equal(history_rank(h, 5), 0);
	history_range(h, &first_ms, &last_ms);
	assert_true(first_ms > last_ms);
	demolish(h, &ids);
}

/* Times turned round as well: what is said of the end is said of the start. */
static void check_body(const struct log *log, int64_t end_ms)
{
	static struct log turned;
	struct ids ids;
	struct err e = {0};
	int64_t ms;
	struct history *h = build(log, &ids, &(struct shape){ 0, 2, 5, 500 });

	assert_int_equal(history_body_end(h, &ms, &e), 0);
	assert_int_equal(ms, end_ms);
	demolish(h, &ids);
	turned = *log;
	for (uint32_t i = 0; i < log->n; i++)
		turned.ev[i].time_ms = -log->ev[i].time_ms;
	h = build(&turned, &ids, &(struct shape){ 0, 2, 5, 500 });
	assert_int_equal(history_body_start(h, &ms, &e), 0);
	assert_int_equal(ms, -end_ms);
	demolish(h, &ids);
}

/* The newest thousandth is stray when it takes up more than a tenth of the time of the rest. */
static void test_body(void **state)
{
	static struct log log;

	(void)state;
	make_log(&log);
	for (uint32_t i = 0; i < log.n; i++)
		log.ev[i].time_ms = 1000 + i % 3000;
	for (uint32_t n_stray = 0; n_stray < 9; n_stray++) {
		bool plausible = n_stray == 8;  /* near the rest */

		for (uint32_t i = 0; i < n_stray; i++)
			log.ev[i * 40].time_ms = plausible ? 4200 : 5000000 + i;
		check_body(&log, plausible ? 4200 : n_stray == 0 ? 3999 : n_stray < 7 ?
			3999 - (6 - n_stray) / 2 : 5000006);
	}
}

/* A price that no row has is no column, though the format has one: so a split changes nothing. */
static void test_absent_numbers(void **state)
{
	static struct log log;

	(void)state;
	make_log(&log);
	log.n = 300;
	for (uint32_t i = 0; i < log.n; i++)
		log.ev[i].price = NAN;
	for (size_t memory = 0; memory < 2; memory++) {
		struct ids ids;
		struct history *h = build(&log, &ids, &(struct shape){ memory, 1, 3, 100 });
		struct user_events ue;

		history_user(h, id_of(ids.user, log.ev[0].user), &ue);
		assert_null(ue.price);
		assert_non_null(ue.quantity);
		demolish(h, &ids);
	}
}

static int spill_log(const struct log *log, struct err *e)
{
	struct ids ids;
	struct history *h;
	struct batch *b;
	int code = 0;

	assert_int_equal(ids_init(&ids, e), 0);
	h = history_new(&ids, 1000, e);
	for (uint32_t i = 0; !code && i < log->n; i++) {
		struct event ev = { .user = id_of(ids.user, "u"),
			.item = 0,
			.category = id_of(ids.category, "c"),
			.time_ms = log->ev[i].time_ms };

		id_of(ids.item, "");
		b = batch_new(1, false, false, false, e);
		assert_true(batch_add(b, &ev, 0));
		code = history_take(h, b, e);
	}
	if (!code)
		code = history_seal(h, 2, e);
	demolish(h, &ids);
	return code;
}

static void test_disk_failures_name_the_folder(void **state)
{
	static struct log log;
	struct rlimit old, none;
	struct err e = {0};

	(void)state;
	make_log(&log);
	setenv("TMPDIR", "/no/such/folder", 1);
	assert_int_equal(spill_log(&log, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/no/such/folder"));

	setenv("TMPDIR", "/tmp/", 1);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	none = old;
	none.rlim_cur = 20000;
	setrlimit(RLIMIT_FSIZE, &none);
	e = (struct err){0};
	assert_int_equal(spill_log(&log, &e), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_non_null(strstr(e.text, "\"/tmp/\""));
	unsetenv("TMPDIR");
}

/* Every request for memory that can fail is made to, in turn. */
static void test_no_memory(void **state)
{
	static struct log log;
	size_t before = mem_used();

	(void)state;
	make_log(&log);
	log.n = 500;
	for (size_t memory = 0; memory < 2; memory++) {
		unsigned failures = 0;

		for (uint64_t n = 1;; n++) {
			struct ids ids;
			struct err e = {0};
			struct history *h;
			int code;

			assert_int_equal(ids_init(&ids, &e), 0);
			h = history_new(&ids, memory, &e);
			take(h, &ids, log.ev, log.n);
			mem_fail_after(n);
			code = history_seal(h, 1, &e);
			if (!code)
				code = history_order(h, &e);
			mem_fail_after(0);
			demolish(h, &ids);
			assert_int_equal(mem_used(), before);
			if (!code)
				break;
			failures++;
			assert_int_equal(code, -ENOMEM);
			assert_int_equal(e.code, -ENOMEM);
		}
		assert_true(failures > 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_shape_same_history),
		cmocka_unit_test(test_few_users_spilled),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_absent_numbers),
		cmocka_unit_test(test_disk_failures_name_the_folder),
		cmocka_unit_test(test_no_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
