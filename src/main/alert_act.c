#include "main/alert_act.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/store.h"
#include "alert/triage.h"
#include "base/clock.h"
#include "base/err.h"
#include "main/author.h"
#include "main/option.h"

#define ID_DIGITS 16            /* of base 16 */
#define ACTS_MAX 3              /* a state, a label, a note */

bool alert_act_is_asked(const struct options *o)
{
	return o->ack || o->unack || o->shelve_ms || o->label || o->note;
}

static bool is_id(const char *word)
{
	return strlen(word) == ID_DIGITS && strspn(word, "0123456789abcdef") == ID_DIGITS;
}

static bool are_ids(const struct options *o)
{
	if (!o->n_operands)
		fprintf(stderr, "veer alerts: which alerts? Their ids are needed\n");
	for (uint32_t i = 0; i < o->n_operands; i++)
		if (!is_id(o->operand[i])) {
			fprintf(stderr,
				"veer alerts: \"%s\" is not the id of an alert, %d digits of 0 to "
				"9 and a to f\n", o->operand[i], ID_DIGITS);
			return false;
		}
	return o->n_operands > 0;
}

static unsigned label_of(const char *word)
{
	unsigned label = LABEL_NONE;

	while (label + 1 < LABEL_N && strcmp(label_name[label], word) != 0)
		label++;
	return label;
}

/* What is asked of each alert, but for its id; how many acts that is. A note goes with a label. */
static unsigned acts_of(const struct options *o, const char *author, struct triage_act act[])
{
	struct triage_act by = { .author = author, .time_ms = clock_utc_ms(&o->clock) };
	struct triage_act note = by;
	bool is_why = o->label && strcmp(o->label, label_name[LABEL_NONE]) != 0;
	unsigned n = 0;

	note.text = o->note;
	note.len = o->note ? strlen(o->note) : 0;
	if (o->ack || o->unack || o->shelve_ms) {
		act[n] = by;
		act[n].field = TRIAGE_STATE;
		act[n].value = o->ack ? TRIAGE_ACKNOWLEDGED
			: o->unack ? TRIAGE_NEW : TRIAGE_SHELVED;
		act[n++].until_ms = o->shelve_ms ? by.time_ms + o->shelve_ms : 0;
	}
	if (o->label) {
		act[n] = is_why ? note : by;
		act[n].field = TRIAGE_LABEL;
		act[n++].value = label_of(o->label);
	}
	if (o->note && !is_why) {
		act[n] = note;
		act[n++].field = TRIAGE_NOTE;
	}
	return n;
}

static int do_all(struct store *s, const struct options *o, struct err *e)
{
	struct triage_act act[ACTS_MAX], back;
	char author[TRIAGE_AUTHOR_MAX];
	unsigned n = acts_of(o, author_name(author), act);
	int code = store_begin(s, e);

	for (uint32_t i = 0; code == 0 && i < n * o->n_operands; i++) {
		struct triage_act *a = &act[i % n];

		a->alert_id = strtoull(o->operand[i / n], NULL, 16);
		code = triage_do(s, a, &back, e);
		triage_done(&back);
	}
	return code ? code : store_commit(s, e);
}

/* Closing rolls back what was not committed. */
int alert_act(const struct options *o, const char *db)
{
	struct err e = {0};
	struct store *s;
	int code;

	if (!are_ids(o))
		return EXIT_USAGE;
	s = store_open_existing(db, &e);
	code = s ? do_all(s, o, &e) : e.code;
	store_close(s);
	if (code < 0)
		fprintf(stderr, "veer alerts: %s%s\n", e.text,
			code == -ENOENT && o->n_operands > 1 ? "; nothing was changed" : "");
	return code < 0 ? EXIT_FAILED : EXIT_OK;
}
