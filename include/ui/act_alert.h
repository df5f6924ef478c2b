/* act_alert.h - what the commands of the key table do with alerts.
 *
 * They act on the marked alerts, and where none is, on the one under the cursor; in USER on the
 * newest alert up to the cursor. What is done is held on to from the first key on: rows that move
 * meanwhile do not matter.
 */
#ifndef UI_ACT_ALERT_H
#define UI_ACT_ALERT_H

struct ui;

void act_acknowledge(struct ui *u, int unused);
void act_acknowledge_all(struct ui *u, int unused);     /* of the list, when told to */
void act_note(struct ui *u, int unused);
void act_shelve(struct ui *u, int unused);
void act_label(struct ui *u, int label);                /* enum label */
void act_undo(struct ui *u, int unused);
void act_mark(struct ui *u, int unused);                /* or not any more */
void act_export(struct ui *u, int unused);

#endif
