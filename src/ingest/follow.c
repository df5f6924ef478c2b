#include "ingest/follow.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "ingest/follow_parts.h"
#include "ingest/load.h"

#define POLL_MS 100

__attribute__((format(printf, 4, 0)))
static void say(const struct follow *f, enum notice_level level, char line[ERR_TEXT_MAX],
	const char *format, va_list ap)
{
	char raw[ERR_TEXT_MAX];
	vsnprintf(raw, sizeof raw, format, ap);
	text_scrub(line, ERR_TEXT_MAX, raw, strlen(raw));
	if (f->notice)
		f->notice(f->ctx, level, line);
}

void follow_say(const struct follow *f, enum notice_level level, const char *format, ...)
{
	char line[ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, format);
	say(f, level, line, format, ap);
	va_end(ap);
}

void follow_trouble_at(struct follow *f, uint32_t path, enum notice_level level,
	const char *format, ...)
{
	char line[ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, format);
	say(f, level, line, format, ap);
	va_end(ap);
	text_scrub(f->trouble[path], FOLLOW_TROUBLE, line, strlen(line));
}

bool follow_trouble(const struct follow *f, char *ret, size_t cap)
{
	uint32_t n = 0;
	ret[0] = '\0';
	for (uint32_t i = 0; i < f->o.n_paths; i++)
		if (f->trouble[i][0] && n++ == 0)
			snprintf(ret, cap, "%s", f->trouble[i]);
	size_t len = strlen(ret);
	if (n > 1)
		snprintf(ret + len, cap - len, " (and %u more)", n - 1);
	return n > 0;
}

int64_t follow_tick_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t tick_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* A wrong option is told at once, not when the first rows come. */
static int check_format(const struct follow_options *o, struct err *e)
{
	struct format unused;
	struct err why = {0};
	char said[200];
	int r = o->format || o->columns ?
		format_choose(&unused, o->format, o->columns, "", 0, said, sizeof said, &why) : 0;
	return r == -EINVAL ? err_set(e, r, "%s", why.text) : 0;
}

struct follow *follow_open(struct ids *ids, const struct follow_options *o,
	void (*notice)(void *ctx, enum notice_level level, const char *line),
	void *ctx, struct err *e)
{
	struct follow *f = mem_get(1, sizeof *f);
	uint32_t n = o->n_paths ? o->n_paths : 1;
	if (!f || !(f->waits = mem_get(n, sizeof *f->waits)) ||
		!(f->known = mem_get(n, sizeof *f->known)) ||
		!(f->trouble = mem_get(n, sizeof *f->trouble))) {
		err_set(e, -ENOMEM, "could not follow %u sources: out of memory", o->n_paths);
		goto fail;
	}
	f->o = *o;
	f->ids = ids;
	f->notice = notice;
	f->ctx = ctx;
	if (check_format(o, e) < 0)
		goto fail;
	for (uint32_t i = 0; i < o->n_paths; i++)
		if (watch_start(f, i, e) < 0)
			goto fail;
	return f;
fail:
	follow_close(f);
	return NULL;
}

void follow_close(struct follow *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->n_sources; i++)
		source_free(f->source[i]);
	mem_free(f->source);
	mem_free(f->waits);
	mem_free(f->known);
	mem_free(f->trouble);
	mem_free(f);
}

/* A pipe is read only when that cannot block. */
static void hear_pipe(struct source *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	if (s->state == SOURCE_ENDED || s->state == SOURCE_FREE)
		return;
	s->state = poll(&p, 1, 0) > 0 ? SOURCE_MORE : SOURCE_DRY;
	if (s->state == SOURCE_DRY && !s->quiet_since_ms)
		s->quiet_since_ms = follow_tick_ms();
}

/* A file that was rotated away goes before the one that took its path. */
static bool must_wait(const struct follow *f, const struct source *s)
{
	for (uint32_t i = 0; i < f->n_sources; i++) {
		const struct source *old = f->source[i];
		if (old->path == s->path && old->replaced && old->state == SOURCE_MORE &&
			!s->replaced)
			return true;
	}
	return false;
}

/* Of the sources with something to read, the one furthest back in event time. */
static struct source *pick(struct follow *f)
{
	struct source *best = NULL;
	for (uint32_t i = 0; i < f->n_sources; i++) {
		struct source *s = f->source[i];
		if (s->pipe)
			hear_pipe(s);
		if (s->state == SOURCE_MORE && (!best || s->newest_ms < best->newest_ms) &&
			!must_wait(f, s))
			best = s;
	}
	return best;
}

