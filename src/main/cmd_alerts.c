/* veer alerts: the alerts of a store, their evidence, what was said of them, and the rows that
 * could not be used.
 */
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alert/query.h"
#include "alert/store.h"
#include "alert/triage.h"
#include "base/clock.h"
#include "base/dict.h"
#include "base/err.h"
#include "base/text.h"
#include "main/alert_act.h"
#include "main/alert_crowds.h"
#include "main/cell.h"
#include "main/option.h"
#include "model/model.h"

#define LINE_MAX_BYTES (8u << 20)
#define SHOWN_MAX 1024
#define USER_COLUMNS 16u
#define CHANGE_COLUMNS 36u
#define STATE_COLUMNS 12
#define NOTE_COLUMNS 72u

enum { TABLE = ALERT_JSONL + 1 };       /* beside the forms of alert.h: columns for people */

struct listing {
	const struct options *o;
	struct store *store;
	struct ids ids;
	struct text line;
	unsigned form;
	bool utf8;
	uint64_t n;
	struct err *e;
};

/* Prints what is gathered; non-zero ends the walk: nobody reads any more, or the disk is full. */
static int flush_line(struct listing *l)
{
	size_t len = l->line.len;
	bool bad = l->line.full || (len && fwrite(l->line.s, 1, len, stdout) != len);

	text_clear(&l->line);
	l->n++;
	return bad || *l->o->stop;
}

static void add_cell(struct listing *l, const char *s, size_t len, unsigned columns)
{
	cell_add(&l->line, s, len, columns, l->utf8);
}

static void add_time(struct listing *l, int64_t time_ms)
{
	char buf[64];

	time_show(time_ms, &l->o->zone, "%Y-%m-%d %H:%M:%S", buf, sizeof buf);
	text_addf(&l->line, "%s ", buf);
}

static const char *category_text(const struct listing *l, uint32_t category)
{
	return category == DICT_NONE ? "-" : dict_text(l->ids.category, category, NULL);
}

static void add_share(struct listing *l, uint32_t part, uint32_t whole)
{
	if (whole)
		text_addf(&l->line, "%3.0f%% ", 100. * part / whole);
	else
		text_addf(&l->line, "   - ");
}

static void add_table_row(struct listing *l, const struct alert *a, const char *state)
{
	const struct finding *f = &a->f;
	char change[2 * SHOWN_MAX], rarity[64], priority = model_priority(f->severity);
	size_t len;
	const char *user = dict_text(l->ids.user, f->user, &len);

	alert_rarity((double)f->far, rarity, sizeof rarity);
	snprintf(change, sizeof change, "%.1000s > %.1000s", category_text(l, f->from),
		category_text(l, f->to));
	text_addf(&l->line, "%c%c %-*.*s ", priority == 'S' ? '!' : priority,
		priority == 'S' ? '!' : ' ', STATE_COLUMNS, STATE_COLUMNS, state);
	add_time(l, f->time_ms);
	add_cell(l, user, len, USER_COLUMNS);
	add_cell(l, change, strlen(change), CHANGE_COLUMNS);
	add_share(l, f->to_before, f->n_before);
	add_share(l, f->to_after, f->n_after);
	text_addf(&l->line, "%6.2f %016" PRIx64 " %s\n", (double)f->score, a->id, rarity);
}

static void add_table_head(struct listing *l)
{
	text_addf(&l->line, "%-2s %-*s %-19s %-*s %-*s %4s %4s %6s %-16s %s\n", "P", STATE_COLUMNS,
		"STATE", "TIME", (int)USER_COLUMNS, "USER", (int)CHANGE_COLUMNS, "FROM > TO",
		"WAS", "IS", "SCORE", "ID", "FALSE ALARMS SO HIGH");
}

struct evidence_of {
	struct listing *l;
	uint64_t alert_id;
};

static int list_evidence(void *ctx, int64_t step_ms, const char *category, double interest)
{
	struct evidence_of *of = ctx;
	struct text *t = &of->l->line;
	char iso[ZONE_TEXT_MAX];

	if (of->l->form == TABLE) {
		text_addf(t, "        ");
		add_time(of->l, step_ms);
		add_cell(of->l, category, strlen(category), USER_COLUMNS + CHANGE_COLUMNS);
		text_addf(t, "%.6g\n", interest);
	} else if (of->l->form == ALERT_CSV) {
		text_addf(t, "%016" PRIx64 ",%s,", of->alert_id, time_iso(step_ms, iso));
		text_add_csv(t, category, strlen(category));
		text_addf(t, ",%.6g\n", interest);
	} else {
		text_addf(t, "{\"alert_id\":\"%016" PRIx64 "\",\"step\":\"%s\",\"category\":",
			of->alert_id, time_iso(step_ms, iso));
		text_add_json(t, category, strlen(category));
		text_addf(t, ",\"interest\":%.6g}\n", interest);
	}
	return flush_line(of->l);
}

