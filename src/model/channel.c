#include "model/channel.h"

#include <stdio.h>
#include <string.h>

const char *const channel_name[CHANNELS] = {
	[CHANNEL_MIXTURE] = "mixture",
	[CHANNEL_LEARNED] = "learned",
	[CHANNEL_VOLUME] = "volume",
	[CHANNEL_FORECAST] = "forecast",
};

bool channel_parse(const char *list, unsigned *ret_mask)
{
	*ret_mask = 0;
	for (const char *at = list, *end; ; at = end + 1) {
		int c = 0;

		end = strchrnul(at, ',');
		while (c < CHANNELS && (strlen(channel_name[c]) != (size_t)(end - at) ||
			strncmp(channel_name[c], at, (size_t)(end - at)) != 0))
			c++;
		if (c == CHANNELS)
			return false;
		*ret_mask |= CHANNEL_BIT(c);
		if (!*end)
			return true;
	}
}

void channel_list(unsigned mask, char *ret, size_t cap)
{
	size_t len = 0;

	*ret = '\0';
	for (int c = 0; c < CHANNELS; c++)
		if (mask & CHANNEL_BIT(c) && len < cap)
			len += (size_t)snprintf(ret + len, cap - len, "%s%s", len ? "," : "",
				channel_name[c]);
}
