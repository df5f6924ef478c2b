#include "halves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/err.h"
#include "base/zone.h"
#include "harness.h"
#include "learn/splice.h"
#include "read_log.h"
#include "series/history.h"

#define EVENTS 200000
#define EVENTS_EACH 500           /* of a user */

static const struct {
	const char *name, *file;
} logs[] = {
	{ "completejourney", "completejourney_dev.csv" },
	{ "onlineretail", "onlineretail_dev.csv" },
	{ "taobao", "taobao_815users_dev.csv" },
};

static void one_log(const char *name, const char *path, void (*one)(const struct halves *h))
{
	struct halves h = { .name = name, .is_generated = strcmp(name, "generated") == 0 };
	struct err e = { 0 };

	read_log(&h.run, path);
	if (history_body_start(h.run.history, &h.first_ms, &e) < 0 ||
	    history_body_end(h.run.history, &h.end_ms, &e) < 0)
		harness_die(e.text);
	h.cut_ms = h.first_ms + (h.end_ms - h.first_ms) / 2;
	h.cut_ms -= h.cut_ms % DAY_MS;
	one(&h);
	run_done(&h.run);
}

void halves_each(void (*one)(const struct halves *h))
{
	char path[4096];

	harness_long_log((uint64_t)(EVENTS * harness_scale()),
		(uint32_t)ceil(EVENTS / EVENTS_EACH * harness_scale()), path, sizeof(path));
	one_log("generated", path, one);
	unlink(path);
	for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
		harness_data(logs[i].file, path, sizeof(path));
		if (access(path, R_OK) == 0)
			one_log(logs[i].name, path, one);
		else
			printf("%s   skipped: there is no log %s\n", logs[i].name, path);
	}
}

bool halves_teaches(const struct halves *h, uint32_t user)
{
	return splice_hash(&h->run.ids, user) >> 63;
}

static void add_user(struct batch *b, uint32_t user, const struct user_events *u)
{
	for (uint32_t i = 0; i < u->n; i++)
		if (!batch_add(b, &(struct event){ .time_ms = u->time_ms[i], .user = user,
			.item = u->item[i], .category = u->category[i], .price = NAN,
			.quantity = NAN, .behaviour = u->behaviour[i] }, 0))
			harness_die("a batch");
}

struct history *halves_teachers(const struct halves *h)
{
	struct err e = { 0 };
	struct history *half = history_new(&h->run.ids, 0, &e);

	for (uint32_t user = 0; half && user < history_n_users(h->run.history); user++) {
		struct user_events u;

		history_user(h->run.history, user, &u);
		if (u.n == 0 || !halves_teaches(h, user))
			continue;
		struct batch *b = batch_new(u.n, false, false, false, &e);
		if (!b)
			harness_die(e.text);
		add_user(b, user, &u);
		if (history_take(half, b, &e) < 0)
			harness_die(e.text);
	}
	if (!half || history_seal(half, 1, &e) < 0)
		harness_die(e.text);
	return half;
}
