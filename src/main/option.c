#include "main/option.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "base/err.h"
#include "base/mem.h"
#include "ingest/format.h"
#include "main/config_file.h"
#include "main/option_help.h"
#include "main/option_table.h"
#include "ui/keymap.h"
#include "ui/saved.h"

enum { CONFIG_BYTES_MAX = 1 << 20, ROWS_MAX = 128, CODE_BASE = 256 };

/* A value on its way to a field, with the place it was given at for messages. */
struct assignment {
	const struct option_row *row;
	const char *word;
	unsigned line;                  /* of the config file; 0: the command line */
};

struct reading {
	struct options *o;
	const struct command_row *command;
	struct assignment *list;
	uint32_t n, cap;
};

static int add(struct reading *r, const struct option_row *row, const char *word, unsigned line,
	struct err *e)
{
	if (r->n == r->cap) {
		uint32_t cap = r->cap ? 2 * r->cap : 32;
		struct assignment *list = mem_resize(r->list, cap, sizeof *list);

		if (!list)
			return err_set(e, -ENOMEM, "no memory for options");
		r->list = list;
		r->cap = cap;
	}
	r->list[r->n++] = (struct assignment){ row, word, line };
	return 0;
}

/* A name may stand in several rows, of different commands: that of the command's own goes first. */
static const struct option_row *row_named(const char *name, size_t len, unsigned bit)
{
	const struct option_row *other = NULL;

	for (const struct option_row *row = option_table; row->name; row++) {
		if (strlen(row->name) != len || strncmp(row->name, name, len) != 0)
			continue;
		if (row->commands & bit)
			return row;
		other = other ? other : row;
	}
	return other;
}

/* "; did you mean X" with the nearest name of the options of a command (of all, when bit is 0). */
static const char *suggest(const char *word, unsigned bit, char *buf, size_t cap)
{
	const char *best = NULL;
	unsigned n = 0;

	for (const struct option_row *row = option_table; row->name; row++)
		if (!bit || row->commands & bit)
			help_nearer(word, row->name, &best, &n);
	*buf = '\0';
	if (best)
		snprintf(buf, cap, "; did you mean %s%s?", bit ? "--" : "", best);
	return buf;
}

/* The commands that take an option, for a person: "replay, detect". */
static const char *takers(const struct option_row *row, char *buf, size_t cap)
{
	size_t len = 0;

	*buf = '\0';
	for (const struct command_row *c = command_table; c->name && len < cap; c++)
		if (row->commands & c->bit)
			len += (size_t)snprintf(buf + len, cap - len, "%s%s", len ? ", " : "",
				c->name);
	return buf;
}

static bool is_beginning(const char *word, size_t len, unsigned bit)
{
	const struct option_row *row = option_table;

	while (row->name && !(row->commands & bit && strncmp(row->name, word, len) == 0))
		row++;
	return row->name != NULL;
}

/* Why getopt does not know what was given: "--name", "--name=value" or "-x". */
static int unknown(const struct reading *r, const char *given, struct err *e)
{
	const char *name = given + strspn(given, "-");
	size_t len = strcspn(name, "=");
	const struct option_row *row = row_named(name, len, r->command->bit);
	char word[64], more[128];

	if (row && !(row->commands & r->command->bit))
		return err_set(e, -EINVAL, "--%s is an option of %s only", row->name,
			takers(row, more, sizeof more));
	if (row)
		return err_set(e, -EINVAL, "--%s takes no value", row->name);
	snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), name);
	if (len > 1 && is_beginning(word, len, r->command->bit))
		return err_set(e, -EINVAL, "--%s begins the names of several options", word);
	return err_set(e, -EINVAL, "unknown option \"%.*s%s\"%s", (int)(name - given), given, word,
		suggest(word, r->command->bit, more, sizeof more));
}

/* Fills getopt's own tables with the command's rows; a long option's code is CODE_BASE + row. */
static void getopt_tables(unsigned bit, struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (int i = 0; option_table[i].name; i++) {
		const struct option_row *row = &option_table[i];

		if (!(row->commands & bit))
			continue;
		*longs++ = (struct option){
			row->name, row->argument ? required_argument : no_argument, NULL,
			CODE_BASE + i
		};
		if (!row->letter)
			continue;
		*shorts++ = row->letter;
		if (row->argument)
			*shorts++ = ':';
	}
	*shorts = '\0';
	*longs = (struct option){ 0 };
}

static const struct option_row *row_coded(int code, unsigned bit)
{
	const struct option_row *row = option_table;

	if (code >= CODE_BASE)
		return &option_table[code - CODE_BASE];
	while (row->name && !(row->letter == code && row->commands & bit))
		row++;
	return row->name ? row : NULL;
}

