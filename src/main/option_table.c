#include "main/option_table.h"

#include <stddef.h>

#include "main/option_kind.h"

enum {
	WATCH = 1 << 0, REPLAY = 1 << 1, DETECT = 1 << 2, USER = 1 << 3,
	ALERTS = 1 << 4, GENERATE = 1 << 5, MODEL = 1 << 6, DOCTOR = 1 << 7,
	EVALUATE = 1 << 8, TRAIN = 1 << 9,
	SCREEN = WATCH | REPLAY,
	FILES = REPLAY | DETECT | USER | TRAIN,
	LOGS = FILES | WATCH,
	READS = LOGS | EVALUATE,
	FINDS = WATCH | REPLAY | DETECT | USER,
	ALL = READS | ALERTS | GENERATE | MODEL | DOCTOR
};

const struct command_row command_table[] = {
	{ "watch", cmd_watch, "FILE...", "console over files that grow", WATCH },
	{ "replay", cmd_replay, "FILE...", "console over whole files, at any speed", REPLAY },
	{ "detect", cmd_detect, "FILE...", "alerts of whole files to standard output", DETECT },
	{ "user", cmd_user, "ID [FILE...]", "all about one user, from a store or files", USER },
	{ "alerts", cmd_alerts, "[USER...]", "alerts of a store, and what was done with them",
		ALERTS },
	{ "generate", cmd_generate, "", "a believable log with known answers", GENERATE },
	{ "train", cmd_train, "FILE...", "a model fitted on logs, to be used with --model", TRAIN },
	{ "model", cmd_model, "FILE...", "what is in a model", MODEL },
	{ "evaluate", cmd_evaluate, "FILE...", "what is found in logs with known answers, and when",
		EVALUATE },
	{ "doctor", cmd_doctor, "", "what this build and this machine can do", DOCTOR },
	{ NULL, NULL, NULL, NULL, 0 }
};

static const char *const scores[] = { "interest", "count", "ctr", "conversion", "amount", NULL };
static const char *const backends[] = { "auto", "cpu", "cuda", NULL };
static const char *const forms[] = { "csv", "jsonl", NULL };
static const char *const reports[] = { "table", "csv", "jsonl", NULL };
static const char *const matches[] = { "any", "rate", NULL };
static const char *const kinds[] = { "whole", "partial", "relabel", NULL };
static const char *const laws[] = { "auto", "gaussian", "poisson", NULL };
static const char *const channels[] = { "learned", "mixture", "volume", "forecast",
	"learned,volume", NULL };
static const char *const forecasters[] = { "none", "ar", "forest", "lstm", "auto", NULL };
static const char *const selects[] = { "none", "variance", "f", "lasso", "importance", NULL };
static const char *const precisions[] = { "float32", "float16", "int8", NULL };
static const char *const weights[] = { "auto", "fixed", "trained", NULL };
static const char *const states[] = { "new", "acknowledged", "shelved", "cleared", NULL };
static const char *const labels[] = { "true", "false", "none", NULL };
static const char *const ladder[] = { "auto", "braille", "blocks", "acs", "ascii", NULL };
static const char *const themes[] = { "dark", "light", "safe", "mono", NULL };

#define AT(field) offsetof(struct options, field)