/* A label under way to the row of its alert. */
struct label_of {
	struct listing *l;
	const struct alert *a;
	const char *state;
};

static int list_label(void *ctx, const struct store_label *label)
{
	struct label_of *of = ctx;
	struct text *t = &of->l->line;
	struct alert_words w = { of->state, label_name[label->label], label->note,
		label->note_len, NULL };

	if (of->l->form != TABLE) {
		alert_row_labelled(t, (enum alert_form)of->l->form, of->a, &of->l->ids, &w);
		return 0;
	}
	add_table_row(of->l, of->a, of->state);
	text_addf(t, "        %-5s ", w.label);
	add_cell(of->l, w.note, w.note_len, NOTE_COLUMNS);
	text_add(t, "\n", 1);
	return 0;
}

static int list_labelled(struct listing *l, const struct alert *a, const char *state)
{
	struct label_of of = { l, a, state };
	int code = store_one_label(l->store, a->id, list_label, &of, l->e);

	return code ? code : flush_line(l);
}

static void add_act_csv(struct text *t, uint64_t alert_id, const struct triage_row *row)
{
	char iso[ZONE_TEXT_MAX];

	text_addf(t, "%016" PRIx64 ",%s,", alert_id, time_iso(row->time_ms, iso));
	text_add_csv(t, row->author, row->author_len);
	text_addf(t, ",%s,%s,%s,%s,", row->field, row->was, row->became,
		row->until_ms == INT64_MIN ? "" : time_iso(row->until_ms, iso));
	text_add_csv(t, row->text, row->len);
	text_add(t, "\n", 1);
}

static void add_act_json(struct text *t, uint64_t alert_id, const struct triage_row *row)
{
	char iso[ZONE_TEXT_MAX];

	text_addf(t, "{\"alert_id\":\"%016" PRIx64 "\",\"time\":\"%s\",\"author\":", alert_id,
		time_iso(row->time_ms, iso));
	text_add_json(t, row->author, row->author_len);
	text_addf(t, ",\"field\":\"%s\",\"was\":\"%s\",\"became\":\"%s\",\"until\":", row->field,
		row->was, row->became);
	if (row->until_ms == INT64_MIN)
		text_addf(t, "null,\"text\":");
	else
		text_addf(t, "\"%s\",\"text\":", time_iso(row->until_ms, iso));
	if (row->len)
		text_add_json(t, row->text, row->len);
	else
		text_add(t, "null", 4);
	text_addf(t, "}\n");
}

static int list_act(void *ctx, const struct triage_row *row)
{
	struct evidence_of *of = ctx;
	struct text *t = &of->l->line;

	if (of->l->form == ALERT_CSV) {
		add_act_csv(t, of->alert_id, row);
	} else if (of->l->form == ALERT_JSONL) {
		add_act_json(t, of->alert_id, row);
	} else {
		text_addf(t, "        ");
		add_time(of->l, row->time_ms);
		add_cell(of->l, row->author, row->author_len, USER_COLUMNS);
		text_addf(t, "%s %s > %s ", row->field, row->was, row->became);
		add_cell(of->l, row->text, row->len, NOTE_COLUMNS);
		text_add(t, "\n", 1);
	}
	return flush_line(of->l);
}

/* Rows for programs are of one kind a run: those of the evidence, or of what was done, take the
 * place of the alerts'.
 */
static int list_alert(void *ctx, const struct alert *a, const char *state)
{
	struct listing *l = ctx;
	struct evidence_of of = { .l = l, .alert_id = a->id };

	if (l->o->labels)
		return list_labelled(l, a, state);
	if (l->form == TABLE)
		add_table_row(l, a, state);
	else if (!l->o->evidence && !l->o->history)
		alert_row(&l->line, (enum alert_form)l->form, a, &l->ids, state);
	if (flush_line(l))
		return 1;
	if (l->o->history)
		return triage_each_row(l->store, a->id, list_act, &of, l->e);
	return l->o->evidence ? query_each_evidence(l->store, a->id, list_evidence, &of, l->e) : 0;
}

