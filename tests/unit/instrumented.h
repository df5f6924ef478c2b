/* instrumented.h - what a test cannot do under an instrument. */
#ifndef TESTS_INSTRUMENTED_H
#define TESTS_INSTRUMENTED_H

/* The thread sanitizer's runtime does not outlive a fork in which a fit starts anew. */
static inline void skip_under_thread_sanitizer(void)
{
#ifdef __SANITIZE_THREAD__
	print_message("# the build is instrumented\n");
	skip();
#endif
}

#endif
