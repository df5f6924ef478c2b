/* play - the console over the fake feed: with a script of keys, screens to stdout; without, by
 * hand.
 *
 * play [live] [loading] [empty] [failed] [paused] [volume] [crowd] [forecast] [trouble] [retain]
 * [glyphs=G] [theme=T] [size=CxL] [names=F] [keys=F] [state=FOLDER] [store] [known] [saved]
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/store.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/feed.h"
#include "ingest/names.h"
#include "ui/console.h"
#include "ui/saved.h"
#include "../unit/fake_feed.h"

#define KEPT_MS (INT64_C(2) * 24 * 3600 * 1000)         /* of events in the store */

static volatile int stop;

static void on_signal(int number)
{
	stop = number;
}

static const char *value(int argc, char **argv, const char *key)
{
	size_t len = strlen(key);
	int i;

	for (i = 1; i < argc; i++)
		if (strncmp(argv[i], key, len) == 0)
			return argv[i] + len;
	return NULL;
}

static int fail(const struct err *e)
{
	fprintf(stderr, "play: %s\n", e->text);
	return 1;
}

static int put_late(struct store *s, struct err *e)
{
	struct reject_row late = { .why = REJECT_LATE, .line = 812, .text = "late\x1b[31m,row" };

	late.len = (uint32_t)strlen(late.text);
	return store_put_reject(s, "user.csv", &late, e);
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

/* The events up to now from a time on, in the order of time, as a live run puts them. */
static int put_events(struct feed *f, struct store *s, int64_t from_ms, struct err *e)
{
	struct event *all = NULL, *ev = NULL;
	uint32_t n = 0, user, n_ev, i;
	int code = 0;

	for (user = 0; user < dict_size(f->ids->user) && code == 0; user++) {
		code = feed_user(f, user, feed_look(f, NULL)->data_ms, &ev, &n_ev, e);
		all = mem_resize(all, n + n_ev + 1ul, sizeof *all);
		memcpy(all + n, ev, n_ev * sizeof *ev);
		n += n_ev;
		mem_free(ev);
	}
	qsort(all, n, sizeof *all, by_time);
	for (i = 0; i < n && code == 0; i++)
		if (all[i].time_ms >= from_ms)
			code = store_put_event(s, &all[i], f->ids, NULL, e);
	mem_free(all);
	return code;
}

/* Screens show the same masks each time. */
static int fix_masks(const char *path, struct err *e)
{
	sqlite3 *db;
	int rc = sqlite3_open(path, &db);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "UPDATE secret SET value = CAST('a key of 16 byte' AS BLOB)",
			NULL, NULL, NULL);
	sqlite3_close(db);
	return rc == SQLITE_OK ? 0 : err_set(e, -EIO, "could not fix the masks: %d", rc);
}

/* A store with all alerts of the feed in it, one bad row, and when live the events kept. */
static int fill_store(struct feed *f, const char *path, struct err *e)
{
	struct store *s = store_open(path, e);
	const struct snapshot *now = feed_look(f, NULL);
	uint32_t i;
	int code = s ? store_begin(s, e) : e->code;

	for (i = 0; i < now->n_alerts_total && code == 0; i++)
		code = store_put_alert(s, feed_alert(f, i), f->ids, e);
	if (code == 0)
		code = put_late(s, e);
	if (code == 0 && now->live)
		code = put_events(f, s, now->data_ms - KEPT_MS, e);
	if (code == 0)
		code = store_commit(s, e);
	store_close(s);
	return code == 0 ? fix_masks(path, e) : code;
}

static const struct saved *fill_saved(struct saved *s)
{
	static const struct saved_row row[] = { { SAVED_FILTER, "gifts", "to gift|> Gift" },
		{ SAVED_FILTER, "severe", "^!!" },
		{ SAVED_VIEW, "losers", "population order=lost window=7d" },
		{ SAVED_VIEW, "worst", "sort=score glyphs=ascii filter=^!! new|^! new" } };
	struct err e = { 0 };
	unsigned i;

	for (i = 0; i < sizeof row / sizeof *row; i++)
		if (saved_add(s, &row[i], &e) < 0)
			fail(&e);
	return s;
}

static int run(struct feed *f, const struct console_options *o)
{
	struct err e = { 0 };
	char why[120];

	if (!o->keys && !console_can_run(why, sizeof why)) {
		fprintf(stderr, "play: no console: %s\n", why);
		return 3;
	}
	if (f->db && fill_store(f, f->db, &e) < 0)
		return fail(&e);
	return console_run(f, o, &e) == 0 ? 0 : fail(&e);
}

int main(int argc, char **argv)
{
	struct clock clock;
	struct fake_options fake = { .clock = &clock, .live = value(argc, argv, "live"),
		.loading = value(argc, argv, "loading"), .empty = value(argc, argv, "empty"),
		.failed = value(argc, argv, "failed"), .paused = value(argc, argv, "paused"),
		.trouble = value(argc, argv, "trouble"), .retain = value(argc, argv, "retain"),
		.volume = value(argc, argv, "volume"), .crowd = value(argc, argv, "crowd"),
		.forecast = value(argc, argv, "forecast") };
	struct console_options o = { .keys = value(argc, argv, "keys="),
		.glyphs = value(argc, argv, "glyphs="), .theme = value(argc, argv, "theme="),
		.state = value(argc, argv, "state="), .author = "op1",
		.has_session = value(argc, argv, "session"),
		.is_known = value(argc, argv, "known"), .clock = &clock, .stop = &stop };
	const char *size = value(argc, argv, "size="), *names = value(argc, argv, "names=");
	struct names *n = names ? names_open(names, NULL) : NULL;
	struct saved saved = { .n = 0 };
	char db[1024];
	struct feed *f;
	int code;

	setlocale(LC_ALL, "");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	if (size && sscanf(size, "%ux%u", &o.columns, &o.lines) != 2)
		return 2;
	clock_init(&clock);
	if (o.keys)
		clock_freeze(&clock, INT64_C(1512345600000));
	fake.names = n;
	if (value(argc, argv, "saved"))
		o.saved = fill_saved(&saved);
	snprintf(db, sizeof db, "%s/veer.db", o.state ? o.state : ".");
	fake.db = value(argc, argv, "store") ? db : NULL;
	f = fake_open(&fake);
	code = run(f, &o);
	feed_close(f);
	names_close(n);
	return code;
}
