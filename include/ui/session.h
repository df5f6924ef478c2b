/* session.h - where a person was, kept from one run to the next: view, filter, order, theme.
 *
 * A file a store, or a log, in the folder of what is kept; written when the console ends and taken
 * up when the data is there. One that makes no sense is told and ignored. Owner: the ui thread.
 */
#ifndef UI_SESSION_H
#define UI_SESSION_H

struct ui;

void session_look(struct ui *u);        /* takes it up once, when the data is there */
void session_keep(struct ui *u);        /* at the end; what is as at the start leaves no file */
void session_view(struct ui *u, int unused);     /* asks for a view by name, or to keep this one */
void session_forget(struct ui *u, int unused);  /* all as at the start */

#endif
