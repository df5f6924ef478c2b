/* model_fields.h - the single values of a model as rows of the tables meta and report, for
 * model_tables.c; and what its other tables need as well. All return SQLite codes.
 */
#ifndef MODEL_MODEL_FIELDS_H
#define MODEL_MODEL_FIELDS_H

#include <sqlite3.h>

struct model;

/* Those of a channel are written where it speaks. */
int model_fields_put(sqlite3 *db, const struct model *m);
/* What is not there stays as it is. */
int model_fields_take(sqlite3 *db, struct model *m);

/* SQLite keeps NaN as NULL. */
double model_column_real(sqlite3_stmt *q, int i);
/* Runs q once and makes it ready for the next row. */
int model_put_row(sqlite3_stmt *q);

#endif
