/* crowd.h - crowd incidents: many users who turn to one category, or leave one, at about one time.
 *
 * A pure function of the alerts of interest: their order, and the numbers of users and categories,
 * do not matter. After each instant t the different users n with an alert to c (or from it) in
 * (t - W, t] are compared with the mean mu to be expected there, for W an hour and a day:
 *
 *   share = (k + .5) / (A + .5 (K + 1))            CONTRACT's share of a population
 *   mu    = share x max((A + 1) W / T, B / (1 - share))
 *   p     = P(N >= n),  N negative binomial of mean mu and shape s
 *   s     = k + .5, or where B decides 1 / (1 / (k + .5) + 1 / (B + .5))
 *
 * k and A count the alerts of c and of all categories up to t - W, each half as much for every week
 * since; T is that weighted time, K the categories seen by then, B the alerts of other categories
 * in the window. So c is taken to get its share of as many alerts as came before, or as the others
 * get right now, whichever are more: an hour in which all is busy is no crowd. The law is what a
 * Poisson count has whose mean is known by so many counts alone (Jeffreys' prior), so that a new
 * category, or a short past, asks for more. The window holds when n is at least CROWD_USERS and
 * CROWD_TIMES mu, c has at most CROWD_SHARE of all, and p times the looks of 30 days (one an alert,
 * side and W) is at most CROWD_LEVEL. Kulldorff et al. 2005, "A space-time permutation scan
 * statistic", expects from cases alone in the same way; of 40 logs or more without crowds, at 1 to
 * 1000 alerts a day to 1 to 1000 categories, .05 a month had one, and .15 where the hours of the
 * day differ as they do in a shop.
 *
 * An incident begins with the first alert of the window that holds first, takes in all to c from
 * then on, and is over when its W passes without holding; only alerts after that begin another.
 * After a week or two of staying, what was a crowd has become what is expected.
 *
 * Owner: the caller. Memory: about 120 bytes an alert, 170 a category.
 */
#ifndef ALERT_CROWD_H
#define ALERT_CROWD_H

#include <stddef.h>
#include <stdint.h>

struct dict;
struct finding;

#define CROWD_USERS 5
#define CROWD_TIMES 2
#define CROWD_LEVEL .01         /* false incidents in a calm month, were all looks independent */
#define CROWD_SHARE .5
#define CROWD_WINDOWS 2
#define CROWD_NONE UINT32_MAX

enum crowd_side { CROWD_TO, CROWD_FROM, CROWD_SIDES };

struct crowd {
	uint32_t category;
	enum crowd_side side;           /* of their alerts the category is */
	int64_t window_ms;              /* W */
	int64_t since_ms, open_ms;      /* its first alert, and the one that told */
	int64_t last_ms, until_ms;      /* its newest alert; over when nothing holds up to then */
	uint32_t users, alerts;
	uint32_t peak;                  /* n where the window was least to be expected */
	double expected, p, a_month;    /* mu and p there; p times the looks of 30 days */
	uint32_t other, n_other;        /* where most come from or go to, and how many; DICT_NONE */
	uint32_t first;                 /* entry */
};

struct crowd_watch;

struct crowds {
	const struct dict *names;
	struct crowd *crowd;            /* as they opened */
	uint32_t n, cap;
	uint32_t *of;                   /* by alert: its crowd (a CROWD_TO first), or CROWD_NONE */
	uint32_t n_alerts, cap_alerts;
	struct crowd_watch *w;          /* the inside */
};

/* Names are of the categories, for ties. */
void crowds_init(struct crowds *c, const struct dict *names);
void crowds_done(struct crowds *c);
/* Forgets all alerts. */
void crowds_clear(struct crowds *c);
/* Numbers alerts from 0 in the order they are added; -ENOMEM. */
int crowds_add(struct crowds *c, const struct finding *f);
/* Finds what there is among those added. Cheap for alerts later than those of the last time. */
int crowds_make(struct crowds *c);

/* The numbers of a crowd's alerts, in order of time: crowd->alerts of them. */
void crowds_members(const struct crowds *c, const struct crowd *crowd, uint32_t *ret);
/* In order of since, side and category. */
int crowds_cmp(const struct dict *names, const struct crowd *a, const struct crowd *b);
/* "once in 4,000 months" of a calm log; "less than once in 1,000,000 months". */
void crowds_rarity(const struct crowd *crowd, char *buf, size_t n);

/* P(N >= n) of a negative binomial law: a Poisson mean that is itself Gamma of that shape. */
double crowds_tail(uint32_t n, double mean, double shape);

#endif
