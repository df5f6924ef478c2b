/* train_learned.h - the weights of channel `learned`, learnt from changes made of the log itself.
 *
 * Users of the log as they are and their shams are histories without a change; their splices
 * (learn/splice.h: 3 whole, 2 partial, 2 relabelled) are histories with one, from t* on. What
 * operators said of alerts joins in: a false one's history up to it has no change, a true one's has
 * one from its onset on. Each fold of users (model.h) is judged with parameters learnt from the
 * others. The result is a function of content and seed alone. DETECTION.md, channel 4.
 */
#ifndef LEARN_TRAIN_LEARNED_H
#define LEARN_TRAIN_LEARNED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

struct err;
struct history;
struct ids;
struct priors;

struct train_label {
	uint32_t user;
	int64_t onset_ms, time_ms;      /* of the alert */
	bool is_true;
};

enum train_choice {
	TRAIN_AUTO,             /* trained ones if they are better on users not learnt from */
	TRAIN_FIXED,
	TRAIN_TRAINED
};
/* By its name, one of auto, fixed, trained; NULL: other. */
enum train_choice train_choice_of(const char *name, enum train_choice other);

struct train_options {
	enum train_choice choice;
	uint64_t seed;
	const struct train_label *label;        /* borrowed */
	uint32_t n_labels;
};

/* Why the parameters in use are those. */
enum train_why {
	TRAIN_NOBODY,           /* nobody was ever at risk */
	TRAIN_SILENT,           /* the channel does not speak */
	TRAIN_TOO_FEW,          /* a fold lacks users to learn from or to judge by */
	TRAIN_ASKED,
	TRAIN_BETTER, TRAIN_NOT_BETTER, TRAIN_MISSES,
	TRAIN_STOPPED           /* before it was over; set by who asked for it */
};
extern const char *const train_why_text[];

enum { TRAIN_OF_FIXED, TRAIN_OF_TRAINED, TRAIN_SIDES };

/* Of users whom the parameters were not learnt from. */
struct train_fold {
	uint32_t n_users, n_changed;
	double loss[TRAIN_SIDES];       /* learn/train_loss.h */
	double recall[TRAIN_SIDES];     /* at the model's budget of false alarms */
};

struct train_report {
	bool kept;                      /* the trained ones are to be used */
	bool judged;                    /* the folds are set */
	enum train_why why;
	struct model_learned fixed, trained;
	uint32_t n_users, n_changed, n_labels;
	struct train_fold fold[MODEL_FOLDS];
	/* Of trained over fixed: means over the folds and their standard errors. */
	double gain, gain_error;        /* loss, less is better */
	double more, more_error;        /* recall */
};

/* priors: of the model whose strengths and budget are set and whose parameters are the start. */
struct train_scope {
	const struct history *h;
	const struct ids *ids;
	const struct priors *priors;
	int64_t until_ms;
	unsigned threads;
	_Atomic uint32_t *ret_percent;  /* may be NULL, like stop */
	const atomic_bool *stop;
};

/* Too few users are no error: then the fixed ones stay. -ECANCELED, -ENOMEM. */
int train_learned(struct train_report *t, const struct train_scope *s,
	const struct train_options *o, struct err *e);

#endif
