#include "ui/needle.h"

#include <string.h>

#include "base/dict.h"
#include "base/mem.h"
#include "ui/ui.h"

void needle_init(struct needle *e, const struct ui *u, const char *text)
{
	uint32_t n = dict_size(u->feed->ids->category);

	*e = (struct needle){ .text = text, .category = n ? mem_get(n, 1) : NULL };
	e->n = e->category ? n : 0;
}

void needle_done(struct needle *e)
{
	mem_free(e->category);
	*e = (struct needle){ 0 };
}

static bool is_in_category(struct needle *e, const struct ui *u, uint32_t category)
{
	char buf[UI_NAME_MAX];
	bool is_in;

	if (category < e->n && e->category[category])
		return e->category[category] == 2;
	is_in = strcasestr(ui_category(u, category, buf), e->text);
	if (category < e->n)
		e->category[category] = (uint8_t)(1 + is_in);
	return is_in;
}

/* By the id, and by what is shown of it where that is something else; masked, by that alone. */
static bool is_in_user(const struct needle *e, const struct ui *u, uint32_t user)
{
	const char *id = dict_text(u->feed->ids->user, user, NULL);
	char shown[UI_NAME_MAX];

	return (!u->is_masked && strcasestr(id, e->text))
		|| (strcmp(ui_user(u, user, shown), id) != 0 && strcasestr(shown, e->text));
}

bool needle_is_in(struct needle *e, const struct ui *u, uint32_t alert)
{
	const struct finding *f = &feed_alert(u->feed, alert)->f;
	char from[ALERT_SIDE_MAX], to[ALERT_SIDE_MAX];

	if (is_in_user(e, u, f->user))
		return true;
	if (f->kind == KIND_INTEREST)
		return is_in_category(e, u, f->from) || is_in_category(e, u, f->to);
	alert_levels(f, from, to);
	return strcasestr(from, e->text) || strcasestr(to, e->text);
}
