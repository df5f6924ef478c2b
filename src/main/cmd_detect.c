/* veer detect: files to alert rows, as fast as the machine goes. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "detect/sweep.h"
#include "engine/run.h"
#include "main/log_run.h"
#include "main/meter.h"
#include "main/option.h"

#define ROW_TEXT_MAX (1u << 20)

/* A record high of the decision of all channels. */
struct high {
	int64_t time_ms;
	uint32_t user;
	float score;
};

static int by_time_and_user(const void *a, const void *b, void *ids)
{
	const struct high *x = a, *y = b;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return dict_cmp(((const struct ids *)ids)->user, x->user, y->user);
}

static uint32_t score_highs(const struct sweep *s, const struct model *m, struct high *ret)
{
	uint32_t n = 0, last = DICT_NONE;
	float best = -INFINITY;
	for (uint32_t i = 0; i < s->n_records; i++) {
		const struct record *r = &s->record[i];
		float score = model_decision(m, r->channel, r->score);
		if (r->user == last && score <= best)
			continue;
		ret[n++] = (struct high){ r->time_ms, r->user, score };
		last = r->user;
		best = score;
	}
	return n;
}

static int write_highs(const struct high *h, uint32_t n, const struct ids *ids, const char *path,
	struct err *e)
{
	FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	struct text t;
	if (!f)
		return err_set(e, -errno, "could not write scores to \"%s\": %s", path,
			strerror(errno));
	text_init(&t, ROW_TEXT_MAX);
	fputs("user,timestamp,score\n", f);
	for (uint32_t i = 0; i < n; i++) {
		size_t len;
		const char *user = dict_text(ids->user, h[i].user, &len);
		text_clear(&t);
		text_add_csv(&t, user, len);
		text_addf(&t, ",%.3f,%.9g\n", (double)h[i].time_ms / 1000, (double)h[i].score);
		fwrite(t.s, 1, t.len, f);
	}
	text_done(&t);
	if ((f == stdout ? fflush(f) : fclose(f)) != 0)
		return err_set(e, -EIO, "could not write scores to \"%s\": %s", path,
			strerror(errno));
	return 0;
}

/* --scores: each user's record highs, no restart (CONTRACT, "detect --scores"). */
static int print_scores(const struct run *r, const struct options *o, struct meter *m,
	struct err *e)
{
	struct sweep s;
	struct sweep_options so = { .backend = o->backend, .threads = o->threads, .until_ms =
		o->until_ms,
		.records = true, .ret_percent = &m->progress.percent, .stop =
			&m->progress.load.stop };
	int code = sweep_run(&s, r->history, &r->ids, &r->model, &so, e);
	if (code < 0)
		return code;
	struct high *h = mem_get(s.n_records ? s.n_records : 1, sizeof *h);
	if (h) {
		uint32_t n = score_highs(&s, &r->model, h);
		qsort_r(h, n, sizeof *h, by_time_and_user, (void *)&r->ids);
		code = write_highs(h, n, &r->ids, o->scores, e);
	} else {
		code = err_set(e, -ENOMEM, "could not sort the scores: out of memory");
	}
	mem_free(h);
	sweep_done(&s);
	return code;
}

/* What a person at a terminal wants to know afterwards, on stderr. */
static void report(const struct run *r, const struct options *o)
{
	char reasons[256];
	uint64_t rejected = 0;
	for (int i = 0; i < REJECT_N; i++)
		rejected += r->load.rejected[i];
	load_reasons(r->load.rejected, r->load.rows, reasons, sizeof reasons);
	if (o->quiet)
		return;
	if (rejected > 0 && reasons[0])
		fprintf(stderr, "veer detect: %s\n", reasons);
	if (r->note[0])
		fprintf(stderr, "veer detect: %s\n", r->note);
	if (r->notice[0])
		fprintf(stderr, "veer detect: %s\n", r->notice);
	if (isatty(STDERR_FILENO))
		fprintf(stderr,
			"veer detect: %llu events, %u users, %u alerts at %.4g per 1000 user-days, "
			"model %016llx\n", (unsigned long long)r->load.events,
				dict_size(r->ids.user),
			r->n_alerts, r->model.budget_kud, (unsigned long long)r->model.hash);
}

static int detect(struct run *r, const struct options *o, struct meter *m, struct err *e)
{
	struct run_options ro;
	struct store *s = NULL;
	int code;
	log_run_options(o, o->operand, o->n_operands, &ro);
	ro.skip_detect = o->scores != NULL;
	if (o->db && !(s = run_open_store(o->db, e)))
		return e->code;
	code = run_files(r, &ro, &m->progress, e);
	if (code == 0 && o->scores && r->load.events > 0)
		code = print_scores(r, o, m, e);
	if (code == 0 && s)
		code = run_store(r, s, &ro, &m->progress, e);
	store_close(s);
	return code;
}

int cmd_detect(struct options *o)
{
	struct run r = {0};
	struct err e = {0};
	struct meter m = {0};
	meter_start(&m, &o->clock, o->stop, o->quiet);
	int code = detect(&r, o, &m, &e);
	meter_stop(&m);
	if (code == 0 && !o->scores && r.load.events > 0)
		log_run_rows(&r, o);
	if (code == 0)
		report(&r, o);
	else
		fprintf(stderr, "veer detect: %s\n", e.text);
	if (code == 0 && r.load.unusable > 0)
		fprintf(stderr, "veer detect: %s\n", r.load.why);
	bool is_part = r.load.unusable > 0 || r.load.cut[0];
	int ret = code < 0 ? EXIT_FAILED : is_part ? EXIT_UNUSABLE : EXIT_OK;
	run_done(&r);
	return ret;
}
