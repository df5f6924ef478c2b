#include "read_log.h"

#include "base/err.h"
#include "base/zone.h"
#include "engine/run.h"
#include "harness.h"

void read_log(struct run *r, const char *path)
{
	struct zone utc;
	struct run_progress p = { 0 };
	struct run_options o = { .load = { .path = &path, .n_paths = 1, .zone = &utc,
		.threads = 1, .until_ms = INT64_MAX }, .until_ms = INT64_MAX };
	struct err e = { 0 };

	*r = (struct run){ 0 };
	if (zone_init(&utc, NULL, &e) < 0)
		harness_die(e.text);
	if (run_load(r, &o, &p, &e) < 0 || r->load.events == 0)
		harness_die(*e.text ? e.text : path);
}
