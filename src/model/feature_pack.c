#include "model/feature_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/pack.h"

#define MAGIC 0x31746666u       /* "fft1" */

/* Features go by their names: a table may grow in its middle. */
void feature_pack(const struct feature_set *s, struct packer *p)
{
	char name[FEATURE_NAME_MAX];
	pack_u32(p, MAGIC);
	pack_u32(p, s->n);
	pack_u32(p, s->horizon);
	pack_u32(p, s->fill);
	pack_u32(p, s->cap_rule);
	pack_u32(p, s->rejects);
	pack_u32(p, s->scaling);
	pack(p, s->cap, sizeof s->cap);
	pack(p, &s->price_mean, sizeof s->price_mean);
	pack(p, &s->price_median, sizeof s->price_median);
	for (uint32_t i = 0; i < s->n; i++) {
		memset(name, 0, sizeof name);
		feature_name(s, i, name);
		pack(p, name, sizeof name);
	}
	pack(p, s->shift, s->n * sizeof *s->shift);
	pack(p, s->scale, s->n * sizeof *s->scale);
}

static int get_u32(struct unpacker *u, uint32_t *ret, uint32_t most)
{
	return unpack_u32(u, ret) < 0 || *ret > most ? -EBADMSG : 0;
}

/* The list of names, as feature_init() takes it. */
static int get_list(struct unpacker *u, uint32_t n, char *list)
{
	for (uint32_t i = 0; i < n; i++) {
		const char *name = unpack(u, FEATURE_NAME_MAX);
		if (!name || !*name || !memchr(name, 0, FEATURE_NAME_MAX) || strpbrk(name, ",-"))
			return -EBADMSG;
		list += sprintf(list, "%s%s", i ? "," : "", name);
	}
	return 0;
}

static bool all_finite(const float *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return true;
}

static bool is_sound(const struct feature_set *s)
{
	for (int i = 0; i < OBSERVED_N; i++)
		if (isnan(s->cap[i]))
			return false;
	return all_finite(&s->price_mean, 1) && all_finite(&s->price_median, 1) &&
		all_finite(s->shift, s->n) && all_finite(s->scale, s->n);
}

static int get_set(struct feature_set *s, struct unpacker *u)
{
	char list[FEATURE_MAX * FEATURE_NAME_MAX + 1];
	uint32_t magic, n, horizon, fill, cap_rule, rejects, scaling;
	float cap[OBSERVED_N], price_mean, price_median;
	if (unpack_u32(u, &magic) < 0 || magic != MAGIC || get_u32(u, &n, FEATURE_MAX) < 0 ||
	    n == 0 || get_u32(u, &horizon, FEATURE_STEPS_MAX) < 0 ||
	    get_u32(u, &fill, FILL_N - 1) < 0 || get_u32(u, &cap_rule, CAP_N - 1) < 0 ||
	    get_u32(u, &rejects, 1) < 0 || get_u32(u, &scaling, SCALE_N - 1) < 0 ||
	    unpack_to(u, cap, sizeof cap) < 0 ||
	    unpack_to(u, &price_mean, sizeof price_mean) < 0 ||
	    unpack_to(u, &price_median, sizeof price_median) < 0 || get_list(u, n, list) < 0)
		return -EBADMSG;
	if (feature_init(s, list, horizon, NULL) < 0 || s->n != n)
		return -EBADMSG;
	s->fill = (enum feature_fill)fill;
	s->cap_rule = (enum feature_cap)cap_rule;
	s->rejects = rejects;
	s->scaling = (enum feature_scale)scaling;
	memcpy(s->cap, cap, sizeof cap);
	s->price_mean = price_mean;
	s->price_median = price_median;
	if (unpack_to(u, s->shift, n * sizeof *s->shift) < 0 ||
	    unpack_to(u, s->scale, n * sizeof *s->scale) < 0 || !is_sound(s))
		return -EBADMSG;
	return 0;
}

int feature_unpack(struct feature_set *s, struct unpacker *u, struct err *e)
{
	int r = get_set(s, u);
	return r < 0 ? err_set(e, r, "these bytes are no set of features") : 0;
}
