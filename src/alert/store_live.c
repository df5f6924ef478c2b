/* What a live run needs to go on after a crash: the events it took in, its place in each source,
 * the profiles of the last checkpoint.
 */
#include "alert/store.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "alert/store_inside.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/sql.h"

static void bind_id(sqlite3_stmt *q, int i, const struct dict *d, uint32_t id)
{
	size_t len;
	const char *s = dict_text(d, id, &len);

	sql_bind_bytes(q, i, s, len);
}

/* A NaN is bound as NULL: absent. */
int store_put_event(struct store *s, const struct event *ev, const struct ids *ids,
	int64_t *ret_seq, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_EVENT);
	int code;

	if (q) {
		sqlite3_bind_int64(q, 1, ev->time_ms);
		bind_id(q, 2, ids->user, ev->user);
		bind_id(q, 3, ids->item, ev->item);
		bind_id(q, 4, ids->category, ev->category);
		sqlite3_bind_int(q, 5, ev->behaviour);
		sqlite3_bind_double(q, 6, (double)ev->price);
		sqlite3_bind_double(q, 7, (double)ev->quantity);
	}
	code = store_do(s, q, e);
	if (!code && ret_seq)
		*ret_seq = sqlite3_last_insert_rowid(s->db);
	return code;
}

int store_retain(struct store *s, int64_t before_ms, int64_t upto_seq, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_RETAIN);

	if (q) {
		sqlite3_bind_int64(q, 1, upto_seq);
		sqlite3_bind_int64(q, 2, before_ms);
	}
	return store_do(s, q, e);
}

/* A live run counts its rows from its first transaction on; nobody else does. */
bool store_is_live(struct store *s)
{
	int64_t rows;

	return store_get_number(s, "rows", &rows);
}

int store_put_place(struct store *s, const struct store_place *p, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_PLACE);
	const uint64_t value[] = { p->device, p->inode, p->offset, p->read };

	if (q) {
		sql_bind_bytes(q, 1, p->path, strlen(p->path));
		for (int i = 0; i < 4; i++)
			sqlite3_bind_int64(q, 2 + i, (int64_t)value[i]);
	}
	return store_do(s, q, e);
}

int store_put_profile(struct store *s, const char *user, size_t user_len, const void *blob,
	size_t len, struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_PROFILE);

	if (q) {
		sql_bind_bytes(q, 1, user, user_len);
		sqlite3_bind_blob64(q, 2, len ? blob : "", len, SQLITE_STATIC);
	}
	return store_do(s, q, e);
}

struct place_walk {
	int (*each)(void *ctx, const struct store_place *p);
	void *ctx;
};

static int take_place(void *ctx, sqlite3_stmt *q)
{
	struct place_walk *w = ctx;
	struct store_place p = {
		.device = (uint64_t)sqlite3_column_int64(q, 1),
		.inode = (uint64_t)sqlite3_column_int64(q, 2),
		.offset = (uint64_t)sqlite3_column_int64(q, 3),
		.read = (uint64_t)sqlite3_column_int64(q, 4),
	};
	size_t len;
	const char *path = sql_bytes(q, 0, &len);

	snprintf(p.path, sizeof p.path, "%.*s", (int)len, path);
	return w->each(w->ctx, &p);
}

int store_each_place(struct store *s, int (*each)(void *ctx, const struct store_place *p),
	void *ctx, struct err *e)
{
	struct place_walk w = { each, ctx };
	sqlite3_stmt *q;
	int code = store_prepare(s, "SELECT path, device, inode, offset, read FROM place"
		" ORDER BY CAST(path AS BLOB)", &q, e);

	return code ? code : store_walk(s, q, take_place, &w, e);
}

struct profile_walk {
	int (*each)(void *ctx, const char *user, size_t user_len, const void *blob, size_t len);
	void *ctx;
};

static int take_profile(void *ctx, sqlite3_stmt *q)
{
	struct profile_walk *w = ctx;
	size_t user_len, len;
	const char *user = sql_bytes(q, 0, &user_len), *blob = sql_bytes(q, 1, &len);

	return w->each(w->ctx, user, user_len, blob, len);
}

int store_each_profile(struct store *s, int (*each)(void *ctx, const char *user, size_t user_len,
	const void *blob, size_t len), void *ctx, struct err *e)
{
	struct profile_walk w = { each, ctx };
	sqlite3_stmt *q;
	int code = store_prepare(s, "SELECT user, state FROM profile", &q, e);

	return code ? code : store_walk(s, q, take_profile, &w, e);
}

struct event_walk {
	int (*each)(void *ctx, const struct store_event *ev);
	void *ctx;
};

#define EVENT_COLUMNS \
	"SELECT seq, time_ms, user, item, category, behaviour, price, quantity FROM event"

static float real_or_nan(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? NAN : (float)sqlite3_column_double(q, i);
}

