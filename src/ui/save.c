#include "ui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "ui/term.h"

#define SAVE_MAX (8u << 20)
#define CELL_W 8                /* of a picture, in its pixels */
#define CELL_H 17
#define BASE_Y 13               /* of a line of text in its cell */

/* Without an ink's own colour: the paper's. */
static unsigned paper(const struct term *t, bool is_back)
{
	bool is_light = strcmp(t->theme->name, "light") == 0;

	return is_back == is_light ? (is_light ? 0xffffff : 0xd0d0d0)
				   : (is_light ? 0x1c1c1c : 0x11151a);
}

static unsigned ink_rgb(const struct term *t, enum ink ink)
{
	short many = t->theme->look[ink].many;

	return many < 0 ? paper(t, false) : theme_rgb((unsigned)many);
}

static bool has(const struct term *t, enum ink ink, enum style style)
{
	return t->theme->look[ink].style & style;
}

static unsigned fore(const struct term *t, enum ink ink)
{
	return has(t, ink, STYLE_REVERSE) ? paper(t, true) : ink_rgb(t, ink);
}

static void add_escaped(struct text *to, const char *s)
{
	for (; *s; s++)
		if (*s == '&')
			text_add(to, "&amp;", 5);
		else if (*s == '<')
			text_add(to, "&lt;", 4);
		else if (*s == '>')
			text_add(to, "&gt;", 4);
		else
			text_add(to, s, 1);
}

/* HTML */

static void open_span(const struct term *t, struct text *to, enum ink ink)
{
	text_addf(to, "<span style=\"color:#%06x", fore(t, ink));
	if (has(t, ink, STYLE_REVERSE))
		text_addf(to, ";background:#%06x", ink_rgb(t, ink));
	if (has(t, ink, STYLE_BOLD))
		text_addf(to, ";font-weight:bold");
	if (has(t, ink, STYLE_DIM))
		text_addf(to, ";opacity:.6");
	if (has(t, ink, STYLE_UNDERLINE))
		text_addf(to, ";text-decoration:underline");
	text_addf(to, "\">");
}

/* A browser's wide characters need not be two columns wide, so they get a box. */
static void add_html_line(const struct term *t, struct text *to, int line)
{
	struct term_cell c;
	enum ink ink = INK_N;
	int x;

	for (x = 0; x < t->columns; x += c.width) {
		term_cell(t, line, x, &c);
		if (c.ink != ink) {
			if (ink != INK_N)
				text_addf(to, "</span>");
			open_span(t, to, c.ink);
			ink = c.ink;
		}
		if (c.width > 1)
			text_addf(to, "<i>");
		add_escaped(to, c.text);
		if (c.width > 1)
			text_addf(to, "</i>");
	}
	text_addf(to, "</span>\n");
}

