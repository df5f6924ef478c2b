/* veer evaluate: what detectors find in a log with known answers, given or spliced here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "engine/run.h"
#include "learn/benchmark.h"
#include "learn/evaluate.h"
#include "learn/relabel.h"
#include "learn/splice.h"
#include "learn/train_learned.h"
#include "main/evaluate_print.h"
#include "main/log_run.h"
#include "main/meter.h"
#include "main/option.h"
#include "series/history.h"

#define PATH_MAX_BYTES 4096

/* The log as it is judged: the one read, or the one spliced out of it. */
struct bench {
	struct run run;
	struct benchmark made;          /* answers, also those of a file */
	struct history *spliced;        /* NULL: the log of the run is judged */
	struct evaluation result;
};

static int usage(const char *why)
{
	fprintf(stderr, "veer evaluate: %s\n", why);
	return EXIT_USAGE;
}

/* Options that do not go together. */
static int check(const struct options *o)
{
	if (o->truth && o->splice_given)
		return usage("give --truth or --splice, not both");
	if (!o->truth && !o->splice_given)
		return usage("give --truth FILE for a log with known answers, or --splice SEED "
			"to make some");
	if (!o->splice_given && (o->match || o->kind || o->write || o->min_events))
		return usage("--match, --kind, --min-events and --write need --splice");
	if (o->scores && o->model)
		return usage("--scores needs no --model: thresholds are from the dev users");
	return EXIT_OK;
}

static enum splice_kind kind_of(const struct options *o)
{
	int k = SPLICE_WHOLE;
	while (o->kind && strcmp(o->kind, splice_kind_name[k]) != 0)
		k++;
	return (enum splice_kind)k;
}

static int write_file(struct bench *b, const struct options *o, const char *name, struct err *e)
{
	char path[PATH_MAX_BYTES];
	int n = snprintf(path, sizeof path, "%s/%s", o->write, name);
	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(e, -ENAMETOOLONG,
			"could not write into \"%s\": its name is too long", o->write);
	return strcmp(name, "truth.csv") == 0 ?
		answers_write(&b->made.answers, path, &b->run.ids, e) :
		benchmark_write(b->spliced, &b->run.ids, path, e);
}

static int write_both(struct bench *b, const struct options *o, struct err *e)
{
	if (mkdir(o->write, 0777) != 0 && errno != EEXIST)
		return err_set(e, -errno, "could not make folder \"%s\": %s", o->write,
			strerror(errno));
	int code = write_file(b, o, "spliced.csv", e);
	return code < 0 ? code : write_file(b, o, "truth.csv", e);
}

static int splice(struct bench *b, const struct options *o, struct err *e)
{
	struct benchmark_options bo = BENCHMARK_OPTIONS;
	struct benchmark_room room = { o->memory_bytes, o->threads };
	struct relabel *relabel = NULL;
	struct splice_source s;
	bo.seed = o->splice_seed;
	bo.kind = kind_of(o);
	bo.min_events = o->min_events;
	bo.rate_tolerance = o->match && strcmp(o->match, "rate") == 0 ? SPLICE_RATE : 0;
	if (bo.kind == SPLICE_RELABEL &&
		!(relabel = relabel_new(b->run.history, &b->run.ids, e)))
		return e->code;
	splice_source_init(&s, b->run.history, &b->run.ids, relabel);
	int code = benchmark_make(&b->made, &s, &bo, e);
	if (code == 0 && !(b->spliced = benchmark_history(&b->made, &s, &room, e)))
		code = e->code;
	relabel_free(relabel);
	return code == 0 && o->write ? write_both(b, o, e) : code;
}

static int judge(struct bench *b, const struct options *o, struct meter *m, struct err *e)
{
	struct model given;
	struct train_options to = { .seed = o->seed };
	struct evaluate_options eo = { .budgets = &o->budgets, .channel = o->channel,
		.backend = o->backend, .scores = o->scores, .gap_ms = o->gap_ms,
		.until_ms = o->until_ms, .threads = o->threads, .memory_bytes = o->memory_bytes,
		.ret_percent = &m->progress.percent, .stop = &m->progress.load.stop };
	if (o->model && model_open(&given, o->model, e) < 0)
		return e->code;
	if (o->model && o->gap_ms > 0)
		given.gap_ms = o->gap_ms;
	eo.model = o->model ? &given : NULL;
	to.choice = train_choice_of(o->weights, TRAIN_FIXED);
	eo.train = to.choice == TRAIN_FIXED ? NULL : &to;
	m->progress.stage = RUN_DETECT;
	int code = evaluate_run(&b->result, b->spliced ? b->spliced : b->run.history,
		&b->run.ids, &b->made.answers, &eo, e);
	if (o->model)
		model_done(&given);
	return code;
}

static int evaluate(struct bench *b, const struct options *o, struct meter *m, struct err *e)
{
	struct run_options ro;
	log_run_options(o, o->operand, o->n_operands, &ro);
	int code = run_load(&b->run, &ro, &m->progress, e);
	if (code < 0 || b->run.load.events == 0)
		return code;
	code = o->truth ? answers_read(&b->made.answers, o->truth, &b->run.ids, e) :
		splice(b, o, e);
	return code < 0 ? code : judge(b, o, m, e);
}

static void print(const struct bench *b, const struct options *o)
{
	if (strcmp(o->report, "csv") == 0) {
		evaluate_print_csv(&b->result, stdout);
	} else if (strcmp(o->report, "jsonl") == 0) {
		evaluate_print_jsonl(&b->result, stdout);
	} else {
		evaluate_print_table(&b->result, stdout);
		evaluate_print_plot(&b->result, &o->budgets, stdout);
	}
}

int cmd_evaluate(struct options *o)
{
	struct bench b = {0};
	struct meter m = {0};
	struct err e = {0};
	int code = check(o);
	if (code != EXIT_OK)
		return code;
	meter_start(&m, &o->clock, o->stop, o->quiet);
	code = evaluate(&b, o, &m, &e);
	meter_stop(&m);
	if (code < 0)
		fprintf(stderr, "veer evaluate: %s\n", e.text);
	else if (b.result.n_rows)
		print(&b, o);
	code = code < 0 ? EXIT_FAILED : log_run_report(&b.run, o);
	evaluate_done(&b.result);
	history_free(b.spliced);
	benchmark_done(&b.made);
	run_done(&b.run);
	return code;
}
