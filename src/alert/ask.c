#include "alert/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alert/ask_parts.h"
#include "alert/store.h"
#include "base/clock.h"
#include "base/mem.h"

#define JOBS 2          /* one is out at most; the other is the end */

static void job_free(struct ask_job *job)
{
	if (!job)
		return;
	ask_answer_free(job->answer);
	complete_done(&job->words);
	mem_free(job);
}

static void *work(void *arg)
{
	struct ask_room r = { .a = arg };
	struct ask_job *job;

	while ((job = queue_take(&r.a->jobs))) {
		if (job->kind == ASK_EXPORTED)
			ask_write(job->from, job->path, job->form, &job->err);
		else
			ask_fill(&r, job);
		if (!queue_put(&r.a->done, job))
			job_free(job);
	}
	store_close(r.store);
	return NULL;
}

static int start(struct ask *a, const char *path, struct err *e)
{
	int code;

	if (!(a->path = mem_text(path, strlen(path))))
		return err_set(e, -ENOMEM, "could not ask the alert store: out of memory");
	if (queue_init(&a->jobs, JOBS, e) < 0 || queue_init(&a->done, JOBS, e) < 0)
		return e->code;
	code = pthread_create(&a->thread, NULL, work, a);
	a->has_thread = code == 0;
	return code ? err_set(e, -code, "could not start a thread: %s", strerror(code)) : 0;
}

struct ask *ask_open(const char *path, const struct clock *clock, struct err *e)
{
	struct ask *a = mem_get(1, sizeof *a);

	if (!a) {
		err_set(e, -ENOMEM, "could not ask the alert store: out of memory");
		return NULL;
	}
	a->clock = clock;
	if (start(a, path, e) < 0) {
		ask_close(a);
		return NULL;
	}
	return a;
}

void ask_close(struct ask *a)
{
	if (!a)
		return;
	atomic_store(&a->stop, true);
	if (a->has_thread) {
		queue_close(&a->jobs);
		queue_close(&a->done);
		pthread_join(a->thread, NULL);
		for (struct ask_job *job; (job = queue_take(&a->done));)
			job_free(job);
	}
	queue_done(&a->jobs);
	queue_done(&a->done);
	ask_answer_free(a->answer);
	complete_done(&a->words);
	mem_free(a->path);
	mem_free(a);
}

static struct ask_job *new_job(struct ask *a, enum ask_news kind, struct err *e)
{
	struct ask_job *job;

	if (a->is_busy) {
		err_set(e, -EBUSY, "a query is still running: Esc stops it");
		return NULL;
	}
	job = mem_get(1, sizeof *job);
	if (!job)
		err_set(e, -ENOMEM, "could not ask the alert store: out of memory");
	else
		job->kind = kind;
	return job;
}

static void send(struct ask *a, struct ask_job *job)
{
	atomic_store(&a->stop, false);
	atomic_store(&a->looks, 0);
	atomic_store(&a->rows, 0);
	a->is_busy = true;
	queue_put(&a->jobs, job);
}

int ask_run(struct ask *a, const char *sql, int64_t now_ms, struct err *e)
{
	struct ask_job *job;

	if (strlen(sql) >= ASK_SQL_MAX)
		return err_set(e, -E2BIG, "the statement has more than %d bytes", ASK_SQL_MAX - 1);
	if (!(job = new_job(a, ASK_ANSWERED, e)))
		return e->code;
	if (!(job->answer = mem_get(1, sizeof *job->answer))) {
		job_free(job);
		return err_set(e, -ENOMEM, "could not ask the alert store: out of memory");
	}
	job->now_ms = now_ms;
	job->begun_ms = clock_tick_ms(a->clock);
	strcpy(job->answer->sql, sql);
	send(a, job);
	return 0;
}

int ask_export(struct ask *a, const char *path, enum alert_form form, struct err *e)
{
	struct ask_job *job;

	if (!a->answer || !a->answer->n_columns)
		return err_set(e, -ENODATA, "there is no answer to export");
	if (!(job = new_job(a, ASK_EXPORTED, e)))
		return e->code;
	if (snprintf(job->path, sizeof job->path, "%s", path) >= (int)sizeof job->path) {
		mem_free(job);
		return err_set(e, -ENAMETOOLONG, "the name of the file is too long");
	}
	job->form = form;
	job->from = a->answer;
	send(a, job);
	return 0;
}

void ask_stop(struct ask *a)
{
	atomic_store(&a->stop, true);
}

static void take_words(struct ask *a, struct ask_job *job)
{
	if (!job->words.n)
		return;
	complete_done(&a->words);
	a->words = job->words;
	job->words = (struct complete_words){ 0 };
}

enum ask_news ask_look(struct ask *a)
{
	struct ask_job *job;
	enum ask_news news;

	if (!a->is_busy || !(job = queue_take_for(&a->done, 0)))
		return ASK_NOTHING;
	a->is_busy = false;
	take_words(a, job);
	news = job->kind;
	if (news == ASK_EXPORTED) {
		a->exported = job->err;
	} else {
		ask_answer_free(a->answer);
		a->answer = job->answer;
		job->answer = NULL;
	}
	job_free(job);
	return news;
}

const char *ask_name(const struct ask_answer *a, unsigned column)
{
	return a->text.s + a->name[column];
}

const char *ask_bytes(const struct ask_answer *a, const struct ask_cell *c)
{
	return a->text.s ? a->text.s + c->at : "";
}
