/* Any bytes, scrubbed, measured, cut and exported: what comes out is harmless, whole and stable. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Nothing below a blank, no DEL, and scrubbing finds nothing more. */
static void check_clean(const char *s, size_t len)
{
	char *again = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		check((uint8_t)s[i] >= ' ' && s[i] != 0x7f);
	check(text_scrub(again, len + 1, s, len) == len && !memcmp(s, again, len));
	free(again);
}

static void check_fit(const char *s, size_t len)
{
	unsigned used, all = text_width(s, len);

	for (unsigned columns = 0; columns < 20; columns++) {
		size_t fit = text_fit(s, len, columns, &used);
		check(fit <= len && used <= columns && text_width(s, fit) == used);
		check(fit == len || columns < all);
		check(fit == len || text_width(s + fit, len - fit) > 0);
	}
}

static void check_json(const char *s, size_t len)
{
	check(len >= 2 && s[0] == '"' && s[len - 1] == '"');
	for (size_t i = 1; i < len - 1; i++) {
		check(s[i] != '"');
		if (s[i] != '\\')
			continue;
		i++;
		check(i < len - 1 && strchr("\"\\u", s[i]));
		if (s[i] == 'u')
			check(i + 5 < len && strspn(s + i + 1, "0123456789abcdef") >= 4);
	}
}

static void check_export(const char *s, size_t len)
{
	struct text t;

	text_init(&t, 6 * len + 2);
	check(text_add_csv(&t, s, len));
	check_clean(t.s, t.len);
	text_clear(&t);
	check(text_add_json(&t, s, len));
	check_clean(t.s, t.len);
	check_json(t.s, t.len);
	text_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *s = (const char *)data;
	char *out = malloc(6 * len + 1), cut[16];

	setlocale(LC_CTYPE, "C.UTF-8");
	size_t n = text_scrub(out, 6 * len + 1, s, len);
	check_clean(out, n);
	size_t m = text_scrub(cut, sizeof(cut), s, len);
	check(m < sizeof(cut) && m <= n && !memcmp(cut, out, m) && (m == n || m > 8));
	check_clean(cut, m);
	check_fit(s, len);
	check_fit(out, n);
	check_export(s, len);
	free(out);
	return 0;
}
