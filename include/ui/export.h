/* export.h - the alerts of LIVE's list in a file, as rows for programs. */
#ifndef UI_EXPORT_H
#define UI_EXPORT_H

struct err;
struct ui;

#define EXPORT_FORMS "FILE.csv or FILE.jsonl"

/* In the order of the screen, with state, label, the newest note and, when the screen is masked,
 * users as it shows them.
 * -EINVAL: another ending; -EEXIST and others: the file is there already, or cannot be written; no
 * part of it remains.
 */
int export_alerts(struct ui *u, const char *path, struct err *e);

#endif
