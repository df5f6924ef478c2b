/* fit_lstm.h - an LSTM learns the next value of series from windows of the customer's own log.
 *
 * Mini-batches in an order drawn anew each epoch, back-propagation through time, Adam on the mean
 * squared error, and the weights of the epoch that was best on rows later in time (Prechelt 1998).
 * A mini-batch is cut into shards of FIT_LSTM_SHARD rows whose gradients are summed in a fixed
 * order, so a seed gives the same bits whatever the number of threads, on one kind of processor.
 * For that the caller sets OpenBLAS to one thread (openblas_set_num_threads(1)) beforehand. A
 * device takes the same mini-batches, each in one piece: the same bits in every run on it, and
 * other last bits than the CPU's. If it fails, learning begins anew on the CPU.
 */
#ifndef LEARN_FIT_LSTM_H
#define LEARN_FIT_LSTM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct accel;
struct dataset;
struct err;
struct lstm;

#define FIT_LSTM_SHARD 32u

struct fit_lstm_epoch {
	double train_mse;       /* mean over the epoch, of weights still moving; in units of y^2 */
	double valid_mse;       /* after it; NAN without rows to validate on */
	double longest;         /* the longest gradient before clipping, standardised */
	float rate;
};

struct fit_lstm {
	uint32_t layers, hidden, inputs;        /* the rows' columns / inputs = steps */
	uint32_t batch, epochs;
	uint32_t patience;              /* epochs without a better valid_mse that end it; 0: none */
	float rate, last_rate;          /* the latter after half a cosine; 0: the rate stays */
	float clip;                     /* longest gradient of a mini-batch; 0: any */
	float forget_bias;              /* added to the drawn biases of the forget gates */
	bool as_they_are;               /* columns and y are not standardised */
	uint64_t seed;
	unsigned threads;
	struct accel *accel;            /* a device to learn on; borrowed, or NULL */
	const struct lstm *from;        /* goes on from its weights and scales; borrowed, or NULL */
	const struct dataset *valid;    /* later rows, borrowed; NULL: the last epoch is the best */
	const atomic_bool *stop;        /* looked at for each mini-batch; may be NULL */
	atomic_uint *percent;           /* may be NULL; of all epochs */
	/* After each epoch, in the calling thread; may be NULL. */
	void (*progress)(void *ctx, uint32_t epoch, const struct fit_lstm_epoch *at);
	void *ctx;
	/* The learning curve, written by fit_lstm(); fit_lstm_done() frees it. */
	struct fit_lstm_epoch *curve;   /* [n_epochs] */
	uint32_t n_epochs;              /* that were finished */
	uint32_t best;                  /* 1 the first; 0: where it started from is not bettered */
	double start_mse;               /* valid_mse before any; NAN without rows */
};

/* batch 256, epochs 50, patience 5, rate .003, last_rate .0003, clip 1, forget_bias 1, threads 1,
 * 1 layer of 32.
 */
struct fit_lstm fit_lstm_default(uint32_t inputs);

/* The best network, to be freed by lstm_free(). 0; -ECANCELED with *ret_model the best so far, if
 * only the start; else NULL: -EINVAL (rows and options do not fit), -ENOMEM, -ERANGE (values or
 * the loss grew beyond floats).
 */
int fit_lstm(struct fit_lstm *f, const struct dataset *train, struct lstm **ret_model,
	struct err *e);
void fit_lstm_done(struct fit_lstm *f);

#endif
