/* learning_curve.h - a network's errors by epoch, as lines of text.
 *
 * In dots of braille a line is drawn solid for later rows and dotted for those learnt from; without
 * them an epoch has the letters v and t, and + for both. Owner: main.
 */
#ifndef MAIN_LEARNING_CURVE_H
#define MAIN_LEARNING_CURVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "learn/fit_lstm.h"

#define LEARNING_CURVE_LINES 13         /* that are printed */
#define LEARNING_CURVE_COLUMNS 60

struct learning_curve {
	const struct fit_lstm_epoch *epoch;
	uint32_t n, span;       /* epochs that there are, and that the axis has room for */
	uint32_t best;          /* is marked; 0: none */
	bool dots;
};

/* What locale and terminal can show. */
bool learning_curve_has_dots(void);
/* end: of each line, "\n" with whatever belongs before it. */
void learning_curve_print(const struct learning_curve *c, const char *end, FILE *to);

#endif
