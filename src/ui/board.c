#include "ui/board.h"

#include <stdio.h>
#include <string.h>

#include "alert/desk.h"
#include "alert/store.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "ui/ui.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

void board_done(struct board *b)
{
	desk_close(b->desk);
	while (b->n_notes)
		mem_free(b->note[--b->n_notes].text);
	while (b->n_authors)
		mem_free(b->author[--b->n_authors]);
	mem_free(b->note);
	mem_free(b->author);
	mem_free(b->entry);
	mem_free(b->slot);
	*b = (struct board){ 0 };
}

/* Entries by id */

/* Where id stands, or the free place where it would; the ids are hashes themselves. */
static uint32_t slot_of(const struct board *b, uint64_t id)
{
	uint32_t i = (uint32_t)id & (b->n_slots - 1);

	while (b->slot[i] && b->entry[b->slot[i] - 1].id != id)
		i = (i + 1) & (b->n_slots - 1);
	return i;
}

struct board_entry *board_find(const struct board *b, uint64_t id)
{
	uint32_t at = b->n_slots ? b->slot[slot_of(b, id)] : 0;

	return at ? &b->entry[at - 1] : NULL;
}

static bool grow(struct board *b)
{
	uint32_t cap = b->cap ? 2 * b->cap : 64, i;
	uint32_t *slot = mem_get(2ul * cap, sizeof *slot);
	struct board_entry *entry = slot ? mem_resize(b->entry, cap, sizeof *entry) : NULL;

	if (!entry) {
		mem_free(slot);
		return false;
	}
	mem_free(b->slot);
	b->slot = slot;
	b->entry = entry;
	b->cap = cap;
	b->n_slots = 2 * cap;
	for (i = 0; i < b->n; i++)
		slot[slot_of(b, entry[i].id)] = i + 1;
	return true;
}

struct board_entry *board_touch(struct board *b, uint64_t id)
{
	struct board_entry *entry = board_find(b, id);

	if (entry || (b->n == b->cap && !grow(b)))
		return entry;
	b->slot[slot_of(b, id)] = b->n + 1;
	entry = &b->entry[b->n++];
	*entry = (struct board_entry){ .id = id, .alert = BOARD_NONE, .note = BOARD_NONE };
	b->has_strays = true;
	return entry;
}

/* News */

static uint32_t author_of(struct board *b, const char *name, size_t len)
{
	char **more, shown[TRIAGE_AUTHOR_MAX * 4];
	uint32_t i;

	text_scrub(shown, sizeof shown, name, len);
	for (i = 0; i < b->n_authors; i++)
		if (strcmp(b->author[i], shown) == 0)
			return i;
	more = mem_resize(b->author, b->n_authors + 1ul, sizeof *more);
	if (!more)
		return BOARD_NONE;
	b->author = more;
	b->author[i] = mem_text(shown, strlen(shown));
	if (b->author[i])
		b->n_authors++;
	return b->author[i] ? i : BOARD_NONE;
}

static const char *author_name(const struct board *b, uint32_t author)
{
	return author < b->n_authors ? b->author[author] : "";
}

/* A note that was taken back has no text left to show. */
static void withdraw(struct board *b, struct board_entry *e, int64_t seq)
{
	uint32_t i;

	for (i = e->note; i != BOARD_NONE; i = b->note[i].before)
		if (b->note[i].seq == seq)
			b->note[i].is_withdrawn = true;
	while (e->note != BOARD_NONE && b->note[e->note].is_withdrawn)
		e->note = b->note[e->note].before;
}

static bool add_note(struct board *b, struct board_entry *e, const struct triage_change *c)
{
	char shown[STORE_NOTE_MAX];
	struct board_note *more = b->note;
	uint32_t cap = b->cap_notes ? 2 * b->cap_notes : 16;
	size_t len = text_scrub(shown, sizeof shown, c->text, c->len);

	if (b->n_notes == b->cap_notes) {
		more = mem_resize(b->note, cap, sizeof *more);
		if (!more)
			return false;
		b->note = more;
		b->cap_notes = cap;
	}
	more[b->n_notes] = (struct board_note){ .seq = c->note, .at_ms = c->time_ms,
		.before = e->note, .author = author_of(b, c->author, c->author_len),
		.text = mem_text(shown, len) };
	if (!more[b->n_notes].text)
		return false;
	e->note = b->n_notes++;
	return true;
}

