#include "ui/theme.h"

#include <stdlib.h>
#include <string.h>

/* xterm's 256: 214 and 130 are oranges, 75 and 25 blues, 245 and 242 greys. */
static const struct theme themes[] = {
	{ "dark", true, {
		[INK_TEXT] = { '.', 0, -1, -1 },
		[INK_DIM] = { 'd', 0, 245, -1 },
		[INK_TITLE] = { 'T', STYLE_BOLD, -1, -1 },
		[INK_HEAD] = { 'H', STYLE_BOLD, 75, 6 },
		[INK_KEY] = { 'K', STYLE_BOLD, -1, -1 },
		[INK_CURSOR] = { 'C', STYLE_REVERSE, -1, -1 },
		[INK_SEVERE] = { 'S', STYLE_BOLD | STYLE_REVERSE, 214, 3 },
		[INK_HIGH] = { 'h', STYLE_BOLD, 214, 3 },
		[INK_LOW] = { 'l', 0, 245, -1 },
		[INK_GAIN] = { 'g', STYLE_BOLD, 214, 3 },
		[INK_LOSS] = { 'v', 0, 75, 6 },
		[INK_CHART] = { 'c', 0, 75, 6 },
		[INK_ALARM] = { 'a', STYLE_BOLD, 214, 3 },
		[INK_BAR] = { 'b', 0, 75, 6 },
		[INK_ERROR] = { 'E', STYLE_REVERSE, 214, 3 },
	} },
	{ "light", true, {
		[INK_TEXT] = { '.', 0, -1, -1 },
		[INK_DIM] = { 'd', 0, 242, -1 },
		[INK_TITLE] = { 'T', STYLE_BOLD, -1, -1 },
		[INK_HEAD] = { 'H', STYLE_BOLD, 25, 4 },
		[INK_KEY] = { 'K', STYLE_BOLD, -1, -1 },
		[INK_CURSOR] = { 'C', STYLE_REVERSE, -1, -1 },
		[INK_SEVERE] = { 'S', STYLE_BOLD | STYLE_REVERSE, 130, 3 },
		[INK_HIGH] = { 'h', STYLE_BOLD, 130, 3 },
		[INK_LOW] = { 'l', 0, 242, -1 },
		[INK_GAIN] = { 'g', STYLE_BOLD, 130, 3 },
		[INK_LOSS] = { 'v', 0, 25, 4 },
		[INK_CHART] = { 'c', 0, 25, 4 },
		[INK_ALARM] = { 'a', STYLE_BOLD, 130, 3 },
		[INK_BAR] = { 'b', 0, 25, 4 },
		[INK_ERROR] = { 'E', STYLE_REVERSE, 130, 3 },
	} },
	/* Of Okabe and Ito's palette (2008), on either background; every ink of meaning has a shape
	 * of its own beside its hue.
	 */
	{ "safe", true, {
		[INK_TEXT] = { '.', 0, -1, -1 },
		[INK_DIM] = { 'd', 0, 244, -1 },
		[INK_TITLE] = { 'T', STYLE_BOLD, -1, -1 },
		[INK_HEAD] = { 'H', STYLE_UNDERLINE, 32, 6 },
		[INK_KEY] = { 'K', STYLE_BOLD, -1, -1 },
		[INK_CURSOR] = { 'C', STYLE_REVERSE, -1, -1 },
		[INK_SEVERE] = { 'S', STYLE_BOLD | STYLE_REVERSE, 166, 3 },
		[INK_HIGH] = { 'h', STYLE_BOLD, 166, 3 },
		[INK_LOW] = { 'l', 0, 244, -1 },
		[INK_GAIN] = { 'g', STYLE_BOLD | STYLE_UNDERLINE, 166, 3 },
		[INK_LOSS] = { 'v', 0, 32, 6 },
		[INK_CHART] = { 'c', 0, 32, 6 },
		[INK_ALARM] = { 'a', STYLE_BOLD | STYLE_UNDERLINE, 166, 3 },
		[INK_BAR] = { 'b', 0, 32, 6 },
		[INK_ERROR] = { 'E', STYLE_REVERSE, 166, 3 },
	} },
	{ "mono", false, {
		[INK_TEXT] = { '.', 0, -1, -1 },
		[INK_DIM] = { 'd', 0, -1, -1 },
		[INK_TITLE] = { 'T', STYLE_BOLD, -1, -1 },
		[INK_HEAD] = { 'H', STYLE_UNDERLINE, -1, -1 },
		[INK_KEY] = { 'K', STYLE_BOLD, -1, -1 },
		[INK_CURSOR] = { 'C', STYLE_REVERSE, -1, -1 },
		[INK_SEVERE] = { 'S', STYLE_BOLD | STYLE_REVERSE, -1, -1 },
		[INK_HIGH] = { 'h', STYLE_BOLD, -1, -1 },
		[INK_LOW] = { 'l', 0, -1, -1 },
		[INK_GAIN] = { 'g', STYLE_BOLD, -1, -1 },
		[INK_LOSS] = { 'v', 0, -1, -1 },
		[INK_CHART] = { 'c', 0, -1, -1 },
		[INK_ALARM] = { 'a', STYLE_BOLD, -1, -1 },
		[INK_BAR] = { 'b', 0, -1, -1 },
		[INK_ERROR] = { 'E', STYLE_REVERSE, -1, -1 },
	} },
};

/* A cube of six steps, then 24 greys. */
unsigned theme_rgb(unsigned colour)
{
	static const unsigned step[6] = { 0, 0x5f, 0x87, 0xaf, 0xd7, 0xff };
	unsigned n = colour - 16;

	if (colour >= 232)
		return 0x010101 * (8 + 10 * (colour - 232));
	return step[n / 36 % 6] << 16 | step[n / 6 % 6] << 8 | step[n % 6];
}

/* COLORFGBG is "foreground;background" in the 16 colours; 7 and 15 are the white ones. */
static const char *by_environment(void)
{
	const char *no = getenv("NO_COLOR"), *pair = getenv("COLORFGBG"), *back;

	if (no && *no)
		return "mono";
	back = pair ? strrchr(pair, ';') : NULL;
	return back && (strcmp(back, ";15") == 0 || strcmp(back, ";7") == 0) ? "light" : "dark";
}

const struct theme *theme_choose(const char *word)
{
	size_t i;

	if (!word)
		word = by_environment();
	for (i = 0; i < sizeof themes / sizeof *themes; i++)
		if (strcmp(word, themes[i].name) == 0)
			return &themes[i];
	return NULL;
}
