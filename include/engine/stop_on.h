/* stop_on.h - the alerts at which a replay pauses by itself: rules, one of which is enough.
 *
 * "!!" (severe alerts; "!": high ones too; ".": any), "user ID", "category NAME" (either side),
 * "score>X", with commas between; "none" is no rule. An id or name that holds a comma stands in
 * double quotes. Plain data.
 */
#ifndef ENGINE_STOP_ON_H
#define ENGINE_STOP_ON_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct finding;
struct ids;
struct names;

#define STOP_ON_MAX 8
#define STOP_ON_TEXT 128
#define STOP_ON_FORMS "!!, user ID, category NAME, score>X, or none"

enum stop_kind { STOP_PRIORITY, STOP_USER, STOP_CATEGORY, STOP_SCORE };

struct stop_rule {
	enum stop_kind kind;
	char text[STOP_ON_TEXT];        /* "user 42", as it is shown */
	uint32_t id;                    /* of it, once bound */
	float score;
	unsigned priority;              /* from 0, ".", to 2, "!!" */
};

struct stop_on {
	struct stop_rule rule[STOP_ON_MAX];
	uint32_t n;
};

/* -EINVAL: it is no list of rules; s is left as it was. */
int stop_on_parse(struct stop_on *s, const char *text, struct err *e);
/* Ids, and names shown for them, become numbers. -EINVAL: the log has no such user or category. */
int stop_on_bind(struct stop_on *s, const struct ids *ids, const struct names *names,
	struct err *e);
/* The first rule that an alert meets, or NULL. */
const struct stop_rule *stop_on_match(const struct stop_on *s, const struct finding *f);

#endif
