#include "engine/generate.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/plant.h"
#include "ingest/event.h"

#define CATEGORIES 9439                 /* of the shop the figures come from */
#define GUIDE 4096                      /* entries that narrow the search in the popularity law */
#define ITEMS_PER_EVENT 4.2             /* of the catalogue: three in four are seen once */
#define EVENTS_PER_USER 103.6           /* in the nine days from Saturday to Sunday */
#define HOURS 216
#define CENTURY_HOURS (100 * 366 * 24.)
#define LENGTH_MAX 250                  /* events of a session */
#define GAP_MAX_S 1790                 /* within a session: under the 30 min that part sessions */
#define SESSION_CATEGORIES 24           /* that a session can return to */
#define DAY_OFF .03                    /* a person's share of days without the shop */
#define FANCY_HOURS 60
#define FANCY (UINT64_C(1) << 32)       /* habits from this number on are passing fancies */

/* Hour of day in thousandths of a day's events; a weekend day has 1.3 times a weekday's. */
static const uint16_t hour_share[24] = { 28, 11, 5, 4, 5, 8, 17, 29, 35, 41, 46, 47, 40, 53, 50, 57,
	54, 44, 51, 70, 81, 91, 76, 56 };

struct generate {
	uint64_t key, n_events, n_done;
	uint32_t n_users, hour;
	uint64_t first_number;          /* of the users, all of equally many digits */
	struct plant_scene scene;
	bool calm;
	uint32_t *rate;                 /* sessions a weekday of each user, in 1/65536 */
	double cumulative[CATEGORIES];
	uint16_t guide[GUIDE + 1];      /* first category with a cumulative share over i / GUIDE */
	uint32_t first_item[CATEGORIES + 1];
	struct generated *pending, *sorted;
	uint32_t n_pending, cap_pending, cap_sorted;
};

/* A session being made. */
struct session {
	struct chance chance;
	uint64_t person, taste;         /* keys: whose items, whose categories */
	double set;                     /* how many habits the taste spreads over */
	uint32_t fancy;                 /* which period of fancies */
	uint16_t category[SESSION_CATEGORIES];
	uint32_t n_categories;
};

/* Zipf-Mandelbrot, share of rank r as (r + 5)^-1.25: the commonest category has 4.8 % of the
 * events, the ten commonest 27 %, a hundred 62 %.
 */
static void make_shares(struct generate *g)
{
	double sum = 0;
	uint32_t c = 0;

	for (uint32_t i = 0; i < CATEGORIES; i++) {
		double x = i + 6;

		sum += 1 / (x * sqrt(sqrt(x)));
		g->cumulative[i] = sum;
	}
	for (uint32_t i = 0; i < CATEGORIES; i++)
		g->cumulative[i] /= sum;
	for (uint32_t i = 0; i <= GUIDE; i++) {
		while (c < CATEGORIES - 1 && g->cumulative[c] * GUIDE <= i)
			c++;
		g->guide[i] = (uint16_t)c;
	}
}

static void make_catalogue(struct generate *g)
{
	double items = ITEMS_PER_EVENT * (double)g->n_events, before = 0;

	if (items > 2e9)
		items = 2e9;
	for (uint32_t c = 0; c < CATEGORIES; c++) {
		g->first_item[c + 1] = g->first_item[c] + 1 +
			(uint32_t)(items * (g->cumulative[c] - before));
		before = g->cumulative[c];
	}
}

static uint64_t user_key(const struct generate *g, uint32_t user)
{
	return chance_pair(g->key, user);
}

static void make_rates(struct generate *g)
{
	for (uint32_t u = 0; u < g->n_users; u++) {
		double z = chance_normal(chance_pair(user_key(g, u), 1));
		double rate = chance_exp(.41 + .62 * z);

		g->rate[u] = (uint32_t)((rate < 60 ? rate : 60) * 65536);
	}
}

static int set_scale(struct generate *g, const struct generate_options *o, struct err *e)
{
	double users;

	g->n_events = o->n_events ? o->n_events : GENERATE_EVENTS;
	users = o->n_users ? (double)o->n_users : floor((double)g->n_events / EVENTS_PER_USER + .5);
	g->scene.hours = HOURS * (double)g->n_events / (EVENTS_PER_USER * (users > 1 ? users : 1));
	if (users > 1e9)
		return err_set(e, -ERANGE, "could not make a log of %.0f users: at most 1000000000",
			users);
	if (g->scene.hours > CENTURY_HOURS)
		return err_set(e, -ERANGE, "could not make %llu events of %.0f users: "
			"they would take more than a century", (unsigned long long)g->n_events,
			users);
	g->n_users = users > 1 ? (uint32_t)users : 1;
	g->first_number = 1000000;
	while (g->first_number * 9 < g->n_users)
		g->first_number *= 10;
	return 0;
}

struct generate *generate_new(const struct generate_options *o, struct err *e)
{
	struct generate *g = mem_get(1, sizeof(*g));

