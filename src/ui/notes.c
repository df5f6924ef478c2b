#include "ui/notes.h"

#include "base/zone.h"
#include "ui/ui.h"

static void draw_note(struct ui *u, const struct board_note *note, struct box b)
{
	char time[UI_TIME_MAX];
	const char *author = note->author < u->board.n_authors ? u->board.author[note->author] : "";

	term_putf(&u->term, b.line, b.column, b.columns, INK_TEXT, "%s %s: %s",
		time_show(note->at_ms, u->feed->zone, "%m-%d %H:%M", time, sizeof time), author,
		note->text);
}

int notes_draw(struct ui *u, uint32_t user, struct box b, int label)
{
	uint32_t i = roll_newest(&u->roll, user, u->snap->n_alerts), k;
	struct box line = { b.line, b.column + label, 1, b.columns - label };
	int n = 0;

	if (b.lines < 1)
		return 0;
	for (; i != ROLL_NONE; i = u->roll.alert[i].before) {
		const struct board_entry *e = board_find(&u->board, feed_alert(u->feed, i)->id);

		for (k = e ? e->note : BOARD_NONE; k != BOARD_NONE; k = u->board.note[k].before) {
			if (u->board.note[k].is_withdrawn)
				continue;
			if (n == b.lines)
				return n;
			term_put(&u->term, b.line, b.column, label, INK_HEAD, " NOTES");
			line.line = b.line + n++;
			draw_note(u, &u->board.note[k], line);
		}
	}
	return n;
}
