#include "main/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME "veer/veer.conf"

static const char *found(int len, const char *buf, size_t n)
{
	return len > 0 && len < (int)n && access(buf, F_OK) == 0 ? buf : NULL;
}

const char *config_file(char *buf, size_t n)
{
	const char *own = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int len = 0;

	if (own && *own == '/')
		len = snprintf(buf, n, "%s/" NAME, own);
	else if (home && *home == '/')
		len = snprintf(buf, n, "%s/.config/" NAME, home);
	if (found(len, buf, n))
		return buf;
	return found(snprintf(buf, n, "%s", VEER_SYSCONF_DIR "/" NAME), buf, n);
}
