#include "learn/score.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/zone.h"
#include "ingest/event.h"
#include "ingest/table.h"

int score_highs_add(struct score_highs *of, const struct score_high *h, struct err *e)
{
	if (of->n == of->cap) {
		uint32_t cap = of->cap ? 2 * of->cap : 1024;
		struct score_high *more = cap > of->cap ?
			mem_resize(of->high, cap, sizeof *more) : NULL;
		if (!more)
			return err_set(e, -ENOMEM, "could not keep %u scores: out of memory",
				of->n);
		of->high = more;
		of->cap = cap;
	}
	of->high[of->n++] = *h;
	return 0;
}

void score_highs_done(struct score_highs *of)
{
	mem_free(of->high);
	*of = (struct score_highs){0};
}

enum { USER, TIMESTAMP, SCORE };
static const char *const column[] = { "user", "timestamp", "score", NULL };

struct taking {
	struct score_highs *of;
	const struct ids *ids;
	bool scored;
};

static int take_row(void *ctx, const struct table_field *f, struct err *e)
{
	struct taking *t = ctx;
	struct score_high h = { .user = dict_find(t->ids->user, f[USER].s, f[USER].len),
		.score = SCORE_SURE };
	char *end = NULL;
	if (!time_parse(f[TIMESTAMP].s, f[TIMESTAMP].len, NULL, &h.time_ms))
		return err_set(e, -EINVAL, "timestamp \"%s\": not a time", f[TIMESTAMP].s);
	if (f[SCORE].len)
		h.score = strtod(f[SCORE].s, &end);
	if (end && (*end || !isfinite(h.score)))
		return err_set(e, -EINVAL, "score \"%s\": not a number", f[SCORE].s);
	t->scored |= f[SCORE].len > 0;
	return h.user == DICT_NONE ? 0 : score_highs_add(t->of, &h, e);
}

int score_highs_read(struct score_highs *of, const char *path, const struct ids *ids,
	bool *ret_scored, struct err *e)
{
	struct taking t = { of, ids, false };
	struct table_reader r = { .path = path, .what = "scores", .column = column,
		.n_needed = SCORE, .take = take_row, .ctx = &t };
	int code = table_read(&r, e);
	*ret_scored = t.scored;
	return code;
}
