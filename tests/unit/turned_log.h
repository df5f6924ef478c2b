/* turned_log.h - for tests: a log in which 12 of 60 users turn from phones to nursery, the run over
 * it, and the check of what a store has of that.
 */
#ifndef TURNED_LOG_H
#define TURNED_LOG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/query.h"
#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/zone.h"
#include "engine/run.h"
#include "series/history.h"

#define N_USERS 60u
#define N_TURNED 12u            /* users 0 to 11 turn from phones to nursery */
#define N_LOOKS 90u
#define TURN_AT 65u
#define N_BACK 3u               /* users 0 to 2, in the longer log */
#define BACK_AT 90u
#define N_LOOKS_BACK 130u
#define START_S 1511539200
#define MINUTE_S 60

struct place {
	char folder[64], log[128], model[128], db[128];
};

static const char *const habits[] = { "phones", "tv", "books", "audio", "garden" };

static inline uint32_t draw(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % n);
}

static const char *look_at(uint32_t user, uint32_t i, uint64_t *seed)
{
	if (user < N_TURNED && i >= TURN_AT && !(user < N_BACK && i >= BACK_AT))
		return "nursery";
	return draw(seed, 10) < 7 ? habits[user < N_TURNED ? 0 : user % 5] : habits[draw(seed, 5)];
}

/* Everybody looks at one thing every hour or so, each look a session; times tie between users. */
static inline void write_looks(const char *path, uint32_t n_looks)
{
	FILE *f = fopen(path, "w");
	uint64_t seed = 3;

	assert_non_null(f);
	fputs("timestamp,user,item,category,behaviour,price,quantity\n", f);
	for (uint32_t i = 0; i < n_looks; i++)
		for (uint32_t u = 0; u < N_USERS; u++) {
			unsigned at = START_S + i * 60 * MINUTE_S + draw(&seed, 20) * MINUTE_S;
			const char *c = look_at(u, i, &seed);

			fprintf(f, "%u,user%02u,i%u,%s,view,,\n", at, u, draw(&seed, 50), c);
		}
	fputs("never,user01,i,phones,view,,\n", f);
	assert_int_equal(fclose(f), 0);
}

static inline int set_place(void **state)
{
	static struct place p = { .folder = "/tmp/veer-replay-XXXXXX" };
	struct model m;
	struct err e = {0};

	*state = &p;
	if (!mkdtemp(p.folder))
		return -1;
	snprintf(p.log, sizeof(p.log), "%s/log.csv", p.folder);
	snprintf(p.model, sizeof(p.model), "%s/model", p.folder);
	snprintf(p.db, sizeof(p.db), "%s/db", p.folder);
	write_looks(p.log, N_LOOKS);
	model_default(&m);
	if (model_save(&m, p.model, &e) < 0)
		return -1;
	model_done(&m);
	return 0;
}

static inline int clear_place(void **state)
{
	struct place *p = *state;
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", p->folder);
	return system(command);
}

static inline struct run_options options(const struct place *p, const char *const *path)
{
	static struct zone utc;

	zone_init(&utc, "UTC", NULL);
	return (struct run_options){
		.load = { .path = path,
			.n_paths = 1,
			.zone = &utc,
			.threads = 2,
			.keep_rejects = 10 },
		.model = p->model,
		.until_ms = INT64_MAX,
	};
}

static inline struct run run_of(const struct run_options *o)
{
	struct run r = {0};
	struct run_progress progress = {0};
	struct err e = {0};

	if (run_files(&r, o, &progress, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(progress.stage, RUN_DONE);
	return r;
}

struct tally_of_rows {
	const struct run *r;
	uint32_t n;
};

static inline int same_alert(void *ctx, const struct alert *a, const char *row_state)
{
	struct tally_of_rows *t = ctx;

	assert_true(a->id == t->r->alert[t->n++].id);
	assert_string_equal(row_state, "new");
	return 0;
}

static inline int sum_evidence(void *ctx, int64_t step_ms, const char *category, double interest)
{
	(void)step_ms;
	if (!strcmp(category, "nursery"))
		*(double *)ctx += interest;
	return 0;
}

static inline int count_reject(
	void *ctx, const char *source, uint64_t line, const char *why, const char *text, size_t len)
{
	assert_non_null(strstr(source, "log.csv"));
	assert_int_equal(line, N_USERS * N_LOOKS + 2);
	assert_string_equal(why, reject_name[REJECT_TIME]);
	assert_true(len > 0 && !strncmp(text, "never", 5));
	++*(uint32_t *)ctx;
	return 0;
}

/* By hand: evidence reaches 8 days beyond the alert, so it has all of the log. */
static inline double nursery_looks(const struct run *r, uint32_t user)
{
	struct user_events ue;
	double n = 0;

	history_user(r->history, user, &ue);
	for (uint32_t i = 0; i < ue.n; i++)
		n += !strcmp(dict_text(r->ids.category, ue.category[i], NULL), "nursery");
	return n;
}

static inline void check_store(const struct place *p, const struct run *r)
{
	struct err e = {0};
	struct store *s = store_open_read(p->db, &e);
	struct query_alerts all = { .from_ms = INT64_MIN, .to_ms = INT64_MAX };
	struct tally_of_rows t = { .r = r };
	struct ids ids;
	struct model m;
	int64_t since_ms;
	uint32_t n_rejects = 0;

	assert_non_null(s);
	assert_int_equal(ids_init(&ids, &e), 0);
	assert_int_equal(query_each_alert(s, &all, &ids, same_alert, &t, &e), 0);
	assert_int_equal(t.n, r->n_alerts);
	for (uint32_t i = 0; i < r->n_alerts; i++) {
		double interest = 0;

		assert_int_equal(
			query_each_evidence(s, r->alert[i].id, sum_evidence, &interest, &e), 0);
		assert_true(interest == nursery_looks(r, r->alert[i].f.user));
	}
	assert_int_equal(query_each_reject(s, count_reject, &n_rejects, &e), 0);
	assert_int_equal(n_rejects, 1);
	assert_true(store_get_model(s, &m, &since_ms, &e));
	assert_true(m.hash == r->model.hash);
	model_done(&m);
	ids_done(&ids);
	store_close(s);
}

#endif
