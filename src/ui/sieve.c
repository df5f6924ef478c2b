#include "ui/sieve.h"

#include <string.h>

#include "base/mem.h"
#include "ui/ui.h"

#define LINE_MAX_BYTES (6 * UI_NAME_MAX + 64)

static const char states[] = "NACS";

void sieve_done(struct sieve *s)
{
	pattern_done(&s->pattern);
	mem_free(s->answer);
	*s = (struct sieve){ 0 };
}

void sieve_forget(struct sieve *s)
{
	if (s->n)
		memset(s->answer, 0, s->n);
}

bool sieve_reserve(struct sieve *s, uint32_t n)
{
	uint32_t cap = s->n + s->n / 2 > n ? s->n + s->n / 2 : n;
	uint8_t *more;

	if (n <= s->n)
		return true;
	more = mem_resize(s->answer, cap, sizeof *more);
	if (!more)
		return false;
	memset(more + s->n, 0, cap - s->n);
	s->answer = more;
	s->n = cap;
	return true;
}

/* Takes the word at end into the line unless it is the word before as well; the new end. */
static char *keep_other(char *end, const char *before, size_t len)
{
	size_t have = strlen(end + 1);

	if (have == len && memcmp(end + 1, before, len) == 0)
		return end;
	*end = ' ';
	return end + 1 + have;
}

/* Each text is written where it belongs: the line is made for every alert of a long list. */
static char *add_user(const struct ui *u, uint32_t user, char *at)
{
	char *end = at + strlen(ui_user_id(u, user, at));

	if (!u->feed->names)
		return end;
	ui_user(u, user, end + 1);
	return keep_other(end, at, (size_t)(end - at));
}

static char *add_categories(const struct ui *u, const struct finding *f, char *from)
{
	char *from_end = from + strlen(ui_category(u, f->from, from));
	char *to = stpcpy(from_end, " > "), *to_end = to + strlen(ui_category(u, f->to, to));
	char *end = to_end;

	if (!u->feed->names)
		return end;
	ui_category_id(u, f->from, end + 1);
	end = keep_other(end, from, (size_t)(from_end - from));
	ui_category_id(u, f->to, end + 1);
	return keep_other(end, to, (size_t)(to_end - to));
}

static size_t write_line(const struct ui *u, uint32_t alert, char state, char line[LINE_MAX_BYTES])
{
	const struct finding *f = &feed_alert(u->feed, alert)->f;
	char from[ALERT_SIDE_MAX], to[ALERT_SIDE_MAX], *at;
	enum ink ink;
	const char *sign = ui_priority(f->severity, &ink);

	at = stpcpy(line, sign + (sign[0] == ' '));
	*at++ = ' ';
	at = stpcpy(at, board_word(state));
	*at++ = ' ';
	at = add_user(u, f->user, at);
	*at++ = ' ';
	if (f->kind == KIND_INTEREST)
		return (size_t)(add_categories(u, f, at) - line);
	alert_levels(f, from, to);
	at = stpcpy(stpcpy(stpcpy(at, from), " > "), to);
	return (size_t)(at - line);
}

bool sieve_is_in(struct ui *u, struct sieve *s, uint32_t alert)
{
	char state = board_state(u, alert), line[LINE_MAX_BYTES];
	unsigned k = (unsigned)(strchr(states, state) - states);
	uint8_t *answer = &s->answer[alert];

	if (s->is_masked != u->is_masked)
		sieve_forget(s);
	s->is_masked = u->is_masked;
	if (!(*answer >> k & 1)) {
		size_t len = write_line(u, alert, state, line);
		unsigned is_in = pattern_is_in(&s->pattern, line, len);

		s->n_tried++;
		*answer |= (uint8_t)((1u | is_in << 4) << k);
	}
	return *answer >> (4 + k) & 1;
}
