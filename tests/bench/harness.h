/* harness.h - what the benches share: a clock, medians, logs to work on, children with their
 * costs.
 */
#ifndef TESTS_BENCH_HARNESS_H
#define TESTS_BENCH_HARNESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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
/* Where a real log is: in $SHARED/data, else in $VEER_DATA. */
void harness_data(const char *file, char *ret_path, size_t cap);

/* What others make of the same task, by the name of the program: processor seconds, and error. */
struct harness_peer {
	char name[32];
	double seconds, error;
};
/* peers.sh PEER ARGUMENTS FILE, and FILE is gone afterwards. How many there are; 0: this machine
 * has none, and has said so on standard error.
 */
int harness_peers(const char *peer, const char *arguments, const char *file,
	struct harness_peer *ret, int cap);
/* Both ratios to it, a line each. */
void harness_compare(const char *what, double seconds, double error, const struct harness_peer *to);
/* A new temporary file, its path in ret_path. */
FILE *harness_file(char *ret_path, size_t cap);
void harness_die(const char *what);

#endif
