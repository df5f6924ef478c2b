#include "ui/term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "base/err.h"
#include "base/text.h"
#include "ui/caps.h"
#include "ui/plain.h"
#include "ui/rescue.h"

#define TEXT_MAX 2048
#define RUN_BYTES 10    /* to move there, and to set attributes */

static const struct {
	int curses, key;
} special[] = {
	{ KEY_UP, TERM_UP }, { KEY_DOWN, TERM_DOWN }, { KEY_LEFT, TERM_LEFT },
	{ KEY_RIGHT, TERM_RIGHT }, { KEY_HOME, TERM_HOME }, { KEY_END, TERM_END },
	{ KEY_PPAGE, TERM_PAGE_UP }, { KEY_NPAGE, TERM_PAGE_DOWN },
	{ KEY_BACKSPACE, TERM_BACKSPACE }, { KEY_DC, TERM_DELETE }, { KEY_ENTER, TERM_ENTER },
	{ KEY_F(1), TERM_F1 }, { KEY_F(2), TERM_F2 }, { KEY_F(3), TERM_F3 },
	{ KEY_F(4), TERM_F4 }, { KEY_F(5), TERM_F5 },
};

/* Keys come from stdin; when that is data (a pipe, a file), from the controlling terminal. */
static FILE *open_keys(bool *ret_owns)
{
	struct stat st;

	*ret_owns = false;
	if (isatty(STDIN_FILENO))
		return stdin;
	if (fstat(STDIN_FILENO, &st) < 0 || S_ISCHR(st.st_mode))
		return NULL;
	*ret_owns = true;
	return fopen("/dev/tty", "re");
}

static int open_files(struct term *t, struct err *e)
{
	if (t->scripted) {
		t->owns_in = t->owns_out = true;
		t->in = fopen("/dev/null", "re");
		t->out = fopen("/dev/null", "we");
		return t->in && t->out ? 0 : err_set(e, -errno, "could not open /dev/null");
	}
	t->out = stdout;
	t->in = open_keys(&t->owns_in);
	return t->in ? 0 : err_set(e, -EIO, "could not read keys: stdin is no terminal");
}

static void *open_scripted(struct term *t)
{
	static const char *const names[] = { "xterm-256color", "xterm", "vt100", "ansi" };
	SCREEN *s = NULL;
	size_t i;

	for (i = 0; !s && i < sizeof names / sizeof *names; i++)
		s = newterm(names[i], t->out, t->in);
	return s;
}

/* ^Z comes as a key, so that suspending never meets a half-written screen. */
static void set_modes(struct term *t)
{
	struct termios mode;

	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	meta(stdscr, TRUE);
	curs_set(0);
	if (t->scripted || tcgetattr(fileno(t->in), &mode) < 0)
		return;
	mode.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(fileno(t->in), TCSANOW, &mode);
	def_prog_mode();
}

static void set_colours(struct term *t)
{
	const struct look *look = t->theme->look;
	short back, i;

	t->coloured = t->theme->coloured && has_colors() && start_color() == OK && COLORS >= 8;
	if (!t->coloured)
		return;
	back = use_default_colors() == OK ? -1 : COLOR_BLACK;
	for (i = 0; i < INK_N; i++) {
		short fore = COLORS >= 256 ? look[i].many : look[i].few;

		init_pair((short)(i + 1), fore < 0 && back != -1 ? COLOR_WHITE : fore, back);
	}
}

bool term_theme(struct term *t, const char *name)
{
	const struct theme *theme = theme_choose(name);

	if (!theme)
		return false;
	t->theme = theme;
	set_colours(t);
	term_redraw(t);
	return true;
}

static bool choose_glyphs(struct term *t, const char *name)
{
	return glyphs_choose(name, t->utf8, caps_has_acs(), t->scripted ? NULL : getenv("TERM"),
		&t->glyphs);
}

bool term_glyphs(struct term *t, const char *name)
{
	if (!choose_glyphs(t, name))
		return false;
	t->glyphs_chosen = strcmp(name, "auto") != 0;
	return true;
}