	if (!g)
		goto no_memory;
	if (set_scale(g, o, e) < 0)
		goto fail;
	g->key = chance_mix(o->seed + 0x766565720a);
	g->scene.key = chance_pair(g->key, UINT32_MAX + UINT64_C(1));
	g->scene.n_users = g->n_users;
	g->calm = o->calm;
	g->rate = mem_get(g->n_users, sizeof(*g->rate));
	if (!g->rate)
		goto no_memory;
	make_shares(g);
	make_catalogue(g);
	make_rates(g);
	return g;
no_memory:
	err_set(e, -ENOMEM, "could not make a log: out of memory");
fail:
	generate_free(g);
	return NULL;
}

void generate_free(struct generate *g)
{
	if (!g)
		return;
	mem_free(g->sorted);
	mem_free(g->pending);
	mem_free(g->rate);
	mem_free(g);
}

uint32_t generate_n_users(const struct generate *g)
{
	return g->n_users;
}

uint64_t generate_user_number(const struct generate *g, uint32_t user)
{
	return g->first_number + user;
}

bool generate_plan(const struct generate *g, uint32_t user, struct plant *ret)
{
	double a_day = g->rate[user] / 65536., days = g->scene.hours / 24;

	return !g->calm && plant_plan(&g->scene, user, a_day * days, ret);
}

static uint16_t draw_category(const struct generate *g, double u)
{
	uint32_t i = (uint32_t)(u * GUIDE), low = g->guide[i], high = g->guide[i + 1];

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (g->cumulative[middle] > u)
			high = middle;
		else
			low = middle + 1;
	}
	return (uint16_t)low;
}

/* Heavy-tailed whole number: P(k or more) = (1 + k / spread)^-exponent, exponent 2/3. */
static uint64_t draw_rank(struct chance *c, double spread)
{
	double x = 1 / (1 - chance_unit(chance_next(c)));       /* in [1, 2^53] */

	return (uint64_t)(spread * (x * sqrt(x) - 1));
}

/* A habit of the taste, or of the day: each is a category drawn from the popularity law, once. */
static uint16_t draw_habit(const struct generate *g, struct session *s)
{
	uint64_t habit = chance_is(&s->chance, .30) ? FANCY + s->fancy :
		draw_rank(&s->chance, s->set);

	return draw_category(g, chance_unit(chance_pair(s->taste, habit)));
}

static uint16_t next_category(const struct generate *g, struct session *s, uint16_t now)
{
	uint32_t i;
	uint16_t c;

	if (chance_is(&s->chance, .31))
		return now;
	if (s->n_categories > 1 && chance_is(&s->chance, .22))
		return s->category[chance_below(&s->chance, s->n_categories)];
	c = draw_habit(g, s);
	for (i = 0; i < s->n_categories && s->category[i] != c; i++)
		;
	if (i == s->n_categories && i < SESSION_CATEGORIES)
		s->category[s->n_categories++] = c;
	return c;
}

/* The person's own shelf of the category, its first items the oftenest; within the category the
 * rank r is drawn as u^1.375: popularity falls as r^-.27.
 */
static uint32_t draw_item(const struct generate *g, struct session *s, uint16_t category)
{
	uint64_t place = draw_rank(&s->chance, 5.);
	uint64_t shelf = s->person ^ category * UINT64_C(0x2545f4914f6cdd1d);
	double u = chance_unit(chance_pair(shelf, place));
	double root = sqrt(sqrt(u));
	uint32_t first = g->first_item[category], n = g->first_item[category + 1] - first;

	return first + (uint32_t)(n * (u * root * sqrt(root)));
}

static uint8_t draw_behaviour(struct chance *c)
{
	double u = chance_unit(chance_next(c));

	return u < .8983 ? BEHAVIOUR_VIEW : u < .9513 ? BEHAVIOUR_CART : u < .9793 ?
		BEHAVIOUR_FAVOURITE : BEHAVIOUR_BUY;
}

static uint32_t draw_gap_s(struct chance *c)
{
	return (uint32_t)chance_exp(4.03 + 1.36 * chance_normal(chance_next(c))) % GAP_MAX_S;
}

static uint32_t draw_length(struct session *s)
{
	double habit = .35 * chance_normal(chance_pair(s->person, 2));
	double x = chance_exp(1.24 + habit + 1.03 * chance_normal(chance_next(&s->chance)));

	return x < 1 ? 1 : x < LENGTH_MAX ? (uint32_t)x : LENGTH_MAX;
}

/* One event after another: what is carted, kept or bought is mostly what was just looked at. */
static void make_events(const struct generate *g, struct session *s, struct generated now,
	struct generated *ev, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		now.behaviour = draw_behaviour(&s->chance);
		if (i == 0 || now.behaviour == BEHAVIOUR_VIEW || chance_is(&s->chance, .26)) {
			now.category = i ? next_category(g, s, now.category) : s->category[0];
			now.item = draw_item(g, s, now.category);
		}
		ev[i] = now;
		now.time_s += draw_gap_s(&s->chance);
	}
}

