#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double harness_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double harness_median(double v[HARNESS_RUNS])
{
	qsort(v, HARNESS_RUNS, sizeof(*v), by_value);
	return v[HARNESS_RUNS / 2];
}

void harness_die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

const char *harness_veer(void)
{
	const char *path = getenv("VEER");

	return path ? path : "./veer";
}

double harness_scale(void)
{
	const char *scale = getenv("BENCH_SCALE");

	return scale ? atof(scale) : 1;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

struct harness_cost harness_run(const char *const argv[])
{
	double start = harness_now_s();
	struct rusage use;
	int status, null;
	pid_t pid = fork();

	if (pid < 0)
		harness_die("fork");
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &use) < 0)
		harness_die("wait4");
	return (struct harness_cost){ .wall_s = harness_now_s() - start,
		.cpu_s = seconds(use.ru_utime) + seconds(use.ru_stime),
		.peak_mb = (double)use.ru_maxrss / 1024,
		.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status) };
}

void harness_log(uint64_t n_events, char *ret_path, size_t cap)
{
	harness_long_log(n_events, 0, ret_path, cap);
}

void harness_long_log(uint64_t n_events, uint32_t n_users, char *ret_path, size_t cap)
{
	const char *folder = getenv("TMPDIR");
	char events[24], users[16];
	const char *argv[] = { harness_veer(), "generate", "--events", events, "--seed", "1",
		"--out", ret_path, n_users ? "--users" : NULL, users, NULL };
	int fd;

	snprintf(events, sizeof(events), "%llu", (unsigned long long)n_events);
	snprintf(users, sizeof(users), "%u", n_users);
	snprintf(ret_path, cap, "%s/veer-bench.XXXXXX", folder ? folder : "/tmp");
	fd = mkstemp(ret_path);
	if (fd < 0)
		harness_die(ret_path);
	close(fd);
	if (harness_run(argv).status != 0) {
		unlink(ret_path);
		harness_die("veer generate failed");
	}
}

FILE *harness_file(char *ret_path, size_t cap)
{
	const char *folder = getenv("TMPDIR");

	snprintf(ret_path, cap, "%s/veer-bench.XXXXXX", folder ? folder : "/tmp");
	int fd = mkstemp(ret_path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!f)
		harness_die(ret_path);
	return f;
}

int harness_peers(const char *peer, const char *arguments, const char *file,
	struct harness_peer *ret, int cap)
{
	const char *source = getenv("srcdir");
	char command[1200];
	int n = 0;

	snprintf(command, sizeof(command), "sh '%s/tests/bench/peers.sh' %s %s '%s'",
		source ? source : ".", peer, arguments, file);
	fflush(stdout);
	FILE *f = popen(command, "r");
	while (f && n < cap && fscanf(f, "%31s %lf %lf%*[^\n]", ret[n].name, &ret[n].seconds,
		&ret[n].error) == 3)
		n++;
	if (f)
		pclose(f);
	unlink(file);
	return n;
}

void harness_compare(const char *what, double seconds, double error, const struct harness_peer *to)
{
	printf("%s, time to %s   %.3f s of processor, %.3f, ratio %.3f\n", what, to->name, seconds,
		to->seconds, seconds / to->seconds);
	printf("%s, error to %s   %.5f, %.5f, ratio %.5f\n", what, to->name, error, to->error,
		error / to->error);
}

void harness_data(const char *file, char *ret_path, size_t cap)
{
	const char *shared = getenv("SHARED"), *data = getenv("VEER_DATA");

	if (shared && *shared)
		snprintf(ret_path, cap, "%s/data/%s", shared, file);
	else
		snprintf(ret_path, cap, "%s/%s", data ? data : "../shared/data", file);
}
