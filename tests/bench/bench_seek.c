/* bench_seek.c - how long a seek takes in a replay of ten million events, until the screen is
 * painted anew, beside one pass over the log's events in memory: what a seek without an index would
 * at least read. The heaviest user is a crawler that is added to the log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/zone.h"
#include "engine/replay.h"
#include "harness.h"
#include "series/history.h"
#include "ui/ui.h"

#define EVENTS 10000000
#define CRAWLER_EVENTS 100000
#define START_S 1709337601      /* of a generated log */
#define SPAN_S (9 * 86400)
#define SEEKS 40

struct show {
	struct clock clock;
	struct zone utc;
	const char *path[1];
	struct replay_options o;
	struct console_options console;
	struct feed *f;
	struct ui u;
};

/* Without a pattern: no category is the crawler's interest for long. */
static void add_crawler(const char *path, uint32_t n)
{
	FILE *f = fopen(path, "a");

	if (!f)
		harness_die(path);
	for (uint32_t i = 0; i < n; i++)
		fprintf(f, "%llu,crawler,%u,%u,view\n",
			START_S + (unsigned long long)i * SPAN_S / n, i * 7919 % 100003,
			10000 + i * 31 % 500);
	if (fclose(f))
		harness_die(path);
}

static void show_open(struct show *s, const char *path)
{
	struct err e = {0};

	clock_init(&s->clock);
	clock_freeze(&s->clock, 0);
	s->utc = (struct zone){ .fixed = true };
	s->path[0] = path;
	s->o = (struct replay_options){
		.run = { .load = { .path = s->path, .n_paths = 1, .zone = &s->utc,
			.threads = 2 },
			.until_ms = INT64_MAX },
		.paused = true, .from_ms = INT64_MIN, .clock = &s->clock };
	s->console = (struct console_options){ .keys = "", .theme = "dark", .lines = 50,
		.columns = 160, .clock = &s->clock };
	s->f = replay_open(&s->o, &e);
	if (!s->f || replay_wait(s->f, &e) < 0 || ui_init(&s->u, s->f, &s->console, &e) < 0) {
		fprintf(stderr, "bench: %s\n", e.text);
		exit(1);
	}
}

static void show_close(struct show *s)
{
	ui_done(&s->u);
	feed_close(s->f);
}

/* The slowest of seeks that go back and forth over the whole log. */
static double slowest_seek(struct show *s)
{
	const struct snapshot *snap = s->u.snap;
	int64_t first = snap->first_ms, span = snap->last_ms - first;
	double worst = 0;

	for (int i = 0; i < SEEKS; i++) {
		int far = i % 2 ? SEEKS - i : i;
		double start = harness_now_s(), took;

		ui_command(&s->u, &(struct command){ .kind = COMMAND_SEEK,
			.time_ms = first + span / SEEKS * far });
		ui_draw(&s->u);
		took = harness_now_s() - start;
		worst = took > worst ? took : worst;
	}
	return worst;
}

/* Seconds of a walk over the times and categories of all users. */
static double pass(const struct history *h)
{
	static volatile int64_t sum;
	double start = harness_now_s();

	for (uint32_t i = 0; i < history_n_users(h); i++) {
		struct user_events ue;

		history_user(h, i, &ue);
		for (uint32_t k = 0; k < ue.n; k++)
			sum += ue.time_ms[k] ^ ue.category[k];
	}
	return harness_now_s() - start;
}

static uint32_t heaviest(const struct history *h)
{
	struct user_events ue, most = {0};
	uint32_t best = 0;

	for (uint32_t i = 0; i < history_n_users(h); i++) {
		history_user(h, i, &ue);
		if (ue.n > most.n) {
			most = ue;
			best = i;
		}
	}
	return best;
}

static void show_view(struct show *s, enum view_id view)
{
	s->u.user.user = heaviest(replay_run(s->f)->history);
	ui_show(&s->u, view);
}

static void show_usual(struct show *s, enum view_id view)
{
	ui_show_alert(&s->u, s->u.snap->n_alerts_total / 2);
	(void)view;
}

int main(void)
{
	static const struct {
		const char *name;
		enum view_id view;
		void (*open)(struct show *s, enum view_id view);
	} views[] = {
		{ "LIVE", VIEW_LIVE, show_view }, { "POPULATION", VIEW_POPULATION, show_view },
		{ "USER", VIEW_USER, show_usual }, { "USER, the heaviest", VIEW_USER, show_view },
	};
	static struct show s;
	double reference[HARNESS_RUNS];
	char path[4096];

	harness_log((uint64_t)(EVENTS * harness_scale()), path, sizeof(path));
	add_crawler(path, (uint32_t)(CRAWLER_EVENTS * harness_scale()));
	show_open(&s, path);
	unlink(path);
	for (int i = 0; i < HARNESS_RUNS; i++)
		reference[i] = pass(replay_run(s.f)->history);
	printf("log: %llu events of %u users, %u alerts, a pass over it %.1f ms\n",
		(unsigned long long)history_n_events(replay_run(s.f)->history), s.u.snap->users,
		s.u.snap->n_alerts_total, harness_median(reference) * 1e3);
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		double took;

		views[i].open(&s, views[i].view);
		took = slowest_seek(&s);
		printf("seek, %s   at most %.1f ms, ratio %.2f\n", views[i].name, took * 1e3,
			took / reference[HARNESS_RUNS / 2]);
	}
	show_close(&s);
	return 0;
}
