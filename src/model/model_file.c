/* A model is small, so its file is made and read as a whole: the bytes of an SQLite database in
 * memory. A file cut short or edited by hand is found by its hash before anything uses it.
 */
#include "model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sql.h"
#include "model/model_tables.h"

static const char temp_suffix[] = ".new";

int model_to_blob(const struct model *m, void **ret, size_t *ret_len, struct err *e)
{
	sqlite3 *db = NULL;
	sqlite3_int64 size = 0;
	unsigned char *bytes = NULL;
	int rc = sqlite3_open(":memory:", &db), code = 0;

	*ret = NULL;
	if (rc == SQLITE_OK)
		rc = model_tables_write(db, m);
	if (rc != SQLITE_OK) {
		code = err_set(e, sql_errno(rc), "could not lay out the model: %s",
			sqlite3_errmsg(db));
		goto done;
	}
	bytes = sqlite3_serialize(db, "main", &size, 0);
	*ret = bytes ? mem_get((size_t)size, 1) : NULL;
	if (!*ret) {
		code = err_set(e, -ENOMEM, "could not lay out the model: out of memory");
		goto done;
	}
	memcpy(*ret, bytes, (size_t)size);
	*ret_len = (size_t)size;
done:
	sqlite3_free(bytes);
	sqlite3_close(db);
	return code;
}

/* Ends a statement on a forged file whose pages form a maze. */
static int count_down(void *ctx)
{
	uint64_t *left = ctx;

	return *left == 0 || !--*left;
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Of SQLite's header ("Database File Format", 1.3): page size at 16, pages at 28, user_version at
 * 60, application_id at 68.
 */
static int check_header(const unsigned char *b, size_t len, struct err *e)
{
	static const char magic[] = "SQLite format 3";
	uint64_t page_size;

	if (len < 512 || memcmp(b, magic, sizeof magic) ||
	    big_endian(b + 68) != MODEL_APPLICATION_ID)
		return err_set(e, -EBADMSG, "not a veer model");
	if (big_endian(b + 60) != MODEL_FORMAT)
		return err_set(e, -EPROTO, "made by %s veer (format %u, this one reads %d)",
			big_endian(b + 60) > MODEL_FORMAT ? "a newer" : "an older",
			big_endian(b + 60), MODEL_FORMAT);
	page_size = (uint64_t)b[16] << 8 | b[17];
	if (page_size == 1)
		page_size = 65536;
	if (page_size * big_endian(b + 28) != len)
		return err_set(e, -EBADMSG, "damaged: its size is not what its header says");
	return 0;
}

int model_from_blob(struct model *m, const void *blob, size_t len, struct err *e)
{
	uint64_t ops = 1000 + len / 64;         /* in thousands: some 15 a byte, a row takes 10 */
	sqlite3 *db = NULL;
	int code = check_header(blob, len, e);

	*m = (struct model){0};
	if (code)
		return code;
	if (sqlite3_open(":memory:", &db) != SQLITE_OK
	    || sqlite3_deserialize(db, "main", (void *)(uintptr_t)blob, (sqlite3_int64)len,
			(sqlite3_int64)len, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
		code = err_set(e, -ENOMEM, "out of memory");
		goto done;
	}
	sqlite3_progress_handler(db, 1000, count_down, &ops);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_exec(db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
	code = model_tables_read(db, m, len, e);
done:
	sqlite3_close(db);
	if (code)
		model_done(m);
	return code;
}

/* Reads all of a regular file; ret is the caller's, with mem_free(). */
static int read_whole(const char *path, void **ret, size_t *ret_len)
{
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC), code = fd < 0 ? -errno : 0;

	*ret = NULL;
	if (!code && fstat(fd, &st) < 0)
		code = -errno;
	if (!code && !S_ISREG(st.st_mode))
		code = S_ISDIR(st.st_mode) ? -EISDIR : -EBADMSG;
	if (!code && !(*ret = mem_get((size_t)st.st_size + 1, 1)))
		code = -ENOMEM;
	while (!code && n > 0 && have < (size_t)st.st_size) {
		n = read(fd, (char *)*ret + have, (size_t)st.st_size - have);
		if (n > 0)
			have += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			code = -errno;
	}
	if (fd >= 0)
		close(fd);
	*ret_len = have;
	return code;
}

int model_open(struct model *m, const char *path, struct err *e)
{
	void *bytes = NULL;
	size_t len = 0;
	int code = read_whole(path, &bytes, &len);

	*m = (struct model){0};
	if (code)
		err_set(e, code, "%s", code == -EBADMSG ? "not a file" : strerror(-code));
	else
		code = model_from_blob(m, bytes, len, e);
	mem_free(bytes);
	return code ? err_wrap(e, "could not open model \"%s\"", path) : 0;
}

static int write_whole(const char *path, const void *bytes, size_t len)
{
	size_t done = 0;
	ssize_t n = 0;
	int code = 0, fd;

	unlink(path);           /* left by a run that was killed */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	while (done < len && (n = write(fd, (const char *)bytes + done, len - done)) > 0)
		done += (size_t)n;
	if (done < len)
		code = n < 0 ? -errno : -ENOSPC;
	if (!code && fsync(fd) < 0)
		code = -errno;
	if (close(fd) < 0 && !code)
		code = -errno;
	return code;
}

int model_save(const struct model *m, const char *path, struct err *e)
{
	void *bytes = NULL;
	char *temp = NULL;
	size_t len = 0;
	int code = model_to_blob(m, &bytes, &len, e);

	if (code)
		goto done;
	temp = mem_get(strlen(path) + sizeof temp_suffix, 1);
	code = temp ? write_whole(strcat(strcpy(temp, path), temp_suffix), bytes, len) : -ENOMEM;
	if (!code && rename(temp, path) < 0)
		code = -errno;
	if (code && temp)
		unlink(temp);
	if (code)
		err_set(e, code, "%s", strerror(-code));
done:
	mem_free(bytes);
	mem_free(temp);
	return code ? err_wrap(e, "could not write model \"%s\"", path) : 0;
}
