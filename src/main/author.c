#include "main/author.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

const char *author_name(char buf[TRIAGE_AUTHOR_MAX])
{
	const char *name = getenv("VEER_USER");
	const struct passwd *login = name && *name ? NULL : getpwuid(getuid());
	char number[24];

	snprintf(number, sizeof number, "%u", (unsigned)getuid());
	if (!name || !*name)
		name = login ? login->pw_name : number;
	text_scrub(buf, TRIAGE_AUTHOR_MAX, name, strlen(name));
	return buf;
}
