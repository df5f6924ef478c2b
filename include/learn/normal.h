/* normal.h - the normal equations of a least squares fit with an intercept, and their solutions.
 *
 * Sums of products around the means, by SYRK on blocks of rows in doubles. Blocks are cut and
 * added in an order that only the number of rows decides, so threads do not change a bit. OpenBLAS
 * is to run on one thread, which whoever starts sets once: openblas_set_num_threads(1).
 * Owner: whoever holds the struct; read-only while something solves.
 */
#ifndef LEARN_NORMAL_H
#define LEARN_NORMAL_H

#include <stdint.h>

struct dataset;
struct err;

#define NORMAL_WARNING_MAX 400

struct normal {
	double *mean;           /* [n_columns + 1], y last */
	double *gram;           /* [n_columns + 1][n_columns + 1], symmetric */
	uint32_t n_columns, n_rows;
	const char *const *name;        /* [n_columns], borrowed; NULL: they have none */
};

int normal_init(struct normal *s, uint32_t n_columns, struct err *e);
void normal_done(struct normal *s);

/* Those rows of a dataset, or its first n when row is NULL; they replace what was there. */
int normal_take(struct normal *s, const struct dataset *d, const uint32_t *row, uint32_t n,
	unsigned threads, struct err *e);
/* The same of rows in doubles, y last: xy[n][n_columns + 1]. */
int normal_take_doubles(struct normal *s, const double *xy, uint32_t n, struct err *e);

static inline double normal_at(const struct normal *s, uint32_t i, uint32_t k)
{
	return s->gram[(uint64_t)i * (s->n_columns + 1) + k];
}

/* Standard deviation of a column (n_columns: of y); 0 where floats could not tell it from none. */
double normal_deviation(const struct normal *s, uint32_t column);

struct normal_report {
	uint32_t rank;          /* with the intercept; 1 + n_columns when full */
	char warning[NORMAL_WARNING_MAX];       /* "", or which columns follow from which others */
};

/* theta[1 + n_columns], the intercept first: minimises RSS / 2n + ridge / 2 x |theta of the
 * standardised columns|^2, intercept free, by Cholesky. Without ridge and short of rank: of all
 * minima the one of least |theta|, intercept included, by LAPACK's GELSD; the report then warns.
 */
int normal_solve(const struct normal *s, double ridge, double *ret_theta,
	struct normal_report *ret, struct err *e);

/* Mean squared error of weights on the rows that s was made of. */
double normal_error(const struct normal *s, const double *theta);

#endif
