/* zonefile.h - the rules of a zone, read from the zone database of the machine (RFC 8536).
 *
 * Owner: the struct zone that asked for them. Only read once made.
 */
#ifndef BASE_ZONEFILE_H
#define BASE_ZONEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct zone_rules;

/* *ret is NULL for a zone that has always had one offset, which is then in *ret_offset_s. */
int zone_rules_load(const char *name, struct zone_rules **ret, int32_t *ret_offset_s,
	struct err *e);
/* The same from the bytes of a file; -EINVAL when they are no zone file of version 2 or later. */
int zone_rules_parse(const uint8_t *data, size_t len, struct zone_rules **ret,
	int32_t *ret_offset_s);
void zone_rules_free(struct zone_rules *r);

/* Offset at a time in UTC, or in local time: there the earlier offset wins in a gap or a fold. */
int32_t zone_rules_offset_s(const struct zone_rules *r, int64_t at_s, bool local);

#endif
