/* A user's state as bytes: categories as text, since their numbers differ from run to run. */
#include "detect/tracker.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "detect/former.h"
#include "detect/tracker_parts.h"

#define SAVE_MAGIC 0x32726576u  /* "ver2" */

/* Then n_seen x saved_category with its text; a former, if there is one, with the places of its
 * categories in that list; the states of the channels that speak, the mixture's with places for
 * categories, then volume's, forecast's last.
 */
struct saved {
	uint32_t magic, n, quiet_n, n_seen, channels, has_former;
	uint32_t session, open, fold, n_tags;
	int64_t last_ms, risk_ms;
	uint16_t tag[PROFILE_ITEMS];
};

struct saved_category {
	uint32_t session, mark, len;
};

#define CATEGORY_MASK (PROFILE_CATEGORIES - 1)
#define NO_PLACE CATEGORY_MASK

static uint32_t place_of(const struct profile *p, uint32_t category)
{
	for (uint32_t i = 0; i < p->n_seen; i++)
		if (profile_category(p, i) == category)
			return i;
	return NO_PLACE;
}

static void save_head(const struct tracker *t, const struct profile *p, struct saved *h)
{
	*h = (struct saved){ .magic = SAVE_MAGIC, .n = p->n, .quiet_n = p->quiet_n,
		.n_seen = p->n_seen, .channels = t->shard.rules.channels,
		.has_former = p->former != NULL, .session = p->session, .open = p->open,
		.fold = p->fold,
		.n_tags = p->n_tags, .last_ms = p->last_ms, .risk_ms = p->risk_ms };
	memcpy(h->tag, p->tag, sizeof h->tag);
}

static void put_categories(struct packer *w, const struct tracker *t, const struct profile *p)
{
	for (uint32_t i = 0; i < p->n_seen; i++) {
		size_t len;
		const char *text = dict_text(t->shard.priors->ids->category,
			profile_category(p, i), &len);
		struct saved_category c = { p->seen[i] & ~CATEGORY_MASK, p->seen[p->cap_seen + i],
			(uint32_t)len };
		pack(w, &c, sizeof c);
		pack(w, text, len);
	}
}

/* Places of categories that the profile has forgotten, as after a restart, are given with their
 * text.
 */
static void put_former(struct packer *w, const struct tracker *t, const struct former *f)
{
	pack(w, f, sizeof *f);
	for (int i = 0; i < FORMER_TOP && f->count[i]; i++) {
		size_t len;
		const char *text = dict_text(t->shard.priors->ids->category, f->category[i], &len);
		struct saved_category c = { .len = (uint32_t)len };
		pack(w, &c, sizeof c);
		pack(w, text, len);
	}
}

/* Marks get places for categories, and slots that were never filled nothing. */
static void put_mixture(struct packer *w, const struct profile *p, struct mixture *x)
{
	for (uint32_t s = 0; s < MIXTURE_WINDOW; s++) {
		uint32_t category = x->mark[s] & CATEGORY_MASK;
		uint32_t power = x->ratio[s] > 0 ? x->mark[s] & ~CATEGORY_MASK : 0;
		x->mark[s] = s < x->n ? power | place_of(p, category) : 0;
	}
	pack(w, x, sizeof *x);
}

size_t tracker_save(const struct tracker *t, uint32_t user, void *buf, size_t cap)
{
	if (user >= t->shard.n_slots || shard_profile(&t->shard, user)->session == 0)
		return 0;
	const struct profile *p = shard_profile(&t->shard, user);
	struct packer w = { buf, 0, cap };
	struct slot_state x;
	struct saved h;
	memset(&x, 0, sizeof x);
	if (t->shard.backend.ops->save(&t->shard.backend, &user, 1, &x, NULL) < 0)
		return 0;
	save_head(t, p, &h);
	pack(&w, &h, sizeof h);
	put_categories(&w, t, p);
	if (p->former)
		put_former(&w, t, p->former);
	if (h.channels & CHANNEL_BIT(CHANNEL_MIXTURE))
		put_mixture(&w, p, &x.mixture);
	if (h.channels & CHANNEL_BIT(CHANNEL_LEARNED))
		pack(&w, &x.learned, sizeof x.learned);
	if (h.channels & CHANNEL_BIT(CHANNEL_VOLUME))
		pack(&w, shard_volume(&t->shard, user), sizeof(struct volume));
	if (shard_has_forecast(&t->shard))
		pack(&w, shard_forecast(&t->shard, user), sizeof(struct forecast));
	return w.len;
}

/* A category by its text; the rest of its head in *c. */
static int take_category(struct tracker *t, struct unpacker *r, struct saved_category *c,
	uint32_t *ret)
{
	if (unpack_to(r, c, sizeof *c) < 0)
		return -EBADMSG;
	const char *text = unpack(r, c->len);
	if (!text)
		return -EBADMSG;
	*ret = dict_id(t->shard.priors->ids->category, text, c->len);
	return *ret == DICT_NONE ? -ENOMEM : 0;
}

static int load_categories(struct tracker *t, struct profile *p, struct unpacker *r, uint32_t n)
{
	if (n > (size_t)(r->end - r->at) / sizeof(struct saved_category))
		return -EBADMSG;
	p->cap_seen = n ? n : 1;
	p->seen = mem_get(2 * (size_t)p->cap_seen, sizeof *p->seen);
	if (!p->seen)
		return -ENOMEM;
	for (; p->n_seen < n; p->n_seen++) {
		struct saved_category c;
		uint32_t category;
		int code = take_category(t, r, &c, &category);
		if (code < 0)
			return code;
		p->seen[p->n_seen] = category | (c.session & ~CATEGORY_MASK);
		p->seen[p->cap_seen + p->n_seen] = c.mark;
	}
	return 0;
}

