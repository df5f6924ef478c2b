#include "base/sql.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/err.h"

/* Bytes of the UTF-8 character at s (RFC 3629: no surrogates, nothing overlong), 0: none. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	static const unsigned char low[4] = { 0xa0, 0x80, 0x90, 0x80 };
	static const unsigned char high[4] = { 0xbf, 0x9f, 0xbf, 0x8f };
	size_t need = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
		s[0] < 0xf5 ? 4 : 0;
	int edge = s[0] == 0xe0 ? 0 : s[0] == 0xed ? 1 : s[0] == 0xf0 ? 2 : s[0] == 0xf4 ? 3 : -1;

	if (need > len)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (edge >= 0 && (s[1] < low[edge] || s[1] > high[edge]))
		return 0;
	return need;
}

bool sql_is_text(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		size_t n = *p ? utf8_length(p, (size_t)(end - p)) : 0;

		if (!n)
			return false;
		p += n;
	}
	return true;
}

int sql_bind_bytes(sqlite3_stmt *q, int i, const char *s, size_t len)
{
	if (sql_is_text(s, len))
		return sqlite3_bind_text64(q, i, s, len, SQLITE_STATIC, SQLITE_UTF8);
	return sqlite3_bind_blob64(q, i, s, len, SQLITE_STATIC);
}

const char *sql_bytes(sqlite3_stmt *q, int column, size_t *ret_len)
{
	const char *s = sqlite3_column_blob(q, column);

	*ret_len = s ? (size_t)sqlite3_column_bytes(q, column) : 0;
	return s ? s : "";
}

int sql_errno(int rc)
{
	static const struct { int rc, code; } table[] = {
		{ SQLITE_NOMEM, -ENOMEM }, { SQLITE_FULL, -ENOSPC }, { SQLITE_BUSY, -EBUSY },
		{ SQLITE_LOCKED, -EBUSY }, { SQLITE_PERM, -EACCES }, { SQLITE_READONLY, -EROFS },
		{ SQLITE_AUTH, -EACCES }, { SQLITE_NOTADB, -EBADMSG }, { SQLITE_CORRUPT, -EBADMSG },
		{ SQLITE_TOOBIG, -EFBIG }, { SQLITE_CONSTRAINT, -EINVAL },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].rc == (rc & 0xff))
			return table[i].code;
	return -EIO;
}

int sql_run(sqlite3 *db, const char *sql, const char *what, struct err *e)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return err_set(e, sql_errno(rc), "could not %s: %s", what, sqlite3_errmsg(db));
	return 0;
}

int64_t sql_int64(sqlite3 *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *q = NULL;
	int64_t v = otherwise;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return v;
}
