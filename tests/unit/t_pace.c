/* A flood of alerts, a minute of a frozen clock long: how many paints and bytes the terminal gets,
 * and how soon a key is seen.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "many_alerts.h"
#include "model/model.h"
#include "ui/pace.h"

#define SECONDS_MOST 60
#define A_SECOND 1000           /* alerts */
#define STEP_MS 10
#define KEY_MS 5000             /* a key so often */
#define BYTES_MOST 30000        /* a second, in any span */
#define SPAN_MS 5000

struct console {
	struct many *m;
	struct model model;
	FILE *written;
	int64_t painted_ms, key_ms;     /* key_ms: pressed and not seen; 0: none is */
	bool had_key;
	unsigned n_paints, n_tables;    /* how often the strip's were made */
	int64_t worst_ms, n_written;
};

static void open_console(struct console *c, unsigned lines, unsigned columns)
{
	static const struct console_options options;
	struct term_options size = { .scripted = true, .lines = lines, .columns = columns };
	struct err e = { 0 };

	*c = (struct console){ .written = tmpfile() };
	c->m = many_open(SECONDS_MOST * A_SECOND, 20000);
	clock_freeze(&c->m->clock, INT64_C(1512345600000));
	model_default(&c->model);
	c->m->feed.model = &c->model;
	c->m->u->options = &options;
	c->m->snap = (struct snapshot){ .phase = FEED_RUNNING, .live = true, .first_ms = 1000,
		.data_ms = 1000, .last_ms = 1000 };
	assert_int_equal(term_open(&c->m->u->term, &size, &e), 0);
	assert_non_null(c->written);
	dup2(fileno(c->written), fileno(c->m->u->term.out));
}

static void close_console(struct console *c)
{
	ui_done(c->m->u);
	model_done(&c->model);
	many_close(c->m);
	fclose(c->written);
}

static void paint(struct console *c, int64_t now)
{
	const struct tables *t = &c->m->u->live.strip.tables;
	int64_t made_ms = t->made_ms;

	ui_draw(c->m->u);
	c->n_tables += t->made_ms != made_ms;
	c->painted_ms = now;
	c->had_key = false;
	c->n_paints++;
	if (c->key_ms && now - c->key_ms > c->worst_ms)
		c->worst_ms = now - c->key_ms;
	c->key_ms = 0;
}

/* As the console's own loop does it. */
static void step(struct console *c, int64_t at_ms)
{
	struct ui *u = c->m->u;
	int64_t now;

	clock_advance(&c->m->clock, STEP_MS);
	now = clock_tick_ms(&c->m->clock);
	c->m->snap.n_alerts += A_SECOND * STEP_MS / 1000;
	c->m->snap.data_ms = c->m->snap.last_ms = 1000 + at_ms;
	if (at_ms % KEY_MS == 0) {
		ui_key(u, at_ms % (2 * KEY_MS) ? 'j' : 'G');
		c->had_key = true;
		c->key_ms = now;
	}
	ui_look(u);
	if (u->is_dirty && now >= pace_next_ms(c->painted_ms, u->painted_bytes, c->had_key))
		paint(c, now);
}

/* Bytes written since the last call. */
static int64_t written(struct console *c)
{
	int64_t before = c->n_written;

	c->n_written = lseek(fileno(c->written), 0, SEEK_END);
	return c->n_written - before;
}

static void flood(unsigned lines, unsigned columns, unsigned seconds)
{
	struct console c;
	int64_t at_ms, most = 0, bytes;

	open_console(&c, lines, columns);
	for (at_ms = STEP_MS; at_ms <= seconds * 1000; at_ms += STEP_MS) {
		step(&c, at_ms);
		bytes = at_ms % SPAN_MS ? 0 : written(&c);
		most = bytes > most ? bytes : most;
	}
	print_message("# %ux%u: %u paints, at most %lld bytes a second, a key after %lld ms\n",
		columns, lines, c.n_paints, (long long)most * 1000 / SPAN_MS,
		(long long)c.worst_ms);
	assert_int_equal(c.m->u->roll.n, seconds * A_SECOND);
	assert_in_range(c.n_paints, 2 * seconds, seconds * 1000 / PACE_PAINT_MS);
	assert_in_range(c.worst_ms, 0, PACE_PAINT_MS);
	assert_in_range(most, 1000, BYTES_MOST * SPAN_MS / 1000);
	if (columns >= UI_WIDE) /* once a second while the list follows, not at each paint */
		assert_in_range(c.n_tables, seconds / 4, seconds + 1);
	close_console(&c);
}

static void a_flood_of_alerts_is_no_flood_of_bytes(void **state)
{
	(void)state;
	flood(24, 80, SECONDS_MOST);
}

static void nor_on_a_large_screen(void **state)
{
	(void)state;
	flood(50, 160, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_alerts_is_no_flood_of_bytes),
		cmocka_unit_test(nor_on_a_large_screen),
	};

	setlocale(LC_ALL, "C.UTF-8");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
