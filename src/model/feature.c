#include "model/feature.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/zone.h"
#include "model/feature_parts.h"

const char *const observed_name[OBSERVED_N] = {
	"value", "views", "carts", "favourites", "buys"
};

const char feature_default[] = "lag1-7,mean28,ewma7,day_sin,day_cos,week_sin,week_cos,"
	"views7,carts7,buys7,ctr7,conversion7,quiet28";

static int kind_of(const char *name, size_t len)
{
	for (int i = 0; feature_kinds[i].name; i++) {
		const char *known = feature_kinds[i].name;
		if (strlen(known) == len && !memcmp(known, name, len))
			return i;
	}
	return -1;
}

static bool has(const struct feature_set *s, struct feature f)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->feature[i].kind == f.kind && s->feature[i].k == f.k)
			return true;
	return false;
}

static int add(struct feature_set *s, struct feature f, struct err *e)
{
	const struct feature_kind *k = &feature_kinds[f.kind];
	if (f.k < 1 || f.k > k->most)
		return err_set(e, -EINVAL, "feature \"%s\" takes 1 to %u, not %u", k->name,
			k->most, f.k);
	if (has(s, f))
		return err_set(e, -EINVAL, "feature \"%s%u\" is there twice", k->name, f.k);
	if (s->n == FEATURE_MAX)
		return err_set(e, -EINVAL, "there are more than %u features", FEATURE_MAX);
	s->scale[s->n] = 1;
	s->feature[s->n++] = f;
	if (feature_needs(f) > s->n_steps)
		s->n_steps = feature_needs(f);
	return 0;
}

/* Up to four digits; false: there are none, or more. */
static bool number(const char **at, const char *end, unsigned *ret)
{
	const char *from = *at;
	for (*ret = 0; *at < end && **at >= '0' && **at <= '9' && *at - from < 5; ++*at)
		*ret = *ret * 10 + (unsigned)(**at - '0');
	return *at > from && *at - from < 5;
}

/* One word of the list: "lag1-7", "mean28", "day_sin". */
static int add_word(struct feature_set *s, const char *at, const char *end, struct err *e)
{
	int len = (int)(end - at), name = (int)strcspn(at, "0123456789,");
	int kind = kind_of(at, (size_t)name);
	const char *rest = at + name;
	unsigned first = 1, last = 1;
	bool ok = rest == end || number(&rest, end, &first);
	last = first;
	if (ok && rest < end)
		ok = *rest++ == '-' && number(&rest, end, &last) && rest == end && last >= first;
	if (kind < 0)
		return err_set(e, -EINVAL, "there is no feature \"%.*s\"", name, at);
	if (!ok)
		return err_set(e, -EINVAL, "\"%.*s\" is no feature: a name, then a number or a "
			"range such as 1-7", len, at);
	int r = 0;
	for (unsigned k = first; k <= last && r == 0; k++)
		r = add(s, (struct feature){ (uint16_t)kind, (uint16_t)k }, e);
	return r;
}

int feature_init(struct feature_set *s, const char *list, uint32_t horizon, struct err *e)
{
	*s = (struct feature_set){ .horizon = horizon, .fill = FILL_MEDIAN, .n_steps = 1 };
	for (int i = 0; i < OBSERVED_N; i++)
		s->cap[i] = INFINITY;
	if (horizon < 1 || horizon > FEATURE_STEPS_MAX)
		return err_set(e, -EINVAL, "a horizon is 1 to %u steps, not %u",
			FEATURE_STEPS_MAX, horizon);
	for (const char *at = list, *end; ; at = end + 1) {
		end = at + strcspn(at, ",");
		int r = add_word(s, at, end, e);
		if (r < 0 || !*end)
			return r;
	}
}

void feature_keep(struct feature_set *s, const uint32_t *column, uint32_t n)
{
	struct feature_set from = *s;
	s->n = n;
	s->n_steps = 1;
	for (uint32_t i = 0; i < n; i++) {
		s->feature[i] = from.feature[column[i]];
		s->shift[i] = from.shift[column[i]];
		s->scale[i] = from.scale[column[i]];
		if (feature_needs(s->feature[i]) > s->n_steps)
			s->n_steps = feature_needs(s->feature[i]);
	}
}

const char *feature_name(const struct feature_set *s, uint32_t i, char *buf)
{
	snprintf(buf, FEATURE_NAME_MAX, "%s%u", feature_kinds[s->feature[i].kind].name,
		s->feature[i].k);
	return buf;
}

const char *feature_kind(uint32_t i, const char **ret_help)
{
	*ret_help = feature_kinds[i].help;
	return feature_kinds[i].name;
}

static bool clean_one(const struct feature_set *s, float *value, enum observed what)
{
	bool is_number = isfinite(*value), abnormal = !is_number || *value > s->cap[what];
	if (abnormal)
		*value = is_number ? s->cap[what] : 0;
	return abnormal;
}

void feature_clean(const struct feature_set *s, struct observation *o, uint32_t n,
	struct feature_tally *t)
{
	t->n_steps += n;
	for (uint32_t i = 0; i < n; i++) {
		o[i].abnormal = false;
		if (isinf(o[i].price))
			o[i].price = NAN;
		for (int k = 0; k < OBSERVED_N; k++)
			if (clean_one(s, &o[i].at[k], (enum observed)k)) {
				o[i].abnormal = true;
				t->abnormal[k]++;
			}
	}
}

void feature_scale(const struct feature_set *s, float *x, uint32_t n_rows)
{
	for (uint32_t i = 0; i < n_rows; i++)
		for (uint32_t k = 0; k < s->n; k++, x++)
			*x = (*x - s->shift[k]) * s->scale[k];
}

void feature_row(const struct feature_set *s, const struct zone *zone,
	const struct observation *newest, int64_t target_ms, float *ret)
{
	int64_t offset_ms = zone ? zone_offset_s(zone, target_ms) * INT64_C(1000) : 0;
	struct feature_window w = { s, newest, target_ms + offset_ms };
	for (uint32_t i = 0; i < s->n; i++)
		ret[i] = feature_kinds[s->feature[i].kind].value(&w, s->feature[i].k);
	if (s->scaling != SCALE_NONE)
		feature_scale(s, ret, 1);
}

uint32_t feature_n_rows(const struct feature_set *s, uint32_t n_steps)
{
	uint32_t needs = s->n_steps + s->horizon;
	return n_steps < needs ? 0 : n_steps - needs + 1;
}

/* Whether a step that the row is made of, or its target, is abnormal. */
static bool is_rejected(const struct feature_set *s, const struct observation *newest)
{
	bool bad = newest[s->horizon].abnormal;
	for (uint32_t i = 0; i < s->n_steps && !bad; i++)
		bad = newest[-(int32_t)i].abnormal;
	return bad;
}

uint32_t feature_rows(const struct feature_set *s, const struct zone *zone,
	const struct observation *o, uint32_t n, const struct feature_rows *ret,
	struct feature_tally *t)
{
	uint32_t rows = 0, all = feature_n_rows(s, n);
	for (uint32_t i = 0; i < all; i++) {
		const struct observation *newest = o + i + s->n_steps - 1;
		if (s->rejects && is_rejected(s, newest))
			continue;
		ret->y[rows] = newest[s->horizon].at[OBSERVED_VALUE];
		ret->time_ms[rows] = newest[s->horizon].start_ms;
		ret->known_ms[rows] = newest[1].start_ms;
		feature_row(s, zone, newest, ret->time_ms[rows], ret->x + (uint64_t)rows * s->n);
		rows++;
	}
	if (t)
		t->n_rejected += all - rows;
	return rows;
}
