/* gpu_bench.c - how fast the CUDA backend is on this machine.
 *
 * gpu_bench USERS: a step of that many active users, resident: the kernels alone against the
 * device's copy bandwidth, and with packing and upload against the CPU backend on all cores.
 */
#include <stddef.h>
#include <string.h>

#include "../../cuda/kernels.h"
#include "crowd.h"

extern const struct backend_ops backend_module;

#define WARM 80u                /* rows of each user before anything is timed: rings are full */
#define TIMED 20u

static void must(cudaError_t r, const char *what)
{
	if (r != cudaSuccess) {
		fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(r));
		exit(1);
	}
}

static void *on_device(size_t n)
{
	void *p = NULL;
	must(cudaMalloc(&p, n), "memory of the device");
	return p;
}

/* Milliseconds of device time between two events. */
static double between_ms(cudaEvent_t a, cudaEvent_t b)
{
	float ms = 0;
	must(cudaEventSynchronize(b), "timing");
	must(cudaEventElapsedTime(&ms, a, b), "timing");
	return (double)ms;
}

/* Bytes read and written a second when the device copies 1 GiB to itself. */
static double copy_bytes_s(cudaEvent_t a, cudaEvent_t b)
{
	size_t n = (size_t)1 << 30;
	void *from = on_device(n), *to = on_device(n);
	double best = 1e9;
	for (int i = 0; i < 8; i++) {
		must(cudaEventRecord(a, 0), "timing");
		must(cudaMemcpyAsync(to, from, n, cudaMemcpyDeviceToDevice, 0), "copy");
		must(cudaEventRecord(b, 0), "timing");
		double ms = between_ms(a, b);
		best = ms < best ? ms : best;
	}
	cudaFree(from);
	cudaFree(to);
	return 2 * (double)n / best * 1e3;
}

/* Of a run of one row that closes nothing, both channels: share/doc/gpu.md adds them up. */
#define BYTES_MIXTURE (2 * 544 + 32)
#define BYTES_LEARNED (2 * 480)
#define BYTES_RUN (32 + 16 + 4)

static struct mixture **table_of(size_t size, uint32_t n_users)
{
	void *at[64], *table = on_device(sizeof at);
	uint32_t n = (n_users >> STATES_SHIFT) + 1;
	for (uint32_t i = 0; i < n && i < 64; i++)
		at[i] = on_device(size << STATES_SHIFT);
	must(cudaMemcpy(table, at, sizeof at, cudaMemcpyHostToDevice), "table");
	return table;
}

/* The kernels alone: rows are on the device. Returns the median milliseconds of a step. */
static double time_kernels(struct crowd *c, cudaEvent_t a, cudaEvent_t b)
{
	struct device_row *row = crowd_get(c->n_users, sizeof *row);
	struct device_run *run = crowd_get(c->n_users, sizeof *run);
	struct step_args s = { .end_run = c->n_users, .mode = STEP_ALARMS };
	double ms[TIMED];
	s.states.mixture = table_of(sizeof(struct mixture), c->n_users);
	s.states.learned = (struct learned **)table_of(sizeof(struct learned), c->n_users);
	s.rules = on_device(sizeof c->rules);
	s.row = on_device(c->n_users * sizeof *row);
	s.run = on_device(c->n_users * sizeof *run);
	s.n_given = on_device(c->n_users * sizeof *s.n_given);
	s.given = on_device(2 * (size_t)c->n_users * sizeof *s.given);
	must(cudaMemcpy((void *)s.rules, &c->rules, sizeof c->rules, cudaMemcpyHostToDevice), "rules");
	must(kernels_reset((struct reset_args){ s.states, 0, c->n_users }, 0), "reset");
	for (uint32_t t = 0; t < WARM + TIMED; t++) {
		crowd_make(c);
		for (uint32_t i = 0; i < c->n_users; i++) {
			device_row_pack(&row[i], &c->row[i]);
			run[i] = (struct device_run){ i, i, 1, UINT32_MAX };
		}
		must(cudaMemcpy((void *)s.row, row, c->n_users * sizeof *row,
			cudaMemcpyHostToDevice), "rows");
		must(cudaMemcpy((void *)s.run, run, c->n_users * sizeof *run,
			cudaMemcpyHostToDevice), "runs");
		must(cudaEventRecord(a, 0), "timing");
		must(kernels_step(s, 0), "step");
		must(cudaEventRecord(b, 0), "timing");
		ms[t % TIMED] = between_ms(a, b);
	}
	for (uint32_t i = 1; i < TIMED; i++)
		for (uint32_t k = i; k > 0 && ms[k] < ms[k - 1]; k--) {
			double swap = ms[k];
			ms[k] = ms[k - 1];
			ms[k - 1] = swap;
		}
	free(row);
	free(run);
	return ms[TIMED / 2];
}

