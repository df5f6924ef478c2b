/* veer watch: the console over sources that grow; without a terminal, alert rows as they come. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "engine/live.h"
#include "ingest/names.h"
#include "main/author.h"
#include "main/option.h"
#include "main/state_folder.h"
#include "model/channel.h"
#include "ui/console.h"

#define ROW_TEXT_MAX (1u << 20)
#define KEEP_REJECTS 20u                /* of one batch */

/* Where rows go; used on the detect thread. */
struct printer {
	const struct options *o;
	struct text row;
};

static int fail(const struct options *o, const struct err *e)
{
	fprintf(stderr, "veer %s: %s\n", o->command, e->text);
	return EXIT_FAILED;
}

static void print_alert(void *ctx, const struct alert *a, const struct ids *ids)
{
	struct printer *p = ctx;
	text_clear(&p->row);
	alert_row(&p->row, p->o->form, a, ids, "new");
	fwrite(p->row.s, 1, p->row.len, stdout);
	fflush(stdout);
}

static void print_notice(void *ctx, const char *line)
{
	const struct printer *p = ctx;
	if (!p->o->quiet)
		fprintf(stderr, "veer %s: %s\n", p->o->command, line);
}

static void print_header(struct printer *p)
{
	text_clear(&p->row);
	alert_header(&p->row, p->o->form);
	if (p->row.len > 0)
		fwrite(p->row.s, 1, p->row.len, stdout);
	fflush(stdout);
}

static void live_options_of(const struct options *o, const struct names *names,
	struct live_options *ret)
{
	*ret = (struct live_options){
		.follow = { .path = o->operand, .n_paths = o->n_operands, .format = o->format,
			.columns = o->columns, .zone = &o->zone, .keep_rejects = KEEP_REJECTS,
				.once = o->once },
		.model = o->model,
		.budget = o->budget,
		.volume_budget = o->volume_budget,
		.forecast_budget = o->forecast_budget,
		.epsilon = o->epsilon,
		.gap_ms = o->gap_ms,
		.backend = o->backend,
		.db = o->db ? o->db : DB_DEFAULT,
		.lateness_ms = o->lateness_ms,
		.retain_ms = o->retain_ms,
		.threads = o->threads,
		.memory_bytes = o->memory_bytes,
		.step = o->step,
		.score = o->score,
		.names = names,
		.clock = &o->clock,
	};
	if (o->channel)
		channel_parse(o->channel, &ret->channels);
}

/* What came of it, on stderr, and the exit code. */
static int outcome(struct feed *f, const struct options *o, int code, const struct err *e)
{
	const struct snapshot *s = feed_look(f, NULL);
	if (code < 0 && code != -ENODATA)
		return fail(o, e);
	if (!o->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "veer %s: %llu events, %u users, %u alerts, model %016llx\n",
			o->command,
			(unsigned long long)s->events, s->users, s->n_alerts,
				(unsigned long long)s->model);
	if (!o->quiet && s->rejected + s->late > 0)
		fprintf(stderr, "veer %s: of %llu rows %llu unusable, %llu late\n", o->command,
			(unsigned long long)s->rows, (unsigned long long)s->rejected,
				(unsigned long long)s->late);
	if (code == -ENODATA)
		fail(o, e);
	return code == -ENODATA ? EXIT_UNUSABLE : EXIT_OK;
}

static int watch_as_rows(const struct options *o)
{
	struct printer p = { .o = o };
	struct live_options lo;
	struct err e = {0};
	live_options_of(o, NULL, &lo);
	lo.alerted = print_alert;
	lo.noticed = print_notice;
	lo.ctx = &p;
	text_init(&p.row, ROW_TEXT_MAX);
	print_header(&p);
	struct feed *f = live_open(&lo, &e);
	int ret = f ? outcome(f, o, live_wait(f, o->stop, &e), &e) : fail(o, &e);
	feed_close(f);
	text_done(&p.row);
	return ret;
}

static int watch_on_screen(struct options *o, const struct names *names)
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
		.is_known = access(o->db ? o->db : DB_DEFAULT, F_OK) == 0,
		.score = (int)o->score,
		.clock = &o->clock,
		.stop = o->stop,
	};
	const volatile int at_once = 1;
	struct live_options lo;
	struct err e = {0};
	if (o->screen)
		sscanf(o->screen, "%ux%u", &co.columns, &co.lines);
	live_options_of(o, names, &lo);
	struct feed *f = live_open(&lo, &e);
	if (!f)
		return fail(o, &e);
	int code = console_run(f, &co, &e);
	int ret = code < 0 ? fail(o, &e) : outcome(f, o, live_wait(f, &at_once, &e), &e);
	feed_close(f);
	return ret;
}

int cmd_watch(struct options *o)
{
	struct names *names = NULL;
	struct err e = {0};
	char why[256] = "";
	if (o->form_given)
		return watch_as_rows(o);
	if (!o->keys && !console_can_run(why, sizeof why)) {
		if (!o->quiet)
			fprintf(stderr, "veer watch: %s: printing alert rows instead\n", why);
		return watch_as_rows(o);
	}
	if (o->names && !(names = names_open(o->names, &e)))
		return fail(o, &e);
	int ret = watch_on_screen(o, names);
	names_close(names);
	return ret;
}
