/* read_log.h - a log read whole, for benches of what is learnt from it. */
#ifndef TESTS_BENCH_READ_LOG_H
#define TESTS_BENCH_READ_LOG_H

struct run;

/* In UTC, without detecting; ends the bench where it cannot be read. The caller ends it with
 * run_done().
 */
void read_log(struct run *r, const char *path);

#endif
