/* fit_lstm_parts.h - what the sources of fit_lstm share. */
#ifndef LEARN_FIT_LSTM_PARTS_H
#define LEARN_FIT_LSTM_PARTS_H

#include <stdatomic.h>

#include "learn/accel_module.h"
#include "learn/adam.h"
#include "learn/fit_lstm.h"
#include "learn/lstm_tape.h"

/* Checks the options against the rows and makes the network that learning starts from. NULL:
 * -EINVAL, -ENOMEM or -ERANGE is in e.
 */
struct lstm *fit_lstm_start(const struct fit_lstm *f, const struct dataset *train, struct err *e);

/* Threads that share a mini-batch, or the rows to validate on. */
struct lstm_crew {
	struct lstm_tape *tape;         /* [threads] */
	float *gradient;                /* [n_shards][n_weights]; the sum ends in the first */
	double *part;                   /* [n_parts]: squared errors of a shard, or of a chunk */
	uint64_t n_weights;
	uint32_t n_shards, n_parts;
	unsigned threads;
	/* The work at hand. */
	const struct lstm *m;
	struct tape_rows rows;
	atomic_uint next_thread, next_part;
};

/* One run of learning. */
struct course {
	struct fit_lstm *f;
	const struct dataset *train;
	struct lstm *m;
	float *best;            /* [n_weights] */
	double best_mse;
	uint32_t *order;        /* [n_rows] */
	uint32_t batch;
	uint64_t n_weights;
	void *pupil;            /* on a device; NULL: threads and Adam here */
	struct lstm_crew crew;
	struct adam adam;
};

/* The device takes the course, when there is one: pupil is set. */
void course_enter(struct course *c);
void course_leave(struct course *c);
/* A mini-batch, and a step. -EIO: the device failed. */
int course_batch(struct course *c, struct accel_batch *b, struct err *e);
/* Brings the weights to c->m, and its error on the rows to validate on. -EIO as above. */
int course_judge(struct course *c, double *ret_mse, struct err *e);

/* For mini-batches of so many rows, and for n_valid rows to validate on. */
int lstm_crew_init(struct lstm_crew *c, const struct fit_lstm *f, const struct lstm_shape *s,
	uint32_t batch, struct err *e);
void lstm_crew_done(struct lstm_crew *c);

/* The summed squared error of the rows in standardised units; the gradient of their mean is in
 * c->gradient.
 */
double lstm_crew_gradient(struct lstm_crew *c, const struct lstm *m, struct tape_rows rows);
/* Mean squared error over a dataset in units of y^2; NAN when it is NULL. */
double lstm_crew_mse(struct lstm_crew *c, const struct lstm *m, const struct dataset *of);

#endif
