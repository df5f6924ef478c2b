/* pattern.h - a regular expression that a person typed, tried on many texts.
 *
 * Perl's, without regard to case unless it says (?-i). A match that takes too long is none: no
 * pattern can stop the console. Owner: the caller; one thread at a time. The library's memory is
 * its own.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct pattern {
	struct pcre2_real_code_8 *code;         /* NULL: none */
	struct pcre2_real_match_data_8 *match;
	struct pcre2_real_match_context_8 *limits;
};

/* -EINVAL: what is wrong with it, and where. On failure p holds nothing. */
int pattern_make(struct pattern *p, const char *text, struct err *e);
void pattern_done(struct pattern *p);
/* Whether it is found somewhere in s; bytes that are no UTF-8 match nothing. */
bool pattern_is_in(const struct pattern *p, const char *s, size_t len);

#endif