/* Rows a second of the whole backend, and of the CPU backend on all cores, on the same rows. */
static void time_backends(struct crowd *c, double *ret_gpu, double *ret_cpu)
{
	struct backend b = { .ops = &backend_module };
	struct verdict *v = crowd_get(2 * (size_t)c->n_users, sizeof *v);
	struct err e = {0};
	double gpu = 0, cpu = 0;
	if (b.ops->open(&b, &c->rules, &e) < 0 || b.ops->reserve(&b, c->n_users, &e) < 0)
		crowd_die("device", &e);
	for (uint32_t t = 0; t < WARM + TIMED; t++) {
		struct runs r = { c->row, c->run, c->n_users, STEP_RECORDS };
		uint32_t n;
		crowd_make(c);
		double start = crowd_now_s();
		if (b.ops->step(&b, &r, v, &n, &e) < 0)
			crowd_die("device", &e);
		double middle = crowd_now_s();
		crowd_all(c, crowd_cpu_rows);
		gpu += t < WARM ? 0 : middle - start;
		cpu += t < WARM ? 0 : crowd_now_s() - middle;
	}
	b.ops->close(&b);
	free(v);
	*ret_gpu = (double)c->n_users * TIMED / gpu;
	*ret_cpu = (double)c->n_users * TIMED / cpu;
}

int main(int argc, char **argv)
{
	struct crowd *c = crowd_get(1, sizeof *c);
	uint32_t n = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	cudaEvent_t a, b;
	double gpu, cpu;
	if (n == 0 || n >> STATES_SHIFT >= 63) {
		fputs("usage: gpu_bench USERS\n", stderr);
		return 2;
	}
	must(cudaEventCreate(&a), "events");
	must(cudaEventCreate(&b), "events");
	double copy = copy_bytes_s(a, b);
	crowd_init(c, n);
	double ms = time_kernels(c, a, b);
	double bytes = (double)n * (BYTES_MIXTURE + BYTES_LEARNED + BYTES_RUN);
	printf("%-44s %.0f GB/s\n", "copy on the device, read and written", copy / 1e9);
	printf("%-44s %.3f ms, %u users\n", "a step of resident users, kernel", ms, n);
	printf("%-44s %.0f GB/s, %.0f %% of the copy\n", "bytes it must move, a second",
		bytes / ms / 1e6, 100 * bytes / ms * 1e3 / copy);
	crowd_init(c, n);
	time_backends(c, &gpu, &cpu);
	printf("%-44s %.1f M/s\n", "rows, packed and uploaded, one thread", gpu / 1e6);
	printf("%-44s %.1f M/s on %ld cores: the device is %.2f x\n", "rows, cpu backend", cpu / 1e6,
		sysconf(_SC_NPROCESSORS_ONLN), gpu / cpu);
	printf("%-44s %.0f\n", "users a GB of the device's memory",
		1e9 / (sizeof(struct mixture) + sizeof(struct learned)));
	return 0;
}
