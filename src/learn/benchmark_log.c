#include "learn/benchmark.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#define BATCH_EVENTS 65536u
#define ROW_TEXT_MAX (4u << 20)

/* A history being filled. */
struct filling {
	struct history *h;
	struct batch *b;
};

static int hand_over(struct filling *f, struct err *e)
{
	struct batch *b = f->b;
	f->b = NULL;
	return b ? history_take(f->h, b, e) : 0;
}

static int add_event(struct filling *f, const struct user_events *u, uint32_t i, uint32_t user,
	struct err *e)
{
	struct event ev = { .time_ms = u->time_ms[i], .user = user, .item = u->item[i],
		.category = u->category[i], .behaviour = u->behaviour[i],
		.price = u->price ? u->price[i] : NAN,
		.quantity = u->quantity ? u->quantity[i] : NAN };
	if (!f->b && !(f->b = batch_new(BATCH_EVENTS, u->price != NULL, u->quantity != NULL,
		false, e)))
		return e->code;
	if (!batch_add(f->b, &ev, 0))
		return err_set(e, -ENOMEM, "could not copy a log: out of memory");
	return f->b->n == BATCH_EVENTS ? hand_over(f, e) : 0;
}

static int add_user(struct filling *f, const struct user_events *u, uint32_t user, struct err *e)
{
	for (uint32_t i = 0; i < u->n; i++)
		if (add_event(f, u, i, user, e) < 0)
			return e->code;
	return 0;
}

static int begin(struct filling *f, const struct ids *ids, const struct benchmark_room *room,
	struct err *e)
{
	*f = (struct filling){ .h = history_new(ids, room->memory_bytes, e) };
	return f->h ? 0 : e->code;
}

static struct history *end(struct filling *f, int code, const struct benchmark_room *room,
	struct err *e)
{
	if (code == 0)
		code = hand_over(f, e);
	if (code == 0)
		code = history_seal(f->h, room->threads, e);
	batch_free(f->b);
	if (code == 0)
		return f->h;
	history_free(f->h);
	return NULL;
}

struct history *benchmark_history(const struct benchmark *b, const struct splice_source *s,
	const struct benchmark_room *room, struct err *e)
{
	struct splice_room scratch = {0};
	struct filling f;
	int code = begin(&f, s->ids, room, e);
	for (uint32_t i = 0; i < b->answers.n && code == 0; i++) {
		struct user_events u;
		code = splice_events(&b->splice[i], s, &scratch, &u, e);
		if (code == 0)
			code = add_user(&f, &u, b->answers.row[i].user, e);
	}
	splice_room_done(&scratch);
	return end(&f, code, room, e);
}

struct history *benchmark_dev(const struct answers *a, const struct splice_source *s,
	const struct benchmark_room *room, struct err *e)
{
	struct filling f;
	int code = begin(&f, s->ids, room, e);
	for (uint32_t i = 0; i < a->n && code == 0; i++) {
		const struct answer *row = &a->row[i];
		struct user_events u;
		if (row->split != ANSWER_DEV)
			continue;
		history_user(s->h, row->user, &u);
		if (row->kind == ANSWER_SPLICE)
			u.n = splice_first_from(&u, row->change_ms);
		code = add_user(&f, &u, row->user, e);
	}
	return end(&f, code, room, e);
}

static void add_id(struct text *t, const struct dict *d, uint32_t id)
{
	size_t len;
	const char *s = dict_text(d, id, &len);
	text_add_raw(t, s, len);
	text_add(t, ",", 1);
}

static void add_row(struct text *t, const struct user_events *u, uint32_t i, uint32_t user,
	const struct ids *ids)
{
	int64_t ms = llabs(u->time_ms[i]);
	text_addf(t, "%s%" PRId64, u->time_ms[i] < 0 ? "-" : "", ms / 1000);
	if (ms % 1000)
		text_addf(t, ".%03d", (int)(ms % 1000));
	text_add(t, ",", 1);
	add_id(t, ids->user, user);
	add_id(t, ids->item, u->item[i]);
	add_id(t, ids->category, u->category[i]);
	text_addf(t, "%s\n", behaviour_name[u->behaviour[i]]);
}

static int write_rows(struct history *h, const struct ids *ids, FILE *to)
{
	struct text t;
	bool ok = true;
	text_init(&t, ROW_TEXT_MAX);
	fputs("timestamp,user,item,category,behaviour\n", to);
	for (uint64_t k = 0; k < history_n_events(h) && ok; k++) {
		uint32_t user, i;
		struct user_events u;
		history_nth(h, k, &user, &i);
		history_user(h, user, &u);
		add_row(&t, &u, i, user, ids);
		ok = !t.full;
		fwrite(t.s, 1, t.len, to);
		text_clear(&t);
	}
	text_done(&t);
	return ok ? 0 : -ENOMEM;
}

int benchmark_write(struct history *h, const struct ids *ids, const char *path, struct err *e)
{
	if (history_order(h, e) < 0)
		return e->code;
	FILE *f = fopen(path, "we");
	if (!f)
		return err_set(e, -errno, "could not write \"%s\": %s", path, strerror(errno));
	int code = write_rows(h, ids, f), bad = ferror(f);
	if (fclose(f) != 0 || bad)
		return err_set(e, -EIO, "could not write \"%s\": %s", path, strerror(errno));
	return code < 0 ? err_set(e, code, "could not write \"%s\": out of memory", path) : 0;
}
