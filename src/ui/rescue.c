#include "ui/rescue.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGHUP, SIGINT, SIGQUIT,
	SIGTERM };
#define N_SIGNALS (sizeof signals / sizeof *signals)
#define N_FAULTS 5      /* the first ones: taken over even when handled */

/* A handler gets no argument of ours, so what it needs stands at file scope. Written only while no
 * handler is installed.
 */
static struct {
	int fd;
	struct termios was;
	char restore[256];
	size_t len;
	struct sigaction old[N_SIGNALS];
	bool taken[N_SIGNALS];
} rescue = { .fd = -1 };

/* SA_RESETHAND has put the default action back, so the signal raised again ends the program. */
static void handle(int number)
{
	ssize_t n = write(rescue.fd, rescue.restore, rescue.len);

	(void)n;
	tcsetattr(rescue.fd, TCSANOW, &rescue.was);
	raise(number);
}

void rescue_arm(int fd, const struct termios *was, const char *restore)
{
	struct sigaction sa = { .sa_handler = handle, .sa_flags = (int)SA_RESETHAND };
	size_t i;

	rescue_disarm();
	rescue.fd = fd;
	rescue.was = *was;
	snprintf(rescue.restore, sizeof rescue.restore, "%s", restore);
	rescue.len = strlen(rescue.restore);
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < N_SIGNALS; i++) {
		sigaction(signals[i], NULL, &rescue.old[i]);
		rescue.taken[i] = i < N_FAULTS || rescue.old[i].sa_handler == SIG_DFL;
		if (rescue.taken[i])
			sigaction(signals[i], &sa, NULL);
	}
}

void rescue_disarm(void)
{
	size_t i;

	if (rescue.fd < 0)
		return;
	for (i = 0; i < N_SIGNALS; i++)
		if (rescue.taken[i])
			sigaction(signals[i], &rescue.old[i], NULL);
	rescue.fd = -1;
}
