#include "detect/finding.h"

const char *const kind_name[KIND_N] = {
	[KIND_INTEREST] = "interest",
	[KIND_VOLUME] = "volume",
	[KIND_FORECAST] = "forecast",
	[KIND_SERIES] = "series",
};

const char *const direction_name[DIRECTION_N] = {
	[DIRECTION_SHIFT] = "shift",
	[DIRECTION_SURGE] = "surge",
	[DIRECTION_FADE] = "fade",
	[DIRECTION_SILENCE] = "silence",
	[DIRECTION_UP] = "up",
	[DIRECTION_DOWN] = "down",
};
