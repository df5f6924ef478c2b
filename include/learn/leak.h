/* leak.h - columns that know what they cannot: those that follow the future of their series.
 *
 * A feature made of the past follows the past at least as well as what comes. So each column is
 * compared, within the series, with the values from the one forecast on (ahead 0, 1, ...) and with
 * those before it. It is suspect when some value to come leaves a tenth of its variance or less,
 * and a quarter or less of what any value of the past leaves. A wave of the calendar that a series
 * without noise follows may be suspect too; so may what truly tells the future: a person decides.
 */
#ifndef LEARN_LEAK_H
#define LEARN_LEAK_H

#include <stdint.h>

struct dataset;
struct err;

#define LEAK_AHEAD 8u           /* rows looked ahead */
#define LEAK_BACK 200u          /* and back */
#define LEAK_ROWS 200000u       /* of the dataset at most, by whole series */

struct leak {
	uint32_t column;
	uint32_t ahead;         /* of the value forecast, in rows of its series */
	double future, past;    /* squared correlations: with that value, with the past's best */
};

/* One for each suspect column, in their order: ret[n_columns]; how many, or -ENOMEM. */
int leak_find(const struct dataset *d, struct leak *ret, struct err *e);

#endif
