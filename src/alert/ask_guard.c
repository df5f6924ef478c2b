#include "alert/ask_parts.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "alert/store_inside.h"
#include "base/err.h"

#define LENGTH_MAX (16 << 20)   /* bytes of one value: a model's file is a few MB */
#define PATTERN_MAX 100         /* bytes of a LIKE: its time grows with text times pattern */
#define COLUMNS_MAX 200

/* Of the functions that SQLite may have, those that do more than reckon. */
static const char *const refused_functions[] = {
	"load_extension", "fts3_tokenizer", "sqlite_log", "readfile", "writefile", "edit",
};

/* What the table-valued pragma_...() may run; none of them changes anything. */
static const char *const allowed_pragmas[] = {
	"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
	"foreign_key_list", "function_list", "database_list", "collation_list", "compile_options",
	"user_version", "application_id", "page_count", "page_size", "freelist_count",
};

/* The words that begin what is refused. */
static const char *const verbs[] = {
	"INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "ATTACH", "DETACH",
	"PRAGMA", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "VACUUM", "REINDEX",
	"ANALYZE",
};

#define IS_IN(word, table) is_in(word, table, sizeof table / sizeof *table)

static bool is_in(const char *word, const char *const *table, size_t n)
{
	size_t i;

	for (i = 0; word && i < n; i++)
		if (sqlite3_stricmp(word, table[i]) == 0)
			return true;
	return false;
}

static int refuse(struct ask_room *r, const char *function)
{
	snprintf(r->function, sizeof r->function, "%s", function);
	r->refused = r->function;
	return SQLITE_DENY;
}

static int may(void *room, int action, const char *one, const char *two, const char *database,
	const char *view)
{
	struct ask_room *r = room;

	(void)database;
	(void)view;
	switch (action) {
	case SQLITE_READ:
		r->reads_user |= sqlite3_stricmp(two, "user") == 0;
		/* NULL is read of a secret. */
		return sqlite3_stricmp(one, "secret") == 0 ? SQLITE_IGNORE : SQLITE_OK;
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return IS_IN(two, refused_functions) ? refuse(room, two) : SQLITE_OK;
	case SQLITE_UPDATE: /* told of when a table-valued function is declared; no one can do it */
		return strcmp(one, "sqlite_master") == 0 ? SQLITE_OK : refuse(room, "");
	case SQLITE_PRAGMA:
		return IS_IN(one, allowed_pragmas) ? SQLITE_OK : refuse(room, "");
	default:
		return refuse(room, "");
	}
}

/* Non-zero stops the query. */
static int look_up(void *room)
{
	struct ask_room *r = room;

	atomic_fetch_add_explicit(&r->a->looks, 1, memory_order_relaxed);
	if (sqlite3_memory_used() - r->memory_before > ASK_MEMORY_MAX)
		r->too_large = true;
	return r->too_large || atomic_load(&r->a->stop);
}

void ask_guard(struct ask_room *r)
{
	sqlite3 *db = r->store->db;

	sqlite3_busy_timeout(db, 300);
	sqlite3_exec(db, "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_COLUMN, COLUMNS_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_set_authorizer(db, may, r);
	sqlite3_progress_handler(db, ASK_STEPS, look_up, r);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
		|| (c >= '0' && c <= '9');
}

/* The end of what stands at s: a quoted text, a comment, a word, or one byte. */
static const char *token_end(const char *s)
{
	const char *end;
	size_t n;

	if (*s == '\'' || *s == '"' || *s == '`')
		return (end = strchr(s + 1, *s)) ? end + 1 : s + strlen(s);
	if (s[0] == '-' && s[1] == '-')
		return s + strcspn(s, "\n");
	if (s[0] == '/' && s[1] == '*')
		return (end = strstr(s + 2, "*/")) ? end + 2 : s + strlen(s);
	for (n = 0; is_letter(s[n]); n++)
		;
	return s + (n ? n : 1);
}

/* The first word that is, or is among, those wanted; false: there is none. */
static bool find_word(const char *sql, const char *wanted, char word[64], int *ret_at)
{
	const char *s, *end;

	for (s = sql; *s; s = end) {
		end = token_end(s);
		if (!is_letter(*s) || end - s >= 64)
			continue;
		memcpy(word, s, (size_t)(end - s));
		word[end - s] = 0;
		if (wanted ? sqlite3_stricmp(word, wanted) == 0 : IS_IN(word, verbs)) {
			*ret_at = (int)(s - sql);
			return true;
		}
	}
	return false;
}

int ask_refused_statement(const char *sql, struct err *e)
{
	char word[64];
	int at = 0, i;

	if (!find_word(sql, NULL, word, &at))
		strcpy(word, "this");
	for (i = 0; word[i]; i++)
		word[i] = (char)(word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i]);
	err_set(e, -EACCES, "%s is refused: this view only reads the store, with SELECT", word);
	return at;
}

int ask_refused(const struct ask_room *r, const char *sql, struct err *e)
{
	char word[64];
	int at = 0;

	if (!r->refused)
		return -1;
	if (!*r->refused)
		return ask_refused_statement(sql, e);
	find_word(sql, r->refused, word, &at);
	err_set(e, -EACCES, "%s() is refused: it does more than read", r->refused);
	return at;
}
