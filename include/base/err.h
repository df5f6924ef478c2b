/* err.h - what went wrong, for a person and for the caller.
 *
 * The caller owns the struct, usually on its stack; one thread uses it at a time. A function that
 * can fail takes it last, fills it once at the place that knows the reason, and returns the code.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_TEXT_MAX 512

struct err {
	int code;                 /* 0, or a negative errno */
	char text[ERR_TEXT_MAX];  /* lower case, no full stop, scrubbed of control characters */
};

/* Records a negative errno and a message, cut at ERR_TEXT_MAX; returns code. NULL is taken. */
int err_set(struct err *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " before the message already there; returns its code, -EINVAL for NULL. */
int err_wrap(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
