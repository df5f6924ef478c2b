/* accel_module.h - the table that a module which forecasts and learns on a device exports.
 *
 * The caller sees to it that one thread at a time is in any function of a device (accel.h).
 */
#ifndef LEARN_ACCEL_MODULE_H
#define LEARN_ACCEL_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dataset;
struct err;
struct forecaster;
struct lstm;

#define ACCEL_ABI 1u

/* What a network learns from; borrowed by learn() alone. */
struct accel_lesson {
	const struct lstm *start;
	const struct dataset *train, *valid;    /* valid: NULL, or some rows */
	uint32_t batch;         /* rows of the largest mini-batch */
	float clip;             /* as in fit_lstm.h */
};

struct accel_batch {
	const uint32_t *row;    /* of train */
	uint32_t n;
	float rate;
	double ret_sum;         /* of squared errors, standardised, before the step */
	double ret_length;      /* of the gradient before clipping; not finite: no step was made */
};

/* int: 0, or a negative errno with the reason; -ENOTSUP: networks cannot be computed here, all else
 * can.
 */
struct accel_ops {
	unsigned abi;
	const char *name;
	int (*open)(void **ret_device, struct err *e);
	void (*close)(void *device);
	/* Whether networks can be computed: by which library, or why not. */
	bool (*networks)(char *ret, size_t cap);

	int (*hold)(void *device, const struct forecaster *f, void **ret_held, struct err *e);
	/* As the kind's own predict: nothing is cut off at 0. */
	int (*predict)(void *held, const float *x, uint32_t n_rows, float *ret, struct err *e);
	void (*drop)(void *held);

	int (*learn)(void *device, const struct accel_lesson *l, void **ret_pupil, struct err *e);
	int (*batch)(void *pupil, struct accel_batch *b, struct err *e);
	/* The sum of squared errors over the rows to validate on, in units of y^2. */
	int (*judge)(void *pupil, double *ret, struct err *e);
	int (*weights)(void *pupil, float *ret, struct err *e);
	/* Of the last mini-batch's mean, before clipping: for tests. */
	int (*gradient)(void *pupil, float *ret, struct err *e);
	void (*leave)(void *pupil);
};

#endif
