#include "main/doctor_term.h"

#include <curses.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

bool doctor_ncurses(struct text *t)
{
	return text_addf(t, "%s", curses_version());
}

bool doctor_terminal(struct text *t)
{
	const char *name = getenv("TERM");
	struct winsize size = { 0 };
	int found = 0;

	text_addf(t, "TERM=%s", name ? name : "");
	if (name && setupterm(name, STDOUT_FILENO, &found) == OK) {
		text_addf(t, ", %d colours", tigetnum("colors"));
		del_curterm(cur_term);
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		text_addf(t, ", %dx%d", size.ws_col, size.ws_row);
	return true;
}