static int list_reject(void *ctx, const char *source, uint64_t line, const char *why,
	const char *text, size_t len)
{
	struct listing *l = ctx;
	struct text *t = &l->line;

	if (l->form == ALERT_JSONL) {
		text_addf(t, "{\"source\":");
		text_add_json(t, source, strlen(source));
		text_addf(t, ",\"line\":%" PRIu64 ",\"why\":\"%s\",\"text\":", line, why);
		text_add_json(t, text, len);
		text_addf(t, "}\n");
	} else if (l->form == ALERT_CSV) {
		text_add_csv(t, source, strlen(source));
		text_addf(t, ",%" PRIu64 ",%s,", line, why);
		text_add_csv(t, text, len);
		text_add(t, "\n", 1);
	} else {
		add_cell(l, source, strlen(source), USER_COLUMNS);
		text_addf(t, "%8" PRIu64 " %-12s ", line, why);
		add_cell(l, text, len, CHANGE_COLUMNS);
		text_add(t, "\n", 1);
	}
	return flush_line(l);
}

static void add_head(struct listing *l)
{
	if (l->form == TABLE && l->o->rejects)
		text_addf(&l->line, "%-*s %8s %-12s %s\n", (int)USER_COLUMNS, "SOURCE", "LINE",
			"WHY", "TEXT");
	else if (l->form == TABLE)
		add_table_head(l);
	else if (l->form == ALERT_CSV && l->o->rejects)
		text_addf(&l->line, "source,line,why,text\n");
	else if (l->form == ALERT_CSV && l->o->evidence)
		text_addf(&l->line, "alert_id,step,category,interest\n");
	else if (l->form == ALERT_CSV && l->o->history)
		text_addf(&l->line, "alert_id,time,author,field,was,became,until,text\n");
	else if (l->o->labels)
		alert_header_labelled(&l->line, (enum alert_form)l->form);
	else
		alert_header(&l->line, (enum alert_form)l->form);
}

/* Users one after the other, in the order they were asked for. */
static int list_alerts(struct listing *l)
{
	const struct options *o = l->o;
	struct query_alerts q = { .category = o->category, .from_ms = o->from_ms,
		.to_ms = o->until_ms, .min_severity = o->min_severity, .limit = o->limit,
		.state = o->state, .now_ms = clock_utc_ms(&o->clock), .labelled = o->labels };
	int code = 0;

	for (uint32_t i = 0; !code && (i < o->n_operands || (i == 0 && !o->n_operands)); i++) {
		q.user = o->n_operands ? o->operand[i] : NULL;
		code = query_each_alert(l->store, &q, &l->ids, list_alert, l, l->e);
	}
	return code;
}

static int list(struct listing *l)
{
	const char *db = l->o->db ? l->o->db : DB_DEFAULT;
	int code;

	l->store = store_open_read(db, l->e);
	if (!l->store || ids_init(&l->ids, l->e) < 0)
		return l->e->code;
	add_head(l);
	code = flush_line(l);
	l->n = 0;
	if (!code)
		code = l->o->rejects ? query_each_reject(l->store, list_reject, l, l->e)
			: list_alerts(l);
	if (code == 0 && l->n == 0 && l->form == TABLE && !l->o->quiet)
		fprintf(stderr, "veer alerts: nothing in \"%s\" matches\n", db);
	return code;
}

/* Rows are of one kind a run, and a run that labels lists nothing. */
static bool is_contrary(const struct options *o)
{
	int rows = o->evidence + o->rejects + o->labels + o->history + o->crowds;
	const char *why = rows > 1
		? "--evidence, --rejects, --labels, --history and --crowds each ask for rows of "
			"their own"
		: o->crowds && (o->n_operands || o->state || o->min_severity)
		? "--crowds takes no users, --state or --severity: all alerts tell of crowds"
		: alert_act_is_asked(o) && (rows || o->state)
		? "--ack, --unack, --shelve, --label and --note list nothing"
		: o->ack + o->unack + (o->shelve_ms > 0) > 1
		? "--ack, --unack and --shelve exclude each other" : NULL;

	if (why)
		fprintf(stderr, "veer alerts: %s\n", why);
	return why != NULL;
}

int cmd_alerts(struct options *o)
{
	struct err e = {0};
	struct listing l = { .o = o, .e = &e, .form = o->form,
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8") };
	int code;

	if (is_contrary(o))
		return EXIT_USAGE;
	if (alert_act_is_asked(o))
		return alert_act(o, o->db ? o->db : DB_DEFAULT);
	if (!o->form_given && isatty(STDOUT_FILENO))
		l.form = TABLE;
	if (o->crowds)
		return alert_crowds(o, o->db ? o->db : DB_DEFAULT, l.form == TABLE);
	text_init(&l.line, LINE_MAX_BYTES);
	code = list(&l);
	text_done(&l.line);
	ids_done(&l.ids);
	store_close(l.store);
	if (code < 0)
		fprintf(stderr, "veer alerts: %s\n", e.text);
	return code < 0 ? EXIT_FAILED : EXIT_OK;
}
