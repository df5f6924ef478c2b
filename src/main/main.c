#include <cblas.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/option.h"

/* The number of the signal that asked for the end: all a handler may touch. */
static volatile sig_atomic_t stop;

static void ask_for_the_end(int signal_number)
{
	stop = signal_number;
}

/* Reads are interrupted, so that a wait for input ends too; a second SIGINT ends the program at
 * once. A reader of standard output that has gone away is a wish for the end like the others.
 */
static void catch_signals(void)
{
	static const int asking[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

	for (unsigned i = 0; i < sizeof asking / sizeof *asking; i++) {
		struct sigaction a = { .sa_handler = ask_for_the_end };

		sigemptyset(&a.sa_mask);
		if (asking[i] == SIGINT)
			a.sa_flags = SA_RESETHAND;
		sigaction(asking[i], &a, NULL);
	}
}

/* What was printed must have arrived for a run to be done, unless nobody reads it any more. */
static int close_output(int code)
{
	bool bad = ferror(stdout) != 0;

	errno = 0;
	if (fclose(stdout) == 0 && !bad)
		return code;
	if (errno == EPIPE || stop == SIGPIPE)
		return EXIT_OK;
	fprintf(stderr, "veer: could not write to standard output: %s\n",
		errno ? strerror(errno) : "an earlier write failed");
	return code == EXIT_OK ? EXIT_FAILED : code;
}

/* Where one of the three is closed, the next file opened would be taken for it: a store for keys,
 * say, or a log for where rows go.
 */
static void fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);       /* a write is an error still */
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command_row *command;
	struct options o = { .stop = &stop };
	int code;

	fill_standard();
	openblas_set_num_threads(1);    /* threads share out users and rows: normal.h, fit_lstm.h */
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");     /* rows are read by programs */
	clock_init(&o.clock);
	code = options_parse(&o, argc, argv, &command);
	if (command) {
		catch_signals();
		code = command->run(&o);
	}
	options_done(&o);
	return close_output(code);
}
