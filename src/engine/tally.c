#include "engine/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int tally_init(struct tally *t, const uint32_t *category, uint32_t n, struct err *e)
{
	uint32_t *sorted = mem_get(n + 1ul, sizeof(*sorted));

	*t = (struct tally){ .row = mem_get(n + 1ul, sizeof(*t->row)) };
	if (!sorted || !t->row) {
		mem_free(sorted);
		tally_done(t);
		return err_set(e, -ENOMEM, "could not sum up a user's %u events: out of memory", n);
	}
	if (n)
		memcpy(sorted, category, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_number);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || sorted[i] != sorted[i - 1])
			t->row[t->n++].category = sorted[i];
	mem_free(sorted);
	return 0;
}

void tally_done(struct tally *t)
{
	mem_free(t->row);
	*t = (struct tally){0};
}

/* category is the first member of a row. */
struct tally_row *tally_find(const struct tally *t, uint32_t category)
{
	return bsearch(&category, t->row, t->n, sizeof(*t->row), by_number);
}
