/* glyph.h - what a small chart is drawn with: a ladder from braille down to plain letters.
 *
 * A cell shows one value, or two side by side in braille. The lowest step is drawn too, so that a
 * span without interest reads as a base line; NaN is a blank.
 */
#ifndef UI_GLYPH_H
#define UI_GLYPH_H

#include <stdbool.h>

enum glyphs { GLYPHS_BRAILLE, GLYPHS_BLOCKS, GLYPHS_ACS, GLYPHS_ASCII, GLYPHS_N };

#define GLYPHS_NAMES "auto, braille, blocks, acs or ascii"
#define GLYPH_TEXT_MAX 8

extern const char *const glyphs_name[GLYPHS_N];

/* The wanted rung, or the highest one below it that locale and terminal can show. NULL and "auto":
 * by locale and terminal. False: no such word.
 */
bool glyphs_choose(const char *word, bool utf8, bool has_acs, const char *term, enum glyphs *ret);

unsigned glyph_per_cell(enum glyphs g);         /* values a cell */
/* The text of one cell from glyph_per_cell() values; for GLYPHS_ACS a letter of the alternate set.
 */
const char *glyph_cell(enum glyphs g, const float *v, float max, char *buf);
/* One cell of an area: glyph_per_cell() parts of it, 0..1, filled from below; 0, NaN: nothing. */
const char *glyph_fill(enum glyphs g, const float *part, char *buf);
/* A dot at the height of a value (two in braille), where glyph_cell() draws a bar. */
const char *glyph_dot(enum glyphs g, const float *v, float max, char *buf);
/* A cell of a heat map: a dot for nothing, then four shades. */
#define GLYPH_SHADES 5
const char *glyph_shade(enum glyphs g, float v, float max, char *buf);
/* 0..steps-1; 0 also for NaN, for anything below zero, and when max is no positive number. */
unsigned glyph_step(float v, float max, unsigned steps);

#endif
