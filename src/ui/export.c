#include "ui/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert/store.h"
#include "base/err.h"
#include "base/text.h"
#include "ui/list.h"
#include "ui/ui.h"

#define ROW_MAX (1u << 20)

static int fault(const char *path, int code, struct err *e)
{
	return err_set(e, code, "could not export to \"%s\": %s", path, strerror(-code));
}

static bool form_of(const char *path, enum alert_form *ret)
{
	const char *dot = strrchr(path, '.');

	return dot && dot > path && alert_form_parse(dot + 1, ret);
}

/* The label, and the newest note. */
static void add_board(const struct ui *u, const struct alert *a, struct alert_words *w)
{
	const struct board_entry *e = board_find(&u->board, a->id);

	if (!e)
		return;
	if (e->label)
		w->label = label_name[e->label];
	if (e->note != BOARD_NONE) {
		w->note = u->board.note[e->note].text;
		w->note_len = strlen(w->note);
	}
}

static int put_alerts(struct ui *u, FILE *f, enum alert_form form)
{
	char mask[UI_NAME_MAX];
	struct text t;
	bool ok = true;
	uint32_t i;

	text_init(&t, ROW_MAX);
	alert_header_labelled(&t, form);
	for (i = 0; ok && i < list_all_n(u); i++) {
		const struct alert *a = feed_alert(u->feed, list_all_at(u, i));
		struct alert_words w = { .state = board_word(board_state(u, list_all_at(u, i))) };

		add_board(u, a, &w);
		if (u->is_masked)
			w.user = ui_user_id(u, a->f.user, mask);
		alert_row_labelled(&t, form, a, u->feed->ids, &w);
		ok = !t.full && fwrite(t.s, 1, t.len, f) == t.len;
		text_clear(&t);
	}
	ok = ok && !t.full && fflush(f) == 0;
	text_done(&t);
	return ok ? 0 : errno ? -errno : -ENOMEM;
}

int export_file(struct ui *u, const char *path,
	int (*put)(struct ui *u, FILE *f, enum alert_form form), struct err *e)
{
	enum alert_form form;
	int fd, code;
	FILE *f;

	if (!form_of(path, &form))
		return err_set(e, -EINVAL, "could not export to \"%s\": type " EXPORT_FORMS, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return fault(path, -errno, e);
	errno = 0;
	code = put(u, f, form);
	if (fclose(f) != 0 && !code)
		code = -errno;
	if (!code)
		return 0;
	unlink(path);
	return fault(path, code, e);
}

int export_alerts(struct ui *u, const char *path, struct err *e)
{
	return export_file(u, path, put_alerts, e);
}
