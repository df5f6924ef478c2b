/* channel.h - the channels that watch a user's interest, and which of them speak.
 *
 * Several may speak at once: each has a score of its own, and a threshold of its own at which it is
 * as rare as the model's. Adding one is a row here, its file on the detect floor, and its state in
 * detect/backend.h.
 */
#ifndef MODEL_CHANNEL_H
#define MODEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

enum channel { CHANNEL_MIXTURE, CHANNEL_LEARNED, CHANNEL_N };

#define CHANNEL_BIT(c) (1u << (c))

extern const char *const channel_name[CHANNEL_N];

/* "learned", "mixture,learned" as a mask; false: a name nobody has, or none. */
bool channel_parse(const char *list, unsigned *ret_mask);
/* The names of a mask, with commas. */
void channel_list(unsigned mask, char *ret, size_t cap);

#endif
