/* kept.h - how the console stands, as words: parts of a line in a config file, lines of the files
 * that sessions and views with names are kept in. One table names the parts of both.
 *
 * Owner: the ui thread; main reads lines before there is one.
 */
#ifndef UI_KEPT_H
#define UI_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/prompt.h"

struct err;

#define KEPT_WORD_MAX 16

struct kept {
	unsigned view, sort, is_inverted, is_off, order;
	unsigned window;                /* TABLES_WINDOWS: that of the start */
	char theme[KEPT_WORD_MAX], glyphs[KEPT_WORD_MAX];       /* "": those of the start */
	char filter[PROMPT_MAX];
	/* A session's alone. */
	int64_t at_ms;                  /* when it ended */
	uint64_t alert;                 /* under the cursor of a held list; 0: none */
	uint64_t log;                   /* of which clock_ms is a moment; 0: none is kept */
	int64_t clock_ms;
};

void kept_init(struct kept *k);         /* as at the start */
/* "population order=net window=7d filter=gift|toys"; a filter goes on to the end of the line.
 * -EINVAL: which part makes no sense, and what would.
 */
int kept_parse(struct kept *k, const char *line, struct err *e);
/* 1: read; 0: there is none; -1: it makes no sense. */
int kept_read(struct kept *k, const char *path);
/* A new file that then takes the place of the old one, which a failure leaves; errno says why. */
bool kept_write(const struct kept *k, const char *path);

#endif
