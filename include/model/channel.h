/* channel.h - the channels that watch a user, and which of them speak.
 *
 * Several may speak at once. Those that watch what the user is interested in share one budget: each
 * has a score of its own, and a threshold of its own at which it is as rare as the model's. Adding
 * one is a row here, its file on the detect floor, and its state in detect/backend.h. `volume`
 * watches how often the user comes, `forecast` what is to be expected of the next day; each has a
 * budget of its own (detect/volume.h, detect/forecast.h).
 */
#ifndef MODEL_CHANNEL_H
#define MODEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

enum channel {
	CHANNEL_MIXTURE, CHANNEL_LEARNED,
	CHANNEL_N,                      /* of interest: those above */
	CHANNEL_VOLUME = CHANNEL_N,
	CHANNEL_FORECAST,
	CHANNELS                        /* all */
};

#define CHANNEL_BIT(c) (1u << (c))
#define CHANNELS_INTEREST (CHANNEL_BIT(CHANNEL_N) - 1)
/* Those that time alone may make speak. */
#define CHANNELS_OF_TIME (CHANNEL_BIT(CHANNEL_VOLUME) | CHANNEL_BIT(CHANNEL_FORECAST))

extern const char *const channel_name[CHANNELS];

/* "learned", "mixture,learned" as a mask; false: a name nobody has, or none. */
bool channel_parse(const char *list, unsigned *ret_mask);
/* The names of a mask, with commas. */
void channel_list(unsigned mask, char *ret, size_t cap);

#endif
