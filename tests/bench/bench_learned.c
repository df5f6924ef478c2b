/* bench_learned.c - channel `learned`, a row, beside the reference's cost model of it: the program
 * named by $VEER_DET, made of tools/reference/det.c, whose workload this is: 20,000 users of 100
 * rows. Without it only the time is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/learned.h"
#include "harness.h"

#define USERS 20000u
#define ROWS 100u
#define A_SESSION 4u            /* rows */
#define CATEGORIES 300u

struct workload {
	struct learned *user;
	struct learned_rule rule;
	uint16_t *item;         /* [USERS][ROWS] */
};

static void make_workload(struct workload *w)
{
	w->user = aligned_alloc(64, USERS * sizeof *w->user);
	w->item = malloc(USERS * ROWS * sizeof *w->item);
	if (!w->user || !w->item)
		harness_die("workload");
	w->rule = (struct learned_rule){ .w = { .strength = { 20, 10, 20 },
		.weight = { 1, .5f, .3f }, .offset = 3, .power = .25f }, .threshold = 1e9f };
	srand(1);
	for (uint32_t i = 0; i < USERS * ROWS; i++)
		w->item[i] = (uint16_t)((rand() % 40) * (1 + rand() % 3) + i / ROWS % 400 * 40);
}

static float push(struct workload *w, uint32_t user, uint32_t n)
{
	uint32_t item = w->item[user * ROWS + n], category = item % CATEGORIES;
	bool opens = n % A_SESSION == 0;
	struct row r = { .time_ms = n * 1000, .tag = (uint16_t)(item * 40503u),
		.place = (uint16_t)(category % 48), .before = n / 48, .rows = n / 48,
		.flags = (uint16_t)(ROW_COUNT | (opens ? ROW_OPENS : 0)),
		.pi = 1.0f / CATEGORIES, .pi_item = .01f };
	float score = opens && n > 0 ? learned_read(&w->user[user], &w->rule) : 0;
	learned_push(&w->user[user], &w->rule, &r);
	return score;
}

static double time_rows(struct workload *w, bool interleaved)
{
	volatile float keep = 0;
	for (uint32_t u = 0; u < USERS; u++)
		learned_reset(&w->user[u]);
	double start = harness_now_s();
	for (uint32_t i = 0; i < USERS * ROWS; i++)
		keep = interleaved ? push(w, i % USERS, i / USERS) : push(w, i / ROWS, i % ROWS);
	(void)keep;
	return (harness_now_s() - start) / (USERS * ROWS);
}

/* What the reference says of itself, in seconds; 0 without it. */
static double time_reference(const char *path)
{
	char line[256] = "";
	const char *at;
	FILE *f = path ? popen(path, "r") : NULL;
	if (!f)
		return 0;
	bool said = fgets(line, sizeof line, f) && (at = strstr(line, " B, "));
	if (pclose(f) != 0 || !said)
		harness_die("the reference says nothing of its time");
	return atof(at + 4) * 1e-6;
}

static void show(const char *name, double ours[], double theirs[])
{
	double a = harness_median(ours), b = harness_median(theirs);
	if (b > 0)
		printf("%s   %.1f ns a row, reference %.1f, ratio %.2f\n", name, a * 1e9, b * 1e9,
			a / b);
	else
		printf("%s   %.1f ns a row; no reference: set SHARED\n", name, a * 1e9);
}

int main(void)
{
	struct workload w;
	double alone[HARNESS_RUNS], mixed[HARNESS_RUNS], a[HARNESS_RUNS], b[HARNESS_RUNS];
	const char *reference = getenv("VEER_DET");

	make_workload(&w);
	for (int i = 0; i < HARNESS_RUNS; i++) {
		alone[i] = time_rows(&w, false);
		a[i] = time_reference(reference);
		mixed[i] = time_rows(&w, true);
		b[i] = time_reference(reference);
	}
	show("learned, user by user", alone, a);
	show("learned, interleaved", mixed, b);
	free(w.user);
	free(w.item);
	return 0;
}
