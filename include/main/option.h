/* option.h - what was asked for on the command line: every option of every command, parsed.
 *
 * Values are parsed as they are read; a bad one is a usage error (exit 2) that names option, value
 * and what is accepted. The rows are in option_table.h. Owner: main.
 */
#ifndef MAIN_OPTION_H
#define MAIN_OPTION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"
#include "base/clock.h"
#include "base/zone.h"
#include "engine/stop_on.h"
#include "learn/evaluate.h"
#include "learn/fit.h"
#include "series/step.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNUSABLE = 3 };

#define DB_DEFAULT "veer.db"       /* of watch and alerts */

struct options {
	const char *command;
	const char *const *operand;     /* what is left: files, ids */
	uint32_t n_operands;
	/* reading */
	const char *format, *columns, *names;
	struct zone zone;               /* --tz */
	unsigned threads;               /* default: the cores */
	size_t memory_bytes;            /* --memory; default: half of the machine */
	int64_t from_ms, until_ms;
	int64_t lateness_ms;
	int64_t retain_ms;              /* watch: how long events stay in the store */
	/* interest and detection */
	struct step step;
	int64_t gap_ms;                 /* --session-gap; 0: fitted */
	enum score_kind score;
	const char *model, *backend;
	struct budget budget, volume_budget, forecast_budget;
	float epsilon;                  /* of channel forecast; 0: by the budget */
	uint64_t seed;
	const char *law;                /* of plain series: gaussian, poisson, auto */
	float threshold;                /* of plain series, in nats */
	const char *weights;            /* train, evaluate; NULL: the command's own default */
	const char *forecaster, *precision, *select;    /* train; NULL: the default */
	const char *from;               /* train: a model to go on from */
	uint64_t search;                /* train: combinations of parameters; 0: none */
	/* output */
	const char *db, *out;           /* -o csv|jsonl is `form`; --out FILE for generate, train */
	enum alert_form form;
	bool form_given;                /* -o stood on the command line: rows are wanted */
	const char *scores;             /* detect --scores FILE ("-": stdout) */
	const char *channel;
	bool quiet, help, version, once;
	const char *config;             /* a file of `name = value` lines */
	char *config_text;              /* its text, which values borrow; owned */
	char config_found[512];         /* where one was found that nobody named */
	struct saved *saved;            /* of `filter NAME = ...` and `view NAME = ...`; owned */
	struct keymap *keymap;          /* of its lines `key NAME = KEYS`; NULL: none; owned */
	/* console */
	double speed;                   /* 0: max */
	bool paused;
	struct stop_on stop_on;
	const char *keys, *glyphs, *theme, *screen;     /* --screen 80x24 for scripts */
	/* query */
	const char *category;
	unsigned min_severity;
	uint32_t limit;                 /* 0: none was given; UINT32_MAX: all */
	bool rejects, evidence, labels, history, crowds;
	const char *state;
	/* what an operator does */
	bool ack, unack;
	int64_t shelve_ms;              /* 0: not given */
	const char *label, *note;
	/* generate */
	uint64_t events, users;
	bool calm;
	const char *truth;              /* evaluate: read */
	/* evaluate */
	uint64_t splice_seed;
	bool splice_given;              /* --splice stood on the command line or in the file */
	const char *match, *kind, *write;
	uint32_t min_events;            /* of --splice; 0: not given */
	struct budget_list budgets;
	const char *report;             /* -o table|csv|jsonl */
	/* evidence of life */
	struct clock clock;
	volatile sig_atomic_t *stop;    /* set by INT, TERM, HUP */
};

/* One line of the table of commands: adding one is a file cmd_*.c and a row. */
struct command_row {
	const char *name;
	int (*run)(struct options *o);  /* returns the exit code */
	const char *operands;           /* of the usage line; "": none, "[X]": may be missing */
	const char *summary;
	unsigned bit;                   /* which options of the table it takes */
};

/* Parses argv, whose texts o borrows; o must not move afterwards. Returns EXIT_OK, or the exit code
 * to end with after it has said why on stderr. EXIT_OK without a command: help or version printed.
 */
int options_parse(struct options *o, int argc, char **argv, const struct command_row **ret_command);
void options_done(struct options *o);

int cmd_watch(struct options *o);
int cmd_replay(struct options *o);
int cmd_detect(struct options *o);
int cmd_user(struct options *o);
int cmd_alerts(struct options *o);
int cmd_generate(struct options *o);
int cmd_model(struct options *o);
int cmd_doctor(struct options *o);
int cmd_evaluate(struct options *o);
int cmd_train(struct options *o);

#endif
