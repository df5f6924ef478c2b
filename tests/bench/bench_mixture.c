/* bench_mixture.c - channel `mixture` alone, profiles included, beside a bare loop (sketch.h):
 * user by user as a sweep takes them, and in order of time as a tracker does, over 200,000 users.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/dict.h"
#include "base/err.h"
#include "detect/shard.h"
#include "detect/tracker.h"
#include "harness.h"
#include "model/model.h"
#include "sketch.h"

#define USERS 200000u
#define A_USER 50u              /* counts each, user by user */
#define CATEGORIES 9000u
#define PIECE 65536u            /* events handed to the tracker at once */
#define HOUR_MS 3600000         /* between a user's counts: each is a session of its own */

struct workload {
	uint32_t *user, *category;
	uint32_t n;
	struct model model;
	struct ids ids;
};

/* Half of the counts fall on four categories of the user's own, half follow a law of popularity. */
static void make_workload(struct workload *w)
{
	uint64_t x = 88172645463325252u;

	w->user = malloc(w->n * sizeof(*w->user));
	w->category = malloc(w->n * sizeof(*w->category));
	if (!w->user || !w->category)
		harness_die("workload");
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t bits;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bits = (uint32_t)(x >> 40) & 0xffff;
		w->user[i] = (uint32_t)((x >> 20) % USERS);
		w->category[i] = bits & 0x8000 ? (w->user[i] * 7 + (bits & 3)) % CATEGORIES :
			(uint32_t)(CATEGORIES * pow((bits & 0x7fff) / 32768., 3));
	}
}

/* The model at hand before any log: every category has a share of 1/1001, the strength is 20. */
static void make_model(struct workload *w)
{
	struct err e = { 0 };
	char id[16];

	model_default(&w->model);
	w->model.threshold[CHANNEL_MIXTURE] = 1e9f;
	model_seal(&w->model);
	if (ids_init(&w->ids, &e) < 0)
		harness_die(e.text);
	for (uint32_t c = 0; c < CATEGORIES; c++)
		dict_id(w->ids.category, id, (size_t)snprintf(id, sizeof(id), "%u", c));
}

static int no_alarm(void *ctx, const struct shard_event *ev, struct err *e)
{
	(void)ctx;
	(void)ev;
	return err_set(e, -1, "an alarm above every threshold");
}

/* Every count is a session of its own. */
static int add(struct shard *s, const struct workload *w, uint32_t i, struct err *e)
{
	struct shard_who who = { 0, i / A_USER };
	struct sight seen = { .category = w->category[i] };

	profile_close(shard_profile(s, 0));
	return shard_add(s, &who, (int64_t)i * HOUR_MS, &seen, 1, e);
}

static double time_sweep(const struct workload *w)
{
	struct priors p;
	struct shard s;
	struct err e = { 0 };
	double start;
	int bad = priors_init(&p, &w->model, &w->ids, &e) || shard_init(&s, &p, "cpu", &e) ||
		shard_reserve(&s, 1, &e);

	start = harness_now_s();
	for (uint32_t i = 0; i < w->n && !bad; i++) {
		if (i % A_USER == 0)
			bad = shard_reset(&s, 0, 1, &e) < 0;
		bad = bad || add(&s, w, i, &e) < 0 || shard_step(&s, no_alarm, NULL, &e) < 0;
	}
	start = harness_now_s() - start;
	if (bad)
		harness_die(e.text);
	shard_done(&s);
	priors_done(&p);
	return start;
}

static double time_tracker(const struct workload *w)
{
	struct err e = { 0 };
	struct tracker *t = tracker_new(&w->model, &w->ids, "cpu", &e);
	struct event *ev = calloc(PIECE, sizeof(*ev));
	double sum = 0;

	if (!t || !ev)
		harness_die(e.text);
	for (uint32_t i = 0, n; i < w->n; i += n) {
		double start;

		for (n = 0; n < PIECE && i + n < w->n; n++)
			ev[n] = (struct event){ .time_ms = (int64_t)(i + n) * HOUR_MS,
				.user = w->user[i + n], .category = w->category[i + n] };
		start = harness_now_s();
		if (tracker_feed(t, ev, n, no_alarm, NULL, &e) < 0)
			harness_die(e.text);
		sum += harness_now_s() - start;
	}
	free(ev);
	tracker_free(t);
	return sum;
}

static double time_sketch(const struct workload *w, uint32_t user_at_once)
{
	double start = harness_now_s();
	volatile float keep = sketch_run(USERS, w->user, w->category, w->n, user_at_once);

	(void)keep;
	return harness_now_s() - start;
}

static void show(const char *name, double ours[], double sketch[], uint32_t n)
{
	double a = harness_median(ours) / n * 1e9, b = harness_median(sketch) / n * 1e9;

	printf("%s   %.1f ns a count, sketch %.1f, ratio %.2f\n", name, a, b, a / b);
}

int main(void)
{
	struct workload w = { .n = (uint32_t)(USERS * A_USER * harness_scale()) };
	double sweep[HARNESS_RUNS], tracker[HARNESS_RUNS], a[HARNESS_RUNS], b[HARNESS_RUNS];

	make_workload(&w);
	make_model(&w);
	for (int i = 0; i < HARNESS_RUNS; i++) {
		sweep[i] = time_sweep(&w);
		a[i] = time_sketch(&w, A_USER);
		tracker[i] = time_tracker(&w);
		b[i] = time_sketch(&w, 0);
	}
	show("user by user", sweep, a, w.n);
	show("in order of time", tracker, b, w.n);
	model_done(&w.model);
	ids_done(&w.ids);
	free(w.user);
	free(w.category);
	return 0;
}
