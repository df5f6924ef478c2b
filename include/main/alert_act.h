/* alert_act.h - `veer alerts --ack`, --shelve, --label, --note: what an operator does with alerts.
 *
 * All that is asked of all alerts or nothing, in one transaction, beside a run that writes to the
 * same store. Owner: main.
 */
#ifndef MAIN_ALERT_ACT_H
#define MAIN_ALERT_ACT_H

#include <stdbool.h>

struct options;

/* One of these options is given: nothing is listed. */
bool alert_act_is_asked(const struct options *o);
/* The operands are ids of alerts. The exit code. */
int alert_act(const struct options *o, const char *db);

#endif
