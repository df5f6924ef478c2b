#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

/* Scrubbing never shortens, so a character cut at the end of RAW_MAX never reaches e->text. */
#define RAW_MAX (ERR_TEXT_MAX + 4)

int err_set(struct err *e, int code, const char *format, ...)
{
	char raw[RAW_MAX];
	va_list args;

	if (!e)
		return code;
	va_start(args, format);
	int n = vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(raw) ? (size_t)n : sizeof(raw) - 1;
	text_scrub(e->text, sizeof(e->text), raw, len);
	e->code = code;
	return code;
}

int err_wrap(struct err *e, const char *format, ...)
{
	char context[RAW_MAX];
	va_list args;

	if (!e)
		return -EINVAL;
	va_start(args, format);
	if (vsnprintf(context, sizeof(context), format, args) < 0)
		context[0] = '\0';
	va_end(args);
	return err_set(e, e->code, "%s: %s", context, e->text);
}
