#include "ui/who.h"

#include <stdio.h>
#include <string.h>

#include "base/dict.h"
#include "ingest/names.h"
#include "ui/mask.h"
#include "ui/ui.h"

#define NEAR_MAX 4              /* ids that a message names */

static uint32_t find_mask(const struct ui *u, const char *mask)
{
	char shown[UI_NAME_MAX];
	uint32_t i;

	for (i = 0; i < u->snap->users; i++)
		if (strcmp(ui_user_id(u, i, shown), mask) == 0)
			return i;
	return DICT_NONE;
}

static uint32_t find_name(const struct ui *u, const char *name)
{
	const char *id = names_id(u->feed->names, name);

	return dict_find(u->feed->ids->user, id, strlen(id));
}

/* " (1000417, 1000418)": ids that begin so; a masked screen names none. */
static void list_near(const struct ui *u, const char *id, char *buf, size_t cap)
{
	unsigned n = 0;
	uint32_t i;

	*buf = 0;
	for (i = 0; !u->is_masked && i < u->snap->users && n < NEAR_MAX; i++) {
		char shown[UI_NAME_MAX];

		if (strncmp(ui_user_id(u, i, shown), id, strlen(id)) != 0)
			continue;
		snprintf(buf + strlen(buf), cap - strlen(buf), "%s%s", n++ ? ", " : ": ",
			ui_brief(shown, 24));
	}
}

uint32_t who_find(struct ui *u, const char *id)
{
	uint32_t user = dict_find(u->feed->ids->user, id, strlen(id));
	char near[128];

	if (user == DICT_NONE)
		user = u->is_masked ? find_mask(u, id) : find_name(u, id);
	if (user != DICT_NONE)
		return user;
	list_near(u, id, near, sizeof near);
	if (*near)
		ui_say(u, true, "no user \"%s\"; there are some that begin so%s", id, near);
	else
		ui_say(u, true, "no user \"%s\": type a whole id, as it stands in the log", id);
	return DICT_NONE;
}

static void told(struct ui *u, const char *text)
{
	uint32_t user = *text ? who_find(u, text) : DICT_NONE;

	if (user == DICT_NONE)
		return;
	u->user.user = user;
	u->user.window = (struct pane_window){ 0 };
	ui_go(u, VIEW_USER);
	view_user.follow(u, true);
}

void who_ask(struct ui *u, int unused)
{
	static const struct prompt_ops ops = {
		.label = "user: ", .hint = "an id or a name", .done = told, .is_kept = true };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}