static int make_session(struct generate *g, uint32_t user, uint64_t key, struct err *e)
{
	struct session s = { .chance = { key }, .person = user_key(g, user) };
	struct generated first = { .user = user };
	struct plant plan;
	uint32_t n = draw_length(&s);

	if (g->n_pending + n > g->cap_pending) {
		uint32_t cap = (g->n_pending + n) * 2;
		struct generated *more = mem_resize(g->pending, cap, sizeof(*more));

		if (!more)
			return err_set(e, -ENOMEM, "could not make a log: out of memory");
		g->pending = more;
		g->cap_pending = cap;
	}
	first.time_s = g->hour * 3600 + chance_below(&s.chance, 3600);
	first.foreign = generate_plan(g, user, &plan) &&
		chance_is(&s.chance, plant_share(&plan, first.time_s / 3600.));
	s.taste = first.foreign ? user_key(g, plan.donor) : s.person;
	s.set = chance_exp(1. + .95 * chance_normal(chance_pair(s.taste, 3)));
	s.fancy = (g->hour + (uint32_t)(s.taste % FANCY_HOURS)) / FANCY_HOURS;
	s.category[s.n_categories++] = draw_habit(g, &s);
	make_events(g, &s, first, g->pending + g->n_pending, n);
	g->n_pending += n;
	return 0;
}

/* Sessions that begin in the hour: the expected number, rounded up or down by chance. */
static int make_hour(struct generate *g, struct err *e)
{
	uint64_t day_share = g->hour / 24 % 7 < 2 ? 13 : 10;
	uint64_t share = (UINT64_C(1) << 32) * hour_share[g->hour % 24] * day_share / 9990;

	for (uint32_t u = 0; u < g->n_users; u++) {
		uint64_t key = chance_mix(g->key + u * UINT64_C(0xd1342543de82ef95) +
			(g->hour + 1) * UINT64_C(0x9e3779b97f4a7c15));
		uint64_t n = ((g->rate[u] * share >> 16) + (key >> 32)) >> 32;

		if (n && chance_unit(chance_pair(user_key(g, u) ^ 4, g->hour / 24)) < DAY_OFF)
			continue;
		for (uint64_t i = 0; i < n; i++)
			if (make_session(g, u, chance_pair(key, i), e) < 0)
				return -ENOMEM;
	}
	return 0;
}

/* Moves the events of the hour from pending to sorted, by a counting sort on their second, which
 * keeps the order of the users; the others stay pending.
 */
static int64_t take_hour(struct generate *g, struct err *e)
{
	uint32_t start_s = g->hour * 3600, at[3601] = { 0 }, kept = 0;

	if (g->n_pending > g->cap_sorted) {
		mem_free(g->sorted);
		g->cap_sorted = g->cap_pending;
		g->sorted = mem_get(g->cap_sorted, sizeof(*g->sorted));
		if (!g->sorted) {
			g->cap_sorted = 0;
			return err_set(e, -ENOMEM, "could not make a log: out of memory");
		}
	}
	for (uint32_t i = 0; i < g->n_pending; i++)
		if (g->pending[i].time_s < start_s + 3600)
			at[g->pending[i].time_s - start_s + 1]++;
	for (uint32_t i = 0; i < 3600; i++)
		at[i + 1] += at[i];
	for (uint32_t i = 0; i < g->n_pending; i++) {
		const struct generated *ev = &g->pending[i];

		if (ev->time_s < start_s + 3600)
			g->sorted[at[ev->time_s - start_s]++] = *ev;
		else
			g->pending[kept++] = *ev;
	}
	g->n_pending = kept;
	return at[3600];
}

int64_t generate_next(struct generate *g, const struct generated **ret, struct err *e)
{
	int64_t n = 0;

	while (!n && g->n_done < g->n_events) {
		int r = make_hour(g, e);

		n = r < 0 ? r : take_hour(g, e);
		if (n < 0)
			return n;
		g->hour++;
	}
	if ((uint64_t)n > g->n_events - g->n_done)
		n = (int64_t)(g->n_events - g->n_done);
	g->n_done += (uint64_t)n;
	*ret = g->sorted;
	return n;
}

const char generate_header[] = "timestamp,user,item,category,behaviour\n";

static char *put_number(char *at, uint64_t n, char after)
{
	char digits[20];
	int k = 0;

	do
		digits[k++] = (char)('0' + n % 10);
	while (n /= 10);
	while (k)
		*at++ = digits[--k];
	*at++ = after;
	return at;
}

/* Categories go by numbers from 10000 on in no order of popularity (6011 is prime to 9439), items
 * by numbers from 100000 on, so that a small log has no number in two meanings.
 */
size_t generate_row(const struct generate *g, const struct generated *ev,
	char row[GENERATE_ROW_MAX])
{
	const char *word = behaviour_name[ev->behaviour];
	size_t len = strlen(word);
	char *at = put_number(row, (uint64_t)GENERATE_START_S + ev->time_s, ',');

	at = put_number(at, generate_user_number(g, ev->user), ',');
	at = put_number(at, 100000 + (uint64_t)ev->item, ',');
	at = put_number(at, 10000 + ev->category * 6011u % CATEGORIES, ',');
	memcpy(at, word, len);
	at[len] = '\n';
	return (size_t)(at - row) + len + 1;
}
