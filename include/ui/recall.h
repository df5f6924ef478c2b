/* recall.h - statements typed earlier, kept in a file from one run to the next.
 *
 * The file holds one statement a line, its own line ends written "\n" and its backslashes "\\",
 * mode 0600. What is remembered is written at once; a file that has grown to twice what is kept is
 * replaced by that when it is opened. Without a file the memory ends with the run. Owner: the ui
 * thread.
 */
#ifndef UI_RECALL_H
#define UI_RECALL_H

#include <stdbool.h>

struct err;

#define RECALL_MAX 500

struct recall {
	char *path;                     /* NULL: no file */
	char *entry[RECALL_MAX];        /* oldest first */
	unsigned n;
};

/* folder NULL: no file; else it is made when it is not there. A file that cannot be read is told
 * and the memory is empty.
 */
int recall_open(struct recall *r, const char *folder, const char *name, struct err *e);
int recall_folder(const char *folder, struct err *e);     /* made where it is not there */
void recall_close(struct recall *r);
/* One that is there already moves to the end. */
int recall_add(struct recall *r, const char *text, struct err *e);
/* The newest before `from` (recall.n: of all) that holds text; -1: none. */
int recall_find(const struct recall *r, const char *text, unsigned from);

#endif
