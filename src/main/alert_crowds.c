#include "main/alert_crowds.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/crowd.h"
#include "alert/query.h"
#include "alert/store.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/zone.h"
#include "main/cell.h"
#include "main/option.h"

#define HOUR_MS INT64_C(3600000)
#define LINES_MAX_BYTES (1u << 30)
#define CATEGORY_COLUMNS 24u

static const char *const side_name[CROWD_SIDES] = { [CROWD_TO] = "to", [CROWD_FROM] = "from" };

struct crowd_listing {
	const struct options *o;
	struct ids ids;
	struct crowds crowds;
	struct text line;
	struct err *e;
};

static int take_alert(void *ctx, const struct alert *a, const char *state)
{
	struct crowd_listing *l = ctx;

	(void)state;
	if (*l->o->stop)
		return 1;
	return crowds_add(&l->crowds, &a->f) < 0
		? err_set(l->e, -ENOMEM, "could not look for crowds: out of memory") : 0;
}

/* Crowds are a matter of all alerts up to the horizon; what is asked for is chosen from them. */
static int find_crowds(struct crowd_listing *l, const char *db)
{
	struct query_alerts all = { .from_ms = INT64_MIN, .to_ms = l->o->until_ms };
	struct store *s = store_open_read(db, l->e);
	int code = s ? query_each_alert(s, &all, &l->ids, take_alert, l, l->e) : l->e->code;

	store_close(s);
	if (!code && crowds_make(&l->crowds) < 0)
		code = err_set(l->e, -ENOMEM, "could not look for crowds: out of memory");
	return code;
}

static bool is_wanted(const struct crowd_listing *l, const struct crowd *c)
{
	const char *category = l->o->category;

	return c->last_ms >= l->o->from_ms
		&& (!category || dict_find(l->ids.category, category, strlen(category))
				== c->category);
}

static int crowd_cmp(const void *a, const void *b, void *names)
{
	return crowds_cmp(names, *(const struct crowd *const *)a,
		*(const struct crowd *const *)b);
}

/* The newest so many of those wanted, oldest first; how many. */
static uint32_t choose(struct crowd_listing *l, const struct crowd **ret)
{
	uint32_t n = 0, i, limit = l->o->limit;

	for (i = 0; i < l->crowds.n; i++)
		if (is_wanted(l, &l->crowds.crowd[i]))
			ret[n++] = &l->crowds.crowd[i];
	qsort_r(ret, n, sizeof *ret, crowd_cmp, l->ids.category);
	if (limit && n > limit) {
		memmove(ret, ret + n - limit, limit * sizeof *ret);
		n = limit;
	}
	return n;
}

static const char *category_text(const struct crowd_listing *l, uint32_t category, size_t *ret_len)
{
	*ret_len = 0;
	return category == DICT_NONE ? "" : dict_text(l->ids.category, category, ret_len);
}

static void add_csv(struct crowd_listing *l, const struct crowd *c)
{
	char since[ZONE_TEXT_MAX], last[ZONE_TEXT_MAX], until[ZONE_TEXT_MAX];
	struct text *t = &l->line;
	size_t len;
	const char *s = category_text(l, c->category, &len);

	text_add_csv(t, s, len);
	text_addf(t, ",%s,%s,%s,%s,%" PRId64 "h,%u,%u,%u,%.6g,%.6g,", side_name[c->side],
		time_iso(c->since_ms, since), time_iso(c->last_ms, last),
		time_iso(c->until_ms, until), c->window_ms / HOUR_MS, c->users, c->alerts,
		c->peak, c->expected, c->p);
	s = category_text(l, c->other, &len);
	text_add_csv(t, s, len);
	text_add(t, "\n", 1);
}