const struct option_row option_table[] = {
	{ "format", 'f', "NAME", READS, &kind_format, AT(format), NULL,
		"where the fields of a row stand; guessed when not given", NULL },
	{ "columns", 0, "LIST", READS, &kind_text, AT(columns), NULL,
		"the columns of a log of your own, by number or name: "
		"user=1,item=2,category=3,behaviour=4,time=5 (and price=, quantity=)", NULL },
	{ "tz", 0, "ZONE", READS | ALERTS, &kind_zone, AT(zone), "UTC",
		"zone of times that name none, of days and of weeks", NULL },
	{ "names", 0, "FILE", SCREEN | USER, &kind_file, AT(names), NULL,
		"csv file of id,name: names to show for users, items and categories", NULL },
	{ "session-gap", 0, "SPAN", READS, &kind_gap, AT(gap_ms), "fit",
		"a pause longer than this ends a session", NULL },
	{ "step", 0, "STEP", FINDS, &kind_step, AT(step), "day",
		"hour, day, week, or a span such as 15m: the buckets of interest", NULL },
	{ "score", 0, "KIND", FINDS, &kind_score, AT(score), "interest",
		"how interest in a step is measured", scores },
	{ "model", 0, "FILE", FINDS | EVALUATE, &kind_file, AT(model), NULL,
		"a fitted model; without it one is fitted on the log at hand", NULL },
	{ "budget", 0, "RATE", LOGS, &kind_budget, AT(budget), "auto",
		"false alarms to put up with: 0.5/kud (per 1000 user-days) or 50/day; auto: "
		"the larger of 0.5/kud and the smallest that the log can verify", NULL },
	{ "volume-budget", 0, "RATE", LOGS, &kind_budget, AT(volume_budget), "auto",
		"the same for channel volume, whose budget is its own", NULL },
	{ "forecast-budget", 0, "RATE", LOGS, &kind_budget, AT(forecast_budget), "auto",
		"the same for channel forecast", NULL },
	{ "epsilon", 0, "X", LOGS, &kind_positive, AT(epsilon), NULL,
		"how far a forecast may lie from the history, in the user's own mean error, "
		"instead of by a forecast budget", NULL },
	{ "backend", 0, "NAME", FINDS | EVALUATE | TRAIN, &kind_one_of, AT(backend), "auto",
		"what does the arithmetic", backends },
	{ "threads", 0, "N", FILES | EVALUATE, &kind_threads, AT(threads), "cores",
		"threads that parse and detect; the result does not depend on it", NULL },
	{ "memory", 0, "SIZE", READS, &kind_memory, AT(memory_bytes), "half",
		"memory for events, beyond which they are spilled to a file; half: of the "
		"machine's", NULL },
	{ "from", 0, "TIME", REPLAY | USER | ALERTS, &kind_from, AT(from_ms), "start",
		"where to begin", NULL },
	{ "until", 0, "TIME", FILES | ALERTS | EVALUATE, &kind_until, AT(until_ms), "end",
		"the horizon: what comes after is left out", NULL },
	{ "lateness", 0, "SPAN", WATCH, &kind_span, AT(lateness_ms), "5s",
		"how long to wait for rows out of order; later ones are counted and dropped",
		NULL },
	{ "retain", 0, "SPAN", WATCH, &kind_retain, AT(retain_ms), "7d",
		"how long events are kept in the store", NULL },
	{ "once", 0, NULL, WATCH, &kind_flag, AT(once), NULL,
		"stop at the end of the files instead of waiting for more", NULL },
	{ "db", 0, "FILE", TRAIN, &kind_file, AT(db), NULL,
		"a store of alerts, of whose labels to learn", NULL },
	{ "db", 0, "FILE", WATCH | ALERTS, &kind_file, AT(db), NULL,
		"the store of alerts, an SQLite file (default " DB_DEFAULT ")", NULL },
	{ "db", 0, "FILE", REPLAY | DETECT | USER, &kind_file, AT(db), NULL,
		"the store of alerts, an SQLite file", NULL },
	{ "output", 'o', "FORM", FINDS | ALERTS, &kind_form, AT(form), "csv",
		"form of alert rows", forms },
	{ "scores", 0, "FILE", DETECT, &kind_file, AT(scores), NULL,
		"write each user's record scores (user,timestamp,score) instead of alerts; -: to "
		"standard output", NULL },
	{ "law", 0, "NAME", DETECT, &kind_one_of, AT(law), "auto",
		"of --format series: what values are drawn from; auto: poisson for counts", laws },
	{ "threshold", 0, "NATS", DETECT, &kind_positive, AT(threshold), "12",
		"of --format series: evidence at which a level has changed", NULL },
	{ "truth", 0, "FILE", EVALUATE, &kind_file, AT(truth), NULL,
		"the known answers of the log: who changed, and when", NULL },
	{ "scores", 0, "FILE", EVALUATE, &kind_file, AT(scores), NULL,
		"judge the scores (user,timestamp,score) of any detector instead of our own",
		NULL },
	{ "splice", 0, "SEED", EVALUATE, &kind_count, AT(splice_seed), NULL,
		"make changes with known answers in the log: histories that go on as another "
		"user's", NULL },
	{ "match", 0, "RULE", EVALUATE, &kind_one_of, AT(match), NULL,
		"of --splice: any other user, or one about as busy (rate)", matches },
	{ "kind", 0, "KIND", EVALUATE, &kind_one_of, AT(kind), NULL,
		"of --splice: all sessions are another's, every second one, or the own under "
		"other categories", kinds },
	{ "min-events", 0, "N", EVALUATE, &kind_limit, AT(min_events), NULL,
		"of --splice: events before the change, and as many after it (default 10)", NULL },
	{ "write", 0, "DIR", EVALUATE, &kind_file, AT(write), NULL,
		"of --splice: write spliced.csv and truth.csv into this folder", NULL },
	{ "budgets", 0, "LIST", EVALUATE, &kind_budgets, AT(budgets), ".1,.2,.5,1,2,5,10,20",
		"false alarms per 1000 user-days to try", NULL },
	{ "output", 'o', "FORM", EVALUATE, &kind_one_of, AT(report), "table",
		"form of the result", reports },
	{ "channel", 0, "LIST", LOGS | EVALUATE, &kind_channels, AT(channel), "learned",
		"the channels that are to speak when no model is given", channels },
	{ "weights", 0, "WHICH", TRAIN, &kind_one_of, AT(weights), NULL,
		"of channel learned: fixed ones, ones learnt from this log, or (auto, the default) "
		"the latter if they are better on users not learnt from", weights },
	{ "weights", 0, "WHICH", EVALUATE, &kind_one_of, AT(weights), NULL,
		"the same for the model fitted on the dev users (default fixed)", weights },
	{ "forecaster", 0, "WHICH", TRAIN, &kind_one_of, AT(forecaster), NULL,
		"of channel forecast: linear autoregression, a random forest, an LSTM, or (auto) "
		"the best of them if it is better than a naive forecast; default none, with "
		"--channel forecast auto", forecasters },
	{ "from", 0, "FILE", TRAIN, &kind_file, AT(from), NULL,
		"a model whose forecaster is gone on from, instead of from scratch", NULL },
	{ "select", 0, "FILTER", TRAIN, &kind_one_of, AT(select), "none",
		"narrow the columns of ar and forest to those that vary, whose F is no chance, or "
		"with a weight in a lasso or importance in a forest", selects },
	{ "search", 0, "N", TRAIN, &kind_count, AT(search), "0",
		"try N combinations of each forecaster's parameters on days before those that it "
		"is judged on, and keep what is better than the defaults", NULL },
	{ "precision", 0, "KIND", TRAIN, &kind_one_of, AT(precision), "float32",
		"in which the weights of an LSTM or the nodes of a forest are kept", precisions },
	{ "speed", 0, "N", REPLAY, &kind_speed, AT(speed), "3600",
		"data seconds a second, or max", NULL },
	{ "paused", 0, NULL, REPLAY, &kind_flag, AT(paused), NULL,
		"begin with the clock standing", NULL },
	{ "stop-on", 0, "RULES", REPLAY, &kind_stop_on, AT(stop_on), NULL,
		"alerts at which the clock stops: !! (severe; !: high ones too; .: any), user ID, "
		"category NAME, score>X, with commas between", NULL },
	{ "keys", 0, "FILE", SCREEN, &kind_file, AT(keys), NULL,
		"play a script of keys on a screen in memory, and print that where the script "
		"says so", NULL },
	{ "screen", 0, "CxL", SCREEN, &kind_screen, AT(screen), "80x24",
		"columns and lines of the screen of --keys", NULL },
	{ "glyphs", 0, "SET", SCREEN | USER, &kind_one_of, AT(glyphs), "auto",
		"what sparklines are drawn with", ladder },
	{ "theme", 0, "NAME", SCREEN, &kind_one_of, AT(theme), NULL,
		"colours for a dark or a light background; safe: for either, "
		"and for the colour-blind; mono: none", themes },
	{ "category", 0, "NAME", ALERTS, &kind_text, AT(category), NULL,
		"only alerts from or to this category", NULL },
	{ "severity", 0, "N", ALERTS, &kind_severity, AT(min_severity), "0",
		"only alerts at least so severe, 0 to 100", NULL },
	{ "limit", 0, "N", ALERTS, &kind_limit, AT(limit), NULL,
		"only the newest so many", NULL },
	{ "limit", 0, "N", USER, &kind_limit, AT(limit), NULL,
		"so many of the newest events, alerts and the largest categories; 0: all", NULL },
	{ "rejects", 0, NULL, ALERTS, &kind_flag, AT(rejects), NULL,
		"the rows that could not be used, and why, instead of alerts", NULL },
	{ "evidence", 0, NULL, ALERTS, &kind_flag, AT(evidence), NULL,
		"the interest a step around each alert, too", NULL },
	{ "state", 0, "NAME", ALERTS, &kind_one_of, AT(state), NULL,
		"only alerts that nobody took care of (new; cleared: their user is back at the old "
		"interest), or only those acknowledged or shelved", states },
	{ "labels", 0, NULL, ALERTS, &kind_flag, AT(labels), NULL,
		"only alerts with a label, and the label and its note with each", NULL },
	{ "history", 0, NULL, ALERTS, &kind_flag, AT(history), NULL,
		"what was done with each alert, by whom and when, instead of alerts", NULL },
	{ "crowds", 0, NULL, ALERTS, &kind_flag, AT(crowds), NULL,
		"the crowds among the alerts instead: many users who turned to one category, or "
		"left one, at about one time", NULL },
	{ "ack", 0, NULL, ALERTS, &kind_flag, AT(ack), NULL,
		"acknowledge the alerts whose ids are given", NULL },
	{ "unack", 0, NULL, ALERTS, &kind_flag, AT(unack), NULL,
		"neither acknowledged nor shelved any more", NULL },
	{ "shelve", 0, "SPAN", ALERTS, &kind_shelf, AT(shelve_ms), NULL,
		"put the alerts whose ids are given away for a time (10m, 2h, 1d)", NULL },
	{ "label", 0, "WORD", ALERTS, &kind_one_of, AT(label), NULL,
		"say of the alerts whose ids are given that each is a true change or a false "
		"alarm; none takes that back", labels },
	{ "note", 0, "TEXT", ALERTS, &kind_text, AT(note), NULL,
		"a note on the alerts whose ids are given, or why --label says so", NULL },
	{ "events", 0, "N", GENERATE, &kind_count, AT(events), "1000000",
		"how many events", NULL },
	{ "users", 0, "N", GENERATE, &kind_count, AT(users), NULL,
		"how many users (default: so many that the log spans nine days)", NULL },
	{ "seed", 0, "N", GENERATE, &kind_count, AT(seed), "1",
		"the log is a function of the seed and the two numbers above", NULL },
	{ "seed", 0, "N", TRAIN, &kind_count, AT(seed), NULL,
		"of the changes made in the log, of which the weights are learnt (default 1)",
		NULL },
	{ "calm", 0, NULL, GENERATE, &kind_flag, AT(calm), NULL,
		"nobody changes interest: a log to calibrate a model on", NULL },
	{ "truth", 0, "FILE", GENERATE, &kind_file, AT(truth), NULL,
		"where to write who changed, and when", NULL },
	{ "out", 0, "FILE", GENERATE | TRAIN, &kind_file, AT(out), NULL,
		"where to write the result", NULL },
	{ "config", 0, "FILE", ALL, &kind_file, AT(config), NULL,
		"options by their long names, a line each: name = value", NULL },
	{ "quiet", 'q', NULL, ALL & ~DOCTOR, &kind_flag, AT(quiet), NULL,
		"no progress and no remarks on standard error", NULL },
	{ "help", 'h', NULL, ALL, &kind_flag, AT(help), NULL, "this text", NULL },
	{ "version", 'V', NULL, ALL, &kind_flag, AT(version), NULL, "the version", NULL },
	{ NULL, 0, NULL, 0, NULL, 0, NULL, NULL, NULL }
};
