/* run_series.h - detection over plain series: changes of level in each (detect/level.h). */
#ifndef ENGINE_RUN_SERIES_H
#define ENGINE_RUN_SERIES_H

#include <stdbool.h>

struct err;
struct run;
struct run_options;
struct run_progress;

/* Whether the log is of that format, series,time,value. */
bool run_is_series(const struct run_options *o);
/* Alerts of a loaded history, sorted; -ECANCELED: p->load.stop was set. */
int run_series(struct run *r, const struct run_options *o, struct run_progress *p, struct err *e);

#endif
