#include "alert/desk.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "alert/store.h"
#include "base/mem.h"
#include "base/queue.h"

#define LOOK_MS 1000

struct order {
	struct triage_act act;          /* its text is owned */
	bool is_undo;
	uint64_t *id;
	uint32_t n;
};

/* What takes an order back. */
struct past {
	struct triage_act *back;
	uint32_t n;
	enum triage_field field;
	unsigned value;
};

struct desk {
	char *path;
	const char *author;
	struct queue orders, news;
	pthread_t thread;
	bool has_thread, is_known;      /* what was done before the start */
	uint32_t n_out;                 /* news that are due */
	atomic_bool is_closing;         /* all orders are in */
	/* the thread's */
	struct store *store;
	int64_t seen;                   /* seq of the newest change told */
	struct past past[DESK_UNDO_MAX];
	unsigned n_past;
};

void desk_news_free(struct desk_news *news)
{
	uint32_t i;

	for (i = 0; news && i < news->n; i++) {
		mem_free((void *)(uintptr_t)news->change[i].author);
		mem_free((void *)(uintptr_t)news->change[i].text);
	}
	if (news)
		mem_free(news->change);
	mem_free(news);
}

static void order_free(struct order *o)
{
	if (o) {
		mem_free(o->id);
		mem_free((void *)(uintptr_t)o->act.text);
	}
	mem_free(o);
}

static void past_free(struct past *p)
{
	while (p->n)
		triage_done(&p->back[--p->n]);
	mem_free(p->back);
	*p = (struct past){ 0 };
}

/* The thread */

static int out_of_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not keep what was done with alerts: out of memory");
}

static int open_store(struct desk *d, struct err *e)
{
	if (!d->store)
		d->store = store_open_existing(d->path, e);
	return d->store ? 0 : e->code;
}

struct reading {
	struct desk *desk;
	struct desk_news *news;
	struct err *e;
};

static int take(void *ctx, const struct triage_change *c)
{
	struct reading *r = ctx;
	struct desk_news *news = r->news;
	uint32_t cap = news->cap ? 2 * news->cap : 16;
	struct triage_change *more = news->change, mine = *c;

	if (news->n == news->cap) {
		more = mem_resize(news->change, cap, sizeof *more);
		if (!more)
			return out_of_memory(r->e);
		news->change = more;
		news->cap = cap;
	}
	mine.author = mem_text(c->author, c->author_len);
	mine.text = c->len ? mem_text(c->text, c->len) : NULL;
	news->change[news->n++] = mine;
	if (!mine.author || (c->len && !mine.text))
		return out_of_memory(r->e);
	r->desk->seen = c->seq;
	return 0;
}

/* False: all is back as it was. */
static int do_all(struct desk *d, const struct order *o, struct past *p, struct err *e)
{
	int code = store_begin(d->store, e);
	uint32_t i;

	for (i = 0; code == 0 && i < o->n; i++) {
		struct triage_act act = o->act;

		act.author = d->author;
		act.alert_id = o->id[i];
		code = triage_do(d->store, &act, &p->back[p->n], e);
		if (p->back[p->n].field)
			p->n++;
		else
			triage_done(&p->back[p->n]);
	}
	if (code == 0)
		code = store_commit(d->store, e);
	if (code)
		store_rollback(d->store);
	return code;
}

/* The oldest that can be undone gives way. */
static void remember(struct desk *d, struct past *p)
{
	if (!p->n) {
		past_free(p);
		return;
	}
	if (d->n_past == DESK_UNDO_MAX) {
		past_free(&d->past[0]);
		memmove(d->past, d->past + 1, (DESK_UNDO_MAX - 1) * sizeof *d->past);
		d->n_past--;
	}
	d->past[d->n_past++] = *p;
}

static int carry_out(struct desk *d, const struct order *o, struct desk_news *news, struct err *e)
{
	struct past p = { .field = o->act.field, .value = o->act.value };
	int code;

	news->field = o->act.field;
	news->value = o->act.value;
	p.back = mem_get(o->n + 1ul, sizeof *p.back);
	code = p.back ? do_all(d, o, &p, e) : out_of_memory(e);
	if (code) {
		past_free(&p);
		return code;
	}
	news->n_done = p.n;
	news->alert_id = o->n ? o->id[0] : 0;
	remember(d, &p);
	return 0;
}

static int take_back(struct desk *d, const struct order *o, struct desk_news *news, struct err *e)
{
	struct past *p = d->n_past ? &d->past[d->n_past - 1] : NULL;
	int code;
	uint32_t i;

	news->is_undo = true;
	news->is_nothing = !p;
	if (!p)
		return 0;
	news->field = p->field;
	news->value = p->value;
	news->n_done = p->n;
	news->alert_id = p->back[0].alert_id;
	code = store_begin(d->store, e);
	for (i = p->n; code == 0 && i > 0; i--) {
		struct triage_act act = p->back[i - 1], none;

		act.author = d->author;
		act.time_ms = o->act.time_ms;
		code = triage_do(d->store, &act, &none, e);
		triage_done(&none);
	}
	if (code == 0)
		code = store_commit(d->store, e);
	if (code)
		store_rollback(d->store);
	if (code == 0 || code == -ESTALE) {     /* what was changed since will not change back */
		past_free(p);
		d->n_past--;
	}
	return code;
}

