#include "engine/twin.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/feed.h"
#include "engine/moments.h"
#include "engine/playback.h"
#include "engine/so_far.h"
#include "model/model.h"

#define SPEED 60
#define STRAY .001      /* as of a log: moments.h */

struct twin {
	struct feed feed;               /* first: a feed is cast to its twin */
	struct moments moments;         /* second: see twin_of_moments() */
	struct feed *live;
	struct store *store;            /* read only */
	struct alert *alert;            /* the live run's when the twin was opened, by time */
	uint32_t n_alerts;
	uint32_t n_seen, n_severe;      /* of the live run's alerts; newer severe ones */
	struct so_far so_far;
	struct playback play;
	struct snapshot snap;
};

static struct twin *twin_of_moments(const struct moments *m)
{
	return (struct twin *)((char *)m - offsetof(struct twin, moments));
}

static int around(const struct moments *m, uint32_t user, int64_t t_ms, struct moments_around *ret,
	struct err *e)
{
	struct twin *t = twin_of_moments(m);
	struct store_around found;
	const char *text = NULL;
	size_t len = 0;

	if (user != DICT_NONE)
		text = dict_text(t->feed.ids->user, user, &len);
	if (store_events_around(t->store, text, len, t_ms, &found, e) < 0)
		return e->code;
	*ret = (struct moments_around){ found.before_ms, found.after_ms };
	return 0;
}

static void count_newer(struct twin *t, uint32_t n)
{
	for (; t->n_seen < n; t->n_seen++)
		t->n_severe += model_priority(feed_alert(t->live, t->n_seen)->f.severity) == 'S';
}

/* All that the live run says of itself stays, but for where the clock stands and what there was
 * then.
 */
static const struct snapshot *look(struct feed *f, bool *ret_fresh)
{
	struct twin *t = (struct twin *)f;
	const struct snapshot *live = feed_look(t->live, NULL);
	struct snapshot before, *s = &t->snap;

	memcpy(&before, s, sizeof(before));
	memcpy(s, live, sizeof(*s));
	memcpy(s->stop_rule, before.stop_rule, sizeof(s->stop_rule));
	s->stopped_by = before.stopped_by;
	f->model = t->live->model;
	count_newer(t, live->n_alerts);
	s->live = false;
	s->epoch = 1;
	s->twin.is_on = true;
	s->twin.phase = live->phase;
	s->twin.now_ms = live->data_ms;
	s->twin.kept_ms = before.twin.kept_ms;
	s->twin.n_newer = live->n_alerts - t->n_alerts;
	s->twin.n_severe = t->n_severe;
	s->first_ms = t->moments.body_first_ms;
	s->last_ms = t->moments.body_last_ms;
	s->n_alerts_total = t->n_alerts;
	playback_show(&t->play, s);
	so_far_show(&t->so_far, s);
	if (ret_fresh)
		*ret_fresh = memcmp(&before, s, sizeof(before)) != 0;
	return s;
}

static const struct alert *alert_of(struct feed *f, uint32_t i)
{
	struct twin *t = (struct twin *)f;

	assert(i < t->n_alerts);
	return &t->alert[i];
}

/* What is kept changes while one looks back. */
static int find_kept(struct twin *t, int64_t *ret_first_ms, struct err *e)
{
	if (store_event_at(t->store, 0, ret_first_ms, e) < 0)
		return e->code;
	t->snap.twin.kept_ms = *ret_first_ms == INT64_MIN ? INT64_MAX : *ret_first_ms;
	return 0;
}

static int command(struct feed *f, const struct command *c, struct err *e)
{
	struct twin *t = (struct twin *)f;
	int64_t first_ms;

	if (c->kind == COMMAND_BUDGET)
		return err_set(e, -ENOTSUP, "another budget is tried in a replay of files");
	if (find_kept(t, &first_ms, e) < 0)
		return e->code;
	return playback_command(&t->play, c, e);
}

static int user_events(struct feed *f, uint32_t user, int64_t upto_ms, struct event **ret,
	uint32_t *ret_n, struct err *e)
{
	return feed_user(((struct twin *)f)->live, user, upto_ms, ret, ret_n, e);
}

static int rejects(struct feed *f, feed_reject *each, void *ctx, struct err *e)
{
	return feed_rejects(((struct twin *)f)->live, each, ctx, e);
}

static void close_twin(struct feed *f)
{
	struct twin *t = (struct twin *)f;

	store_close(t->store);
	so_far_done(&t->so_far);
	mem_free(t->alert);
	mem_free(t);
}

static const struct feed_ops twin_ops = { look, alert_of, command, user_events, rejects,
	close_twin };

/* Opening */

/* A live run lists an alert when it is found: one of a session's end after those of others' events
 * meanwhile.
 */
static int take_alerts(struct twin *t, uint32_t n, struct err *e)
{
	t->alert = mem_get(n + 1ul, sizeof(*t->alert));
	if (!t->alert)
		return err_set(e, -ENOMEM, "could not look back at %u alerts: out of memory", n);
	for (; t->n_alerts < n; t->n_alerts++)
		t->alert[t->n_alerts] = *feed_alert(t->live, t->n_alerts);
	t->n_seen = n;
	alert_sort(t->alert, n, t->feed.ids);
	if (so_far_make(&t->so_far, t->alert, n) < 0)
		return err_set(e, -ENOMEM, "could not look back at %u alerts: out of memory", n);
	return 0;
}

/* From the first event that is kept, or the first alert, to the newest event shown live. */
static int take_moments(struct twin *t, int64_t now_ms, struct err *e)
{
	struct moments *m = &t->moments;
	int64_t first_ms, low_ms;

	if (find_kept(t, &first_ms, e) < 0 || store_event_at(t->store, STRAY, &low_ms, e) < 0)
		return e->code;
	if (t->n_alerts && (first_ms == INT64_MIN || t->alert[0].f.time_ms < first_ms))
		first_ms = low_ms = t->alert[0].f.time_ms;
	if (now_ms == INT64_MIN || first_ms == INT64_MIN)
		return err_set(e, -ENODATA, "there is nothing to look back at yet");
	*m = (struct moments){ .around = around, .first_ms = first_ms, .last_ms = now_ms };
	moments_find_body(m, low_ms, now_ms);
	return 0;
}

static int open_all(struct twin *t, struct err *e)
{
	const struct snapshot *now = feed_look(t->live, NULL);

	if (!now->live || !t->live->db)
		return err_set(e, -ENOTSUP, "there is no store of a live run to look back in");
	t->store = store_open_read(t->live->db, e);
	if (!t->store || take_alerts(t, now->n_alerts, e) < 0
		|| take_moments(t, now->data_ms, e) < 0)
		return e->code;
	t->play.moments = &t->moments;
	playback_set_alerts(&t->play, t->alert, t->n_alerts);
	playback_start(&t->play, now->data_ms);
	return 0;
}

struct feed *twin_open(struct feed *live, struct err *e)
{
	struct twin *t = mem_get(1, sizeof(*t));

	if (!t) {
		err_set(e, -ENOMEM, "could not look back: out of memory");
		return NULL;
	}
	t->feed = *live;
	t->feed.ops = &twin_ops;
	t->live = live;
	t->play = (struct playback){ .clock = live->clock, .zone = live->zone, .ids = live->ids,
		.names = live->names, .speed = SPEED, .paused = true };
	if (open_all(t, e) == 0)
		return &t->feed;
	close_twin(&t->feed);
	return NULL;
}
