/* alert_label.h - `veer alerts --label`: what an operator says of alerts goes into their store.
 *
 * All of the alerts or none, in one transaction, beside a run that writes to the same store.
 * Owner: main.
 */
#ifndef MAIN_ALERT_LABEL_H
#define MAIN_ALERT_LABEL_H

struct options;

/* The operands are ids of alerts. The exit code. */
int alert_label(const struct options *o, const char *db);

#endif
