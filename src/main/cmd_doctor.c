#define PCRE2_CODE_UNIT_WIDTH 8

#include <csv.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <pcre2.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include "config.h"
#include "base/err.h"
#include "base/text.h"
#include "detect/backend.h"
#include "detect/module.h"
#include "learn/accel.h"
#include "main/doctor_term.h"
#include "main/option.h"
#include "ui/console.h"

/* A fact about build or machine. False from find(): the text is a reason, and counts if needed. */
struct fact {
	const char *name;
	bool (*find)(struct text *t);
	bool needed;
};

static bool find_version(struct text *t)
{
	return text_addf(t, "%s", PACKAGE_VERSION);
}

static bool find_compiler(struct text *t)
{
	return text_addf(t, "%s", BUILD_CC);
}

static bool find_flags(struct text *t)
{
	return text_addf(t, "%s", BUILD_CFLAGS);
}

/* A library older than the one compiled against may lack what is called. */
static bool find_sqlite(struct text *t)
{
	text_addf(t, "%s", sqlite3_libversion());
	if (sqlite3_libversion_number() >= SQLITE_VERSION_NUMBER)
		return true;
	text_addf(t, ", older than %s of the build", SQLITE_VERSION);
	return false;
}

static bool find_xxhash(struct text *t)
{
	unsigned v = XXH_versionNumber();

	return text_addf(t, "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
}

static bool find_sodium(struct text *t)
{
	text_addf(t, "%s", sodium_version_string());
	if (sodium_init() >= 0)
		return true;
	text_addf(t, ", finds no source of random numbers");
	return false;
}

static bool find_zlib(struct text *t)
{
	return text_addf(t, "%s", zlibVersion());
}

static bool find_pcre2(struct text *t)
{
	char version[64] = "";

	pcre2_config(PCRE2_CONFIG_VERSION, version);
	return text_addf(t, "%s", version);
}

static bool find_libcsv(struct text *t)
{
	return text_addf(t, "%d.%d.%d", CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
}

static bool find_cpu(struct text *t)
{
	return text_addf(t, "linked in");
}

static bool find_cuda(struct text *t)
{
	struct rules rules = { 0 };
	struct err e = { 0 };
	struct backend b;

	if (backend_open(&b, "cuda", &rules, NULL, 0, &e) < 0) {
		text_addf(t, "%s", e.text);
		return false;
	}
	char device[512];
	b.ops->describe(&b, device, sizeof device);
	backend_close(&b);
	return text_addf(t, "%s", device);
}

static bool find_cublas(struct text *t)
{
	char library[512];
	bool can = accel_networks(library, sizeof library);

	text_addf(t, "%s", library);
	return can;
}

static bool find_module(struct text *t)
{
	char path[1024];

	module_path("cuda", path, sizeof path);
	text_addf(t, "%s", path);
	if (access(path, R_OK) == 0)
		return true;
	text_addf(t, ": %s", strerror(errno));
	return false;
}

static bool find_cores(struct text *t)
{
	return text_addf(t, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

static bool find_memory(struct text *t)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return text_addf(t, "%ld MB", pages / 1024 * page / 1024);
}

/* The database is there when a zone of it is. */
static bool find_zones(struct text *t)
{
	struct err e = { 0 };
	struct zone z;

	if (zone_init(&z, "Asia/Shanghai", &e) < 0) {
		text_addf(t, "%s (without it, --tz takes UTC and +08:00 alone)", e.text);
		return false;
	}
	zone_done(&z);
	return text_addf(t, "usable");
}

static bool find_tmpdir(struct text *t)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!folder || !*folder)
		folder = "/tmp";
	snprintf(path, sizeof path, "%s/veer-doctor.XXXXXX", folder);
	fd = mkstemp(path);
	if (fd < 0) {
		text_addf(t, "could not write in \"%s\": %s", folder, strerror(errno));
		return false;
	}
	close(fd);
	unlink(path);
	return text_addf(t, "%s, writable", folder);
}

static bool find_locale(struct text *t)
{
	const char *codeset = nl_langinfo(CODESET);

	text_addf(t, "%s, %s", setlocale(LC_CTYPE, NULL), codeset);
	if (strcmp(codeset, "UTF-8") == 0)
		return true;
	text_addf(t, " (names and sparklines are shown in what it has)");
	return false;
}

static bool find_console(struct text *t)
{
	char why[256];

	if (console_can_run(why, sizeof why))
		return text_addf(t, "usable");
	text_addf(t, "%s", why);
	return false;
}

static const struct fact build_facts[] = {
	{ "veer", find_version, true },
	{ "compiler", find_compiler, true },
	{ "flags", find_flags, true },
	{ "sqlite", find_sqlite, true },
	{ "ncurses", doctor_ncurses, true },
	{ "xxhash", find_xxhash, true },
	{ "libsodium", find_sodium, true },
	{ "zlib", find_zlib, true },
	{ "pcre2", find_pcre2, true },
	{ "libcsv", find_libcsv, true },
	{ NULL, NULL, false }
};

static const struct fact machine_facts[] = {
	{ "cpu", find_cpu, true },
	{ "cuda", find_cuda, false },
	{ "module", find_module, false },
	{ "cublas", find_cublas, false },
	{ "cores", find_cores, true },
	{ "memory", find_memory, true },
	{ "zones", find_zones, false },
	{ "TMPDIR", find_tmpdir, true },
	{ "locale", find_locale, false },
	{ "terminal", doctor_terminal, false },
	{ "console", find_console, false },
	{ NULL, NULL, false }
};

/* Returns how many needed things are wrong. */
static unsigned show(const struct fact *f)
{
	enum { LINE_MAX_BYTES = 1024 };
	unsigned wrong = 0;
	char line[LINE_MAX_BYTES];
	struct text t;

	for (; f->name; f++) {
		text_init(&t, LINE_MAX_BYTES);
		bool good = f->find(&t);
		text_scrub(line, sizeof line, t.s ? t.s : "", t.len);
		printf("%-12s%s%s\n", f->name, good ? "" : f->needed ? "WRONG: " : "no: ", line);
		wrong += !good && f->needed;
		text_done(&t);
	}
	return wrong;
}

int cmd_doctor(struct options *o)
{
	unsigned wrong;

	(void)o;
	wrong = show(build_facts);
	fputs(BUILD_PARTS, stdout);
	wrong += show(machine_facts);
	if (wrong > 0)
		printf("%u of these must be put right\n", wrong);
	return wrong > 0 ? EXIT_FAILED : EXIT_OK;
}
