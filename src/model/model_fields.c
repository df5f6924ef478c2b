#include "model/model_fields.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

double model_column_real(sqlite3_stmt *q, int i)
{
	return sqlite3_column_type(q, i) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(q, i);
}

int model_put_row(sqlite3_stmt *q)
{
	sqlite3_step(q);
	return sqlite3_reset(q);
}

/* meta and report: one value a row, under its name; arrays have a number behind the name. */

enum field_type { FIELD_BOOL, FIELD_INT, FIELD_UNSIGNED, FIELD_FLOAT, FIELD_DOUBLE };

struct field {
	const char *key;
	enum field_type type;
	size_t at, n;
};

static const size_t field_size[] = { sizeof(bool), sizeof(int64_t), sizeof(unsigned),
	sizeof(float), sizeof(double) };

#define FIGURES (sizeof(struct forecast_figure) / sizeof(double))
#define SEARCHED (sizeof(struct forecast_search) / sizeof(double))

#define FIELD(type, name) { #name, type, offsetof(struct model, name), 1 }
#define FIELDS(type, key, name, n) { key, type, offsetof(struct model, name), n }

/* What a channel with a budget of its own has of it, and what the report says. */
#define PLEDGE(key, p) FIELDS(FIELD_FLOAT, key "_threshold", p.threshold, 1), \
	FIELDS(FIELD_BOOL, key "_unverified", p.unverified, 1), \
	FIELDS(FIELD_DOUBLE, key "_budget_kud", p.budget_kud, 1), \
	FIELDS(FIELD_DOUBLE, key "_smallest_kud", p.smallest_kud, 1), \
	FIELDS(FIELD_DOUBLE, key "_first_part", p.first_part, 1), \
	FIELDS(FIELD_DOUBLE, "tail_" key, p.far.tail, 1)
#define PLEDGE_REPORT(key, p) FIELDS(FIELD_INT, key "_alarms", p.n_alarms, 1), \
	FIELDS(FIELD_INT, key "_users", p.n_users, 1), \
	FIELDS(FIELD_DOUBLE, key "_user_days", p.user_days, 1), \
	FIELDS(FIELD_DOUBLE, key "_at_risk_per_day", p.at_risk_per_day, 1)

static const struct field meta_field[] = {
	FIELD(FIELD_BOOL, provisional), FIELD(FIELD_BOOL, unverified),
	FIELD(FIELD_UNSIGNED, channels), FIELD(FIELD_UNSIGNED, n_folds), FIELD(FIELD_INT, gap_ms),
	FIELD(FIELD_FLOAT, strength), FIELD(FIELD_INT, count_sum),
	FIELDS(FIELD_INT, "fold_sum", fold_sum, MODEL_FOLDS),
	FIELDS(FIELD_FLOAT, "learned_strength", learned.strength, EVIDENCE_N),
	FIELDS(FIELD_FLOAT, "learned_weight", learned.weight, EVIDENCE_N),
	FIELDS(FIELD_FLOAT, "learned_offset", learned.offset, 1),
	FIELDS(FIELD_FLOAT, "learned_power", learned.power, 1),
	FIELDS(FIELD_BOOL, "learned_trained", learned.trained, 1),
	FIELD(FIELD_DOUBLE, budget_kud), FIELD(FIELD_DOUBLE, smallest_kud),
	FIELDS(FIELD_FLOAT, "threshold", threshold, CHANNEL_N),
	FIELDS(FIELD_DOUBLE, "tail_mixture", curve[CHANNEL_MIXTURE].tail, 1),
	FIELDS(FIELD_DOUBLE, "tail_learned", curve[CHANNEL_LEARNED].tail, 1),
	FIELDS(FIELD_DOUBLE, "tail", far.tail, 1),
};

static const struct field report_field[] = {
	FIELD(FIELD_INT, n_events), FIELD(FIELD_INT, n_users), FIELD(FIELD_INT, n_alarms),
	FIELD(FIELD_DOUBLE, user_days), FIELD(FIELD_DOUBLE, at_risk_per_day),
	FIELD(FIELD_DOUBLE, log_loss), FIELD(FIELD_DOUBLE, log_loss_population),
	FIELD(FIELD_DOUBLE, realised_kud), FIELD(FIELD_INT, from_ms), FIELD(FIELD_INT, to_ms),
};

static const struct field volume_field[] = {
	FIELDS(FIELD_FLOAT, "volume_hour", volume.hour_of_week, VOLUME_WEEK_HOURS),
	FIELDS(FIELD_FLOAT, "volume_discount", volume.discount, 1),
	FIELDS(FIELD_FLOAT, "volume_prior_rate", volume.prior_rate, 1),
	FIELDS(FIELD_FLOAT, "volume_prior_sessions", volume.prior_sessions, 1),
	FIELDS(FIELD_UNSIGNED, "volume_lag_sessions", volume.lag_sessions, 1),
	FIELDS(FIELD_UNSIGNED, "volume_warm_up_sessions", volume.warm_up_sessions, 1),
	PLEDGE("volume", volume.pledge),
};

static const struct field volume_report_field[] = {
	PLEDGE_REPORT("volume", volume.pledge),
	FIELDS(FIELD_DOUBLE, "volume_half_life", volume.half_life_sessions, 1),
	FIELDS(FIELD_DOUBLE, "volume_log_loss", volume.log_loss, 1),
};

