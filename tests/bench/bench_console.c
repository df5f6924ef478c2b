/* bench_console.c - how soon the console paints text when it is given a log of 100 MB, beside the
 * start of any program; and what it costs in ten seconds in which nothing happens.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define EVENTS 2450000          /* about 100 MB */
#define QUIET_S 2.              /* without output: whatever was to be loaded is loaded */
#define LOAD_MAX_S 120.
#define IDLE_S 10.

struct screen {
	int fd;
	pid_t pid;
	double start;
	uint64_t bytes;
	int state;              /* 0 text; 1 after ESC; in a 2 sequence, 3 string, 4 charset */
};

static void screen_open(struct screen *s, const char *const argv[])
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };

	*s = (struct screen){ .start = harness_now_s() };
	s->pid = forkpty(&s->fd, NULL, NULL, &size);
	if (s->pid < 0)
		harness_die("forkpty");
	if (s->pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		setenv("LC_ALL", "C.UTF-8", 1);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
}

static void screen_close(struct screen *s)
{
	int status;
	double until = harness_now_s() + 5;

	if (write(s->fd, "q", 1) < 0 && errno != EIO)
		harness_die("pty");
	while (waitpid(s->pid, &status, WNOHANG) == 0) {
		char rest[4096];
		struct pollfd p = { s->fd, POLLIN, 0 };

		if (harness_now_s() > until)
			kill(s->pid, SIGTERM);
		if (poll(&p, 1, 50) > 0 && read(s->fd, rest, sizeof(rest)) < 0)
			usleep(10000);
	}
	close(s->fd);
}

/* Whether the byte paints something: no part of an escape sequence, no control, no blank. */
static bool paints(struct screen *s, unsigned char c)
{
	int was = s->state;

	if (c == 27)
		s->state = 1;
	else if (was == 1)
		s->state = c == '[' ? 2 : c == ']' || c == 'P' ? 3 : c == '(' || c == ')' ? 4 : 0;
	else if (was == 2 && c >= '@' && c <= '~')
		s->state = 0;
	else if ((was == 3 && c == 7) || was == 4)
		s->state = 0;
	return was == 0 && c > ' ' && c != 127;
}

/* Reads what comes within wait_s; -1 at the end, else the bytes. ret_paints: text was among them.
 * */
static int screen_read(struct screen *s, double wait_s, bool *ret_paints)
{
	struct pollfd p = { s->fd, POLLIN, 0 };
	unsigned char buf[65536];
	ssize_t n;

	*ret_paints = false;
	if (poll(&p, 1, (int)(wait_s * 1000)) <= 0)
		return 0;
	n = read(s->fd, buf, sizeof(buf));
	for (ssize_t i = 0; i < n; i++)
		*ret_paints |= paints(s, buf[i]);
	s->bytes += n > 0 ? (uint64_t)n : 0;
	return n > 0 ? (int)n : -1;
}

/* Seconds from the start to the first text. */
static double first_text(struct screen *s)
{
	bool text = false;

	while (!text)
		if (screen_read(s, 60, &text) <= 0 && !text) {
			fprintf(stderr, "bench: no text was painted\n");
			exit(1);
		}
	return harness_now_s() - s->start;
}

static double cpu_s(pid_t pid)
{
	char path[64];
	unsigned long user = 0, system = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
	    &user, &system) != 2)
		harness_die(path);
	fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Waits until the console has been silent for a while, or repaints nothing but its clock. */
static void settle(struct screen *s)
{
	double until = s->start + LOAD_MAX_S, cpu = cpu_s(s->pid), checked = harness_now_s();
	bool text;

	while (harness_now_s() < until) {
		if (screen_read(s, .2, &text) < 0)
			harness_die("the console ended");
		if (harness_now_s() - checked < QUIET_S)
			continue;
		if (cpu_s(s->pid) - cpu < .1 * QUIET_S)
			return;
		cpu = cpu_s(s->pid);
		checked = harness_now_s();
	}
}

static void idle(struct screen *s)
{
	double start = harness_now_s(), cpu = cpu_s(s->pid), took;
	uint64_t bytes = s->bytes;
	bool text;

	while ((took = harness_now_s() - start) < IDLE_S)
		if (screen_read(s, IDLE_S - took, &text) < 0)
			harness_die("the console ended");
	cpu = cpu_s(s->pid) - cpu;
	bytes = s->bytes - bytes;
	printf("idle, %.0f s   %.2f s of cpu (%.1f %%), %llu bytes to the terminal (%.0f a second)"
		"\n", took, cpu, 100 * cpu / took, (unsigned long long)bytes, (double)bytes / took);
}

static double file_mb(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (double)st.st_size / 1e6 : 0;
}

int main(void)
{
	static const char *const nothing[] = { "/bin/echo", "text", NULL };
	double ours[HARNESS_RUNS], reference[HARNESS_RUNS], a, b, mb;
	char path[4096];
	const char *argv[] = { harness_veer(), "replay", "--paused", path, NULL };
	struct screen s;

	harness_log((uint64_t)(EVENTS * harness_scale()), path, sizeof(path));
	for (int i = 0; i < HARNESS_RUNS; i++) {
		screen_open(&s, nothing);
		reference[i] = first_text(&s);
		screen_close(&s);
		screen_open(&s, argv);
		ours[i] = first_text(&s);
		if (i == HARNESS_RUNS - 1) {
			settle(&s);
			idle(&s);
		}
		screen_close(&s);
	}
	mb = file_mb(path);
	unlink(path);
	a = harness_median(ours);
	b = harness_median(reference);
	printf("first text of %.0f MB   %.1f ms, of /bin/echo %.1f ms, ratio %.2f\n", mb, a * 1e3,
		b * 1e3, a / b);
	return 0;
}
