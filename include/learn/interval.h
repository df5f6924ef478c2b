/* interval.h - how far a count or a share may lie from the truth: intervals of 95 %. */
#ifndef LEARN_INTERVAL_H
#define LEARN_INTERVAL_H

#include <stdint.h>

struct interval {
	double low, high;
};

/* Of the mean of a Poisson law of which k was seen (exact: Garwood 1936). */
struct interval interval_poisson(uint64_t k);
/* Of a probability after k of n (Wilson 1927); n = 0: all of 0 to 1. */
struct interval interval_share(uint64_t k, uint64_t n);

#endif
