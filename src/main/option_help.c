#include "main/option_help.h"

#include <string.h>

#include "ingest/format.h"
#include "main/option_table.h"

enum { HELP_COLUMN = 27, HELP_WIDTH = 80, NAME_MAX_EDITED = 32 };

/* Words from column `at` on, in lines from HELP_COLUMN to HELP_WIDTH; returns where it ended. */
static int fill(FILE *to, int at, const char *words)
{
	while (*words) {
		int n = (int)strcspn(words, " ");

		if (at + 1 + n > HELP_WIDTH && at > HELP_COLUMN) {
			fputc('\n', to);
			at = 0;
		}
		if (at < HELP_COLUMN)
			at += fprintf(to, "%*s", HELP_COLUMN - at, "");
		else if (at > HELP_COLUMN)
			at += fprintf(to, " ");
		at += fprintf(to, "%.*s", n, words);
		words += n;
		words += strspn(words, " ");
	}
	return at;
}

static void help_option(FILE *to, const struct option_row *row)
{
	int at = row->letter ? fprintf(to, "  -%c, ", row->letter) : fprintf(to, "      ");

	at += fprintf(to, "--%s%s%s", row->name, row->argument ? " " : "",
		row->argument ? row->argument : "");
	if (at >= HELP_COLUMN) {
		fputc('\n', to);
		at = 0;
	}
	at = fill(to, at, row->help);
	if (row->words) {
		char list[128] = "-";

		for (unsigned i = 0; row->words[i]; i++) {
			strncat(list, i ? "|" : " ", sizeof list - strlen(list) - 1);
			strncat(list, row->words[i], sizeof list - strlen(list) - 1);
		}
		at = fill(to, at, list);
	}
	if (row->fallback) {
		char given[64];

		snprintf(given, sizeof given, "(default %s)", row->fallback);
		fill(to, at, given);
	}
	fputc('\n', to);
}

static void help_formats(FILE *to)
{
	int at = fprintf(to, "Formats known to --format:");

	for (const struct format *f = format_table(); f->name; f++)
		at = fill(to, at, f->name);
	fputs("\n\n", to);
}

void help_program(FILE *to)
{
	fputs("Usage: veer COMMAND [OPTION]... [OPERAND]...\n"
		"Watches what users look at and buy, and says when one of them suddenly "
		"changes.\n\n", to);
	for (const struct command_row *c = command_table; c->name; c++)
		fprintf(to, "  %-9s %-13s %s\n", c->name, c->operands, c->summary);
	fputs("\n\"veer COMMAND --help\" lists a command's options; \"veer --version\" tells the "
		"version.\nExit codes: 0 done, 1 failed or interrupted, 2 usage, 3 some input "
		"unusable.\n", to);
}

void help_command(FILE *to, const struct command_row *c)
{
	bool reads = false;

	fprintf(to, "Usage: veer %s [OPTION]...%s%s\n%s.\n\n", c->name, *c->operands ? " " : "",
		c->operands, c->summary);
	for (const struct option_row *row = option_table; row->name; row++) {
		if (!(row->commands & c->bit))
			continue;
		help_option(to, row);
		reads |= row->kind == &kind_format;
	}
	fputc('\n', to);
	if (reads)
		help_formats(to);
	if (strstr(c->operands, "FILE"))
		fputs("FILE - is standard input. ", to);
	fputs("Values may also stand in a --config file.\n", to);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein distance, one row of the matrix at a time. */
static unsigned edits(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned cost[NAME_MAX_EDITED + 1];

	for (unsigned j = 0; j <= nb; j++)
		cost[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned diagonal = cost[0];

		cost[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = cost[j];
			cost[j] = least(change, least(cost[j], cost[j - 1]) + 1);
		}
	}
	return cost[nb];
}

void help_nearer(const char *word, const char *name, const char **ret_best, unsigned *ret_edits)
{
	size_t na = strlen(word), nb = strlen(name);
	unsigned n;

	if (na < 2 || na > NAME_MAX_EDITED || nb > NAME_MAX_EDITED)
		return;
	n = edits(word, na, name, nb);
	if (n > (nb < 5 ? 1 : nb / 3) || (*ret_best && n >= *ret_edits))
		return;
	*ret_best = name;
	*ret_edits = n;
}
