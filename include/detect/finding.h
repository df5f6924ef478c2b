/* finding.h - what the detector found out about a user, in numbers of the run's dictionaries. */
#ifndef DETECT_FINDING_H
#define DETECT_FINDING_H

#include <stdint.h>

enum kind { KIND_INTEREST, KIND_VOLUME, KIND_FORECAST, KIND_SERIES, KIND_N };
enum direction { DIRECTION_SHIFT, DIRECTION_SURGE, DIRECTION_FADE, DIRECTION_SILENCE, DIRECTION_UP,
	DIRECTION_DOWN, DIRECTION_N };

extern const char *const kind_name[KIND_N];
extern const char *const direction_name[DIRECTION_N];

struct finding {
	/* Of the event that completed the evidence; of volume also the close of a step. */
	int64_t time_ms;
	int64_t onset_ms;       /* of the first event of the chosen tau */
	/* Hold it with 90 %, if channels are known; INT64_MIN: not said. */
	int64_t onset_from_ms, onset_to_ms;
	uint32_t user;
	uint32_t from, to;      /* categories; DICT_NONE: none stands out */
	uint32_t n_before, n_after;     /* counts (or sessions) before tau, and since */
	uint32_t from_before, from_after;       /* of category `from` */
	uint32_t to_before, to_after;           /* of category `to` */
	/* A day: of volume sessions, of forecast interest; of series the values. */
	float level_before, level_after;
	float score;            /* of the channel, or -ln far when several speak */
	float far;              /* per 1000 user-days */
	uint8_t severity;       /* 0..100 */
	uint8_t kind, direction;
	uint8_t channels;       /* mask of those that voted; 0: unknown */
};

#endif
