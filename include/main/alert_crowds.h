/* alert_crowds.h - `veer alerts --crowds`: the crowd incidents among the alerts of a store.
 *
 * Owner: main.
 */
#ifndef MAIN_ALERT_CROWDS_H
#define MAIN_ALERT_CROWDS_H

#include <stdbool.h>

struct options;

/* is_table: in columns for people, else rows of o->form. The exit code. */
int alert_crowds(const struct options *o, const char *db, bool is_table);

#endif