/* An error of the order goes before one of reading. */
static void fill(struct desk *d, const struct order *o, struct desk_news *news)
{
	struct err *e = &news->err, later = { 0 };
	struct reading r = { d, news, &later };
	int code = open_store(d, e);

	if (o && code == 0)
		code = o->is_undo ? take_back(d, o, news, e) : carry_out(d, o, news, e);
	news->is_order = o != NULL;
	if (d->store && triage_each(d->store, d->seen, take, &r, &later) < 0 && code == 0)
		*e = later;
	e->code = code ? code : later.code;
}

/* NULL when it is time for a look, and at the end. */
static struct order *next_order(struct desk *d)
{
	struct order *o = queue_take_for(&d->orders, LOOK_MS);

	return o || !atomic_load(&d->is_closing) ? o : queue_take_for(&d->orders, 0);
}

/* The first news come in any case: the console waits for them. */
static void *work(void *arg)
{
	struct desk *d = arg;
	struct order *o = NULL;
	bool is_first = true;

	do {
		struct desk_news *news = mem_get(1, sizeof *news);

		if (news)
			fill(d, o, news);
		if (news && !((is_first || o || news->n) && queue_put(&d->news, news)))
			desk_news_free(news);
		is_first &= !news;
		order_free(o);
		o = next_order(d);
	} while (o || !atomic_load(&d->is_closing));
	while (d->n_past)
		past_free(&d->past[--d->n_past]);
	store_close(d->store);
	return NULL;
}

/* The console */

struct desk *desk_open(const char *path, const char *author, struct err *e)
{
	struct desk *d = mem_get(1, sizeof *d);
	int code;

	if (!d || !(d->path = mem_text(path, strlen(path)))) {
		out_of_memory(e);
		goto fail;
	}
	d->author = author;
	if (queue_init(&d->orders, DESK_ORDERS, e) < 0
			|| queue_init(&d->news, 2 * DESK_ORDERS + 2, e) < 0)
		goto fail;
	code = pthread_create(&d->thread, NULL, work, d);
	d->has_thread = code == 0;
	d->n_out = 1;
	if (d->has_thread)
		return d;
	err_set(e, -code, "could not start a thread: %s", strerror(code));
fail:
	desk_close(d);
	return NULL;
}

void desk_close(struct desk *d)
{
	struct desk_news *news;

	if (!d)
		return;
	if (d->has_thread) {
		atomic_store(&d->is_closing, true);
		queue_close(&d->news);          /* nobody reads them: nobody waits to write them */
		queue_close(&d->orders);
		pthread_join(d->thread, NULL);
		while ((news = queue_take(&d->news)))
			desk_news_free(news);
	}
	queue_done(&d->orders);
	queue_done(&d->news);
	mem_free(d->path);
	mem_free(d);
}

static int send(struct desk *d, struct order *o, struct err *e)
{
	if (d->n_out >= DESK_ORDERS) {
		order_free(o);
		return err_set(e, -EBUSY,
			"the store is busy: what was done before is not written yet");
	}
	d->n_out++;
	queue_put(&d->orders, o);
	return 0;
}

int desk_order(struct desk *d, const struct triage_act *act, const uint64_t *id, uint32_t n,
	struct err *e)
{
	struct order *o = mem_get(1, sizeof *o);

	if (!o)
		return out_of_memory(e);
	o->act = *act;
	o->act.text = act->len ? mem_text(act->text, act->len) : NULL;
	o->id = mem_get(n + 1ul, sizeof *id);
	o->n = n;
	if (!o->id || (act->len && !o->act.text)) {
		order_free(o);
		return out_of_memory(e);
	}
	memcpy(o->id, id, n * sizeof *id);
	return send(d, o, e);
}

int desk_undo(struct desk *d, int64_t time_ms, struct err *e)
{
	struct order *o = mem_get(1, sizeof *o);

	if (!o)
		return out_of_memory(e);
	o->is_undo = true;
	o->act.time_ms = time_ms;
	return send(d, o, e);
}

bool desk_is_busy(const struct desk *d)
{
	return d->n_out > 0;
}

struct desk_news *desk_look(struct desk *d)
{
	struct desk_news *news = queue_take_for(&d->news, 0);

	/* Besides those of orders only the first are due. */
	if (news && (news->is_order || !d->is_known)) {
		d->n_out--;
		d->is_known = true;
	}
	return news;
}
