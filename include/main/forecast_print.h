/* forecast_print.h - channel `forecast` of a model, and of its training, on standard output.
 *
 * Owner: main.
 */
#ifndef MAIN_FORECAST_PRINT_H
#define MAIN_FORECAST_PRINT_H

struct forecast_model;
struct forecast_report;

/* Error of each forecaster judged, beside the naive ones, and which is kept. */
void forecast_print_figures(const struct forecast_model *m);
/* What was found on the way: warnings, importance, a network's learning curve. */
void forecast_print_report(const struct forecast_model *m, const struct forecast_report *r);
/* For `veer model show`. */
void forecast_print_model(const struct forecast_model *m);

#endif
