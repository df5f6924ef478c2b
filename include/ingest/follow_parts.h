/* follow_parts.h - the inside of follow, for its own rooms: one source, and what paths point to. */
#ifndef INGEST_FOLLOW_PARTS_H
#define INGEST_FOLLOW_PARTS_H

#include <sys/stat.h>

#include "ingest/csv.h"
#include "ingest/follow.h"
#include "ingest/format.h"
#include "ingest/split.h"

#define FOLLOW_TROUBLE 200
#define FOLLOW_HEAD 256         /* bytes by which a file replaced in its place is told */

enum source_state {
	SOURCE_FREE,            /* the number is unused */
	SOURCE_MORE,            /* there may be unread bytes */
	SOURCE_DRY,             /* at the end of what there is */
	SOURCE_ENDED
};

struct source {
	enum source_state state;
	uint32_t number, path;  /* path: index in the options */
	bool pipe;
	bool fifo;              /* a pipe with a name: another writer may come */
	bool replaced;          /* the path leads to another file now */
	bool lost;              /* what was read from it is overwritten */
	int fd;
	uint64_t device, inode, size;
	struct timespec changed;
	char head[FOLLOW_HEAD];
	uint32_t n_head;
	uint64_t again;         /* rows before it were taken by an earlier run */
	int64_t quiet_since_ms; /* machine clock; 0: not quiet */
	int64_t newest_ms;      /* time of the last event read; INT64_MIN: none */
	/* What was read: buf[0..taken) went into the last batch, [taken..len) waits. */
	char *buf;
	size_t len, cap, taken, scanned;
	uint64_t offset, line;  /* of buf[0]; line 0: not counted yet */
	bool in_rest;           /* buf begins within a line too long to be a row */
	struct split split;
	struct format format;
	struct csv_reader *reader;      /* NULL: the format is not known yet */
	bool unusable;                  /* no format fits: what comes is dropped */
	uint64_t n_events, n_rows, rejected[REJECT_N];
	char unfit[200];                /* why no format fits */
};

struct follow {
	struct follow_options o;
	struct ids *ids;
	void (*notice)(void *ctx, enum notice_level level, const char *line);
	void *ctx;
	struct source **source; /* by number */
	uint32_t n_sources;
	char (*trouble)[FOLLOW_TROUBLE];        /* by path; "": none */
	bool *waits;            /* by path: a notice said that nothing is there */
	struct format *known;   /* by path: the layout of the last file read; name NULL: none */
	int64_t next_poll_ms;
	struct source *last;    /* whose batch was last returned */
	bool last_again;
	int64_t took_us;        /* for that batch */
};

void follow_say(const struct follow *f, enum notice_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, and it lasts until source_start() or a format is known. */
void follow_trouble_at(struct follow *f, uint32_t path, enum notice_level level,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
int64_t follow_tick_ms(void);

/* A new source on fd, which it owns, also on failure. NULL when memory is out. */
struct source *source_start(struct follow *f, uint32_t path, int fd, const struct stat *st,
	struct err *e);
void source_end(struct source *s);
void source_free(struct source *s);
/* Reads one block; *ret stays NULL when no whole row came of it. */
int source_read(struct follow *f, struct source *s, struct batch **ret, struct err *e);
uint64_t source_at(const struct source *s);     /* the next byte not yet given out */
/* Opens a path; -ENOENT: not there; fills st. */
int source_open(const char *path, struct stat *st, struct err *e);

/* What became of the paths: rotation, truncation, growth. */
int watch_poll(struct follow *f, struct err *e);
int watch_start(struct follow *f, uint32_t path, struct err *e);
/* The writer of a FIFO is gone: a new source waits for the next one. */
int watch_next_writer(struct follow *f, struct source *s, struct err *e);

#endif
