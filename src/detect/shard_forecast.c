/* What channel `forecast` says of a shard's users. It lives beside the backend, as volume does. */
#include "detect/shard.h"

#include "base/dict.h"
#include "detect/shard_parts.h"
#include "model/model.h"

static int tell(const struct shard *s, const struct shard_who *who, const struct forecast_alarm *a,
	const struct shard_out *out, struct err *e)
{
	struct shard_event ev = { .kind = s->forecast_rule.records ? SHARD_RECORD : SHARD_FOUND,
		.channel = CHANNEL_FORECAST };
	double far = far_curve_at(&s->model->forecast.pledge.far, a->score);
	ev.finding = (struct finding){ .user = who->user, .time_ms = a->time_ms,
		.onset_ms = a->onset_ms, .onset_from_ms = INT64_MIN, .onset_to_ms = INT64_MIN,
		.from = DICT_NONE, .to = DICT_NONE, .level_before = a->level,
		.level_after = a->predicted, .score = a->score, .far = (float)far,
		.severity = (uint8_t)model_severity(far), .kind = KIND_FORECAST,
		.direction = (uint8_t)a->direction, .channels = CHANNEL_BIT(CHANNEL_FORECAST) };
	return out->sink(out->ctx, &ev, e);
}

static bool speaks(const struct shard *s)
{
	return shard_has_forecast(s) && (!s->records || s->forecast_rule.records);
}

int shard_close_steps(struct shard *s, const struct shard_who *who, int64_t now_ms,
	const struct shard_out *out, struct err *e)
{
	struct forecast_alarm a;
	int r = 0;
	while (r == 0 && speaks(s) &&
	       forecast_advance(shard_forecast(s, who->slot), &s->forecast_rule, now_ms, &a))
		r = tell(s, who, &a, out, e);
	return r;
}

int shard_see_counts(struct shard *s, const struct shard_who *who, const struct shard_run *seen,
	const struct shard_out *out, struct err *e)
{
	int r = shard_close_steps(s, who, seen->time_ms, out, e);
	if (r == 0 && speaks(s))
		forecast_see(shard_forecast(s, who->slot), &s->forecast_rule, seen->time_ms,
			seen->count);
	return r;
}
