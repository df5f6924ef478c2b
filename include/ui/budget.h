/* budget.h - another budget tried in a replay: asking for one, and showing what came of it. */
#ifndef UI_BUDGET_H
#define UI_BUDGET_H

struct parts;
struct ui;

void budget_ask(struct ui *u, int unused);
void budget_end(struct ui *u, int unused);      /* while its alerts are being found */
/* When the alerts are others: forgets all that was kept of them by number, and says how many. */
void budget_look(struct ui *u);
/* "WHAT IF 5/day" while it lasts. */
void budget_add(const struct ui *u, struct parts *p);

#endif
