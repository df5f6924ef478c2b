/* veer replay: the console over whole files; without a terminal, the alert rows. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "alert/store.h"
#include "base/err.h"
#include "engine/replay.h"
#include "ingest/names.h"
#include "main/author.h"
#include "main/log_run.h"
#include "main/meter.h"
#include "main/option.h"
#include "main/state_folder.h"
#include "ui/console.h"

static int fail(const struct options *o, const struct err *e)
{
	fprintf(stderr, "veer %s: %s\n", o->command, e->text);
	return EXIT_FAILED;
}

static int load_and_store(struct run *r, const struct options *o, struct meter *m, struct err *e)
{
	struct run_options ro;
	struct store *s = NULL;
	int code;

	log_run_options(o, o->operand, o->n_operands, &ro);
	if (o->db && !(s = run_open_store(o->db, e)))
		return e->code;
	code = run_files(r, &ro, &m->progress, e);
	if (code == 0 && s)
		code = run_store(r, s, &ro, &m->progress, e);
	store_close(s);
	return code;
}

/* The rows of `detect`: an alert's row does not depend on how the log is walked through. */
static int replay_as_rows(const struct options *o)
{
	struct run r = {0};
	struct meter m = {0};
	struct err e = {0};
	int code, ret;

	meter_start(&m, &o->clock, o->stop, o->quiet);
	code = load_and_store(&r, o, &m, &e);
	meter_stop(&m);
	if (code == 0 && r.load.events > 0)
		log_run_rows(&r, o);
	if (code == -ECANCELED && o->stop && *o->stop)
		ret = EXIT_OK;          /* an interrupt is a normal end (CONTRACT, "Options") */
	else
		ret = code < 0 ? fail(o, &e) : log_run_report(&r, o);
	run_done(&r);
	return ret;
}

/* The exit code after the console has ended: if loading was still under way, that is no failure. */
static int outcome(struct feed *f, const struct options *o)
{
	enum feed_phase phase = feed_look(f, NULL)->phase;
	struct err e = {0};

	if (phase == FEED_LOADING)
		return EXIT_OK;
	if (replay_wait(f, &e) < 0 && e.code != -ENODATA)
		return fail(o, &e);
	return log_run_report(replay_run(f), o);
}

static int replay_on_screen(struct options *o, const struct names *names)
{
	char state[1024], author[TRIAGE_AUTHOR_MAX];
	struct console_options co = {
		.keys = o->keys,
		.keymap = o->keymap,
		.saved = o->saved,
		.glyphs = o->glyphs,
		.theme = o->theme,
		.state = o->keys ? NULL : state_folder(state, sizeof state),
		.author = author_name(author),
		.has_session = !o->keys,
		.is_known = o->db && access(o->db, F_OK) == 0,
		.is_placed = o->from_ms != INT64_MIN,
		.score = (int)o->score,
		.clock = &o->clock,
		.stop = o->stop,
	};
	struct replay_options ro = {
		.speed = o->speed,
		.from_ms = o->from_ms,
		.paused = o->paused,
		.stop_on = o->stop_on,
		.db = o->db,
		.names = names,
		.clock = &o->clock,
	};
	struct err e = {0};
	struct feed *f;
	int ret;

	if (o->screen)
		sscanf(o->screen, "%ux%u", &co.columns, &co.lines);
	log_run_options(o, o->operand, o->n_operands, &ro.run);
	ro.run.load.said = NULL;        /* the console has the terminal */
	f = replay_open(&ro, &e);
	if (!f)
		return fail(o, &e);
	ret = console_run(f, &co, &e) < 0 ? fail(o, &e) : outcome(f, o);
	feed_close(f);
	return ret;
}

int cmd_replay(struct options *o)
{
	struct names *names = NULL;
	struct err e = {0};
	char why[256] = "";
	int ret;

	if (o->form_given)
		return replay_as_rows(o);
	if (!o->keys && !console_can_run(why, sizeof(why))) {
		fprintf(stderr, "veer replay: %s: printing alert rows instead\n", why);
		return replay_as_rows(o);
	}
	if (o->names && !(names = names_open(o->names, &e)))
		return fail(o, &e);
	ret = replay_on_screen(o, names);
	names_close(names);
	return ret;
}
