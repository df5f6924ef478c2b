/* harness.h - what the benches share: a clock, medians, logs to work on, children with their
 * costs.
 */
#ifndef TESTS_BENCH_HARNESS_H
#define TESTS_BENCH_HARNESS_H

#include <stddef.h>
#include <stdint.h>

#define HARNESS_RUNS 3

struct harness_cost {
	double wall_s, cpu_s;
	double peak_mb;
	int status;             /* exit code, or 128 + signal */
};

double harness_now_s(void);
double harness_median(double v[HARNESS_RUNS]);          /* sorts v */

/* The program under test: $VEER, or ./veer. */
const char *harness_veer(void);
/* Runs argv[0] with its output thrown away, and waits for it. */
struct harness_cost harness_run(const char *const argv[]);

/* A generated log in a temporary file, its path in ret_path; ends the bench when it cannot be made.
 * scale is read from the environment variable BENCH_SCALE (1).
 */
void harness_log(uint64_t n_events, char *ret_path, size_t cap);
/* The same of so many users: the fewer, the longer. */
void harness_long_log(uint64_t n_events, uint32_t n_users, char *ret_path, size_t cap);
double harness_scale(void);
void harness_die(const char *what);

#endif