static int take_event(void *ctx, sqlite3_stmt *q)
{
	struct event_walk *w = ctx;
	struct store_event ev = {
		.seq = sqlite3_column_int64(q, 0),
		.time_ms = sqlite3_column_int64(q, 1),
		.behaviour = (enum behaviour)sqlite3_column_int(q, 5),
		.price = real_or_nan(q, 6),
		.quantity = real_or_nan(q, 7),
	};

	if ((unsigned)ev.behaviour >= BEHAVIOUR_N)
		ev.behaviour = BEHAVIOUR_OTHER;
	ev.user = sql_bytes(q, 2, &ev.user_len);
	ev.item = sql_bytes(q, 3, &ev.item_len);
	ev.category = sql_bytes(q, 4, &ev.category_len);
	return w->each(w->ctx, &ev);
}

int store_each_event(struct store *s, int64_t after_seq, int (*each)(void *ctx,
	const struct store_event *ev), void *ctx, struct err *e)
{
	struct event_walk w = { each, ctx };
	sqlite3_stmt *q;
	int code = store_prepare(s, EVENT_COLUMNS " WHERE seq > ? ORDER BY seq", &q, e);

	if (code)
		return code;
	sqlite3_bind_int64(q, 1, after_seq);
	return store_walk(s, q, take_event, &w, e);
}

int store_each_user_event(struct store *s, const char *user, size_t user_len, int64_t upto_ms,
	int (*each)(void *ctx, const struct store_event *ev), void *ctx, struct err *e)
{
	struct event_walk w = { each, ctx };
	sqlite3_stmt *q;
	int code = store_prepare(s, EVENT_COLUMNS " WHERE user = ? AND time_ms <= ?"
		" ORDER BY time_ms, seq", &q, e);

	if (code)
		return code;
	sql_bind_bytes(q, 1, user, user_len);
	sqlite3_bind_int64(q, 2, upto_ms);
	return store_walk(s, q, take_event, &w, e);
}

/* A row of numbers, NULL as `absent`. 1; 0: there is none; or negative. */
static int one_row(struct store *s, sqlite3_stmt *q, const int64_t absent[2], int64_t ret[2],
	struct err *e)
{
	int rc = q ? sqlite3_step(q) : SQLITE_ERROR, i;

	for (i = 0; i < 2 && rc == SQLITE_ROW; i++)
		ret[i] = sqlite3_column_type(q, i) == SQLITE_NULL ? absent[i]
			: sqlite3_column_int64(q, i);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_fault(s, "read", e);
	sqlite3_reset(q);
	return rc == SQLITE_ROW;
}

/* The first event from seq on: its seq and time. */
static int event_from(struct store *s, int64_t seq, int64_t ret[2], struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_EVENT_FROM);

	if (q)
		sqlite3_bind_int64(q, 1, seq);
	return one_row(s, q, (int64_t[2]){ 0 }, ret, e);
}

/* The first and the last seq; 1 and 0 when there is no event. */
static int event_span(struct store *s, int64_t ret[2], struct err *e)
{
	return one_row(s, store_statement(s, STORE_EVENT_SPAN), (int64_t[2]){ 1, 0 }, ret, e);
}

/* The first event ever has number 1. */
bool store_has_dropped(struct store *s)
{
	struct err unused;
	int64_t span[2];

	return event_span(s, span, &unused) > 0 && span[0] > 1;
}

static int user_around(struct store *s, const char *user, size_t len, int64_t t_ms, int64_t ret[2],
	struct err *e)
{
	sqlite3_stmt *q = store_statement(s, STORE_USER_AROUND);

	if (q) {
		sql_bind_bytes(q, 1, user, len);
		sqlite3_bind_int64(q, 2, t_ms);
	}
	return one_row(s, q, (int64_t[2]){ INT64_MIN, INT64_MAX }, ret, e);
}

int store_events_around(struct store *s, const char *user, size_t user_len, int64_t t_ms,
	struct store_around *ret, struct err *e)
{
	int64_t found[2] = { INT64_MIN, INT64_MAX }, span[2], at[2];
	int code = user ? user_around(s, user, user_len, t_ms, found, e) : event_span(s, span, e);

	while (!user && code > 0 && span[0] <= span[1]) {
		int64_t middle = span[0] + (span[1] - span[0]) / 2;

		code = event_from(s, middle, at, e);
		if (code > 0 && at[1] <= t_ms) {
			found[0] = at[1];
			span[0] = at[0] + 1;
		} else if (code > 0) {
			found[1] = at[1];
			span[1] = middle - 1;
		}
	}
	*ret = (struct store_around){ found[0], found[1] };
	return code < 0 ? code : 0;
}

int store_event_at(struct store *s, double share, int64_t *ret_ms, struct err *e)
{
	int64_t span[2], at[2] = { 0, INT64_MIN };
	int code = event_span(s, span, e);

	if (code > 0)
		code = event_from(s, span[0] + (int64_t)(share * (double)(span[1] - span[0])), at,
			e);
	*ret_ms = at[1];
	return code < 0 ? code : 0;
}
