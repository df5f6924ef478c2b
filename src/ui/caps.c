#include "ui/caps.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

static const char *capability(const char *name)
{
	const char *s = tigetstr(name);

	return s == (const char *)-1 ? NULL : s;
}

bool caps_can_run(char *ret_why, unsigned cap)
{
	const char *name = getenv("TERM");
	bool can_move;
	int status = 0;

	if (!isatty(STDOUT_FILENO)) {
		snprintf(ret_why, cap, "stdout is no terminal");
		return false;
	}
	if (!name || !*name) {
		snprintf(ret_why, cap, "TERM is not set");
		return false;
	}
	if (setupterm(NULL, STDOUT_FILENO, &status) == ERR) {
		snprintf(ret_why, cap, "TERM=%s is %s", name,
			status == 1 ? "a hardcopy" : "unknown");
		return false;
	}
	can_move = capability("cup") != NULL;
	del_curterm(cur_term);
	if (!can_move)
		snprintf(ret_why, cap, "TERM=%s cannot address its cursor", name);
	return can_move;
}

bool caps_has_acs(void)
{
	return capability("acsc") != NULL;
}

/* A delay is "$<5>". */
static void add_capability(char *buf, size_t cap, const char *s)
{
	size_t n = strlen(buf);

	for (; s && *s && n + 1 < cap; s++) {
		if (s[0] == '$' && s[1] == '<' && strchr(s, '>'))
			s = strchr(s, '>');
		else
			buf[n++] = *s;
	}
	buf[n] = 0;
}

void caps_restore(char *buf, size_t cap)
{
	static const char *const names[] = { "sgr0", "op", "rmacs", "rmkx", "cnorm", "rmcup" };
	size_t i;

	*buf = 0;
	for (i = 0; i < sizeof names / sizeof *names; i++)
		add_capability(buf, cap, capability(names[i]));
}