static void add_json(struct crowd_listing *l, const struct crowd *c)
{
	char since[ZONE_TEXT_MAX], last[ZONE_TEXT_MAX], until[ZONE_TEXT_MAX];
	struct text *t = &l->line;
	size_t len;
	const char *s = category_text(l, c->category, &len);

	text_addf(t, "{\"category\":");
	text_add_json(t, s, len);
	text_addf(t, ",\"direction\":\"%s\",\"since\":\"%s\",\"last\":\"%s\",\"until\":\"%s\","
		"\"window\":\"%" PRId64 "h\",\"users\":%u,\"alerts\":%u,\"peak\":%u,"
		"\"expected\":%.6g,\"p\":%.6g,\"other\":", side_name[c->side],
		time_iso(c->since_ms, since), time_iso(c->last_ms, last),
		time_iso(c->until_ms, until), c->window_ms / HOUR_MS, c->users, c->alerts,
		c->peak, c->expected, c->p);
	s = category_text(l, c->other, &len);
	if (c->other == DICT_NONE)
		text_addf(t, "null");
	else
		text_add_json(t, s, len);
	text_addf(t, "}\n");
}

static void add_time(struct crowd_listing *l, int64_t ms)
{
	char buf[64];

	text_addf(&l->line, "%s ", time_show(ms, &l->o->zone, "%Y-%m-%d %H:%M", buf, sizeof buf));
}

static void add_row(struct crowd_listing *l, const struct crowd *c)
{
	char rarity[64];
	size_t len;
	const char *s = category_text(l, c->category, &len);

	text_addf(&l->line, "%-4s ", side_name[c->side]);
	cell_add(&l->line, s, len, CATEGORY_COLUMNS, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
	add_time(l, c->since_ms);
	add_time(l, c->last_ms);
	crowds_rarity(c, rarity, sizeof rarity);
	text_addf(&l->line, "%5u %6u %8.3g %s\n", c->users, c->alerts, c->expected, rarity);
}

static void add_lines(struct crowd_listing *l, const struct crowd **c, uint32_t n, bool is_table)
{
	if (is_table)
		text_addf(&l->line, "%-29s %-16s %-16s %5s %6s %8s %s\n", "CROWD", "SINCE", "LAST",
			"USERS", "ALERTS", "EXPECTED", "IN A CALM LOG");
	else if (l->o->form == ALERT_CSV)
		text_addf(&l->line, "category,direction,since,last,until,window,users,alerts,peak,"
			"expected,p,other\n");
	for (uint32_t i = 0; i < n; i++)
		if (is_table)
			add_row(l, c[i]);
		else if (l->o->form == ALERT_CSV)
			add_csv(l, c[i]);
		else
			add_json(l, c[i]);
}

static int print_crowds(struct crowd_listing *l, const char *db, bool is_table)
{
	const struct crowd **chosen = mem_get(l->crowds.n + 1ul, sizeof *chosen);
	uint32_t n;

	if (!chosen)
		return err_set(l->e, -ENOMEM, "could not list crowds: out of memory");
	n = choose(l, chosen);
	text_init(&l->line, LINES_MAX_BYTES);
	add_lines(l, chosen, n, is_table);
	fwrite(l->line.s, 1, l->line.len, stdout);
	text_done(&l->line);
	mem_free(chosen);
	if (!n && is_table && !l->o->quiet)
		fprintf(stderr, "veer alerts: no crowd in \"%s\"\n", db);
	return 0;
}

int alert_crowds(const struct options *o, const char *db, bool is_table)
{
	struct err e = { 0 };
	struct crowd_listing l = { .o = o, .e = &e };
	int code = ids_init(&l.ids, &e);

	crowds_init(&l.crowds, l.ids.category);
	if (!code)
		code = find_crowds(&l, db);
	if (!code)
		code = print_crowds(&l, db, is_table);
	crowds_done(&l.crowds);
	ids_done(&l.ids);
	if (code < 0)
		fprintf(stderr, "veer alerts: %s\n", e.text);
	return code < 0 ? EXIT_FAILED : EXIT_OK;
}
