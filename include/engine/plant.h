/* plant.h - who changes interest in a generated log, when and how; and the truth about it
 * afterwards.
 *
 * A tenth of the users, all with enough sessions to be noticed, take on another person's taste:
 * fully at once, in every second session, or blending over days. When they come and how long they
 * stay is theirs throughout. The plan is a pure function of (seed, user); the truth is counted
 * from the events.
 */
#ifndef ENGINE_PLANT_H
#define ENGINE_PLANT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct generate;
struct generated;
struct truth;

enum plant_shape { PLANT_FULL, PLANT_PARTIAL, PLANT_BLEND, PLANT_N };

struct plant {
	enum plant_shape shape;
	uint32_t donor;                 /* the user whose taste is taken on */
	double at_hour, over_hours;     /* the change begins, and takes so long */
};

struct plant_scene {                    /* what a plan depends on beside the user */
	uint64_t key;
	uint32_t n_users;
	double hours;                   /* the log's expected span */
};

/* False: this user keeps to the own taste. sessions: how many the user may be expected to have. */
bool plant_plan(const struct plant_scene *s, uint32_t user, double sessions, struct plant *ret);
/* How likely a session that starts then is in the other taste. */
double plant_share(const struct plant *p, double hour);

struct truth *truth_new(const struct generate *g, struct err *e);
void truth_free(struct truth *t);
int truth_take(struct truth *t, const struct generated *ev, uint32_t n, struct err *e);
/* A csv of user,kind,split,t_change,idx_change,n_pre,n_post,rate_ratio,js,js_self,donor,shape. kind
 * is "splice" (changed) or "null"; a changed user with fewer than 10 events on a side has no row.
 * js_self compares the halves of what came before the change.
 */
int truth_write(struct truth *t, FILE *to, struct err *e);

#endif
