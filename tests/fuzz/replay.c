/* replay.c - a main() for fuzz targets: runs the target over its corpus, as a TAP test.
 *
 * The corpus of fuzz_NAME is $top_srcdir/tests/fuzz/corpus/NAME, or the folder given. A fuzzer
 * (make fuzz) has a main() of its own, and is linked without this file.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t *slurp(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long size;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
		/* Exactly so long, for the address sanitizer to see the first byte behind it. */
		data = malloc(size ? (size_t)size : 1);
		*ret_len = data ? fread(data, 1, (size_t)size, f) : 0;
	}
	fclose(f);
	return data;
}

static int replay(const char *folder, const char *name, int n)
{
	char path[4096];
	size_t len = 0;
	uint8_t *data;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
		printf("not ok %d - %s: the path is too long\n", n, name);
		return 1;
	}
	data = slurp(path, &len);
	if (!data) {
		printf("not ok %d - %s: %s\n", n, name, strerror(errno));
		return 1;
	}
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	printf("ok %d - %s\n", n, name);
	return 0;
}

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void corpus_of(const char *program, char *ret, size_t cap)
{
	const char *top = getenv("top_srcdir"), *name = strstr(program, "fuzz_");

	for (const char *next = name; next; next = strstr(next + 1, "fuzz_"))
		name = next;
	snprintf(ret, cap, "%s/tests/fuzz/corpus/%s", top ? top : ".",
		name ? name + strlen("fuzz_") : program);
}

int main(int argc, char **argv)
{
	char folder[4096];
	struct dirent **entry;
	int n, failed = 0;

	if (argc > 1)
		snprintf(folder, sizeof folder, "%s", argv[1]);
	else
		corpus_of(argv[0], folder, sizeof folder);
	n = scandir(folder, &entry, is_visible, alphasort);
	if (n <= 0) {
		printf("1..1\nnot ok 1 - no corpus in %s\n", folder);
		return 1;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		failed |= replay(folder, entry[i]->d_name, i + 1);
		free(entry[i]);
	}
	free(entry);
	return failed;
}
