#include "ui/console.h"

#include <errno.h>
#include <stdio.h>

#include "alert/ask.h"
#include "alert/desk.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "ui/caps.h"
#include "ui/pace.h"
#include "ui/script.h"
#include "ui/session.h"
#include "ui/twin.h"
#include "ui/ui.h"

#define ANSWER_MS 10            /* how soon an answer of the store is seen */
#define KEYS_A_ROUND 64
#define EMPTY_READS 3           /* readable, and nothing there, so often in a row: end of file */
#define SCREEN_MAX (1u << 20)

bool console_can_run(char *ret_why, unsigned cap)
{
	return caps_can_run(ret_why, cap);
}

static bool take_keys(struct ui *u)
{
	int key, n;

	for (n = 0; n < KEYS_A_ROUND && !u->is_done; n++) {
		key = term_key(&u->term);
		if (key == TERM_NONE)
			break;
		ui_key(u, key);
	}
	return n > 0;
}

static int64_t next_paint(const struct ui *u, int64_t painted_ms, bool had_key)
{
	return pace_next_ms(painted_ms, u->painted_bytes, had_key);
}

static int time_to_wait(const struct ui *u, int64_t paint_ms)
{
	int64_t rest_ms = paint_ms - clock_tick_ms(u->clock);

	if (u->order.is_partial || u->live.hunt.is_busy)
		return 0;
	if ((u->sql.ask && u->sql.ask->is_busy) || (u->board.desk && desk_is_busy(u->board.desk)))
		return ANSWER_MS;
	if (!u->is_dirty || rest_ms > PACE_PAINT_MS)
		return PACE_PAINT_MS;
	return rest_ms > 0 ? (int)rest_ms : 0;
}

/* Ends by a key, a signal, or with the terminal. */
static void loop(struct ui *u)
{
	int64_t painted_ms = clock_tick_ms(u->clock);
	bool had_key = true, took;
	int empty = 0, ready;

	while (!u->is_done && !ui_is_stopped(u) && empty < EMPTY_READS) {
		ready = term_wait(&u->term, time_to_wait(u, next_paint(u, painted_ms, had_key)));
		if (ready < 0)
			return;
		took = take_keys(u);
		had_key |= took;
		empty = took || !ready ? 0 : empty + 1;
		ui_look(u);
		if (!u->is_dirty || clock_tick_ms(u->clock) < next_paint(u, painted_ms, had_key))
			continue;
		ui_draw(u);
		painted_ms = clock_tick_ms(u->clock);
		had_key = false;
	}
}

int console_run(struct feed *f, const struct console_options *o, struct err *e)
{
	struct ui *u = mem_get(1, sizeof *u);
	struct text left;
	int code;

	if (!u)
		return err_set(e, -ENOMEM, "could not open the console: out of memory");
	text_init(&left, SCREEN_MAX);
	if (o->keys)    /* time is the script's, from the first look on */
		clock_freeze(o->clock, clock_utc_ms(o->clock));
	code = ui_init(u, f, o, e);
	if (code < 0)
		goto out;
	ui_draw(u);
	if (o->keys)
		code = script_run(u, o->keys, e);
	else
		loop(u);
	if (u->leaves_text)
		term_cells(&u->term, &left);
	twin_end(u);
	session_keep(u);
	ui_done(u);
	if (left.s)
		fputs(left.s, stdout);
out:
	text_done(&left);
	mem_free(u);
	return code;
}