static bool take_change(struct board *b, const struct triage_change *c)
{
	struct board_entry *e = board_touch(b, c->alert_id);

	if (!e)
		return false;
	if (c->field == TRIAGE_LABEL)
		e->label = (uint8_t)c->value;
	if (c->field == TRIAGE_NOTE) {
		if (c->len)
			return add_note(b, e, c);
		withdraw(b, e, c->note);
	}
	if (c->field == TRIAGE_STATE) {
		e->state = (uint8_t)c->value;
		e->until_ms = c->until_ms;
		e->at_ms = c->time_ms;
		e->author = author_of(b, c->author, c->author_len);
	}
	return true;
}

/* "acknowledged", "shelved until 11-30 10:15", "labelled false", "noted". */
static void say_what(struct ui *u, const struct desk_news *news, char *buf, size_t n)
{
	char until[UI_TIME_MAX];

	if (news->field == TRIAGE_STATE && news->value == TRIAGE_SHELVED && news->n
	    && !news->is_undo)
		snprintf(buf, n, "shelved until %s", time_show(news->change[0].until_ms,
			u->feed->zone, "%Y-%m-%d %H:%M", until, sizeof until));
	else if (news->field == TRIAGE_STATE)
		snprintf(buf, n, "%s", triage_name[news->value]);
	else if (news->field == TRIAGE_LABEL)
		snprintf(buf, n, "labelled %s", label_name[news->value]);
	else
		snprintf(buf, n, "noted");
}

static void say(struct ui *u, const struct desk_news *news)
{
	char what[60], how_many[40] = "";

	if (news->err.code < 0) {
		ui_say(u, true, "%s%s", news->err.text,
			news->is_order ? "; nothing was changed" : "");
		return;
	}
	if (!news->is_order)
		return;
	say_what(u, news, what, sizeof what);
	if (news->n_done > 1)
		snprintf(how_many, sizeof how_many, ": %u alerts", news->n_done);
	if (news->is_nothing)
		ui_say(u, true, "nothing was done in this session that could be undone");
	else if (news->is_undo)
		ui_say(u, false, "undone: %s%s", what, how_many);
	else
		ui_say(u, false, "%s%s%s", what, how_many, news->n_done ? "" : " already");
}

static void take_news(struct ui *u)
{
	struct board *b = &u->board;
	struct desk_news *news;
	bool ok = true;
	uint32_t i;

	while (b->desk && (news = desk_look(b->desk))) {
		for (i = 0; i < news->n; i++)
			ok &= take_change(b, &news->change[i]);
		say(u, news);
		if (!ok)
			ui_say(u, true, "out of memory: not all that was done is shown");
		desk_news_free(news);
		b->version++;
		u->is_dirty = true;
	}
}

static void open_desk(struct ui *u)
{
	struct err e = { 0 };

	if (u->board.desk || !u->feed->db || !ui_is_loaded(u) || u->board.is_shut)
		return;
	u->board.desk = desk_open(u->feed->db, u->options->author ? u->options->author : "", &e);
	u->board.is_shut = !u->board.desk;
	if (!u->board.desk)
		ui_say(u, true, "%s", e.text);
}

/* Which alerts the entries are of. */
static void place(struct ui *u)
{
	struct board *b = &u->board;
	uint32_t i = b->has_strays ? 0 : b->n_placed;

	for (; b->n && i < u->roll.n; i++) {
		struct board_entry *e = board_find(b, feed_alert(u->feed, i)->id);

		if (e)
			e->alert = i;
	}
	b->n_placed = u->roll.n;
	b->has_strays = false;
}

static bool is_shelved(const struct board_entry *e, int64_t now_ms)
{
	return e->state == TRIAGE_SHELVED && e->until_ms > now_ms;
}

static void count_one(struct ui *u, const struct board_entry *e, struct board_counts *c)
{
	const struct alert *a = feed_alert(u->feed, e->alert);
	enum tick tick = bar_tick(a->f.severity);

	*(e->state == TRIAGE_ACKNOWLEDGED ? &c->acknowledged : &c->shelved) += 1;
	*(ui_is_cleared(u, a) ? &c->cleared : tick == TICK_SEVERE ? &c->severe
		: tick == TICK_HIGH ? &c->high : &c->low) += 1;
}