static int take_arguments(struct reading *r, int argc, char **argv, struct err *e)
{
	struct option longs[ROWS_MAX];
	char shorts[2 * ROWS_MAX], letter[] = "-?";
	int code, status = 0;

	getopt_tables(r->command->bit, longs, shorts);
	optind = 0;                     /* glibc: start anew */
	opterr = 0;
	while (status == 0 && (code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = row_coded(code == ':' ? optopt : code,
			r->command->bit);

		letter[1] = (char)optopt;
		if (code == '?')
			status = unknown(r, optopt && optopt < CODE_BASE ? letter
				: argv[optind - 1], e);
		else if (code == ':')
			status = err_set(e, -EINVAL, "--%s needs a value (%s)", row->name,
				row->argument);
		else
			status = add(r, row, row->argument ? optarg : "yes", 0, e);
	}
	r->o->operand = (const char *const *)argv + optind;
	r->o->n_operands = (uint32_t)(argc - optind);
	return status;
}

static char *slurp(const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	char *buf = NULL;
	size_t len;

	if (!f || !(buf = mem_get(CONFIG_BYTES_MAX, 1))) {
		err_set(e, -errno, "could not read --config \"%s\": %s", path, strerror(errno));
		goto done;
	}
	len = fread(buf, 1, CONFIG_BYTES_MAX - 1, f);
	if (ferror(f) || !feof(f) || memchr(buf, '\0', len)) {
		err_set(e, -EINVAL, "could not read --config \"%s\": %s", path,
			ferror(f) ? strerror(errno) : "no text, or more than a megabyte of it");
		mem_free(buf);
		buf = NULL;
	}
done:
	if (f)
		fclose(f);
	return buf;
}

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return s;
}

/* `key NAME = KEYS`, taken for every command, so that a mistake is told whichever comes first. */
static int take_key(struct reading *r, const char *name, const char *keys, unsigned line,
	struct err *e)
{
	struct options *o = r->o;

	if (!o->keymap && !(o->keymap = mem_get(1, sizeof *o->keymap)))
		return err_set(e, -ENOMEM, "no memory for options");
	if (!o->keymap->n)
		keymap_init(o->keymap);
	if (keymap_set(o->keymap, name, keys, line, e) < 0)
		return err_wrap(e, "%s:%u", o->config, line);
	return 0;
}

/* `filter NAME = REGEX` and `view NAME = PARTS`, as keys taken for every command. */
static int take_saved(struct reading *r, const struct saved_row *row, unsigned line, struct err *e)
{
	struct options *o = r->o;

	if (!o->saved && !(o->saved = mem_get(1, sizeof *o->saved)))
		return err_set(e, -ENOMEM, "no memory for options");
	if (saved_add(o->saved, row, e) < 0)
		return err_wrap(e, "%s:%u", o->config, line);
	return 0;
}

static int check_keys(const struct options *o, struct err *e)
{
	unsigned line = 0;

	if (o->keymap && keymap_check(o->keymap, &line, e) < 0)
		return err_wrap(e, "%s:%u", o->config, line);
	return 0;
}

/* One `name = value`; a name of another command is right, and left alone. */
static int take_line(struct reading *r, char *s, unsigned line, struct err *e)
{
	char *equals = strchr(s, '='), *name = trim(s), more[128];
	const struct option_row *row;

	if (*name == '\0' || *name == '#')
		return 0;
	if (!equals)
		return err_set(e, -EINVAL, "%s:%u: \"%s\" is not name = value", r->o->config, line,
			name);
	*equals = '\0';
	name = trim(name);
	if (strncmp(name, "key ", 4) == 0)
		return take_key(r, trim(name + 4), trim(equals + 1), line, e);
	if (strncmp(name, "filter ", 7) == 0)
		return take_saved(r, &(struct saved_row){ SAVED_FILTER, trim(name + 7),
			trim(equals + 1) }, line, e);
	if (strncmp(name, "view ", 5) == 0)
		return take_saved(r, &(struct saved_row){ SAVED_VIEW, trim(name + 5),
			trim(equals + 1) }, line, e);
	row = row_named(name, strlen(name), r->command->bit);
	if (!row || row->offset == offsetof(struct options, config))
		return err_set(e, -EINVAL, "%s:%u: no option is named \"%s\"%s", r->o->config, line,
			name, suggest(name, 0, more, sizeof more));
	if (!(row->commands & r->command->bit))
		return 0;
	return add(r, row, trim(equals + 1), line, e);
}

static int take_config(struct reading *r, struct err *e)
{
	unsigned line = 1;
	int status = 0;

	r->o->config_text = slurp(r->o->config, e);
	if (!r->o->config_text)
		return e->code;
	for (char *s = r->o->config_text, *next; s && status == 0; s = next, line++) {
		next = strchr(s, '\n');
		if (next)
			*next++ = '\0';
		status = take_line(r, s, line, e);
	}
	return status < 0 ? status : check_keys(r->o, e);
}

static const char *accepted(const struct option_row *row, char *buf, size_t cap)
{
	size_t len = 0;

	if (row->kind->accepts)
		return row->kind->accepts;
	*buf = '\0';
	for (unsigned i = 0; row->words[i] && len < cap; i++)
		len += (size_t)snprintf(buf + len, cap - len, "%s%s",
			i == 0 ? "" : row->words[i + 1] ? ", " : " or ", row->words[i]);
	return buf;
}

