/* play - the console over the fake feed: with a script of keys, screens to stdout; without, by
 * hand.
 *
 * play [live] [loading] [empty] [failed] [paused] [volume] [glyphs=G] [theme=T] [size=CxL] [names=F]
 * [keys=F]
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "engine/feed.h"
#include "ingest/names.h"
#include "ui/console.h"
#include "../unit/fake_feed.h"

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

static int run(struct feed *f, const struct console_options *o)
{
	struct err e = { 0 };
	char why[120];

	if (!o->keys && !console_can_run(why, sizeof why)) {
		fprintf(stderr, "play: no console: %s\n", why);
		return 3;
	}
	if (console_run(f, o, &e) == 0)
		return 0;
	fprintf(stderr, "play: %s\n", e.text);
	return 1;
}

int main(int argc, char **argv)
{
	struct clock clock;
	struct fake_options fake = { .clock = &clock, .live = value(argc, argv, "live"),
		.loading = value(argc, argv, "loading"), .empty = value(argc, argv, "empty"),
		.failed = value(argc, argv, "failed"), .paused = value(argc, argv, "paused"),
		.volume = value(argc, argv, "volume") };
	struct console_options o = { .keys = value(argc, argv, "keys="),
		.glyphs = value(argc, argv, "glyphs="), .theme = value(argc, argv, "theme="),
		.clock = &clock, .stop = &stop };
	const char *size = value(argc, argv, "size="), *names = value(argc, argv, "names=");
	struct names *n = names ? names_open(names, NULL) : NULL;
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
	f = fake_open(&fake);
	code = run(f, &o);
	feed_close(f);
	names_close(n);
	return code;
}
