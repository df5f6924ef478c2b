/* schema.h - the tables of the store, and how a file of an older version becomes one of this.
 *
 * The schema is public (veer-store(5)). Each version is one step of SQL, never edited once
 * released; user_version counts the steps a file has seen.
 */
#ifndef ALERT_SCHEMA_H
#define ALERT_SCHEMA_H

struct err;
struct sqlite3;

#define SCHEMA_APPLICATION_ID 0x76656553        /* "veeS" */

/* Takes the steps that are missing, in one transaction. -EBADMSG: another program's database;
 * -EPROTO: written by a newer version.
 */
int schema_migrate(struct sqlite3 *db, const char *path, struct err *e);
/* For a reader, which cannot migrate: -EPROTO also when a step is missing. */
int schema_check(struct sqlite3 *db, const char *path, struct err *e);

#endif
