/* editor.h - a few lines of text typed by a person, with a caret.
 *
 * UTF-8; lines end in '\n'. The caret is always at the start of a character. Owner: the ui thread.
 */
#ifndef UI_EDITOR_H
#define UI_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

#define EDITOR_MAX 8192

enum editor_move { EDITOR_LEFT, EDITOR_RIGHT, EDITOR_UP, EDITOR_DOWN, EDITOR_HOME, EDITOR_END };
enum editor_erase { EDITOR_BEFORE, EDITOR_UNDER, EDITOR_WORD, EDITOR_TO_START, EDITOR_TO_END };

struct editor {
	char text[EDITOR_MAX];
	size_t len, caret;      /* bytes */
};

void editor_set(struct editor *d, const char *text);    /* caret at the end; cut at a character */
/* False: it does not fit, or is no character to show (but '\n'). */
bool editor_type(struct editor *d, unsigned code);
/* Puts text in place of the bytes from `from` to the caret. */
bool editor_replace(struct editor *d, size_t from, const char *text);
bool editor_move(struct editor *d, enum editor_move how);       /* false: there is no way */
void editor_erase(struct editor *d, enum editor_erase what);
size_t editor_line_start(const struct editor *d, size_t at);
size_t editor_line_end(const struct editor *d, size_t at);
unsigned editor_n_lines(const struct editor *d);

#endif
