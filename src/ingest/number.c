#include "ingest/number.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#define DIGITS_KEPT 18                  /* fit 64 bits; the rest only moves the point */
#define EXPONENT_MAX 400

struct digits {
	const char *at, *end;
	uint64_t value;
	int kept, scale;                /* the number is value * 10^scale */
	bool any;
};

static void take_digits(struct digits *d, bool fraction)
{
	for (; d->at < d->end && *d->at >= '0' && *d->at <= '9'; d->at++) {
		d->any = true;
		if (d->kept < DIGITS_KEPT) {
			d->value = d->value * 10 + (uint64_t)(*d->at - '0');
			d->kept += d->value != 0;
			d->scale -= fraction;
		} else {
			d->scale += !fraction;
		}
	}
}

static bool take_sign(struct digits *d)
{
	bool minus = d->at < d->end && *d->at == '-';

	if (minus || (d->at < d->end && *d->at == '+'))
		d->at++;
	return minus;
}

static bool take_exponent(struct digits *d)
{
	int exponent = 0;

	d->at++;
	bool minus = take_sign(d);
	const char *from = d->at;
	for (; d->at < d->end && *d->at >= '0' && *d->at <= '9'; d->at++)
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*d->at - '0');
	d->scale += minus ? -exponent : exponent;
	return d->at > from;
}

bool number_parse(const char *s, size_t len, float *ret)
{
	struct digits d = {.at = s, .end = s + len};
	bool minus = take_sign(&d);

	take_digits(&d, false);
	if (d.at < d.end && *d.at == '.') {
		d.at++;
		take_digits(&d, true);
	}
	if (!d.any)
		return false;
	if (d.at < d.end && (*d.at == 'e' || *d.at == 'E') && !take_exponent(&d))
		return false;
	if (d.at < d.end)
		return false;
	double v = (double)d.value;
	if (v != 0 && d.scale)
		v = d.scale < 0 ? v / pow(10, -d.scale) : v * pow(10, d.scale);
	if (v > FLT_MAX)
		return false;
	*ret = (float)(minus ? -v : v);
	return true;
}
