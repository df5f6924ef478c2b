/* model_tables.h - a model as the tables of a database: one meta row a value, one row a category,
 * an item, a point of a curve, a weight. For model_file.c, which makes bytes and files of it.
 */
#ifndef MODEL_MODEL_TABLES_H
#define MODEL_MODEL_TABLES_H

#include <sqlite3.h>
#include <stddef.h>

struct err;
struct model;

#define MODEL_APPLICATION_ID 0x7665654d /* "veeM" */
#define MODEL_FORMAT 4

/* Into an empty database; an SQLite code. */
int model_tables_write(sqlite3 *db, const struct model *m);
/* size: of the file, which its texts together cannot exceed unless it is forged. Checks schema,
 * hash and the sense of the values. -EBADMSG, -ENOMEM.
 */
int model_tables_read(sqlite3 *db, struct model *m, size_t size, struct err *e);

#endif
