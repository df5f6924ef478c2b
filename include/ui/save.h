/* save.h - the screen in a file: as text, as HTML, or as a picture (SVG).
 *
 * Cells come from what was drawn, so texts are scrubbed already; here they are escaped for the
 * form. Pictures draw blocks, shades, braille and lines themselves and give each character its
 * place, so they look the same whatever fonts there are.
 */
#ifndef UI_SAVE_H
#define UI_SAVE_H

#include <stdbool.h>

struct err;
struct term;
struct text;

#define SAVE_FORMS "FILE.txt, FILE.html or FILE.svg"

/* The whole file's text, by the ending of path. -EINVAL: another ending; -ENOMEM. */
int save_text(const struct term *t, const char *path, struct text *ret, struct err *e);
/* -EEXIST and others: the file is there already, or cannot be written; no part of it remains. */
int save_screen(const struct term *t, const char *path, struct err *e);

#endif