static bool all_ended(const struct follow *f)
{
	bool waits = false;
	for (uint32_t i = 0; i < f->o.n_paths; i++)
		waits |= f->waits[i];
	for (uint32_t i = 0; i < f->n_sources; i++)
		waits |= f->source[i]->state == SOURCE_MORE || f->source[i]->state == SOURCE_DRY;
	return !waits;
}

/* Sleeps until a pipe speaks, at most for wait_ms. */
static void doze(const struct follow *f, int64_t wait_ms)
{
	struct pollfd p[16];
	nfds_t n = 0;
	for (uint32_t i = 0; i < f->n_sources && n < sizeof p / sizeof *p; i++)
		if (f->source[i]->pipe && f->source[i]->state == SOURCE_DRY)
			p[n++] = (struct pollfd){ .fd = f->source[i]->fd, .events = POLLIN };
	poll(p, n, (int)(wait_ms < POLL_MS ? wait_ms : POLL_MS));
}

int follow_next(struct follow *f, int64_t wait_ms, struct batch **ret, struct err *e)
{
	int64_t until = follow_tick_ms() + wait_ms;
	*ret = NULL;
	f->last = NULL;
	f->took_us = 0;
	for (int r = 0; r == 0; ) {
		int64_t now = follow_tick_ms();
		if (now >= f->next_poll_ms) {
			if ((r = watch_poll(f, e)) < 0)
				return r;
			f->next_poll_ms = now + POLL_MS;
		}
		struct source *s = pick(f);
		if (s) {
			int64_t begun_us = tick_us();
			r = source_read(f, s, ret, e);
			f->took_us += tick_us() - begun_us;
			if (r < 0)
				return r;
			if (*ret) {
				f->last = s;
				return 1;
			}
		} else if (all_ended(f)) {
			return -ENODATA;
		} else if (now >= until) {
			return 0;
		} else {
			doze(f, until - now);
		}
	}
	return 0;
}

bool follow_is_again(const struct follow *f)
{
	return f->last && source_at(f->last) <= f->last->again;
}

int64_t follow_took_us(const struct follow *f)
{
	return f->took_us;
}

void follow_row(const struct follow *f, uint64_t offset, struct reject_row *ret)
{
	const struct source *s = f->last;
	size_t at = (size_t)(offset - s->offset);
	size_t end = split_row(s->format.delim, s->buf, at, s->taken), len = end - at;
	while (len > 0 && (s->buf[at + len - 1] == '\n' || s->buf[at + len - 1] == '\r'))
		len--;
	*ret = (struct reject_row){ .why = REJECT_LATE, .source = s->number,
		.line = s->line + split_count_lines(s->buf, at) };
	ret->len = (uint32_t)(len < sizeof ret->text ? len : sizeof ret->text);
	memcpy(ret->text, s->buf + at, ret->len);
}

uint32_t follow_places(const struct follow *f, struct follow_place *ret, uint32_t cap)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->n_sources; i++) {
		const struct source *s = f->source[i];
		uint64_t at = source_at(s);
		if (s->state == SOURCE_FREE)
			continue;
		if (n++ < cap)
			*ret++ = (struct follow_place){ .path = f->o.path[s->path], .source = i,
				.ended = s->state == SOURCE_ENDED, .old = s->replaced, .lost =
					s->pipe || s->lost, .device = s->device,
				.inode = s->inode, .offset = at, .read = at > s->again ? at :
					s->again };
	}
	return n;
}

int64_t follow_quiet_ms(const struct follow *f, uint32_t source)
{
	const struct source *s = f->source[source];
	if (s->state == SOURCE_ENDED)
		return INT64_MAX;
	return s->quiet_since_ms ? follow_tick_ms() - s->quiet_since_ms : 0;
}

void follow_forget(struct follow *f, uint32_t source)
{
	struct source *s = f->source[source];
	if (s->state == SOURCE_ENDED && !f->o.once)
		s->state = SOURCE_FREE;
}

uint64_t follow_behind(const struct follow *f)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < f->n_sources; i++) {
		const struct source *s = f->source[i];
		if (s->state == SOURCE_MORE && !s->pipe && s->size > source_at(s))
			bytes += s->size - source_at(s);
	}
	return bytes;
}

uint32_t follow_unusable(const struct follow *f, char *why, size_t cap)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f->n_sources; i++) {
		const struct source *s = f->source[i];
		char reasons[300] = "no rows";
		if (s->state == SOURCE_FREE || s->n_events > 0 || s->again > 0)
			continue;
		if (n++ > 0)
			continue;
		if (s->unusable)
			snprintf(reasons, sizeof reasons, "%s", s->unfit);
		else if (s->n_rows > 0)
			load_reasons(s->rejected, s->n_rows, reasons, sizeof reasons);
		snprintf(why, cap, "%s: %s", f->o.path[s->path], reasons);
	}
	return n;
}
