#include "ui/marks.h"

#include <string.h>

#include "ui/act.h"
#include "ui/ui.h"

/* A letter that was typed, as a number; -1, with a word about it: it is none. */
static int letter_of(struct ui *u, const char *text)
{
	if (strlen(text) == 1 && *text >= 'a' && *text <= 'z')
		return *text - 'a';
	if (*text)
		ui_say(u, true, "\"%s\" is no mark: type a letter, a to z", text);
	return -1;
}

static void done_set(struct ui *u, const char *text)
{
	int i = letter_of(u, text);
	char time[UI_TIME_MAX];

	if (i < 0)
		return;
	u->marks.at_ms[i] = u->snap->data_ms;
	u->marks.set |= 1u << i;
	ui_say(u, false, "mark %c is at %s", 'a' + i, ui_time(u, u->snap->data_ms, time));
}

static void done_go(struct ui *u, const char *text)
{
	int i = letter_of(u, text);

	if (i < 0)
		return;
	if (u->marks.set >> i & 1)
		act_seek(u, u->marks.at_ms[i]);
	else
		ui_say(u, true, "there is no mark %c: m and a letter set one", 'a' + i);
}

/* The first character is the whole answer. */
static void typed(struct ui *u, const char *text)
{
	if (*text)
		prompt_edit(&u->prompt, u, PROMPT_DONE);
}

void marks_ask(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "mark this moment as: ",
		.hint = "a letter, a to z", .changed = typed, .done = done_set };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

void marks_ask_go(struct ui *u, int unused)
{
	static const struct prompt_ops ops = { .label = "go to mark: ",
		.hint = "its letter", .changed = typed, .done = done_go };

	(void)unused;
	prompt_open(&u->prompt, &ops);
}

void marks_draw(struct ui *u, int line, int column)
{
	int i;

	for (i = 0; i < MARKS_MAX; i++) {
		char letter[2] = { (char)('a' + i), 0 };

		if (u->marks.set >> i & 1 && u->marks.at_ms[i] >= u->bar.first_ms
		    && u->marks.at_ms[i] <= u->bar.last_ms)
			term_put(&u->term, line, column + bar_cell(&u->bar, u->marks.at_ms[i]), 1,
				INK_KEY, letter);
	}
}

void marks_add(const struct ui *u, struct parts *p, unsigned rank)
{
	char text[sizeof "marks" + 2 * MARKS_MAX] = "marks", *end = text + strlen(text);
	int i;

	for (i = 0; i < MARKS_MAX; i++)
		if (u->marks.set >> i & 1) {
			*end++ = ' ';
			*end++ = (char)('a' + i);
		}
	if (u->marks.set)
		parts_add(p, rank, INK_DIM, "%s", text);
}
