#include "base/spread.h"

#include <math.h>
#include <string.h>

#define STEPS 8u        /* of an octave */

static unsigned bucket_of(int64_t us)
{
	uint64_t v = us > 0 ? (uint64_t)us : 0;
	unsigned octave, bucket;

	if (v < STEPS)
		return (unsigned)v;
	octave = 63u - (unsigned)__builtin_clzll(v);
	bucket = (octave - 2) * STEPS + (unsigned)(v >> (octave - 3)) % STEPS;
	return bucket < SPREAD_BUCKETS ? bucket : SPREAD_BUCKETS - 1;
}

/* The largest value in a bucket, in microseconds. */
static double top_of(unsigned bucket)
{
	unsigned octave = bucket / STEPS + 2;

	if (bucket < STEPS)
		return bucket;
	return ldexp(STEPS + bucket % STEPS + 1, (int)octave - 3) - 1;
}

void spread_turn(struct spread *s, int64_t now_ms)
{
	int i;

	for (i = 0; i < 2 && now_ms - s->turned_ms >= SPREAD_TURN_MS; i++) {
		s->now = !s->now;
		memset(s->count[s->now], 0, sizeof s->count[0]);
		s->n[s->now] = 0;
		s->turned_ms += SPREAD_TURN_MS;
	}
	if (now_ms - s->turned_ms >= SPREAD_TURN_MS)
		s->turned_ms = now_ms;
}

void spread_add(struct spread *s, int64_t took_us, int64_t now_ms)
{
	spread_turn(s, now_ms);
	s->count[s->now][bucket_of(took_us)]++;
	s->n[s->now]++;
}

float spread_quantile(const struct spread *s, double q)
{
	double n = (double)s->n[0] + s->n[1], below = 0;
	unsigned i;

	if (!(n > 0))
		return NAN;
	for (i = 0; i + 1 < SPREAD_BUCKETS; i++) {
		below += (double)s->count[0][i] + s->count[1][i];
		if (below >= q * n)
			break;
	}
	return (float)(top_of(i) / 1000);
}
