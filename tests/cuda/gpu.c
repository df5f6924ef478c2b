/* gpu.c - the CUDA backend against the CPU backend on a device, many users at once.
 *
 * gpu check USERS ROWS   the same verdicts and states, to the bit
 * gpu lost USERS ROWS    a device that is lost at some step: the same, by the CPU from there on
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "crowd.h"
#include "detect/resident.h"

extern const struct backend_ops backend_module;

static void must(int r, const char *what, const struct err *e)
{
	if (r < 0)
		crowd_die(what, e);
}

/* Verdicts of the pieces, in their order, beside those of the device. */
static uint64_t n_different(const struct crowd *c, const struct verdict *v, uint32_t n)
{
	uint64_t bad = 0;
	uint32_t at = 0;
	for (uint32_t p = 0; p < CROWD_PIECES; p++)
		for (uint32_t i = 0; i < c->n_verdicts[p]; i++, at++) {
			const struct verdict *w = &c->verdict[2 * (size_t)crowd_first(c, p) + i];
			bad += at >= n || v[at].run != w->run || v[at].channel != w->channel ||
				memcmp(&v[at].score, &w->score, sizeof w->score) != 0;
		}
	return bad + (n > at ? n - at : 0);
}

static uint32_t piece_of(const struct crowd *c, uint32_t user)
{
	uint32_t p = (uint32_t)((uint64_t)user * CROWD_PIECES / c->n_users);
	while (user < crowd_first(c, p))
		p--;
	while (user >= crowd_first(c, p + 1))
		p++;
	return p;
}

/* Whoever alarmed starts anew, on either side. */
static void restart(struct crowd *c, struct backend *b, const struct run_of *run,
	const struct verdict *v, uint32_t n)
{
	struct slot_state fresh;
	struct err e = {0};
	slot_state_reset(&fresh);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t user = run[v[i].run].slot, p = piece_of(c, user), own = user -
			crowd_first(c, p);
		must(backend_cpu.load(&c->cpu[p], &own, 1, &fresh, &e), "cpu", &e);
		must(b->ops->load(b, &user, 1, &fresh, &e), "device", &e);
	}
}

static uint64_t compare_step(struct crowd *c, struct backend *b, const struct run_of *run,
	uint32_t n_runs, void (*cpu)(struct crowd *c, uint32_t piece), struct verdict *v,
	uint64_t *n_verdicts)
{
	struct runs r = { c->row, run, n_runs, STEP_ALARMS };
	struct err e = {0};
	uint32_t n;
	crowd_all(c, cpu);
	must(b->ops->step(b, &r, v, &n, &e), "device", &e);
	uint64_t bad = n_different(c, v, n);
	restart(c, b, run, v, n);
	*n_verdicts += n;
	return bad;
}

#define MIXTURE_BYTES (offsetof(struct mixture, time) + sizeof ((struct mixture *)0)->time)
#define LEARNED_BYTES (offsetof(struct learned, best) + sizeof(float))
#define SAVED 4096u

static uint64_t compare_states(struct crowd *c, struct backend *b)
{
	struct slot_state *mine = crowd_get(SAVED, sizeof *mine), one;
	uint32_t slot[SAVED];
	uint64_t bad = 0;
	struct err e = {0};
	for (uint32_t first = 0, n; first < c->n_users; first += n) {
		n = c->n_users - first < SAVED ? c->n_users - first : SAVED;
		for (uint32_t i = 0; i < n; i++)
			slot[i] = first + i;
		must(b->ops->save(b, slot, n, mine, &e), "device", &e);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t p = piece_of(c, first + i), own = first + i - crowd_first(c, p);
			backend_cpu.save(&c->cpu[p], &own, 1, &one, &e);
			bad += memcmp(&one.mixture, &mine[i].mixture, MIXTURE_BYTES) != 0 ||
				memcmp(&one.learned, &mine[i].learned, LEARNED_BYTES) != 0;
		}
	}
	free(mine);
	return bad;
}

/* The whole history on both; how many verdicts and states are not the same. */
static uint64_t compare(struct backend *b, struct crowd *c, uint32_t n_rows, uint64_t *n_verdicts)
{
	struct verdict *v = crowd_get(2 * (size_t)c->n_users, sizeof *v);
	struct err e = {0};
	uint64_t bad = 0;
	must(b->ops->reserve(b, c->n_users, &e), "device", &e);
	for (uint32_t t = 0; t < n_rows; t++) {
		crowd_make(c);
		bad += compare_step(c, b, c->run, c->n_users, crowd_cpu_rows, v, n_verdicts);
		bad += compare_step(c, b, c->close, c->n_close, crowd_cpu_closes, v, n_verdicts);
	}
	bad += compare_states(c, b);
	free(v);
	return bad;
}

