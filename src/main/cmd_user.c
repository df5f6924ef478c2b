/* veer user: all about one user as text, or the user's alert rows; from files, or from a store. */
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "alert/query.h"
#include "alert/store.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/portrait.h"
#include "ingest/names.h"
#include "main/log_run.h"
#include "main/meter.h"
#include "main/option.h"
#include "main/user_sheet.h"
#include "series/columns.h"
#include "series/history.h"

#define SHEET_TEXT_MAX (8u << 20)
#define SUGGESTIONS 3
#define PREFIX_MIN 2u
#define EVIDENCE_MAX 256u

/* An alert with the state that its source says. */
struct known {
	struct alert alert;
	char state[16];
};

struct subject {
	const struct options *o;
	const char *id;
	struct ids *ids;
	const struct model *model;
	struct names *names;
	struct portrait portrait;
	struct known *known;
	uint32_t n_known, cap_known;
	struct store *store;            /* for the evidence; NULL: from files */
	int64_t horizon_ms;             /* up to which time is known to have passed */
};

static void subject_done(struct subject *u)
{
	portrait_done(&u->portrait);
	mem_free(u->known);
	names_close(u->names);
	store_close(u->store);
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "could not show a user: out of memory");
}

static int know(struct subject *u, const struct alert *a, const char *state, struct err *e)
{
	if (u->n_known == u->cap_known) {
		uint32_t cap = u->cap_known ? u->cap_known * 2 : 16;
		struct known *more = mem_resize(u->known, cap, sizeof(*more));

		if (!more)
			return no_memory(e);
		u->known = more;
		u->cap_known = cap;
	}
	u->known[u->n_known].alert = *a;
	snprintf(u->known[u->n_known++].state, sizeof(u->known->state), "%s", state);
	return 0;
}

/* Takes over ev. */
static int draw(struct subject *u, struct event *ev, uint32_t n, struct err *e)
{
	const struct options *o = u->o;
	int64_t upto_ms = o->until_ms != INT64_MAX ? o->until_ms : n ? ev[n - 1].time_ms : 0;
	struct portrait_options po = {
		.n_cells = SHEET_CELLS,
		.max_rows = !o->limit ? SHEET_ROWS : o->limit == UINT32_MAX ? 0 : o->limit + 1,
		.upto_ms = upto_ms,
		.horizon_ms = u->horizon_ms > upto_ms ? u->horizon_ms : upto_ms,
		.score = o->score,
	};

	if (o->from_ms != INT64_MIN && o->from_ms <= upto_ms)
		po.span_ms = upto_ms - o->from_ms + 1;

	return portrait_make(&u->portrait, dict_find(u->ids->user, u->id, strlen(u->id)), ev, n,
		u->model, u->ids, &po, e);
}

/* The alerts shown are the newest. */
static uint32_t first_known(const struct subject *u)
{
	uint32_t limit = u->o->limit;

	return limit && u->n_known > limit ? u->n_known - limit : 0;
}

static void print_rows(const struct subject *u)
{
	struct text t;

	text_init(&t, SHEET_TEXT_MAX);
	alert_header(&t, u->o->form);
	for (uint32_t i = first_known(u); i < u->n_known; i++)
		alert_row(&t, u->o->form, &u->known[i].alert, u->ids, u->known[i].state);
	if (t.len)
		fwrite(t.s, 1, t.len, stdout);
	text_done(&t);
}

struct evidence_row {
	int64_t step_ms;
	uint32_t category;
	double interest;
};

struct evidence {
	struct ids *ids;
	struct evidence_row row[EVIDENCE_MAX];
	uint32_t n;
};

static int take_evidence(void *ctx, int64_t step_ms, const char *category, double interest)
{
	struct evidence *ev = ctx;
	uint32_t number = dict_id(ev->ids->category, category, strlen(category));

	if (number == DICT_NONE || ev->n == EVIDENCE_MAX)
		return 1;
	ev->row[ev->n++] = (struct evidence_row){ step_ms, number, interest };
	return 0;
}

static bool is_first_of_category(const struct evidence *ev, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (ev->row[k].category == ev->row[i].category)
			return false;
	return true;
}

/* A line a category: the interest in the steps around the alert. */
static int print_evidence(const struct subject *u, const struct sheet *s, uint64_t alert_id,
	struct err *e)
{
	struct evidence ev = { .ids = u->ids };

