/* forecaster.h - what tells a user's next step from the steps before it: one of several kinds.
 *
 * A row is made of the features of the newest step, or, for a network that reads steps one after
 * the other, of those of each step of a window, oldest first. Owner: whoever holds the struct;
 * read-only once made, any thread.
 */
#ifndef MODEL_FORECASTER_H
#define MODEL_FORECASTER_H

#include <stddef.h>
#include <stdint.h>

#include "model/feature.h"
#include "model/forest.h"
#include "model/linear.h"

struct err;
struct lstm;
struct packer;

#define FORECASTER_STEPS 32u            /* that a window may have */
#define FORECASTER_COLUMNS_MAX 1024u

enum forecaster_kind { FORECASTER_NONE, FORECASTER_LINEAR, FORECASTER_FOREST, FORECASTER_LSTM,
	FORECASTER_N };

extern const char *const forecaster_name[FORECASTER_N]; /* "none" "ar" "forest" "lstm" */

struct forecaster {
	enum forecaster_kind kind;
	struct feature_set features;    /* of one step; forecast one step ahead */
	uint32_t steps;                 /* of the window whose features make a row */
	struct linear linear;           /* that of the kind is set, and owned */
	struct forest forest;
	struct lstm *lstm;
};

void forecaster_done(struct forecaster *f);

static inline uint32_t forecaster_columns(const struct forecaster *f)
{
	return f->steps * f->features.n;
}

/* How many steps a row looks at. */
static inline uint32_t forecaster_window(const struct forecaster *f)
{
	return f->steps + f->features.n_steps - 1;
}

/* The row for the step that starts at target_ms: *newest ends there, and forecaster_window() - 1
 * cleaned steps stand before it.
 */
void forecaster_row(const struct forecaster *f, const struct observation *newest,
	int64_t target_ms, float *ret);
/* x: [n_rows][columns]. What is forecast is never below 0, nor above the cap of the value. */
void forecaster_predict(const struct forecaster *f, const float *x, uint32_t n_rows, float *ret);
/* That is how. */
void forecaster_bound(const struct forecaster *f, float *y, uint32_t n);

void forecaster_pack(const struct forecaster *f, struct packer *p);
/* All of the bytes. -EBADMSG: they are no forecaster, or one beyond the limits above; -ENOMEM. */
int forecaster_unpack(struct forecaster *f, const void *bytes, size_t len, struct err *e);

#endif
