#include "learn/accel.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "detect/module.h"
#include "learn/accel_module.h"
#include "model/forecaster.h"

static const struct module_table table = { "accel_module", "a forecaster", ACCEL_ABI };

void accel_lose(struct accel *a, const struct err *why)
{
	snprintf(a->notice, sizeof a->notice, "%.400s; the cpu forecasts", why->text);
	if (why->code != -ENOTSUP)
		atomic_store(&a->is_up, false);
}

int accel_open(struct accel **ret, const char *name, struct err *e)
{
	bool insists = name && strcmp(name, "auto") != 0;
	struct err why = {0};
	struct accel *a;
	*ret = NULL;
	if (insists && strcmp(name, "cpu") == 0)
		return 0;
	if (!(a = mem_get(1, sizeof *a)))
		return err_set(e, -ENOMEM, "could not use a device: out of memory");
	pthread_mutex_init(&a->turn, NULL);
	a->ops = module_open(insists ? name : "cuda", &table, &a->module, &why);
	if (a->ops && a->ops->open(&a->device, &why) == 0)
		atomic_store(&a->is_up, true);
	else if (insists || why.code == -ENOENT) {
		accel_close(a);
		return insists ? err_set(e, why.code, "%s", why.text) : 0;
	} else
		accel_lose(a, &why);
	*ret = a;
	return 0;
}

void accel_close(struct accel *a)
{
	if (!a)
		return;
	if (a->device)
		a->ops->close(a->device);
	if (a->module)
		dlclose(a->module);
	pthread_mutex_destroy(&a->turn);
	mem_free(a);
}

bool accel_networks(char *ret, size_t cap)
{
	struct err e = {0};
	void *module = NULL;
	const struct accel_ops *ops = module_open("cuda", &table, &module, &e);
	bool can = ops && ops->networks(ret, cap);
	if (ops)
		dlclose(module);
	else
		snprintf(ret, cap, "%s", e.text);
	return can;
}

bool accel_is_up(const struct accel *a)
{
	return a && atomic_load(&a->is_up);
}

const char *accel_notice(const struct accel *a)
{
	return a ? a->notice : "";
}

void accel_hold(struct accel_forecaster *h, struct accel *a, const struct forecaster *f)
{
	struct err why = {0};
	*h = (struct accel_forecaster){ .a = a, .f = f };
	if (!accel_is_up(a))
		return;
	pthread_mutex_lock(&a->turn);
	if (a->ops->hold(a->device, f, &h->held, &why) < 0)
		accel_lose(a, &why);
	pthread_mutex_unlock(&a->turn);
}

void accel_drop(struct accel_forecaster *h)
{
	if (h->held) {
		pthread_mutex_lock(&h->a->turn);
		h->a->ops->drop(h->held);
		pthread_mutex_unlock(&h->a->turn);
	}
	*h = (struct accel_forecaster){0};
}

bool accel_try(const struct accel_forecaster *h, const float *x, uint32_t n_rows, float *ret)
{
	struct err why = {0};
	int r = -EIO;
	if (!h->held)
		return false;
	pthread_mutex_lock(&h->a->turn);
	if (accel_is_up(h->a) && (r = h->a->ops->predict(h->held, x, n_rows, ret, &why)) < 0)
		accel_lose(h->a, &why);
	pthread_mutex_unlock(&h->a->turn);
	if (r == 0)
		forecaster_bound(h->f, ret, n_rows);
	return r == 0;
}

void accel_predict(const struct accel_forecaster *h, const float *x, uint32_t n_rows, float *ret)
{
	if (!accel_try(h, x, n_rows, ret))
		forecaster_predict(h->f, x, n_rows, ret);
}
