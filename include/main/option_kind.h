/* option_kind.h - how the words given for options are read: one kind a type of value.
 *
 * Read-only. The text of a value is borrowed by the field it goes to.
 */
#ifndef MAIN_OPTION_KIND_H
#define MAIN_OPTION_KIND_H

#include <stdbool.h>

struct zone;

struct value {
	const char *word;
	void *to;                       /* the field, of the type that the kind expects */
	const char *const *words;       /* the values there are, ends in NULL; NULL: not so few */
	const struct zone *zone;        /* of times that name none */
};

struct option_kind {
	bool (*parse)(const struct value *v);   /* false: the word is not one of those accepted */
	const char *accepts;            /* goes on after "not "; NULL: the words do */
	bool late;                      /* looks at the zone, so it is read after the others */
};

extern const struct option_kind kind_flag, kind_text, kind_file, kind_one_of, kind_format,
	kind_form, kind_score, kind_count, kind_limit, kind_severity, kind_threads, kind_memory,
	kind_span, kind_shelf, kind_gap, kind_retain, kind_zone, kind_step, kind_from, kind_until,
	kind_budget, kind_budgets, kind_channels, kind_positive, kind_stop_on, kind_speed,
	kind_screen;

#endif
