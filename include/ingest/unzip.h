/* unzip.h - the text of a gzip-compressed file, as it is read.
 *
 * Several streams in one file are one text. One that ends early, or is damaged, gives what comes
 * before. One thread at a time; memory: 64 KiB and what zlib takes, about 40 KiB.
 */
#ifndef INGEST_UNZIP_H
#define INGEST_UNZIP_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct unzip;

/* Whether the file begins as such files do; where it is read from stays as it is. */
bool unzip_is(int fd);

struct unzip *unzip_open(int fd, struct err *e);        /* borrows fd */
void unzip_close(struct unzip *u);

/* Fills to[0..want) unless the text ends before; a negative errno: the file could not be read. */
int unzip_read(struct unzip *u, char *to, size_t want, size_t *ret_len);
/* After the end: the text is not all of it, or not what was compressed. */
bool unzip_is_cut(const struct unzip *u);

#endif
