/* module.h - tables of functions from modules found at run time.
 *
 * They lie in the package's library folder (or $VEER_MODULE_DIR) as backend_NAME.so and export
 * tables that begin with the number of their version. Any thread.
 */
#ifndef DETECT_MODULE_H
#define DETECT_MODULE_H

#include <stddef.h>

struct err;

struct module_table {
	const char *symbol;     /* exported by the module */
	const char *what;       /* for a person: "a backend" */
	unsigned abi;
};

/* The table, and the handle for dlclose(). NULL: -ENOENT (no module), -EPROTO (no such table, or of
 * another version) with the reason is in e.
 */
const void *module_open(const char *name, const struct module_table *t, void **ret_module,
	struct err *e);
void module_path(const char *name, char *ret, size_t cap);      /* where it would be */

#endif
