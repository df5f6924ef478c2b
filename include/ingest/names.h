/* names.h - the names to show for ids, from --names FILE (csv with header id,name).
 *
 * One file serves users, items and categories; an id without a name shows as itself. Read once at
 * start, then read-only for all threads.
 */
#ifndef INGEST_NAMES_H
#define INGEST_NAMES_H

#include <stddef.h>

struct err;
struct names;

struct names *names_open(const char *path, struct err *e);
void names_close(struct names *n);
/* Never NULL: the id itself when there is no name, or when n is NULL. */
const char *names_show(const struct names *n, const char *id);
/* The id with that name; where it is none's, or of several, the text itself. */
const char *names_id(const struct names *n, const char *text);

#endif