static void count(struct ui *u)
{
	struct board *b = &u->board;
	int64_t now = clock_utc_ms(u->clock);
	uint32_t i;

	b->counts = (struct board_counts){ 0 };
	for (i = 0; i < b->n; i++) {
		const struct board_entry *e = &b->entry[i];

		if (e->alert >= u->snap->n_alerts)
			continue;
		b->counts.marked += e->is_marked;
		if (e->state == TRIAGE_ACKNOWLEDGED || is_shelved(e, now))
			count_one(u, e, &b->counts);
	}
}

/* Minutes are counted down, and the last one in seconds. */
static void look_at_shelves(struct ui *u)
{
	struct board *b = &u->board;
	int64_t now = clock_utc_ms(u->clock);
	uint32_t i;

	if (now >= b->next_ms) {
		u->is_dirty = true;
		b->version++;
	}
	b->next_ms = INT64_MAX;
	for (i = 0; i < b->n; i++) {
		const struct board_entry *e = &b->entry[i];
		int64_t left = e->until_ms - now, unit = left > MINUTE_MS ? MINUTE_MS : 1000;

		if (is_shelved(e, now) && now + (left - 1) % unit + 1 < b->next_ms)
			b->next_ms = now + (left - 1) % unit + 1;
	}
}

void board_look(struct ui *u)
{
	open_desk(u);
	take_news(u);
	place(u);
	look_at_shelves(u);
	count(u);
}

/* What screens show */

char board_state(const struct ui *u, uint32_t i)
{
	const struct alert *a = feed_alert(u->feed, i);
	const struct board_entry *e = board_find(&u->board, a->id);

	if (e && e->state == TRIAGE_ACKNOWLEDGED)
		return 'A';
	if (e && is_shelved(e, clock_utc_ms(u->clock)))
		return 'S';
	return ui_is_cleared(u, a) ? 'C' : 'N';
}

const char *board_word(char state)
{
	return state == 'A' ? triage_name[TRIAGE_ACKNOWLEDGED]
		: state == 'S' ? triage_name[TRIAGE_SHELVED] : state == 'C' ? "cleared" : "new";
}

const char *board_left(const struct ui *u, uint32_t i, char buf[BOARD_LEFT_MAX])
{
	const struct board_entry *e = board_find(&u->board, feed_alert(u->feed, i)->id);
	int64_t left = e ? e->until_ms - clock_utc_ms(u->clock) : 0;
	static const struct { int64_t up_to_ms, unit_ms; char sign; } unit[] = {
		{ MINUTE_MS, 1000, 's' }, { 2 * HOUR_MS, MINUTE_MS, 'm' },
		{ 2 * DAY_MS, HOUR_MS, 'h' }, { INT64_MAX, DAY_MS, 'd' },
	};
	unsigned k = 0;

	*buf = 0;
	if (!e || e->state != TRIAGE_SHELVED || left <= 0)
		return buf;
	while (left > unit[k].up_to_ms)
		k++;
	snprintf(buf, BOARD_LEFT_MAX, "(%d%c left)",
		(int)((left + unit[k].unit_ms - 1) / unit[k].unit_ms), unit[k].sign);
	return buf;
}

bool board_history(struct ui *u, uint32_t i, struct parts *p)
{
	const struct board *b = &u->board;
	const struct board_entry *e = board_find(b, feed_alert(u->feed, i)->id);
	char time[UI_TIME_MAX], state = board_state(u, i);
	uint32_t note = e ? e->note : BOARD_NONE;
	unsigned n_notes = 0;

	if (!e || (state != 'A' && state != 'S' && !e->label && note == BOARD_NONE))
		return false;
	if (state == 'A' || state == 'S')
		parts_add(p, 0, INK_TEXT, "%s %s %s", board_word(state),
			time_show(e->at_ms, u->feed->zone, "%m-%d %H:%M", time, sizeof time),
			author_name(b, e->author));
	if (e->label)
		parts_add(p, 0, INK_TEXT, "labelled %s", label_name[e->label]);
	for (; note != BOARD_NONE && p->n < 6; note = b->note[note].before)
		if (!b->note[note].is_withdrawn)        /* the newest stays, if cut */
			parts_add(p, n_notes++, INK_TEXT, "%s %s: %s",
				time_show(b->note[note].at_ms, u->feed->zone, "%m-%d %H:%M", time,
					sizeof time),
				author_name(b, b->note[note].author), b->note[note].text);
	return true;
}
