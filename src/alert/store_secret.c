#include "alert/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "alert/store_inside.h"
#include "base/err.h"
#include "base/pseudonym.h"

static int take(void *ctx, sqlite3_stmt *q)
{
	struct pseudonym_key *k = ctx;

	if (sqlite3_column_bytes(q, 0) != sizeof k->byte)
		return -EBADMSG;
	memcpy(k->byte, sqlite3_column_blob(q, 0), sizeof k->byte);
	return 1;
}

int store_get_mask_key(struct store *s, struct pseudonym_key *ret, struct err *e)
{
	sqlite3_stmt *q;
	int code = store_prepare(s, "SELECT value FROM secret WHERE name = 'mask'", &q, e);

	if (code == 0)
		code = store_walk(s, q, take, ret, e);
	if (code == 0 || code == -EBADMSG)
		return err_set(e, -EBADMSG, "alert store \"%s\" has no key to mask users with",
			s->path);
	return code < 0 ? code : 0;
}
