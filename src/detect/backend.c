#include "detect/backend.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "detect/module.h"
#include "detect/resident.h"
#include "model/model.h"

static int open_named(struct backend *b, const char *name, const struct rules *rules,
	struct err *e)
{
	const struct module_table table = { "backend_module", "a backend", BACKEND_ABI };
	*b = (struct backend){ .ops = &backend_cpu };
	if (strchr(name, '/'))
		return err_set(e, -ENOENT, "no backend is called \"%s\"", name);
	if (strcmp(name, "cpu") != 0 && !(b->ops = module_open(name, &table, &b->module, e)))
		return e->code;
	int r = b->ops->open(b, rules, e);
	if (r < 0)
		backend_close(b);
	return r;
}

/* States on a device have their home here. */
static int open_device(struct backend *b, const char *name, bool insists,
	const struct rules *rules, struct err *e)
{
	struct backend device;
	int r = open_named(&device, name, rules, e);
	*b = device;
	if (r < 0 || !device.module)
		return r;
	r = resident_open(b, &device, insists, e);
	if (r < 0)
		backend_close(b);
	return r;
}

int backend_try(struct backend *b, const char *name, const struct rules *rules, struct err *e)
{
	return open_device(b, name, false, rules, e);
}

int backend_open(struct backend *b, const char *name, const struct rules *rules, char *ret_notice,
	size_t notice_cap, struct err *e)
{
	if (ret_notice && notice_cap)
		ret_notice[0] = '\0';
	if (name && strcmp(name, "auto") != 0)
		return open_device(b, name, true, rules, e);
	struct err why = {0};
	if (backend_try(b, "cuda", rules, &why) == 0)
		return 0;
	if (ret_notice && why.code != -ENOENT)
		snprintf(ret_notice, notice_cap, "%s", why.text);
	return open_named(b, "cpu", rules, e);
}

void backend_close(struct backend *b)
{
	if (b->ops && b->ops->close)
		b->ops->close(b);
	if (b->module)
		dlclose(b->module);
	*b = (struct backend){0};
}

const char *backend_name(const struct backend *b)
{
	return resident_is(b) ? resident_name(b) : b->ops->name;
}

const char *backend_lost(const struct backend *b)
{
	return resident_is(b) ? resident_lost(b) : NULL;
}

void rules_init(struct rules *r, const struct model *m)
{
	*r = (struct rules){ .channels = m->channels };
	mixture_rule_init(&r->mixture, m);
	learned_rule_init(&r->learned, m);
}

void slot_state_reset(struct slot_state *s)
{
	mixture_reset(&s->mixture);
	learned_reset(&s->learned);
}
