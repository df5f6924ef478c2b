/* export.h - what is shown in a new file, as rows for programs. */
#ifndef UI_EXPORT_H
#define UI_EXPORT_H

#include <stdio.h>

#include "alert/alert.h"

struct err;
struct ui;

#define EXPORT_FORMS "FILE.csv or FILE.jsonl"

/* Makes the file and has put write it; put returns 0 or a negative errno.
 * -EINVAL: another ending; -EEXIST and others: the file is there already, or cannot be written; no
 * part of it remains.
 */
int export_file(struct ui *u, const char *path,
	int (*put)(struct ui *u, FILE *f, enum alert_form form), struct err *e);

/* The alerts of LIVE's list in the order of the screen, with state, label, the newest note and,
 * when the screen is masked, users as it shows them.
 */
int export_alerts(struct ui *u, const char *path, struct err *e);

#endif
