/* feature.h - the steps of one series as rows of features to forecast from.
 *
 * A row is a function of a window of steps, of the start of the step to be forecast and of the
 * set; of nothing else. So a live run, which holds a window, gets the floats that training got
 * from the whole series. A set is made for training (features, then caps and scales from training
 * rows alone), travels in the model, and is read-only afterwards: any thread.
 */
#ifndef MODEL_FEATURE_H
#define MODEL_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct packer;
struct unpacker;
struct zone;

#define FEATURE_MAX 128u                /* columns */
#define FEATURE_STEPS_MAX 1024u         /* of a window */
#define FEATURE_NAME_MAX 24u

enum observed { OBSERVED_VALUE, OBSERVED_VIEWS, OBSERVED_CARTS, OBSERVED_FAVOURITES,
	OBSERVED_BUYS, OBSERVED_N };

extern const char *const observed_name[OBSERVED_N];     /* "value" "views" ... */

/* One step of a series; a step without events has zeros. */
struct observation {
	int64_t start_ms;
	float at[OBSERVED_N];   /* the interest score, and counts */
	float price;            /* mean price in the step; NaN: unknown */
	bool abnormal;          /* set by feature_clean() */
};

/* What stands for a missing price: the training steps' mean or median; or what lies on the line
 * between the prices around the gap, as far as the window shows them. A gap that is still open
 * keeps the price before it, for the price after it is not known yet.
 */
enum feature_fill { FILL_MEAN, FILL_MEDIAN, FILL_LINE, FILL_N };

/* The most that counts as a person's doing (bots, double fires do more), from the training steps
 * that are not zero: a quantile; or median + parameter x 1.4826 MAD, with the mean deviation in
 * the place of a MAD of 0 (Iglewicz, Hoaglin 1993).
 */
enum feature_cap { CAP_NONE, CAP_QUANTILE, CAP_MAD, CAP_N };

/* To mean 0 and variance 1, or to 0 .. 1, over the training rows; a constant column becomes 0. */
enum feature_scale { SCALE_NONE, SCALE_STANDARD, SCALE_RANGE, SCALE_N };

struct feature {
	uint16_t kind;          /* row of the table in feature.c */
	uint16_t k;             /* its number: a lag, a length in steps, a harmonic */
};

struct feature_set {
	struct feature feature[FEATURE_MAX];
	uint32_t n;
	uint32_t n_steps;       /* of the window */
	uint32_t horizon;       /* steps from the newest of the window to the one forecast: 1 .. */
	enum feature_fill fill;
	enum feature_cap cap_rule;
	bool rejects;           /* what is above a cap is left out of training, instead of capped */
	float cap[OBSERVED_N];  /* INFINITY: none */
	float price_mean, price_median;
	enum feature_scale scaling;
	float shift[FEATURE_MAX], scale[FEATURE_MAX];   /* (x - shift) * scale */
};

/* What was found abnormal, by what was observed, and the rows that were left out for it. */
struct feature_tally {
	uint64_t n_steps;
	uint64_t abnormal[OBSERVED_N];
	uint64_t n_rejected;
};

/* A list such as "lag1-7,mean28,day_sin,day_cos": a name, then a number or a range, 1 when there
 * is none. -EINVAL with a reason. No caps, no scales, fill by median.
 */
int feature_init(struct feature_set *s, const char *list, uint32_t horizon, struct err *e);
extern const char feature_default[];
/* "lag1"; buf holds FEATURE_NAME_MAX. */
const char *feature_name(const struct feature_set *s, uint32_t i, char *buf);
/* Keeps those columns, in that order, with their scales. */
void feature_keep(struct feature_set *s, const uint32_t *column, uint32_t n);
/* The names there are, and what each means; NULL beyond the last. */
const char *feature_kind(uint32_t i, const char **ret_help);

/* Caps and prices from training steps, not cleaned yet. parameter: the quantile, or how many
 * deviations.
 */
int feature_fit_caps(struct feature_set *s, enum feature_cap rule, double parameter,
	const struct observation *o, uint32_t n, struct err *e);
/* Marks and caps in place; what is no number becomes 0 and is counted with the abnormal. */
void feature_clean(const struct feature_set *s, struct observation *o, uint32_t n,
	struct feature_tally *t);
/* Scales from training rows: raw[n_rows][s->n], as they are without. */
void feature_fit_scale(struct feature_set *s, enum feature_scale scaling, const float *raw,
	uint32_t n_rows);
void feature_scale(const struct feature_set *s, float *x, uint32_t n_rows);

/* The row of the window that ends at *newest, which n_steps - 1 cleaned steps stand before;
 * target_ms: start of the step to be forecast. Scaled, when the set is. zone may be NULL: UTC.
 */
void feature_row(const struct feature_set *s, const struct zone *zone,
	const struct observation *newest, int64_t target_ms, float *ret);

/* Where the rows of a series go: room for feature_n_rows(). */
struct feature_rows {
	float *x, *y;
	int64_t *time_ms, *known_ms;    /* as in learn/dataset.h */
};
uint32_t feature_n_rows(const struct feature_set *s, uint32_t n_steps);
/* Every row of a cleaned series, in order; how many, fewer where the set rejects. tally may be
 * NULL.
 */
uint32_t feature_rows(const struct feature_set *s, const struct zone *zone,
	const struct observation *o, uint32_t n, const struct feature_rows *ret,
	struct feature_tally *t);

void feature_pack(const struct feature_set *s, struct packer *p);
/* -EBADMSG: cut short, or not a set of features. */
int feature_unpack(struct feature_set *s, struct unpacker *u, struct err *e);

#endif
