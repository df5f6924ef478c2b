/* fuzz_format.c - any head of a file with any --columns: a format that holds together, or a reason.
 *
 * The first byte chooses --format and whether there are --columns; these reach to the first NUL,
 * the head is the rest.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ingest/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(int ok)
{
	if (!ok)
		abort();
}

static void check_format(const struct format *f)
{
	check(f->name && f->delim && !strchr("\"\r\n", f->delim));
	for (int i = 0; i < FIELD_N; i++) {
		check(f->column[i] >= -1 && f->column[i] < 4096);
		check(memchr(f->header_name[i], '\0', sizeof(f->header_name[i])) != NULL);
		check(!f->header_name[i][0] || (f->header && f->column[i] >= 0));
	}
	check(f->column[FIELD_TIME] >= 0 && f->column[FIELD_USER] >= 0
		&& f->column[FIELD_CATEGORY] >= 0);
}

static void check_text(const char *s, size_t cap)
{
	const char *end = memchr(s, '\0', cap);

	check(end != NULL);
	for (; s < end; s++)
		check((unsigned char)*s >= ' ' && *s != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const specs[] = {NULL, "veer", "taobao", "neither"};
	const char *spec, *columns = NULL, *head;
	struct format f = {0};
	struct err e = {0};
	char said[200];

	if (len < 1)
		return 0;
	spec = specs[data[0] & 3];
	head = (const char *)data + 1;
	len--;
	if (data[0] & 4) {
		const char *nul = memchr(head, '\0', len);
		if (!nul)
			return 0;
		columns = head;
		len -= (size_t)(nul + 1 - head);
		head = nul + 1;
	}
	int code = format_choose(&f, spec, columns, head, len, said, sizeof(said), &e);
	check(code == 0 || code == -EINVAL || code == -ENOMSG);
	check_text(said, sizeof(said));
	if (code == 0) {
		check_format(&f);
		check(format_behaviour(&f, head, len) < BEHAVIOUR_N);
	} else {
		check(e.code == code && e.text[0]);
		check_text(e.text, sizeof(e.text));
	}
	return 0;
}