	if (query_each_evidence(u->store, alert_id, take_evidence, &ev, e) < 0)
		return e->code;
	for (uint32_t i = 0; i < ev.n; i++) {
		if (!is_first_of_category(&ev, i))
			continue;
		for (uint32_t k = i; k < ev.n; k++)
			if (ev.row[k].category == ev.row[i].category)
				sheet_evidence(s,
					dict_text(u->ids->category, ev.row[k].category, NULL),
					ev.row[k].step_ms, ev.row[k].interest, k == i);
		text_add(s->to, "\n", 1);
	}
	return 0;
}

static int print_sheet(const struct subject *u, struct err *e)
{
	struct text t;
	struct sheet s = {
		.to = &t,
		.ids = u->ids,
		.names = u->names,
		.zone = &u->o->zone,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.limit = u->o->limit ? u->o->limit : SHEET_EVENTS,
	};
	int code = 0;

	text_init(&t, SHEET_TEXT_MAX);
	sheet_head(&s, &u->portrait);
	if (u->store && store_has_dropped(u->store))
		sheet_kept(&s, &u->portrait);
	if (u->portrait.n_events)
		sheet_interests(&s, &u->portrait);
	text_addf(&t, u->n_known ? "\nALERTS %u\n" : "\nALERTS none\n", u->n_known);
	for (uint32_t i = first_known(u); code == 0 && i < u->n_known; i++) {
		sheet_alert(&s, &u->known[i].alert, u->known[i].state);
		if (u->store)
			code = print_evidence(u, &s, u->known[i].alert.id, e);
	}
	sheet_events(&s, &u->portrait);
	if (code == 0 && t.len)
		fwrite(t.s, 1, t.len, stdout);
	text_done(&t);
	return code;
}

static int print_subject(const struct subject *u, struct err *e)
{
	if (!u->o->form_given)
		return print_sheet(u, e);
	print_rows(u);
	return 0;
}

static size_t common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* Up to 3 users whose ids begin like the one asked for: longest beginnings first, ties by bytes. */
static uint32_t find_alike(const struct dict *users, const char *id, uint32_t best[SUGGESTIONS])
{
	uint32_t n = 0;

	for (uint32_t i = 0, k; i < dict_size(users); i++) {
		size_t len = common_prefix(dict_text(users, i, NULL), id);

		if (len < PREFIX_MIN)
			continue;
		for (k = n; k > 0; k--) {
			size_t other = common_prefix(dict_text(users, best[k - 1], NULL), id);

			if (other > len || (other == len && dict_cmp(users, best[k - 1], i) < 0))
				break;
			if (k < SUGGESTIONS)
				best[k] = best[k - 1];
		}
		if (k < SUGGESTIONS)
			best[k] = i;
		n += n < SUGGESTIONS;
	}
	return n;
}

static int unknown_user(const struct subject *u, const char *where, struct err *e)
{
	uint32_t alike[SUGGESTIONS], n = find_alike(u->ids->user, u->id, alike);
	char hint[ERR_TEXT_MAX / 2] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < n && len < sizeof(hint); i++)
		len += (size_t)snprintf(hint + len, sizeof(hint) - len, "%s\"%.60s\"",
			i ? ", " : "; there is ", dict_text(u->ids->user, alike[i], NULL));
	return err_set(e, -ENOENT, "no user \"%.100s\" in %s%s", u->id, where, hint);
}

/* From files: the alerts are those of the portrait, which detects as a run does. */
static int draw_from_run(struct subject *u, const struct run *r, struct err *e)
{
	uint32_t user = dict_find(r->ids.user, u->id, strlen(u->id)), n;
	struct event *ev;
	int64_t first_ms;

	if (user == DICT_NONE)
		return unknown_user(u, "the log", e);
	history_range(r->history, &first_ms, &u->horizon_ms);
	if (u->o->until_ms != INT64_MAX)
		u->horizon_ms = u->o->until_ms;
	if (run_user(r, user, u->o->until_ms, &ev, &n, e) < 0)
		return e->code;
	if (!n) {
		mem_free(ev);
		return unknown_user(u, "the log", e);
	}
	if (draw(u, ev, n, e) < 0)
		return e->code;
	for (uint32_t i = 0; i < u->portrait.n_findings; i++) {
		struct alert a = alert_make(&u->portrait.finding[i], u->ids, u->model->hash);

		if (know(u, &a, alert_state(&a), e) < 0)
			return e->code;
	}
	return 0;
}

