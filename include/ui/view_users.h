/* view_users.h - USERS, opened on what a person picked of the population. */
#ifndef UI_VIEW_USERS_H
#define UI_VIEW_USERS_H

struct population_options;
struct population_pick;
struct ui;

/* The users of the pick as of the table it was made in. */
void users_open(struct ui *u, const struct population_pick *pick,
	const struct population_options *o);

#endif
