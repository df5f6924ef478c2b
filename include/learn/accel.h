/* accel.h - a device that forecasts and learns for many rows at once, and the CPU where there is
 * none.
 *
 * "cuda" is a module (detect/module.h) that exports `accel_module` (accel_module.h). Linear
 * forecasts and a forest's are the CPU's bits; a network's lie within 1e-5 y_scale of them, as the
 * CPU's own do by the rows beside a row (model/lstm.h). So it serves what a model is made by
 * (validation, calibration, learning), and detection, whose alerts are the same everywhere, asks
 * model/forecaster.h. After any failure of the device the CPU does the work, and the notice tells
 * why. Owner: the thread that opened it; accel_predict() is for any thread, one after the other.
 */
#ifndef LEARN_ACCEL_H
#define LEARN_ACCEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct accel_ops;
struct forecaster;

struct accel {
	const struct accel_ops *ops;
	void *module, *device;
	pthread_mutex_t turn;
	atomic_bool is_up;
	char notice[ERR_TEXT_MAX];
};

/* name: "cuda", or "auto" (NULL too), which takes what there is, or "cpu". *ret is NULL when no
 * module is to be used; the functions below take that.
 */
int accel_open(struct accel **ret, const char *name, struct err *e);
void accel_close(struct accel *a);
/* For doctor: whether module "cuda" computes networks, and by what, or why not. */
bool accel_networks(char *ret, size_t cap);
bool accel_is_up(const struct accel *a);
/* The device failed, for the reason given: it is not asked again. */
void accel_lose(struct accel *a, const struct err *why);
/* Why the CPU does what the device might have done, or "". */
const char *accel_notice(const struct accel *a);

/* A forecaster, borrowed, and its copy on the device. */
struct accel_forecaster {
	struct accel *a;
	const struct forecaster *f;
	void *held;             /* NULL: the CPU predicts */
};

void accel_hold(struct accel_forecaster *h, struct accel *a, const struct forecaster *f);
void accel_drop(struct accel_forecaster *h);
/* As forecaster_predict(); try: false, the CPU is to do it. */
bool accel_try(const struct accel_forecaster *h, const float *x, uint32_t n_rows, float *ret);
void accel_predict(const struct accel_forecaster *h, const float *x, uint32_t n_rows, float *ret);

#endif