static int from_files(struct subject *u, struct err *e)
{
	const struct options *o = u->o;
	struct run r = {0};
	struct meter m = {0};
	struct run_options ro;
	int code;

	log_run_options(o, o->operand + 1, o->n_operands - 1, &ro);
	ro.skip_detect = true;
	meter_start(&m, &o->clock, o->stop, o->quiet);
	code = run_files(&r, &ro, &m.progress, e);
	meter_stop(&m);
	u->ids = &r.ids;
	u->model = &r.model;
	if (code == 0)
		code = draw_from_run(u, &r, e);
	if (code == 0)
		code = print_subject(u, e);
	if (code == 0 || (r.load.unusable && code == -ENOENT)) {
		int ret = log_run_report(&r, o);

		code = code ? code : ret;
	}
	run_done(&r);
	return code;
}

/* From a store: what it kept of the events, its model, its alerts. */
struct gathering {
	struct subject *u;
	struct event *ev;
	uint32_t n, cap;
	struct err *err;
};

static int take_event(void *ctx, const struct store_event *se)
{
	struct gathering *g = ctx;
	struct ids *ids = g->u->ids;

	if (g->n == g->cap) {
		uint32_t cap = g->cap ? g->cap * 2 : 256;
		struct event *more = mem_resize(g->ev, cap, sizeof(*more));

		if (!more)
			return no_memory(g->err);
		g->ev = more;
		g->cap = cap;
	}
	g->ev[g->n++] = (struct event){
		.time_ms = se->time_ms,
		.user = dict_id(ids->user, se->user, se->user_len),
		.item = dict_id(ids->item, se->item, se->item_len),
		.category = dict_id(ids->category, se->category, se->category_len),
		.price = se->price,
		.quantity = se->quantity,
		.behaviour = (uint8_t)se->behaviour,
	};
	return 0;
}

static int take_alert(void *ctx, const struct alert *a, const char *state)
{
	struct gathering *g = ctx;

	return know(g->u, a, state, g->err);
}

static int draw_from_store(struct subject *u, struct err *e)
{
	const struct options *o = u->o;
	struct query_alerts query = { .user = u->id, .from_ms = INT64_MIN, .to_ms = o->until_ms,
		.now_ms = clock_utc_ms(&o->clock) };
	struct err failed = {0};        /* of our own callbacks: they end a walk without an error */
	struct gathering g = { .u = u, .err = &failed };
	int code = query_each_alert(u->store, &query, u->ids, take_alert, &g, e);

	if (code == 0)
		code = store_each_user_event(
			u->store, u->id, strlen(u->id), o->until_ms, take_event, &g, e);
	if (code >= 0 && failed.code)
		code = err_set(e, failed.code, "%s", failed.text);
	if (code < 0) {
		mem_free(g.ev);
		return code;
	}
	if (!g.n && !u->n_known) {
		mem_free(g.ev);
		return unknown_user(u, o->db, e);
	}
	event_sort(g.ev, g.n, u->ids);
	return draw(u, g.ev, g.n, e);
}

static int from_store(struct subject *u, struct err *e)
{
	struct model model = {0};
	struct ids ids = {0};
	struct err failed = {0};
	int64_t since_ms;
	int code;

	u->store = store_open_read(u->o->db, e);
	if (!u->store || ids_init(&ids, e) < 0)
		return e->code;
	u->ids = &ids;
	if (store_get_model(u->store, &model, &since_ms, &failed))
		u->model = &model;
	code = u->model || !failed.code ? 0 : err_set(e, failed.code, "%s", failed.text);
	if (code == 0)
		code = draw_from_store(u, e);
	if (code == 0)
		code = print_subject(u, e);
	model_done(&model);
	ids_done(&ids);
	return code;
}

int cmd_user(struct options *o)
{
	struct subject u = { .o = o };
	struct err e = {0};
	int code = 0;

	if (!o->n_operands || (o->n_operands == 1) == !o->db) {
		fprintf(stderr,
			"veer user: give the user's id and log files, or the id and --db FILE\n");
		return EXIT_USAGE;
	}
	u.id = o->operand[0];
	if (o->names && !(u.names = names_open(o->names, &e)))
		code = e.code;
	u.id = names_id(u.names, u.id);
	if (code == 0)
		code = o->db ? from_store(&u, &e) : from_files(&u, &e);
	if (code < 0)
		fprintf(stderr, "veer user: %s\n", e.text);
	subject_done(&u);
	return code < 0 ? EXIT_FAILED : code;
}
