/* store_lock.h - one run at a time writes to a store.
 *
 * A file beside the store, NAME-lock, is held with flock(2) and says whose it is; the kernel drops
 * the lock with the process, however that ends, so a file left behind holds nobody up. The store's
 * own file will not do: closing any descriptor of it would drop SQLite's locks.
 */
#ifndef ALERT_STORE_LOCK_H
#define ALERT_STORE_LOCK_H

struct err;
struct store_lock;

/* Of an existing file. NULL, -EBUSY: another run has it, and e says which process. */
struct store_lock *store_lock_take(const char *path, struct err *e);
void store_lock_drop(struct store_lock *l);     /* removes the file */

#endif
