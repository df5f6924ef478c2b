/* live_parts.h - the inside of a live run, for its own rooms: threads, batches, resume, refits.
 *
 * Two queues of the same few items join ingest and detect: full ones go one way, idle ones back, so
 * that a slow store makes the reader wait and nothing is allocated in between.
 */
#ifndef ENGINE_LIVE_PARTS_H
#define ENGINE_LIVE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "alert/store.h"
#include "base/err.h"
#include "base/mailbox.h"
#include "base/queue.h"
#include "base/text.h"
#include "base/zone.h"
#include "engine/live.h"
#include "engine/live_gauge.h"
#include "engine/live_list.h"
#include "ingest/order.h"
#include "model/model.h"
#define LIVE_ITEMS 8
#define LIVE_MODELS 40          /* users double at each refit: more than there can be */
#define LIVE_NOTICES_MAX (64u << 10)

/* What ingest hands on: events whose time has passed, and where the sources stand behind them. */
struct live_item {
	struct held *ev;
	uint32_t n, cap;
	struct follow_place *place;     /* offset: the smallest held or unread */
	uint32_t n_places, cap_places;
	struct reject_row *reject;
	uint32_t n_rejects, cap_rejects;
	char trouble[200];              /* what keeps a path from being read */
	struct text notices;            /* lines, each with its level before and a newline */
	int64_t released_ms, newest_ms;
	uint64_t rows, late, unusable;  /* read since the last item */
	struct stage read, hold;        /* as they were then */
	struct err failure;             /* code 0: none */
};

struct live_shot {                      /* what the mailbox carries */
	struct snapshot s;
	const struct model *model;
	uint32_t n_clearings;
};
struct live_user_flags {
	uint32_t open;                  /* number of the newest listed alert plus 1; 0: none, or it
		 * is cleared */
	bool ready;                     /* more than 10 counts, or an alert: counts towards a refit
		 * */
	bool dirty;                     /* not in the checkpoint as it stands */
};
struct live {
	struct feed feed;               /* first: the ui holds a pointer to it */
	struct live_options o;
	struct ids ids;
	struct zone zone_ingest, zone_detect;   /* a zone serves one thread */
	struct queue full, idle;
	struct live_item item[LIVE_ITEMS];
	struct mailbox box;
	struct live_alerts alerts;
	struct live_clearings clearings;
	pthread_t ingest, detect;
	bool has_ingest, has_detect;
	atomic_bool stop;               /* an orderly end is wanted */
	atomic_bool turns;              /* the other backend is wanted */
	atomic_bool read_all;           /* ingest is done: the full queue gets no more */
	atomic_bool finished;           /* detect is done */
	struct err failure;             /* of the detect thread, read once finished */
	/* ingest */
	struct follow *follow;
	struct order *order;
	struct live_item *now;          /* being filled */
	bool *known;                    /* by source: the order has started it */
	uint32_t n_known;
	struct text said;               /* notices for the next item */
	int64_t sent_tick_ms;
	char told[200];                 /* the trouble of the last item */
	struct live_gauge gauge;        /* each member of the thread it says */
	/* detect */
	struct store *store;
	struct tracker *tracker;
	struct model *model[LIVE_MODELS];
	uint32_t n_models;              /* the last one is in use */
	bool epoch_is_new;              /* the model in use is not in the store yet */
	struct step step;
	int64_t refit_at;               /* ready users that make for the next refit; 0: never refit
		 * */
	struct live_user_flags *user;
	uint32_t cap_users, n_ready;
	struct event *ev;               /* of the part being processed */
	uint32_t cap_ev;
	struct alert *found;            /* by the part being processed; cleared ones clear */
	uint32_t n_found, cap_found;
	bool *split;                    /* by path: its place is that of the file before */
	int64_t seq, checkpoint_seq;
	uint64_t since_checkpoint;      /* events */
	int64_t checkpoint_tick_ms, checkpoint_cost_ms;
	uint64_t kept_rejects;
	void *blob;
	size_t cap_blob;
	struct snapshot s;              /* the next to be posted */
	int64_t rate_tick_ms;
	uint64_t rate_events;
	uint64_t late_run;              /* late rows since the last that was in time */
	char trouble[ERR_TEXT_MAX];     /* the store's last, so that it is told once */
	/* ui */
	struct store *reader;
};
int64_t live_tick_ms(const struct live *l);
static inline const struct model *live_model(const struct live *l)
{
	return l->model[l->n_models - 1];
}
/* live.c; on the detect thread */
void live_notice(struct live *l, enum notice_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void live_tell_backend(struct live *l);         /* names it, and says what has happened to it */
void live_post(struct live *l);
/* Takes over a model and makes it the one in use; its categories get their numbers. */
int live_use_model(struct live *l, struct model *m, struct err *e);
/* Room for the flags of all users there are. */
int live_reserve_users(struct live *l, struct err *e);
/* Tells, waits a second, and says whether to try again: the store may have room later. */
bool live_may_retry(struct live *l, const struct err *why);
/* live_ingest.c */
void *live_ingest(void *live);
void live_said(void *live, enum notice_level level, const char *line);  /* follow's notices */
/* live_batch.c */
int live_process(struct live *l, const struct live_item *it, struct err *e);
/* Writes what a checkpoint must, now. */
int live_checkpoint(struct live *l, struct err *e);
bool live_is_due(const struct live *l);
void live_count_ready(struct live *l, uint32_t user);
int live_save_profiles(struct live *l, bool all, struct err *e);
/* live_resume.c */
int live_resume_sources(struct live *l, struct err *e); /* before the threads start */
int live_resume(struct live *l, struct err *e);
int live_event(struct live *l, const struct store_event *from, struct event *to);
/* live_refit.c */
int live_refit(struct live *l, int64_t boundary_ms, struct err *e);
/* All profiles anew under the model in use, from the events kept with time in [from, to). */
int live_rebuild(struct live *l, int64_t from_ms, int64_t to_ms, struct err *e);
/* Stores the model in use and all profiles under it, in one transaction. */
int live_begin_epoch(struct live *l, int64_t since_ms, struct err *e);
int live_count_all_ready(struct live *l, struct err *e);
#endif
