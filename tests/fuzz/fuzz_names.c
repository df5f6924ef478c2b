/* fuzz_names.c - any bytes as a file of names: names, or a reason with its line. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "ingest/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(int ok)
{
	if (!ok)
		abort();
}

/* Every word of the file is looked for; an id without a name shows as itself. */
static void look_for_all(const struct names *n, const uint8_t *data, size_t len)
{
	char id[64];

	for (size_t i = 0, k = 0; i <= len; i++) {
		if (i < len && data[i] && !strchr(",\r\n\"", data[i]) && k + 1 < sizeof(id)) {
			id[k++] = (char)data[i];
			continue;
		}
		id[k] = '\0';
		const char *shown = names_show(n, id);
		check(shown && (shown == id || shown[0] || !k));
		k = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("names", 0);
	char path[64];
	struct err e = {0};

	check(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct names *n = names_open(path, &e);
	if (n)
		look_for_all(n, data, len);
	else
		check(e.code == -EINVAL && strstr(e.text, ", line "));
	names_close(n);
	close(fd);
	return 0;
}
