/* prompt.h - one line typed by a person, at the place of the status line. */
#ifndef UI_PROMPT_H
#define UI_PROMPT_H

#include <stdbool.h>

struct term;
struct ui;

#define PROMPT_MAX 256

enum prompt_edit { PROMPT_DONE, PROMPT_CANCEL, PROMPT_ERASE, PROMPT_ERASE_WORD, PROMPT_ERASE_ALL };
enum prompt_turn { PROMPT_COMPLETE, PROMPT_OLDER, PROMPT_NEWER };

struct prompt_ops {
	const char *label;              /* "time: " */
	const char *hint;               /* shown behind while nothing is typed */
	void (*changed)(struct ui *u, const char *text);        /* after each key; may be NULL */
	void (*done)(struct ui *u, const char *text);           /* Enter */
	void (*cancelled)(struct ui *u);                        /* Esc; may be NULL */
	/* Tab, up and down; may be NULL: then these keys do nothing. */
	void (*turn)(struct ui *u, const char *text, enum prompt_turn how);
	/* What it shows on the lines above its own, up to line; may be NULL. */
	void (*above)(struct ui *u, int line);
	bool is_kept;                   /* stays open with its text when done() says an error */
};

struct prompt {
	const struct prompt_ops *ops;   /* NULL: closed */
	char text[PROMPT_MAX];          /* UTF-8 */
	unsigned len;
};

void prompt_open(struct prompt *p, const struct prompt_ops *ops);
void prompt_set(struct prompt *p, struct ui *u, const char *text);      /* cut at a character */
/* While it is open every key is the prompt's: those of the table edit, the rest is typed. */
void prompt_type(struct prompt *p, struct ui *u, int key);
void prompt_edit(struct prompt *p, struct ui *u, enum prompt_edit how);
void prompt_draw(const struct prompt *p, struct term *t, int line);

#endif
