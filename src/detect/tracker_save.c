/* A user's state as bytes: categories as text, since their numbers differ from run to run. */
#include "detect/tracker.h"

#include <errno.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "detect/tracker_parts.h"

#define SAVE_MAGIC 0x31726576u  /* "ver1" */

struct saved {                  /* then n_seen x saved_category with its text, then ring_n x uint32
	 * */
	uint32_t magic, n, quiet_n, n_seen, ring_n;
	uint32_t session;
	int64_t last_ms, risk_ms;
	float log_m, best;
	uint16_t time[PROFILE_RECENT][3];
	float ratio[MIXTURE_WINDOW];
	int8_t power[MIXTURE_WINDOW];
};

struct saved_category {
	uint32_t mark, len;
};

static uint32_t index_of(const struct profile *p, uint32_t category)
{
	uint32_t i = 0;
	while (i < p->n_seen && p->seen[i] != category)
		i++;
	return i;
}

static void save_head(const struct profile *p, const struct mixture *x, struct saved *h)
{
	*h = (struct saved){ .magic = SAVE_MAGIC, .n = p->n, .quiet_n = p->quiet_n, .n_seen =
		p->n_seen,
		.ring_n = x->n < MIXTURE_WINDOW ? x->n : MIXTURE_WINDOW, .session = p->session,
		.last_ms = p->last_ms, .risk_ms = p->risk_ms, .log_m = x->log_m, .best = x->best };
	memcpy(h->time, p->time, sizeof h->time);
	memcpy(h->ratio, x->ratio, sizeof h->ratio);
	for (int s = 0; s < MIXTURE_WINDOW; s++)
		h->power[s] = (int8_t)(x->ratio[s] > 0 ? (int32_t)x->mark[s] >> 24 : 0);
}

static size_t save_size(const struct profile *p, const struct saved *h, const struct dict *d)
{
	size_t size = sizeof *h + h->ring_n * sizeof(uint32_t);
	for (uint32_t i = 0; i < p->n_seen; i++) {
		size_t len;
		dict_text(d, p->seen[i], &len);
		size += sizeof(struct saved_category) + len;
	}
	return size;
}

static char *put(char *at, const void *from, size_t len)
{
	memcpy(at, from, len);
	return at + len;
}

size_t tracker_save(const struct tracker *t, uint32_t user, void *buf, size_t cap)
{
	if (user >= t->shard.n_slots || shard_profile(&t->shard, user)->session == 0)
		return 0;
	const struct profile *p = shard_profile(&t->shard, user);
	const struct dict *d = t->shard.ids->category;
	struct mixture x;
	struct saved h;
	t->shard.backend.ops->save(&t->shard.backend, user, &x);
	save_head(p, &x, &h);
	size_t size = save_size(p, &h, d);
	if (size > cap)
		return size;
	char *at = put(buf, &h, sizeof h);
	for (uint32_t i = 0; i < p->n_seen; i++) {
		size_t len;
		const char *text = dict_text(d, p->seen[i], &len);
		struct saved_category c = { p->seen[p->cap_seen + i], (uint32_t)len };
		at = put(at, &c, sizeof c);
		at = put(at, text, len);
	}
	for (uint32_t age = h.ring_n; age > 0; age--) {
		uint32_t i = index_of(p, mixture_category(&x, age));
		at = put(at, &i, sizeof i);
	}
	return size;
}

/* A walk over bytes that never runs past their end. */
struct reader {
	const char *at, *end;
};

static const void *take(struct reader *r, size_t len)
{
	if ((size_t)(r->end - r->at) < len)
		return NULL;
	const char *at = r->at;
	r->at += len;
	return at;
}

static int load_categories(struct tracker *t, struct profile *p, struct reader *r, uint32_t n)
{
	p->seen = mem_get(2 * (size_t)(n ? n : 1), sizeof *p->seen);
	p->cap_seen = n ? n : 1;
	if (!p->seen)
		return -ENOMEM;
	for (; p->n_seen < n; p->n_seen++) {
		struct saved_category c;
		const void *head = take(r, sizeof c);
		if (!head)
			return -EBADMSG;
		memcpy(&c, head, sizeof c);
		const char *text = take(r, c.len);
		if (!text)
			return -EBADMSG;
		p->seen[p->n_seen] = dict_id(t->shard.ids->category, text, c.len);
		p->seen[p->cap_seen + p->n_seen] = c.mark;
		if (p->seen[p->n_seen] == DICT_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int load_ring(const struct profile *p, const struct saved *h, struct reader *r,
	struct mixture *x)
{
	mixture_reset(x);
	x->n = h->n;
	x->log_m = h->log_m;
	x->best = h->best;
	memcpy(x->ratio, h->ratio, sizeof x->ratio);
	for (uint32_t age = h->ring_n; age > 0; age--) {
		const void *at = take(r, sizeof(uint32_t));
		uint32_t i, s = (h->n - age) % MIXTURE_WINDOW;
		if (!at)
			return -EBADMSG;
		memcpy(&i, at, sizeof i);
		if (i >= p->n_seen)
			return -EBADMSG;
		x->mark[s] = (uint32_t)h->power[s] << 24 | (p->seen[i] & (MIXTURE_CATEGORIES - 1));
	}
	return 0;
}

static int load_head(struct profile *p, const struct saved *h)
{
	profile_init(p);
	if (h->magic != SAVE_MAGIC || h->session == 0 || h->session > UINT16_MAX ||
	    h->ring_n != (h->n < MIXTURE_WINDOW ? h->n : MIXTURE_WINDOW))
		return -EBADMSG;
	p->n = h->n;
	p->quiet_n = h->quiet_n;
	p->session = (uint16_t)h->session;
	p->last_ms = h->last_ms;
	p->risk_ms = h->risk_ms;
	memcpy(p->time, h->time, sizeof p->time);
	return 0;
}

int tracker_load(struct tracker *t, uint32_t user, const void *buf, size_t len, struct err *e)
{
	struct reader r = { buf, (const char *)buf + len };
	const void *head = take(&r, sizeof(struct saved));
	struct saved h;
	struct profile p = {0};
	struct mixture x;
	if (!head)
		return err_set(e, -EBADMSG, "could not restore a user's profile: cut short");
	memcpy(&h, head, sizeof h);
	int code = tracker_reserve(t, user + 1, e);
	if (code < 0)
		return code;
	if ((code = load_head(&p, &h)) < 0 || (code = load_categories(t, &p, &r, h.n_seen)) < 0 ||
	    (code = load_ring(&p, &h, &r, &x)) < 0) {
		profile_done(&p);
		return err_set(e, code, "could not restore a user's profile: %s",
			code == -ENOMEM ? "out of memory" : "damaged");
	}
	profile_done(shard_profile(&t->shard, user));
	*shard_profile(&t->shard, user) = p;
	t->shard.backend.ops->load(&t->shard.backend, user, &x);
	return 0;
}
