#include "ui/mask.h"

#include "alert/store.h"
#include "base/err.h"
#include "ui/ui.h"

void mask_init(struct ui *u)
{
	pseudonym_new_key(&u->mask_key);
}

/* The store is there once the log was read; no user is shown before. */
void mask_look(struct ui *u)
{
	struct pseudonym_key key;
	struct err e = { 0 };
	struct store *s;

	if (!u->is_masked || u->has_mask_key || !ui_is_loaded(u))
		return;
	u->has_mask_key = true;
	if (!u->feed->db)
		return;
	s = store_open_read(u->feed->db, &e);
	if (s && store_get_mask_key(s, &key, &e) == 0)
		u->mask_key = key;
	else
		ui_say(u, true, "masks are of this run alone: %s", e.text);
	store_close(s);
}

void mask_turn(struct ui *u, int unused)
{
	(void)unused;
	u->is_masked = !u->is_masked;
	hunt_again(u, 0);               /* the text may be of the user under the cursor */
	ui_say(u, false, u->is_masked ? "user ids are masked: y shows them again"
		: "user ids are shown");
	mask_look(u);
}

char *mask_id(const struct ui *u, const char *bytes, size_t len, char *buf)
{
	pseudonym_make(&u->mask_key, bytes, len, buf);
	return buf;
}
