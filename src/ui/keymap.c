#include "ui/keymap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "ui/palette.h"

#define NAME_BYTES 32

void keymap_init(struct keymap *k)
{
	const struct action *a;

	*k = (struct keymap){ .n = 0 };
	while (k->n < KEYMAP_ROWS && (a = keys_row(NULL, k->n)))
		k->row[k->n++] = *a;
}

static int no_command(const struct keymap *k, const char *name, struct err *e)
{
	char shown[2 * NAME_BYTES];

	text_scrub(shown, sizeof shown, name, strlen(name));
	return err_set(e, -EINVAL, "no command is named \"%s\"; did you mean %s?", shown,
		palette_nearest(k, name));
}

/* The keys of a list, blanks between them. */
static int read_keys(const char *name, const char *list, int ret[KEYS_MAX], struct err *e)
{
	char word[KEY_NAME_MAX], shown[64];
	unsigned n = 0;
	size_t len;

	for (list += strspn(list, " \t"); *list; list += strspn(list, " \t")) {
		len = strcspn(list, " \t");
		snprintf(word, sizeof word, "%.*s", (int)len, list);
		text_scrub(shown, sizeof shown, word, strlen(word));
		if (n == KEYS_MAX)
			return err_set(e, -EINVAL, "key %s: more than %d keys", name, KEYS_MAX);
		ret[n] = len < sizeof word ? key_parse(word) : 0;
		if (!ret[n++])
			return err_set(e, -EINVAL, "key %s: \"%s\" is no key (j, ^N, Space, F5, "
				"as the help shows them)", name, shown);
		list += len;
	}
	return n ? 0 : err_set(e, -EINVAL, "key %s: no key is given", name);
}

int keymap_set(struct keymap *k, const char *name, const char *keys, unsigned line, struct err *e)
{
	int key[KEYS_MAX] = { 0 };
	unsigned i = 0;

	while (i < k->n && strcmp(k->row[i].name, name) != 0)
		i++;
	if (i == k->n)
		return no_command(k, name, e);
	if (read_keys(name, keys, key, e) < 0)
		return e->code;
	memcpy(k->row[i].key, key, sizeof key);
	k->line[i] = line;
	return 0;
}

bool keymap_can_meet(const struct action *a, const struct action *b)
{
	static const unsigned either[] = { WHEN_LIVE | WHEN_REPLAY, WHEN_ASKING | WHEN_IDLE,
		WHEN_ROWS | WHEN_NO_ROWS, WHEN_FOUND | WHEN_NOT_FOUND, WHEN_TWIN | WHEN_NO_TWIN };
	unsigned when = a->when | b->when, i;

	for (i = 0; i < sizeof either / sizeof *either; i++)
		if ((when & either[i]) == either[i])
			return false;
	return a->views & b->views;
}

static int shared_key(const struct action *a, const struct action *b)
{
	unsigned i, j;

	for (i = 0; i < KEYS_MAX && a->key[i]; i++)
		for (j = 0; j < KEYS_MAX && b->key[j]; j++)
			if (a->key[i] == b->key[j])
				return a->key[i];
	return 0;
}

int keymap_check(const struct keymap *k, unsigned *ret_line, struct err *e)
{
	char key[KEY_NAME_MAX], views[KEYS_VIEWS_MAX];
	unsigned i, j;

	for (i = 0; i < k->n; i++)
		for (j = i + 1; j < k->n; j++) {
			const struct action *a = &k->row[i], *b = &k->row[j];
			int shared = keymap_can_meet(a, b) ? shared_key(a, b) : 0;

			if (!shared)
				continue;
			*ret_line = k->line[i] > k->line[j] ? k->line[i] : k->line[j];
			return err_set(e, -EINVAL, "%s would be the key of %s and of %s in %s",
				key_name(shared, key), a->name, b->name,
				keys_views(a->views & b->views, views));
		}
	return 0;
}
