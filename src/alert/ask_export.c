#include "alert/ask_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

#define LINE_TEXT_MAX (4u << 20)

/* The fewest digits that read back as the same number; what is no number is empty, or null. */
static bool add_real(struct text *t, double v, const char *otherwise)
{
	char buf[40];
	int digits;

	if (!isfinite(v))
		return text_add(t, otherwise, strlen(otherwise));
	for (digits = 15; digits <= 17; digits++) {
		double back;

		snprintf(buf, sizeof buf, "%.*g", digits, v);
		if (sscanf(buf, "%lf", &back) == 1 && back >= v && back <= v)
			break;
	}
	return text_add(t, buf, strlen(buf));
}

static bool add_cell(struct text *t, const struct ask_answer *a, const struct ask_cell *c,
	enum alert_form form)
{
	const char *nothing = form == ALERT_CSV ? "" : "null";

	switch ((enum ask_type)c->type) {
	case ASK_INTEGER:
		return text_addf(t, "%" PRId64, c->integer);
	case ASK_REAL:
		return add_real(t, c->real, nothing);
	case ASK_TEXT:
	case ASK_BLOB:
		return form == ALERT_CSV ? text_add_csv(t, ask_bytes(a, c), c->len)
			: text_add_json(t, ask_bytes(a, c), c->len);
	default:
		return text_add(t, nothing, strlen(nothing));
	}
}

static bool add_csv(struct text *t, const struct ask_answer *a, uint32_t row, bool is_head)
{
	bool ok = true;
	unsigned i;

	for (i = 0; ok && i < a->n_columns; i++) {
		const char *name = ask_name(a, i);

		ok = (i == 0 || text_add(t, ",", 1))
			&& (is_head ? text_add_csv(t, name, strlen(name))
				: add_cell(t, a, ask_cell(a, row, i), ALERT_CSV));
	}
	return ok && text_add(t, "\n", 1);
}

static bool add_json(struct text *t, const struct ask_answer *a, uint32_t row)
{
	bool ok = text_add(t, "{", 1);
	unsigned i;

	for (i = 0; ok && i < a->n_columns; i++) {
		const char *name = ask_name(a, i);

		ok = (i == 0 || text_add(t, ",", 1)) && text_add_json(t, name, strlen(name))
			&& text_add(t, ":", 1) && add_cell(t, a, ask_cell(a, row, i), ALERT_JSONL);
	}
	return ok && text_add(t, "}\n", 2);
}

static int put(FILE *f, const struct ask_answer *a, enum alert_form form, struct text *t)
{
	bool ok = true;
	uint32_t i;

	if (form == ALERT_CSV)
		ok = add_csv(t, a, 0, true) && fwrite(t->s, 1, t->len, f) == t->len;
	for (i = 0; ok && i < a->n_rows; i++) {
		text_clear(t);
		if (!(form == ALERT_CSV ? add_csv(t, a, i, false) : add_json(t, a, i)))
			return -ENOMEM;
		ok = fwrite(t->s, 1, t->len, f) == t->len;
	}
	return ok && fflush(f) == 0 ? 0 : -errno;
}

int ask_write(const struct ask_answer *a, const char *path, enum alert_form form, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), code;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	struct text t;

	if (!f) {
		code = -errno;
		if (fd >= 0)
			close(fd);
		return code == -EEXIST
			? err_set(e, code, "\"%s\" is there already: type another name", path)
			: err_set(e, code, "could not write \"%s\": %s", path, strerror(-code));
	}
	text_init(&t, LINE_TEXT_MAX);
	code = put(f, a, form, &t);
	text_done(&t);
	if (fclose(f) != 0 && !code)
		code = -errno;
	if (!code)
		return 0;
	unlink(path);           /* half an answer would be taken for a whole one */
	return err_set(e, code, "could not write \"%s\": %s", path, strerror(-code));
}
