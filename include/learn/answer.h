/* answer.h - the known answers of a log with planted changes: truth.csv, as tools/splice.py writes
 * it.
 *
 * One row a user. kind: splice (changed at t_change), null, or sham, which counts as null. Half of
 * the users are dev, on whom thresholds are chosen, half test, on whom recall is counted.
 */
#ifndef LEARN_ANSWER_H
#define LEARN_ANSWER_H

#include <stdint.h>

struct err;
struct ids;

enum answer_kind { ANSWER_NULL, ANSWER_SPLICE, ANSWER_SHAM, ANSWER_KINDS };
enum answer_split { ANSWER_DEV, ANSWER_TEST, ANSWER_SPLITS };
extern const char *const answer_kind_name[ANSWER_KINDS], *const answer_split_name[ANSWER_SPLITS];

struct answer {
	uint32_t user, donor;           /* donor DICT_NONE: none */
	enum answer_kind kind;
	enum answer_split split;
	int64_t change_ms;              /* 0 where nothing changes */
	uint32_t first_new;             /* index of the first new event */
	uint32_t n_pre, n_post;
	double rate_ratio;              /* NaN: none, here and below */
	double js, js_self;             /* bits, four decimals: before against after; against own */
};

struct answers {
	struct answer *row;             /* by the bytes of the user's id */
	uint32_t n, cap;
};

/* Users that the log does not have are left out. -EINVAL names line and reason. */
int answers_read(struct answers *a, const char *path, const struct ids *ids, struct err *e);
int answers_write(const struct answers *a, const char *path, const struct ids *ids, struct err *e);
int answers_add(struct answers *a, const struct answer *row, struct err *e);
void answers_sort(struct answers *a, const struct ids *ids);
void answers_done(struct answers *a);

#endif
