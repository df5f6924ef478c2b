#include "ui/glyph.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *const glyphs_name[GLYPHS_N] = { "braille", "blocks", "acs", "ascii" };

static const char *const block[8] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
/* Scan lines 9, 7, 5, 3, 1 of the VT100's alternate set, from the bottom up. */
static const char *const scan[5] = { "s", "r", "q", "p", "o" };
static const char *const shade[GLYPH_SHADES] = { "·", "░", "▒", "▓", "█" };
static const char *const plain_shade[GLYPH_SHADES] = { ".", ":", "+", "*", "#" };
static const char *const letter[5] = { "_", ".", "-", "=", "#" };

struct rung {
	const char *const *text;
	unsigned n;
};

static const struct rung rung[GLYPHS_N] = {
	[GLYPHS_BLOCKS] = { block, 8 }, [GLYPHS_ACS] = { scan, 5 }, [GLYPHS_ASCII] = { letter, 5 },
};

static bool is_shown(enum glyphs g, bool utf8, bool has_acs)
{
	return g == GLYPHS_ASCII || (g == GLYPHS_ACS ? has_acs : utf8);
}

/* The Linux console's font has 256 or 512 characters, seldom the eighths. */
static enum glyphs wanted(const char *term)
{
	bool poor = term && (strncmp(term, "linux", 5) == 0 || strncmp(term, "vt", 2) == 0);

	return poor ? GLYPHS_ACS : GLYPHS_BLOCKS;
}

bool glyphs_choose(const char *word, bool utf8, bool has_acs, const char *term, enum glyphs *ret)
{
	unsigned g = GLYPHS_N;

	if (!word || strcmp(word, "auto") == 0)
		g = wanted(term);
	else
		for (g = 0; g < GLYPHS_N && strcmp(word, glyphs_name[g]) != 0; g++)
			;
	if (g == GLYPHS_N)
		return false;
	while (!is_shown(g, utf8, has_acs))
		g++;
	*ret = g;
	return true;
}

unsigned glyph_per_cell(enum glyphs g)
{
	return g == GLYPHS_BRAILLE ? 2 : 1;
}

unsigned glyph_step(float v, float max, unsigned steps)
{
	if (!(v > 0) || !(max > 0))
		return 0;
	if (v >= max)
		return steps - 1;
	return (unsigned)ceilf(v / max * (float)(steps - 1) - 1e-4f);
}

/* Dots 7 3 2 1 rise at the left, 8 6 5 4 at the right. */
static const unsigned char rise[2][4] = { { 0x40, 0x44, 0x46, 0x47 }, { 0x80, 0xa0, 0xb0, 0xb8 } };
static const unsigned char only[2][4] = { { 0x40, 0x04, 0x02, 0x01 }, { 0x80, 0x20, 0x10, 0x08 } };

/* U+2800 plus a bit a dot. */
static const char *put_dots(unsigned dots, char *buf)
{
	buf[0] = (char)0xe2;
	buf[1] = (char)(0xa0 | dots >> 6);
	buf[2] = (char)(0x80 | (dots & 0x3f));
	buf[3] = 0;
	return buf;
}

static const char *braille(const float *v, float max, char *buf)
{
	unsigned dots = 0, side;

	for (side = 0; side < 2; side++)
		if (!isnan(v[side]))
			dots |= rise[side][glyph_step(v[side], max, 4)];
	return put_dots(dots, buf);
}

const char *glyph_fill(enum glyphs g, const float *part, char *buf)
{
	static const char *const plain[] = { " ", ".", "-", "=", "#" };
	unsigned dots = 0, side, step;

	if (g == GLYPHS_BRAILLE) {
		for (side = 0; side < 2; side++)
			if ((step = glyph_step(part[side], 1, 5)))
				dots |= rise[side][step - 1];
		return dots ? put_dots(dots, buf) : strcpy(buf, " ");
	}
	if (g != GLYPHS_BLOCKS)
		return strcpy(buf, plain[glyph_step(*part, 1, 5)]);
	step = glyph_step(*part, 1, 9);
	return strcpy(buf, step ? block[step - 1] : " ");
}

const char *glyph_cell(enum glyphs g, const float *v, float max, char *buf)
{
	if (g == GLYPHS_BRAILLE)
		return braille(v, max, buf);
	if (isnan(*v))
		return " ";
	return rung[g].text[glyph_step(*v, max, rung[g].n)];
}

const char *glyph_dot(enum glyphs g, const float *v, float max, char *buf)
{
	static const char *const high[] = { ".", "·", "˙" }, *const plain[] = { ".", "-", "'" };
	unsigned dots = 0, side;

	if (g == GLYPHS_BRAILLE) {
		for (side = 0; side < 2; side++)
			if (!isnan(v[side]))
				dots |= only[side][glyph_step(v[side], max, 4)];
		return put_dots(dots, buf);
	}
	if (isnan(*v))
		return " ";
	return (g == GLYPHS_BLOCKS ? high : plain)[glyph_step(*v, max, 3)];
}

const char *glyph_shade(enum glyphs g, float v, float max, char *buf)
{
	const char *const *s = g <= GLYPHS_BLOCKS ? shade : plain_shade;

	return strcpy(buf, s[glyph_step(v, max, GLYPH_SHADES)]);
}
