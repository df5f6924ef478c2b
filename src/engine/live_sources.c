#include "engine/live_sources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/zone.h"
#include "engine/live_parts.h"

static bool is_same_file(const char *path, const struct store_place *p)
{
	struct stat st;

	return strcmp(path, p->path) == 0 ||
		(stat(path, &st) == 0 && st.st_dev == p->device && st.st_ino == p->inode);
}

static bool is_given(const struct live *l, const struct store_place *p)
{
	for (uint32_t i = 0; i < l->o.follow.n_paths; i++)
		if (is_same_file(l->o.follow.path[i], p))
			return true;
	return false;
}

/* A file that is gone cannot be given: a log of a file a day goes on under another name. */
static int refuse_others(const struct live *l, const struct store_place *stored, uint32_t n,
	struct err *e)
{
	const struct store_place *there = NULL;
	struct stat st;

	for (uint32_t i = 0; i < n; i++) {
		if (is_given(l, &stored[i]))
			return 0;
		if (!there && (strcmp(stored[i].path, "-") == 0 || stat(stored[i].path, &st) == 0))
			there = &stored[i];
	}
	if (!there)
		return 0;
	return err_set(e, -EEXIST, "could not go on in alert store \"%s\": it is that of \"%.300s\""
		", and of no file given: name another store with --db, or give that file too",
		l->o.db, there->path);
}

static void tell(struct live *l, const struct store_place *stored, uint32_t n)
{
	const char *slash = n ? strrchr(stored->path, '/') : NULL;
	char until[ZONE_TEXT_MAX + 8] = "", more[32] = "", time[ZONE_TEXT_MAX];
	int64_t rows, data_ms;

	if (n == 0 || !store_get_number(l->store, "rows", &rows)) {
		live_notice(l, NOTICE_INFO, "alerts are kept in the store \"%s\"", l->o.db);
		return;
	}
	if (store_get_number(l->store, "data_ms", &data_ms))
		snprintf(until, sizeof until, " until %s",
			time_show(data_ms, l->o.step.zone, "%Y-%m-%d %H:%M:%S", time,
				sizeof time));
	if (n > 1)
		snprintf(more, sizeof more, " +%" PRIu32, n - 1);
	live_notice(l, NOTICE_INFO, "resumes the store \"%s\": %" PRId64 " row%s of %s%s%s",
		l->o.db, rows, rows == 1 ? "" : "s", slash ? slash + 1 : stored->path, more, until);
}

int live_check_sources(struct live *l, const struct store_place *stored, uint32_t n, struct err *e)
{
	int64_t events;

	if (store_get_number(l->store, "events", &events) && events > 0 &&
	    refuse_others(l, stored, n, e) < 0)
		return e->code;
	tell(l, stored, n);
	return 0;
}
