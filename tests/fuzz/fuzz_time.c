/* Times, spans and sizes from any bytes: no reading beyond them, none out of range, and each time
 * that is read comes back the same from what time_iso() writes. Each is also read as a zone file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/zone.h"
#include "base/zonefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_time(const char *s, size_t len, const char *zone)
{
	struct zone z;
	char buf[ZONE_TEXT_MAX];
	int64_t ms, again;

	zone_init(&z, zone, NULL);
	if (time_parse(s, len, &z, &ms)) {
		check(ms >= TIME_FIRST_MS && ms <= TIME_LAST_MS);
		check(strlen(time_iso(ms, buf)) == 24);
		check(time_parse(buf, 24, &z, &again) && again == ms);
		check(time_show(ms, &z, "%Y-%m-%d", buf, sizeof(buf)) == buf && strlen(buf) == 10);
	}
	zone_done(&z);
}

static void check_rules(const uint8_t *data, size_t len)
{
	struct zone_rules *r;
	int32_t offset_s;

	if (zone_rules_parse(data, len, &r, &offset_s) || !r)
		return;
	for (int64_t s = TIME_FIRST_MS / 1000; s <= TIME_LAST_MS / 1000; s += 1234567890) {
		check(abs(zone_rules_offset_s(r, s, false)) <= 26 * 3600);
		check(abs(zone_rules_offset_s(r, s, true)) <= 26 * 3600);
	}
	zone_rules_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[64];
	int64_t ms = 0;
	size_t bytes, n = len < sizeof(text) ? len : sizeof(text) - 1;

	check_time((const char *)data, len, "UTC");
	check_time((const char *)data, len, "-03:30");
	check_rules(data, len);
	memcpy(text, data, n);
	text[n] = '\0';
	check(!span_parse(text, &ms) || ms >= 0);
	check(!size_parse(text, &bytes) || bytes <= INT64_MAX);
	return 0;
}