static int assign(struct reading *r, const struct assignment *a, struct err *e)
{
	const struct option_row *row = a->row;
	const struct value v = {
		.word = a->word, .to = (char *)r->o + row->offset, .words = row->words,
		.zone = &r->o->zone
	};
	char words[128];

	if (row->kind->parse(&v)) {
		r->o->splice_given |= row->offset == offsetof(struct options, splice_seed);
		return 0;
	}
	err_set(e, -EINVAL, "--%s \"%s\": not %s", row->name, a->word,
		accepted(row, words, sizeof words));
	return a->line ? err_wrap(e, "%s:%u", r->o->config, a->line) : e->code;
}

/* Fallbacks, then the config file, then the command line: the last one given stands. */
static int assign_all(struct reading *r, bool late, struct err *e)
{
	int status = 0;

	for (const struct option_row *row = option_table; row->name && status == 0; row++)
		if (row->fallback && row->kind->late == late)
			status = assign(r, &(struct assignment){ row, row->fallback, 0 }, e);
	for (int from_file = 1; from_file >= 0; from_file--) {
		for (uint32_t i = 0; i < r->n && status == 0; i++) {
			const struct assignment *a = &r->list[i];

			if (a->row->kind->late == late && (a->line > 0) == from_file)
				status = assign(r, a, e);
		}
	}
	return status;
}

/* Help, the version, which config file, and whether rows were asked for are known first. */
static void look_ahead(struct reading *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const struct option_row *row = r->list[i].row;

		if (row->offset == offsetof(struct options, config))
			r->o->config = r->list[i].word;
		r->o->form_given |= row->offset == offsetof(struct options, form);
		r->o->help |= row->offset == offsetof(struct options, help);
		r->o->version |= row->offset == offsetof(struct options, version);
	}
}

static int check_operands(const struct reading *r, struct err *e)
{
	const char *wants = r->command->operands;

	if (*wants == '\0' && r->o->n_operands > 0)
		return err_set(e, -EINVAL, "\"%s\" is one operand too many: %s takes none",
			r->o->operand[0], r->command->name);
	if (*wants != '\0' && *wants != '[' && r->o->n_operands == 0)
		return err_set(e, -EINVAL, "no %.*s given; see \"veer %s --help\"",
			(int)strcspn(wants, ". "), wants, r->command->name);
	return 0;
}

static int read_all(struct reading *r, int argc, char **argv, struct err *e)
{
	int status = take_arguments(r, argc, argv, e);

	if (status < 0)
		return status;
	look_ahead(r);
	if (r->o->help || r->o->version)
		return 0;
	if (!r->o->config)
		r->o->config = config_file(r->o->config_found, sizeof r->o->config_found);
	if (r->o->config && (status = take_config(r, e)) < 0)
		return status;
	if ((status = assign_all(r, false, e)) < 0 || (status = assign_all(r, true, e)) < 0)
		return status;
	if (r->o->format && strcmp(r->o->format, FORMAT_SERIES) == 0 &&
	    strcmp(r->command->name, "detect") != 0)
		return err_set(e, -EINVAL, "--format series: plain series are for detect");
	return check_operands(r, e);
}

static const struct command_row *command_named(const char *name)
{
	const struct command_row *c = command_table;
	const char *best = NULL;
	unsigned n = 0;

	while (c->name && strcmp(c->name, name) != 0)
		c++;
	if (c->name)
		return c;
	for (c = command_table; c->name; c++)
		help_nearer(name, c->name, &best, &n);
	fprintf(stderr, best ? "veer: \"%s\" is not a command; did you mean %s?\n"
		: "veer: \"%s\" is not a command; see \"veer --help\"\n", name, best);
	return NULL;
}

static void print_version(void)
{
	puts(PACKAGE_NAME " " PACKAGE_VERSION);
}

/* `veer --help` and the like, where no command stands. */
static bool parse_program(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		help_program(stdout);
	else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		print_version();
	else
		return false;
	return true;
}

int options_parse(struct options *o, int argc, char **argv, const struct command_row **ret_command)
{
	struct err e = { 0 };
	struct reading r = { .o = o };

	*ret_command = NULL;
	if (argc < 2) {
		help_program(stderr);
		return EXIT_USAGE;
	}
	if (parse_program(argv[1]))
		return EXIT_OK;
	r.command = command_named(argv[1]);
	if (!r.command)
		return EXIT_USAGE;
	o->command = r.command->name;
	read_all(&r, argc - 1, argv + 1, &e);
	mem_free(r.list);
	if (e.code < 0)
		fprintf(stderr, "veer %s: %s\n", r.command->name, e.text);
	else if (o->help)
		help_command(stdout, r.command);
	else if (o->version)
		print_version();
	else
		*ret_command = r.command;
	return e.code == 0 ? EXIT_OK : e.code == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
}

void options_done(struct options *o)
{
	zone_done(&o->zone);
	mem_free(o->config_text);
	mem_free(o->keymap);
	mem_free(o->saved);
	o->saved = NULL;
	o->keymap = NULL;
	o->config_text = NULL;
}
