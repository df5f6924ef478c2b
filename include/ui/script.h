/* script.h - keys and a clock from a file instead of a person, and screens as text.
 *
 * A line is one of: "key NAME" (as the help shows it), "keys CHARACTERS", "text CHARACTERS",
 * "clock +500ms" or "clock 2017-11-25T14:03:22Z", "size 80x24", "wait loaded", "wait answer",
 * "screen [NAME]", "attr [NAME]", or starts with "#". The clock stands but for what the script
 * says.
 */
#ifndef UI_SCRIPT_H
#define UI_SCRIPT_H

struct err;
struct ui;

/* -EINVAL: a line makes no sense; e names file and line. */
int script_run(struct ui *u, const char *path, struct err *e);

#endif