static int load_former(struct tracker *t, struct profile *p, struct unpacker *r)
{
	if ((size_t)(r->end - r->at) < sizeof *p->former)
		return -EBADMSG;
	p->former = mem_get(1, sizeof *p->former);
	if (!p->former)
		return -ENOMEM;
	unpack_to(r, p->former, sizeof *p->former);
	for (int i = 0; i < FORMER_TOP && p->former->count[i]; i++) {
		struct saved_category c;
		int code = take_category(t, r, &c, &p->former->category[i]);
		if (code < 0)
			return code;
	}
	return 0;
}

/* What the channels know of a user. */
struct states {
	struct slot_state slot;
	struct volume volume;
	struct forecast forecast;
};

static int load_volume(struct unpacker *r, struct volume *v)
{
	bool good = unpack_to(r, v, sizeof *v) == 0 && v->up.n <= VOLUME_POINTS &&
		v->down.n <= VOLUME_POINTS;
	return good ? 0 : -EBADMSG;
}

static int load_forecast(struct unpacker *r, struct forecast *f)
{
	bool good = unpack_to(r, f, sizeof *f) == 0 && f->head < FORECAST_STEPS &&
		f->quiet < FORECAST_STEPS && isfinite(f->level) && isfinite(f->level_weight) &&
		isfinite(f->error) && isfinite(f->error_weight) && f->error_weight >= 0;
	return good ? 0 : -EBADMSG;
}

static int load_beside(const struct tracker *t, struct unpacker *r, struct states *to)
{
	int code = 0;
	if (shard_has_volume(&t->shard))
		code = load_volume(r, &to->volume);
	if (code == 0 && shard_has_forecast(&t->shard))
		code = load_forecast(r, &to->forecast);
	return code;
}

static int load_states(const struct saved *h, const struct profile *p, struct unpacker *r,
	struct states *to)
{
	struct slot_state *x = &to->slot;
	slot_state_reset(x);
	if (h->channels & CHANNEL_BIT(CHANNEL_MIXTURE)) {
		if (unpack_to(r, &x->mixture, sizeof x->mixture) < 0)
			return -EBADMSG;
		for (uint32_t s = 0; s < MIXTURE_WINDOW && s < x->mixture.n; s++) {
			uint32_t *mark = &x->mixture.mark[s], place = *mark & CATEGORY_MASK;
			if (place >= p->n_seen)
				return -EBADMSG;
			*mark = (*mark & ~CATEGORY_MASK) | profile_category(p, place);
		}
	}
	if (h->channels & CHANNEL_BIT(CHANNEL_LEARNED)) {
		if (unpack_to(r, &x->learned, sizeof x->learned) < 0 ||
		    x->learned.n_taus > LEARNED_TAUS)
			return -EBADMSG;
	}
	return 0;
}

static int load_head(const struct tracker *t, struct profile *p, const struct saved *h)
{
	profile_init(p);
	if (h->magic != SAVE_MAGIC || h->session == 0 || h->session > UINT8_MAX ||
	    h->channels != t->shard.rules.channels)
		return -EBADMSG;
	p->n = h->n;
	p->quiet_n = h->quiet_n;
	p->session = (uint8_t)h->session;
	p->open = h->open;
	p->fold = (uint8_t)(h->fold % MODEL_FOLDS);
	p->n_tags = (uint8_t)h->n_tags;
	p->last_ms = h->last_ms;
	p->risk_ms = h->risk_ms;
	memcpy(p->tag, h->tag, sizeof p->tag);
	return 0;
}

static int load_parts(struct tracker *t, struct unpacker *r, struct profile *p, struct states *x)
{
	struct saved h;
	if (unpack_to(r, &h, sizeof h) < 0)
		return -EBADMSG;
	int code = load_head(t, p, &h);
	if (code == 0)
		code = load_categories(t, p, r, h.n_seen);
	if (code == 0 && h.has_former)
		code = load_former(t, p, r);
	if (code == 0)
		code = load_states(&h, p, r, x);
	return code < 0 ? code : load_beside(t, r, x);
}

int tracker_load(struct tracker *t, uint32_t user, const void *buf, size_t len, struct err *e)
{
	struct unpacker r = { buf, (const char *)buf + len };
	struct profile p = {0};
	struct states x;
	int code = tracker_reserve(t, user + 1, e);
	if (code < 0)
		return code;
	code = load_parts(t, &r, &p, &x);
	if (code < 0) {
		profile_done(&p);
		return err_set(e, code, "could not restore a user's profile: %s",
			code == -ENOMEM ? "out of memory" : "damaged");
	}
	profile_done(shard_profile(&t->shard, user));
	*shard_profile(&t->shard, user) = p;
	code = t->shard.backend.ops->load(&t->shard.backend, &user, 1, &x.slot, e);
	if (shard_has_volume(&t->shard))
		*shard_volume(&t->shard, user) = x.volume;
	if (shard_has_forecast(&t->shard))
		*shard_forecast(&t->shard, user) = x.forecast;
	if (p.open)
		tracker_insert(t, user);
	return code < 0 ? code : priors_grow(&t->priors, e);
}