int term_open(struct term *t, const struct term_options *o, struct err *e)
{
	struct termios was;
	char restore[256];
	bool has_modes;

	*t = (struct term){ .scripted = o->scripted, .caret_line = -1 };
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->theme = theme_choose(o->theme);
	if (!t->theme) {
		err_set(e, -EINVAL, "unknown theme \"%s\": " THEME_NAMES, o->theme);
		goto fail;
	}
	if (open_files(t, e) < 0)
		goto fail;
	has_modes = tcgetattr(fileno(t->in), &was) == 0;
	set_escdelay(25);
	t->screen = o->scripted ? open_scripted(t) : newterm(NULL, t->out, t->in);
	if (!t->screen) {
		err_set(e, -EIO, "could not start the terminal");
		goto fail;
	}
	if (!choose_glyphs(t, o->glyphs)) {
		err_set(e, -EINVAL, "unknown glyphs \"%s\": " GLYPHS_NAMES, o->glyphs);
		goto fail;
	}
	caps_restore(restore, sizeof restore);
	if (has_modes)
		rescue_arm(fileno(t->out), &was, restore);
	set_modes(t);
	set_colours(t);
	getmaxyx(stdscr, t->lines, t->columns);
	if (o->scripted && o->lines)
		term_resize(t, o->lines, o->columns);
	return 0;
fail:
	term_close(t);
	return e->code;
}

void term_close(struct term *t)
{
	if (t->screen) {
		endwin();
		rescue_disarm();
		delscreen(t->screen);
	}
	if (t->owns_in && t->in)
		fclose(t->in);
	if (t->owns_out && t->out)
		fclose(t->out);
	*t = (struct term){ .caret_line = -1 };
}

void term_begin(struct term *t)
{
	t->caret_line = -1;
	erase();
}

/* What doupdate() is about to write, by comparing the screen that is with the one that is to be. */
static unsigned estimate(const struct term *t)
{
	unsigned bytes = 0;
	bool was_same = true;
	int y, x, at_y, at_x;

	getyx(newscr, at_y, at_x);
	for (y = 0; y < t->lines; y++)
		for (x = 0; x < t->columns; x++) {
			cchar_t is, was;
			bool is_same;

			mvwin_wch(newscr, y, x, &is);
			mvwin_wch(curscr, y, x, &was);
			is_same = memcmp(&is, &was, sizeof is) == 0;
			if (!is_same)
				bytes += (is.chars[0] < 0x80 ? 1 : 3) + (was_same ? RUN_BYTES : 0);
			was_same = is_same;
		}
	wmove(newscr, at_y, at_x);
	return bytes;
}

unsigned term_end(struct term *t)
{
	unsigned bytes;

	curs_set(t->caret_line >= 0);
	if (t->caret_line >= 0)
		move(t->caret_line, t->caret_column);
	wnoutrefresh(stdscr);
	bytes = estimate(t);
	doupdate();
	return bytes;
}

static attr_t attributes(const struct term *t, enum ink ink)
{
	static const attr_t of[4] = { A_BOLD, A_REVERSE, A_DIM, A_UNDERLINE };
	unsigned style = t->theme->look[ink].style, i;
	attr_t a = A_NORMAL;

	for (i = 0; i < 4; i++)
		if (style & (1u << i))
			a |= of[i];
	return a;
}

static void put_cells(struct term *t, int line, int column, enum ink ink, const char *s)
{
	attr_set(attributes(t, ink), t->coloured ? (short)(ink + 1) : 0, NULL);
	mvaddstr(line, column, s);
	attr_set(A_NORMAL, 0, NULL);
}

/* The text as it may be shown; true when it is whole. */
static bool prepare(const struct term *t, char *dst, size_t cap, const char *s)
{
	char scrubbed[TEXT_MAX];
	size_t len = strlen(s);
	bool whole = text_scrub(scrubbed, sizeof scrubbed, s, len) + 8 < sizeof scrubbed;

	return plain_text(dst, cap, scrubbed, t->utf8) + 8 < cap && whole;
}

