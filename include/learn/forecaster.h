/* forecaster.h - a way to learn from rows and to predict, as a table of functions.
 *
 * What validates, searches and selects knows no more of a forecaster than this. ctx is what its
 * fit is set up with (its options); it is borrowed and never changed. A model is owned by who
 * asked for it, and read-only: any number of threads may predict with it at once. What is
 * predicted of a row depends on that row alone (of an LSTM's, all but the last bits).
 */
#ifndef LEARN_FORECASTER_H
#define LEARN_FORECASTER_H

#include <stdint.h>

struct dataset;
struct err;

struct forecaster_ops {
	const char *name;
	int (*fit)(void *ctx, const struct dataset *train, void **ret_model, struct err *e);
	/* x: [n_rows][columns of train]; ret: [n_rows] */
	void (*predict)(const void *model, const float *x, uint32_t n_rows, float *ret);
	void (*free)(void *model);              /* takes NULL */
	/* For rows of these series; NULL: it does not tell series apart. */
	void (*predict_each)(const void *model, const uint32_t *series, const float *x,
		uint32_t n_rows, float *ret);
};

/* ctx of their fit: a struct linear_options, fit_forest_options or fit_lstm, of the headers of
 * those names.
 */
extern const struct forecaster_ops forecaster_linear, forecaster_forest, forecaster_lstm;
/* By its name; NULL: there is none. */
const struct forecaster_ops *forecaster_of(const char *name);

#endif
