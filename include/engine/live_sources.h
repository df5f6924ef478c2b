/* live_sources.h - whether a store is that of the files given, and the word to the operator of it.
 */
#ifndef ENGINE_LIVE_SOURCES_H
#define ENGINE_LIVE_SOURCES_H

#include <stdint.h>

struct err;
struct live;
struct store_place;

/* Before the threads start. Tells which store is used, and from where it goes on. -EEXIST: the n
 * places of it are all of other files, some of which are still there.
 */
int live_check_sources(struct live *l, const struct store_place *stored, uint32_t n, struct err *e);

#endif
