#include "main/state_folder.h"

#include <stdio.h>
#include <stdlib.h>

const char *state_folder(char *buf, size_t n)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len = -1;

	if (state && *state == '/')
		len = snprintf(buf, n, "%s/veer", state);
	else if (home && *home == '/')
		len = snprintf(buf, n, "%s/.local/state/veer", home);
	return len > 0 && len < (int)n ? buf : NULL;
}
