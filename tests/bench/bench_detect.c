/* bench_detect.c - `veer detect` end to end on five million events, beside libcsv reading the same
 * file; and its peak memory beside the budget of CONTRACT.
 */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define EVENTS 5000000
#define BLOCK (1u << 20)

struct tally {
	uint64_t fields, rows;
};

static void on_field(void *text, size_t len, void *tally)
{
	(void)text;
	(void)len;
	((struct tally *)tally)->fields++;
}

static void on_row(int last, void *tally)
{
	(void)last;
	((struct tally *)tally)->rows++;
}

/* Seconds that one thread of libcsv needs for the file when nothing is done with the fields. */
static double time_libcsv(const char *path, struct tally *t)
{
	double start = harness_now_s();
	struct csv_parser parser;
	char *block = malloc(BLOCK);
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f || !block || csv_init(&parser, 0) != 0)
		harness_die(path);
	*t = (struct tally){ 0, 0 };
	while ((n = fread(block, 1, BLOCK, f)) > 0)
		csv_parse(&parser, block, n, on_field, on_row, t);
	csv_fini(&parser, on_field, on_row, t);
	csv_free(&parser);
	fclose(f);
	free(block);
	return harness_now_s() - start;
}

/* What the file holds, for the budget. */
struct content {
	uint64_t *user, *item, *category, *pair, *cell;  /* n of each, to be made distinct */
	uint64_t n;
};

static uint64_t *room(uint64_t n)
{
	uint64_t *v = malloc(n * sizeof(*v));

	if (!v)
		harness_die("content of the log");
	return v;
}

static void read_content(const char *path, struct content *c, uint64_t rows)
{
	FILE *f = fopen(path, "r");
	char line[128];

	*c = (struct content){ room(rows), room(rows), room(rows), room(rows), room(rows), 0 };
	if (!f || !fgets(line, sizeof(line), f))
		harness_die(path);
	while (c->n < rows && fgets(line, sizeof(line), f)) {
		char *at;
		uint64_t day = strtoull(line, &at, 10) / 86400, user = strtoull(at + 1, &at, 10);
		uint64_t item = strtoull(at + 1, &at, 10), category = strtoull(at + 1, &at, 10);

		c->user[c->n] = user;
		c->item[c->n] = item;
		c->category[c->n] = category;
		c->pair[c->n] = user << 20 | category;
		c->cell[c->n++] = (user << 20 | category) << 10 | day % 1024;
	}
	fclose(f);
}

static int by_value(const void *a, const void *b)
{
	return (*(const uint64_t *)a > *(const uint64_t *)b) -
		(*(const uint64_t *)a < *(const uint64_t *)b);
}

static uint64_t distinct(uint64_t *v, uint64_t n)
{
	uint64_t kept = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (uint64_t i = 0; i < n; i++)
		if (!kept || v[i] != v[kept - 1])
			v[kept++] = v[i];
	return kept;
}

/* 32 bytes an id and its length. */
static uint64_t id_bytes(const uint64_t *v, uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++)
		sum += 32 + (uint64_t)snprintf(NULL, 0, "%llu", (unsigned long long)v[i]);
	return sum;
}

static double budget_mb(const char *path, uint64_t rows)
{
	struct content c;
	uint64_t users, items, categories, pairs, cells, bytes;

	read_content(path, &c, rows);
	users = distinct(c.user, c.n);
	items = distinct(c.item, c.n);
	categories = distinct(c.category, c.n);
	pairs = distinct(c.pair, c.n);
	cells = distinct(c.cell, c.n);
	bytes = users * 1024 + pairs * 8 + cells * 4 + c.n * 32 + id_bytes(c.user, users) +
		id_bytes(c.item, items) + id_bytes(c.category, categories);
	printf("users %llu, items %llu, (user, category) %llu, (user, category, day) %llu\n",
		(unsigned long long)users, (unsigned long long)items, (unsigned long long)pairs,
		(unsigned long long)cells);
	free(c.user);
	free(c.item);
	free(c.category);
	free(c.pair);
	free(c.cell);
	return (double)bytes / (1 << 20) + 64;
}

int main(void)
{
	uint64_t events = (uint64_t)(EVENTS * harness_scale());
	double detect[HARNESS_RUNS], libcsv[HARNESS_RUNS], peak = 0, a, b, budget;
	char path[4096];
	const char *argv[] = { harness_veer(), "detect", "--quiet", "--threads", "2", path, NULL };
	struct tally t = { 0, 0 };
	int bad = 0;

	harness_log(events, path, sizeof(path));
	for (int i = 0; i < HARNESS_RUNS; i++) {
		struct harness_cost c = harness_run(argv);

		bad |= c.status;
		detect[i] = c.wall_s;
		peak = c.peak_mb > peak ? c.peak_mb : peak;
		libcsv[i] = time_libcsv(path, &t);
	}
	budget = budget_mb(path, t.rows);
	unlink(path);
	if (bad) {
		fprintf(stderr, "bench: veer detect ended with %d\n", bad);
		return 1;
	}
	a = harness_median(detect);
	b = harness_median(libcsv);
	printf("detect, %llu events, 2 threads   %.2f s (%.2f M events/s)\n",
		(unsigned long long)events, a, (double)events / a / 1e6);
	printf("libcsv, %llu fields, 1 thread   %.2f s\n", (unsigned long long)t.fields, b);
	printf("detect to libcsv   ratio %.2f\n", a / b);
	printf("peak memory   %.0f MB, budget %.0f MB, ratio %.2f\n", peak, budget, peak / budget);
	return 0;
}
