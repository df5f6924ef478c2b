/* tsan.h - long tests of what comes out, which the thread sanitizer makes ten times longer: their
 * threads are those of a shorter test beside them, which it does run.
 */
#ifndef TESTS_TSAN_H
#define TESTS_TSAN_H

#ifdef __SANITIZE_THREAD__
#define TSAN 1
#else
#define TSAN 0
#endif

/* The first line of such a test. */
#define SKIP_UNDER_TSAN() \
	do { \
		if (TSAN) { \
			print_message("# the build is instrumented\n"); \
			skip(); \
		} \
	} while (0)

#endif
