/* train_print.h - the report of `veer train` on standard output.
 *
 * Owner: main.
 */
#ifndef MAIN_TRAIN_PRINT_H
#define MAIN_TRAIN_PRINT_H

#include <stdio.h>

struct forecast_report;
struct model;
struct model_learned;
struct train_report;

/* r NULL: nothing was to be trained; forecast NULL: no forecaster was. */
void train_print(const struct model *m, const struct train_report *r,
	const struct forecast_report *forecast);
/* "C 1, I 0.5, G 0.3, b 3, a 0.25" behind a name. */
void train_print_weights(const char *name, const struct model_learned *w);

#endif
