/* What channel `volume` says of a shard's users. It lives beside the backend: a session is rare,
 * and its arithmetic is a few additions.
 */
#include "detect/shard.h"

#include "base/dict.h"
#include "detect/shard_parts.h"
#include "model/model.h"

static int tell(const struct shard *s, const struct shard_who *who, const struct volume_alarm *a,
	const struct shard_out *out, struct err *e)
{
	struct shard_event ev = { .kind = s->volume_rule.records ? SHARD_RECORD : SHARD_FOUND,
		.channel = CHANNEL_VOLUME };
	double far = far_curve_at(&s->model->volume.pledge.far, a->score);
	ev.finding = (struct finding){ .user = who->user, .time_ms = a->time_ms,
		.onset_ms = a->onset_ms, .onset_from_ms = INT64_MIN, .onset_to_ms = INT64_MIN,
		.from = DICT_NONE, .to = DICT_NONE, .n_before = a->before, .n_after = a->sessions,
		.level_before = (float)a->rate_before, .level_after = (float)a->rate_after,
		.score = a->score, .far = (float)far, .severity = (uint8_t)model_severity(far),
		.kind = KIND_VOLUME, .direction = (uint8_t)a->direction,
		.channels = CHANNEL_BIT(CHANNEL_VOLUME) };
	return out->sink(out->ctx, &ev, e);
}

static bool speaks(const struct shard *s)
{
	return shard_has_volume(s) && (!s->records || s->volume_rule.records);
}

int shard_let_pass(struct shard *s, const struct shard_who *who, int64_t now_ms,
	const struct shard_out *out, struct err *e)
{
	struct volume_alarm a;
	int r = 0;
	while (r == 0 && speaks(s) &&
	       volume_advance(shard_volume(s, who->slot), &s->volume_rule, now_ms, &a))
		r = tell(s, who, &a, out, e);
	return r;
}

int shard_see_session(struct shard *s, const struct shard_who *who, int64_t time_ms,
	const struct shard_out *out, struct err *e)
{
	struct volume_alarm a;
	int r = shard_let_pass(s, who, time_ms, out, e);
	if (r < 0 || !speaks(s))
		return r;
	struct volume *v = shard_volume(s, who->slot);
	return volume_session(v, &s->volume_rule, time_ms, &a) ? tell(s, who, &a, out, e) : 0;
}
