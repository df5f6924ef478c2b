/* view_users.h - USERS, opened on what a person picked of the population, or on a crowd. */
#ifndef UI_VIEW_USERS_H
#define UI_VIEW_USERS_H

struct crowd;
struct crowds;
struct population_options;
struct population_pick;
struct ui;

/* The users of the pick as of the table it was made in. */
void users_open(struct ui *u, const struct population_pick *pick,
	const struct population_options *o);
/* The alerts of a crowd of crowds. */
void users_open_crowd(struct ui *u, const struct crowds *from, const struct crowd *crowd);

#endif