void term_put(struct term *t, int line, int column, int width, enum ink ink, const char *s)
{
	char text[TEXT_MAX];
	unsigned used;
	size_t len;
	bool whole;

	if (line < 0 || line >= t->lines || column < 0 || column >= t->columns)
		return;
	if (width > t->columns - column)
		width = t->columns - column;
	if (width <= 0)
		return;
	whole = prepare(t, text, sizeof text - (size_t)width - 1, s);
	len = text_fit(text, strlen(text), (unsigned)width, &used);
	if (!whole || text[len]) {
		len = text_fit(text, strlen(text), (unsigned)width - 1, &used);
		text[len++] = '~';
		used++;
	}
	memset(text + len, ' ', (size_t)width - used);
	text[len + (size_t)width - used] = 0;
	put_cells(t, line, column, ink, text);
}

void term_putf(struct term *t, int line, int column, int width, enum ink ink,
	const char *format, ...)
{
	char buf[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(buf, sizeof buf, format, ap);
	va_end(ap);
	term_put(t, line, column, width, ink, buf);
}

void term_rule(struct term *t, int line, int column, int width)
{
	if (t->glyphs == GLYPHS_ASCII)
		mvhline(line, column, '-', width);
	else
		mvhline_set(line, column, WACS_HLINE, width);
}

void term_wall(struct term *t, int line, int column, int height)
{
	if (t->glyphs == GLYPHS_ASCII)
		mvvline(line, column, '|', height);
	else
		mvvline_set(line, column, WACS_VLINE, height);
}

static void put_scan(struct term *t, int line, int column, enum ink ink, char letter)
{
	attr_set(attributes(t, ink), t->coloured ? (short)(ink + 1) : 0, NULL);
	mvaddch(line, column, NCURSES_ACS((unsigned char)letter));
	attr_set(A_NORMAL, 0, NULL);
}

void term_chart(struct term *t, int line, int column, int cells, const float *v, float max,
	float alarm)
{
	unsigned per = glyph_per_cell(t->glyphs), i;
	char buf[GLYPH_TEXT_MAX];
	int x;

	for (x = 0; x < cells && column + x < t->columns; x++, v += per) {
		const char *s = glyph_cell(t->glyphs, v, max, buf);
		enum ink ink = INK_CHART;

		for (i = 0; i < per; i++)
			if (v[i] >= alarm)
				ink = INK_ALARM;
		if (t->glyphs == GLYPHS_ACS && *s != ' ')
			put_scan(t, line, column + x, ink, *s);
		else
			put_cells(t, line, column + x, ink, s);
	}
}

int term_width(const struct term *t, const char *s)
{
	char text[TEXT_MAX];

	prepare(t, text, sizeof text, s);
	return (int)text_width(text, strlen(text));
}

static int resized(struct term *t)
{
	getmaxyx(stdscr, t->lines, t->columns);
	clearok(curscr, TRUE);
	return TERM_RESIZED;
}

static int special_key(wint_t c)
{
	size_t i;

	for (i = 0; i < sizeof special / sizeof *special; i++)
		if ((int)c == special[i].curses)
			return special[i].key;
	return TERM_OTHER;
}

int term_key(struct term *t)
{
	wint_t c;

	switch (get_wch(&c)) {
	case KEY_CODE_YES:
		return c == KEY_RESIZE ? resized(t) : special_key(c);
	case OK:
		if (c == '\n')
			return TERM_ENTER;
		return c == 0x7f || c == '\b' ? TERM_BACKSPACE : (int)c;
	default:
		return TERM_NONE;
	}
}

int term_wait(struct term *t, int timeout_ms)
{
	struct pollfd p = { .fd = fileno(t->in), .events = POLLIN };
	int n = poll(&p, 1, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n > 0 && (p.revents & (POLLERR | POLLHUP | POLLNVAL)))
		return -EIO;
	return n;
}

void term_resize(struct term *t, unsigned lines, unsigned columns)
{
	resizeterm((int)lines, (int)columns);
	getmaxyx(stdscr, t->lines, t->columns);
}

void term_redraw(struct term *t)
{
	(void)t;
	clearok(curscr, TRUE);
}

void term_suspend(struct term *t)
{
	struct sigaction shell = { .sa_handler = SIG_DFL }, was;

	if (t->scripted)
		return;
	endwin();
	sigemptyset(&shell.sa_mask);
	sigaction(SIGTSTP, &shell, &was);
	kill(0, SIGTSTP);
	sigaction(SIGTSTP, &was, NULL);
	reset_prog_mode();
	resized(t);
}

/* One cell as text, and how many columns it takes. */
static int cell_at(int y, int x, char *buf, attr_t *ret_attr, short *ret_pair)
{
	cchar_t cell;
	wchar_t wide[CCHARW_MAX + 1] = L"";
	mbstate_t state = { 0 };
	const wchar_t *from = wide;
	int width;

	mvin_wch(y, x, &cell);
	getcchar(&cell, wide, ret_attr, ret_pair, NULL);
	width = wide[0] ? wcwidth(wide[0]) : 1;
	if (!wide[0])
		wide[0] = L' ';
	if (wcsrtombs(buf, &from, TERM_CELL_MAX - 1, &state) == (size_t)-1)
		strcpy(buf, "?");
	return width > 0 ? width : 1;
}

/* INK_N: none of ours. */
static int ink_of(const struct term *t, attr_t attr, short pair)
{
	int i;

	attr &= A_BOLD | A_REVERSE | A_DIM | A_UNDERLINE;
	for (i = 0; i < INK_N; i++)
		if (attributes(t, i) == attr && (!t->coloured || pair == i + 1 || (!pair && !i)))
			break;
	return i;
}

void term_cell(const struct term *t, int line, int column, struct term_cell *ret)
{
	/* As the terminal would draw its alternate set. */
	static const char *const scan[] = { ['o'] = "⎺", ['p'] = "⎻", ['q'] = "─", ['r'] = "⎼",
		['s'] = "⎽", ['x'] = "│" };
	char c;
	attr_t attr;
	short pair;

	ret->width = cell_at(line, column, ret->text, &attr, &pair);
	ret->ink = ink_of(t, attr, pair) < INK_N ? ink_of(t, attr, pair) : INK_TEXT;
	c = ret->text[0];
	if ((attr & A_ALTCHARSET) && c >= 'o' && c <= 'x' && scan[(unsigned char)c])
		strcpy(ret->text, scan[(unsigned char)c]);
}

/* A line without the blanks at its end, and a line feed. */
static bool end_line(struct text *ret, size_t start)
{
	while (ret->len > start && ret->s[ret->len - 1] == ' ')
		ret->s[--ret->len] = 0;
	return text_add(ret, "\n", 1);
}

bool term_cells(const struct term *t, struct text *ret)
{
	char buf[TERM_CELL_MAX];
	attr_t attr;
	short pair;
	int y, x;

	for (y = 0; y < t->lines; y++) {
		size_t start = ret->len;

		for (x = 0; x < t->columns;) {
			x += cell_at(y, x, buf, &attr, &pair);
			text_add(ret, buf, strlen(buf));
		}
		if (!end_line(ret, start))
			return false;
	}
	return true;
}

bool term_inks(const struct term *t, struct text *ret)
{
	char buf[TERM_CELL_MAX];
	attr_t attr;
	short pair;
	int y, x;

	for (y = 0; y < t->lines; y++) {
		for (x = 0; x < t->columns;) {
			int width = cell_at(y, x, buf, &attr, &pair), i;
			int ink = ink_of(t, attr, pair);
			char letter = ink < INK_N ? t->theme->look[ink].letter : '?';

			for (i = 0; i < width; i++)
				text_add(ret, &letter, 1);
			x += width;
		}
		if (!text_add(ret, "\n", 1))
			return false;
	}
	return true;
}
