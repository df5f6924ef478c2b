#include "base/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8

#include <errno.h>
#include <pcre2.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

#define STEPS_MAX 10000u
#define MEMORY_MAX_KIB 1024u

void pattern_done(struct pattern *p)
{
	pcre2_match_data_free(p->match);
	pcre2_match_context_free(p->limits);
	pcre2_code_free(p->code);
	*p = (struct pattern){ 0 };
}

/* Where the fault is, in characters from 1; the text behind shows it. */
static int fault(const char *text, int number, size_t at, struct err *e)
{
	PCRE2_UCHAR why[160];
	size_t len = strlen(text), i;
	unsigned character = 1;

	for (i = 0; i < at && i < len; i++)
		character += ((unsigned char)text[i] & 0xc0) != 0x80;
	if (pcre2_get_error_message(number, why, sizeof why) < 0)
		memcpy(why, "not a pattern", sizeof "not a pattern");
	if (at >= len)
		return err_set(e, -EINVAL, "\"%s\" is no pattern: %s, at its end", text,
			(const char *)why);
	return err_set(e, -EINVAL, "\"%s\" is no pattern: %s, at character %u: \"%s\"", text,
		(const char *)why, character, text + at);
}

int pattern_make(struct pattern *p, const char *text, struct err *e)
{
	int number = 0;
	size_t at = 0;

	*p = (struct pattern){ 0 };
	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
		PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &number, &at, NULL);
	if (!p->code)
		return fault(text, number, at, e);
	p->match = pcre2_match_data_create(1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (!p->match || !p->limits) {
		pattern_done(p);
		return err_set(e, -ENOMEM, "could not use \"%s\": out of memory", text);
	}
	pcre2_set_match_limit(p->limits, STEPS_MAX);
	pcre2_set_heap_limit(p->limits, MEMORY_MAX_KIB);
	pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);         /* without it, only slower */
	return 0;
}

bool pattern_is_in(const struct pattern *p, const char *s, size_t len)
{
	return pcre2_match(p->code, (PCRE2_SPTR)s, len, 0, 0, p->match, p->limits) >= 0;
}
