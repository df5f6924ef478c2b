#include "detect/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

void module_path(const char *name, char *ret, size_t cap)
{
	const char *folder = secure_getenv("VEER_MODULE_DIR");
	snprintf(ret, cap, "%s/backend_%s.so", folder ? folder : VEER_MODULE_DIR, name);
}

const void *module_open(const char *name, const struct module_table *t, void **ret_module,
	struct err *e)
{
	char path[PATH_MAX];
	module_path(name, path, sizeof path);
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module) {
		err_set(e, -ENOENT, "no module for backend \"%s\": %s", name, dlerror());
		return NULL;
	}
	const unsigned *table = dlsym(module, t->symbol);
	if (table && *table == t->abi) {
		*ret_module = module;
		return table;
	}
	err_set(e, -EPROTO, "module \"%s\" is not %s of version %u", path, t->what, t->abi);
	dlclose(module);
	return NULL;
}