static int report(const char *what, uint64_t bad, uint64_t n_verdicts, double seconds)
{
	printf("%-44s %s, %llu verdicts, %llu differ, %.1f s\n", what,
		bad || !n_verdicts ? "FAILED" : "ok", (unsigned long long)n_verdicts,
		(unsigned long long)bad, seconds);
	return bad || !n_verdicts;
}

static int check(uint32_t n_users, uint32_t n_rows)
{
	struct backend b = { .ops = &backend_module };
	struct crowd c;
	struct err e = {0};
	char device[512], what[80];
	uint64_t n_verdicts = 0;
	double start = crowd_now_s();
	crowd_init(&c, n_users);
	must(b.ops->open(&b, &c.rules, &e), "device", &e);
	b.ops->describe(&b, device, sizeof device);
	printf("%-44s %s\n", "device", device);
	uint64_t bad = compare(&b, &c, n_rows, &n_verdicts);
	b.ops->close(&b);
	snprintf(what, sizeof what, "bits of %u users x %u rows", n_users, n_rows);
	return report(what, bad, n_verdicts, crowd_now_s() - start);
}

/* The device, until it has been asked so often. */
struct fragile {
	struct backend real;
	uint32_t left;
};

static int fragile_reserve(struct backend *b, uint32_t n, struct err *e)
{
	struct fragile *f = b->priv;
	return f->real.ops->reserve(&f->real, n, e);
}

static int fragile_load(struct backend *b, const uint32_t *slot, uint32_t n,
	const struct slot_state *from, struct err *e)
{
	struct fragile *f = b->priv;
	return f->real.ops->load(&f->real, slot, n, from, e);
}

static int fragile_save(const struct backend *b, const uint32_t *slot, uint32_t n,
	struct slot_state *to, struct err *e)
{
	struct fragile *f = b->priv;
	return f->real.ops->save(&f->real, slot, n, to, e);
}

static int fragile_step(struct backend *b, const struct runs *s, struct verdict *ret,
	uint32_t *ret_n, struct err *e)
{
	struct fragile *f = b->priv;
	int r = f->real.ops->step(&f->real, s, ret, ret_n, e);
	return r < 0 || f->left-- > 0 ? r : err_set(e, -EIO, "lost on purpose");
}

static void fragile_close(struct backend *b)
{
	struct fragile *f = b->priv;
	f->real.ops->close(&f->real);
}

static const struct backend_ops fragile_ops = {
	.abi = BACKEND_ABI, .name = "fragile", .reserve = fragile_reserve, .load = fragile_load,
	.step = fragile_step, .save = fragile_save, .close = fragile_close,
};

static int lost(uint32_t n_users, uint32_t n_rows)
{
	uint64_t bad = 0, n_verdicts = 0;
	double start = crowd_now_s();
	char what[80];
	for (uint32_t at = 0; at < n_rows; at += 1 + n_rows / 6) {
		struct fragile f = { .real = { .ops = &backend_module }, .left = at };
		struct backend device = { .ops = &fragile_ops, .priv = &f }, b;
		struct crowd c;
		struct err e = {0};
		crowd_init(&c, n_users);
		device.rules = &c.rules;
		must(backend_module.open(&f.real, &c.rules, &e), "device", &e);
		must(resident_open(&b, &device, false, &e), "device", &e);
		bad += compare(&b, &c, n_rows, &n_verdicts);
		bad += resident_lost(&b) == NULL;
		backend_close(&b);
	}
	snprintf(what, sizeof what, "a device lost at some step, %u users", n_users);
	return report(what, bad, n_verdicts, crowd_now_s() - start);
}

int main(int argc, char **argv)
{
	uint32_t n_users = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	uint32_t n_rows = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
	if (n_users == 0 || n_rows == 0) {
		fputs("usage: gpu check|lost USERS ROWS\n", stderr);
		return 2;
	}
	return strcmp(argv[1], "lost") == 0 ? lost(n_users, n_rows) : check(n_users, n_rows);
}
