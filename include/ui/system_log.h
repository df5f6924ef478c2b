/* system_log.h - what veer said, in SYSTEM: each notice with its level, all or those of a filter.
 *
 * Owner: the ui thread.
 */
#ifndef UI_SYSTEM_LOG_H
#define UI_SYSTEM_LOG_H

#include "base/notice.h"
#include "ui/term.h"

struct parts;
struct system_state;
struct ui;

enum ink system_notice_ink(enum notice_level level);
unsigned system_choose(struct system_state *s);         /* sets what is shown; how many */
void system_draw_notices(struct ui *u, int line, struct box b);
void system_draw_log(struct ui *u, struct box b);
void system_log_status(struct ui *u, struct parts *p);
void system_filter(struct ui *u, int unused);           /* asks for one */

#endif
