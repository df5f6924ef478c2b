/* log_run.h - what the commands over whole files share: a run, set up and printed.
 *
 * Owner: main.
 */
#ifndef MAIN_LOG_RUN_H
#define MAIN_LOG_RUN_H

#include <stdint.h>

#include "engine/run.h"

struct err;
struct options;

/* path: the files; o is borrowed by ret, which says on stderr what it guesses. */
void log_run_options(const struct options *o, const char *const *path, uint32_t n_paths,
	struct run_options *ret);
/* The alerts of a run, to standard output. */
void log_run_rows(const struct run *r, const struct options *o);
/* On stderr: rejected rows, notes, unusable files. The exit code. */
int log_run_report(const struct run *r, const struct options *o);

#endif