static void add_html(const struct term *t, struct text *to)
{
	int line;

	text_addf(to, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<title>veer</title>\n<style>pre{display:inline-block;padding:1ch;line-height:1.25;"
		"font-family:monospace;background:#%06x}"
		"i{display:inline-block;width:2ch;font-style:normal}</style>"
		"</head><body>\n<pre>", paper(t, true));
	for (line = 0; line < t->lines; line++)
		add_html_line(t, to, line);
	text_addf(to, "</pre>\n</body></html>\n");
}

/* SVG */

static unsigned code_of(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if ((u[0] & 0xf0) != 0xe0 || !u[1] || !u[2] || u[3])
		return 0;
	return (u[0] & 0xfu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
}

static void add_rect(struct text *to, int x, int y, int w, int h)
{
	text_addf(to, "M%d,%dh%dv%dh-%dz", x, y, w, h, w);
}

/* U+2800 plus a bit a dot: 1 2 3 7 down at the left, 4 5 6 8 at the right. */
static void add_dots(struct text *to, unsigned dots, int x, int y)
{
	static const unsigned char row[8] = { 0, 1, 2, 0, 1, 2, 3, 3 };
	static const unsigned char column[8] = { 0, 0, 0, 1, 1, 1, 0, 1 };
	int i;

	for (i = 0; i < 8; i++)
		if (dots & (1u << i))
			add_rect(to, x + 1 + 4 * column[i], y + 1 + 4 * row[i], 2, 2);
}

/* Whether a character is drawn rather than written. */
static bool is_drawn(unsigned code)
{
	return (code >= 0x2581 && code <= 0x2588) || (code >= 0x2591 && code <= 0x2593)
		|| (code > 0x2800 && code <= 0x28ff) || code == 0x2500 || code == 0x2502;
}

static void draw_code(struct text *to, unsigned code, int x, int y)
{
	int h = (int)(code - 0x2580) * CELL_H / 8;

	if (code >= 0x2800)
		add_dots(to, code & 0xff, x, y);
	else if (code == 0x2500)
		add_rect(to, x, y + CELL_H / 2, CELL_W, 1);
	else if (code == 0x2502)
		add_rect(to, x + CELL_W / 2, y, 1, CELL_H);
	else if (code >= 0x2591)
		add_rect(to, x, y, CELL_W, CELL_H);
	else
		add_rect(to, x, y + CELL_H - h, CELL_W, h);
}

/* Cells from x on that go into one element: of one ink, and written, or drawn with one shade. */
struct span {
	int x, n;
	enum ink ink;
	unsigned code;                  /* of the first; 0: written */
	bool is_blank, is_wide;
	char text[2048];
};

static unsigned shade_of(unsigned code)
{
	return code >= 0x2591 && code <= 0x2593 ? code : 0;
}

static bool goes_on(const struct span *s, const struct term_cell *c)
{
	unsigned code = code_of(c->text);

	if (c->ink != s->ink || c->width > 1 || s->is_wide)
		return false;
	if (s->code || is_drawn(code))
		return s->code && is_drawn(code) && shade_of(code) == shade_of(s->code);
	return strlen(s->text) + strlen(c->text) < sizeof s->text;
}

static void take_span(const struct term *t, int line, struct span *s)
{
	struct term_cell c;
	unsigned code;
	int x;

	term_cell(t, line, s->x, &c);
	code = code_of(c.text);
	s->n = 0;
	s->ink = c.ink;
	s->code = is_drawn(code) ? code : 0;
	s->is_wide = c.width > 1;
	s->is_blank = true;
	s->text[0] = 0;
	for (x = s->x; x < t->columns; x += c.width) {
		term_cell(t, line, x, &c);
		if (x > s->x && !goes_on(s, &c))
			break;
		strcat(s->text, c.text);
		s->is_blank &= strcmp(c.text, " ") == 0;
		s->n += c.width;
	}
}

static void add_path(const struct term *t, struct text *to, const struct span *s, int y)
{
	static const char *const opacity[] = { ".25", ".5", ".75" };
	unsigned shade = shade_of(s->code);
	const char *at = s->text;
	char one[4] = "";
	int i;

	text_addf(to, "<path fill=\"#%06x\"%s%s%s d=\"", fore(t, s->ink),
		shade ? " fill-opacity=\"" : "", shade ? opacity[shade - 0x2591] : "",
		shade ? "\"" : "");
	for (i = 0; i < s->n; i++, at += 3) {
		memcpy(one, at, 3);
		draw_code(to, code_of(one), (s->x + i) * CELL_W, y);
	}
	text_addf(to, "\"/>\n");
}

static void add_words(const struct term *t, struct text *to, const struct span *s, int y)
{
	text_addf(to, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s%s%s>",
		s->x * CELL_W, y + BASE_Y, s->n * CELL_W, fore(t, s->ink),
		has(t, s->ink, STYLE_BOLD) ? " font-weight=\"bold\"" : "",
		has(t, s->ink, STYLE_DIM) ? " opacity=\".6\"" : "",
		has(t, s->ink, STYLE_UNDERLINE) ? " text-decoration=\"underline\"" : "");
	add_escaped(to, s->text);
	text_addf(to, "</text>\n");
}

static void add_svg_line(const struct term *t, struct text *to, int line)
{
	struct span s = { 0 };
	int y = line * CELL_H;

	for (s.x = 0; s.x < t->columns; s.x += s.n) {
		take_span(t, line, &s);
		if (has(t, s.ink, STYLE_REVERSE))
			text_addf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\""
				" fill=\"#%06x\"/>\n", s.x * CELL_W, y, s.n * CELL_W, CELL_H,
				ink_rgb(t, s.ink));
		if (s.code)
			add_path(t, to, &s, y);
		else if (!s.is_blank)
			add_words(t, to, &s, y);
	}
}

static void add_svg(const struct term *t, struct text *to)
{
	int w = t->columns * CELL_W, h = t->lines * CELL_H, line;

	text_addf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
		" viewBox=\"-8 -8 %d %d\" font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\""
		" font-size=\"13.3\" xml:space=\"preserve\">\n"
		"<rect x=\"-8\" y=\"-8\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
		w + 16, h + 16, w + 16, h + 16, w + 16, h + 16, paper(t, true));
	for (line = 0; line < t->lines; line++)
		add_svg_line(t, to, line);
	text_addf(to, "</svg>\n");
}

static void add_plain(const struct term *t, struct text *to)
{
	term_cells(t, to);
}

/* Files */

static const struct {
	const char *ending;
	void (*add)(const struct term *t, struct text *to);
} forms[] = {
	{ ".txt", add_plain }, { ".html", add_html }, { ".htm", add_html }, { ".svg", add_svg },
};
#define N_FORMS (sizeof forms / sizeof *forms)

int save_text(const struct term *t, const char *path, struct text *ret, struct err *e)
{
	size_t len = strlen(path), i, end = 0;

	for (i = 0; i < N_FORMS; i++) {
		end = strlen(forms[i].ending);
		if (len > end && strcmp(path + len - end, forms[i].ending) == 0)
			break;
	}
	if (i == N_FORMS)
		return err_set(e, -EINVAL, "could not save to \"%s\": type %s", path, SAVE_FORMS);
	text_init(ret, SAVE_MAX);
	forms[i].add(t, ret);
	if (!ret->full)
		return 0;
	text_done(ret);
	return err_set(e, -ENOMEM, "could not save the screen: out of memory");
}

static int write_file(const char *path, const struct text *what, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), code;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return err_set(e, -errno, "could not save to \"%s\": %s", path, strerror(errno));
	fwrite(what->s, 1, what->len, f);
	code = ferror(f) ? -EIO : 0;
	if (fclose(f) != 0)
		code = -errno;
	if (!code)
		return 0;
	unlink(path);
	return err_set(e, code, "could not save to \"%s\": %s", path, strerror(-code));
}

int save_screen(const struct term *t, const char *path, struct err *e)
{
	struct text what;
	int code = save_text(t, path, &what, e);

	if (code < 0)
		return code;
	code = write_file(path, &what, e);
	text_done(&what);
	return code;
}