static const struct field forecast_field[] = {
	FIELDS(FIELD_FLOAT, "forecast_scale", forecast.scale, 1),
	FIELDS(FIELD_FLOAT, "forecast_prior_steps", forecast.prior_steps, 1),
	FIELDS(FIELD_UNSIGNED, "forecast_level_steps", forecast.level_steps, 1),
	FIELDS(FIELD_UNSIGNED, "forecast_error_steps", forecast.error_steps, 1),
	FIELDS(FIELD_UNSIGNED, "forecast_warm_up_steps", forecast.warm_up_steps, 1),
	PLEDGE("forecast", forecast.pledge),
};

static const struct field forecast_report_field[] = {
	PLEDGE_REPORT("forecast", forecast.pledge),
	FIELDS(FIELD_INT, "forecast_rows", forecast.n_rows, 1),
	FIELDS(FIELD_INT, "forecast_test_rows", forecast.n_test_rows, 1),
	FIELDS(FIELD_DOUBLE, "forecast_figure", forecast.figure, FORECASTER_N * FIGURES),
	FIELDS(FIELD_DOUBLE, "forecast_naive", forecast.naive, FIGURES),
	FIELDS(FIELD_DOUBLE, "forecast_seasonal", forecast.seasonal, FIGURES),
	FIELDS(FIELD_DOUBLE, "forecast_search", forecast.search, FORECASTER_N * SEARCHED),
};

#define META "INSERT INTO meta VALUES (?, ?)", "SELECT key, value FROM meta"
#define REPORT "INSERT INTO report VALUES (?, ?)", "SELECT key, value FROM report"
#define LIST(fields) fields, sizeof fields / sizeof *fields

static const struct field_table {
	const char *insert, *select;
	const struct field *field;
	size_t n;
	unsigned channel;               /* written where it speaks; 0: always */
} field_table[] = {
	{ META, LIST(meta_field), 0 },
	{ REPORT, LIST(report_field), 0 },
	{ META, LIST(volume_field), CHANNEL_BIT(CHANNEL_VOLUME) },
	{ REPORT, LIST(volume_report_field), CHANNEL_BIT(CHANNEL_VOLUME) },
	{ META, LIST(forecast_field), CHANNEL_BIT(CHANNEL_FORECAST) },
	{ REPORT, LIST(forecast_report_field), CHANNEL_BIT(CHANNEL_FORECAST) },
};
#define N_FIELD_TABLE (sizeof field_table / sizeof *field_table)

static void bind_value(sqlite3_stmt *q, enum field_type type, const void *p)
{
	switch (type) {
	case FIELD_BOOL: sqlite3_bind_int(q, 2, *(const bool *)p); break;
	case FIELD_INT: sqlite3_bind_int64(q, 2, *(const int64_t *)p); break;
	case FIELD_UNSIGNED: sqlite3_bind_int64(q, 2, *(const unsigned *)p); break;
	case FIELD_FLOAT: sqlite3_bind_double(q, 2, (double)*(const float *)p); break;
	case FIELD_DOUBLE: sqlite3_bind_double(q, 2, *(const double *)p); break;
	}
}

static void take_value(sqlite3_stmt *q, enum field_type type, void *p)
{
	switch (type) {
	case FIELD_BOOL: *(bool *)p = sqlite3_column_int(q, 1) != 0; break;
	case FIELD_INT: *(int64_t *)p = sqlite3_column_int64(q, 1); break;
	case FIELD_UNSIGNED: *(unsigned *)p = (unsigned)sqlite3_column_int64(q, 1); break;
	case FIELD_FLOAT: *(float *)p = (float)model_column_real(q, 1); break;
	case FIELD_DOUBLE: *(double *)p = model_column_real(q, 1); break;
	}
}

static int put_fields(sqlite3 *db, const struct field_table *t, const struct model *m)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, t->insert, -1, &q, NULL);
	char key[48];

	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < t->field[i].n && rc == SQLITE_OK; k++) {
			const struct field *f = &t->field[i];

			snprintf(key, sizeof key, f->n > 1 ? "%s_%zu" : "%s", f->key, k);
			sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
			bind_value(q, f->type, (const char *)m + f->at + k * field_size[f->type]);
			rc = model_put_row(q);
		}
	sqlite3_finalize(q);
	return rc;
}

/* Of an array the number behind the name tells the place. */
static void take_field(sqlite3_stmt *q, const struct field *f, const char *key, struct model *m)
{
	size_t len = strlen(f->key), k = 0;
	char *end = NULL;

	if (strncmp(key, f->key, len) != 0)
		return;
	if (f->n > 1 && key[len] == '_' && key[len + 1] >= '0' && key[len + 1] <= '9')
		k = strtoul(key + len + 1, &end, 10);
	if (f->n > 1 ? end && !*end && k < f->n : !key[len])
		take_value(q, f->type, (char *)m + f->at + k * field_size[f->type]);
}

static int take_fields(sqlite3 *db, const struct field_table *t, struct model *m)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(db, t->select, -1, &q, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(q, 0);

		for (size_t i = 0; key && i < t->n; i++)
			take_field(q, &t->field[i], key, m);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int model_fields_put(sqlite3 *db, const struct model *m)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < N_FIELD_TABLE && rc == SQLITE_OK; i++)
		if (!field_table[i].channel || m->channels & field_table[i].channel)
			rc = put_fields(db, &field_table[i], m);
	return rc;
}

int model_fields_take(sqlite3 *db, struct model *m)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < N_FIELD_TABLE && rc == SQLITE_OK; i++)
		rc = take_fields(db, &field_table[i], m);
	return rc;
}
