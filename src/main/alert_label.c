#include "main/alert_label.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/store.h"
#include "base/clock.h"
#include "base/err.h"
#include "main/option.h"

#define ID_DIGITS 16            /* of base 16 */

static bool is_id(const char *word)
{
	return strlen(word) == ID_DIGITS && strspn(word, "0123456789abcdef") == ID_DIGITS;
}

static bool are_ids(const struct options *o)
{
	if (!o->n_operands)
		fprintf(stderr, "veer alerts: --label needs ids of alerts\n");
	for (uint32_t i = 0; i < o->n_operands; i++)
		if (!is_id(o->operand[i])) {
			fprintf(stderr,
				"veer alerts: \"%s\" is not the id of an alert, %d digits of 0 to "
				"9 and a to f\n", o->operand[i], ID_DIGITS);
			return false;
		}
	return o->n_operands > 0;
}

static struct store_label the_label(const struct options *o)
{
	struct store_label l = {
		.set_ms = clock_utc_ms(&o->clock),
		.note = o->note ? o->note : "",
		.note_len = o->note ? strlen(o->note) : 0,
	};

	while (strcmp(label_name[l.label], o->label) != 0)
		l.label++;
	return l;
}

static int set_all(struct store *s, const struct options *o, struct err *e)
{
	struct store_label l = the_label(o);
	int code = store_begin(s, e);

	for (uint32_t i = 0; code == 0 && i < o->n_operands; i++) {
		l.alert_id = strtoull(o->operand[i], NULL, 16);
		code = store_set_label(s, &l, e);
	}
	return code ? code : store_commit(s, e);
}

/* Closing rolls back what was not committed. */
int alert_label(const struct options *o, const char *db)
{
	struct err e = {0};
	struct store *s;
	int code;

	if (!are_ids(o))
		return EXIT_USAGE;
	s = store_open_existing(db, &e);
	code = s ? set_all(s, o, &e) : e.code;
	store_close(s);
	if (code < 0)
		fprintf(stderr, "veer alerts: %s%s\n", e.text,
			code == -ENOENT && o->n_operands > 1 ? "; nothing was changed" : "");
	return code < 0 ? EXIT_FAILED : EXIT_OK;
}
