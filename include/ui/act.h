/* act.h - what the commands of the key table do. */
#ifndef UI_ACT_H
#define UI_ACT_H

#include <stdint.h>

struct ui;

void act_move(struct ui *u, int how);           /* enum move */
void act_follow(struct ui *u, int on);
void act_hold(struct ui *u, int unused);        /* or follows again */
void act_open(struct ui *u, int unused);        /* what is under the cursor */
void act_adjust(struct ui *u, int what);          /* enum adjust of the view */
void act_go(struct ui *u, int view);            /* enum view_id */
void act_help(struct ui *u, int unused);
void act_view(struct ui *u, int view);          /* enum view_id */
void act_previous(struct ui *u, int unused);
void act_up(struct ui *u, int unused);
void act_quit(struct ui *u, int leaves_text);
void act_find(struct ui *u, int unused);
void act_find_again(struct ui *u, int direction);
void act_pause(struct ui *u, int unused);       /* or plays */
void act_speed(struct ui *u, int direction);
void act_step(struct ui *u, int direction);     /* to the next instant of anybody */
void act_step_user(struct ui *u, int direction);        /* of the user shown */
void act_alert(struct ui *u, int direction);
void act_goto(struct ui *u, int unused);
void act_seek(struct ui *u, int64_t ms);
void act_now(struct ui *u, int unused);
void act_stop_on(struct ui *u, int unused);
void act_save(struct ui *u, int unused);
void act_theme(struct ui *u, int unused);
void act_glyphs(struct ui *u, int unused);
void act_edit(struct ui *u, int how);           /* enum prompt_edit */
void act_turn(struct ui *u, int how);           /* enum prompt_turn */
void act_redraw(struct ui *u, int unused);
void act_suspend(struct ui *u, int unused);

#endif
