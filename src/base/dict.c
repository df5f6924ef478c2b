/* A text is found through an extendible hash (Fagin et al. 1979): the top bits of the hash choose a
 * table, and a table that fills is split in two in place, so that no step is longer than one table
 * and memory follows the number of ids. Only the holder of the lock writes. A reader may look while
 * a table is being split and miss what is there; therefore a miss counts only under the lock. It
 * cannot find what is not there, for it compares the text, and texts never move.
 *
 * A slot is a tag (the top half of the hash) over a ref (where the text stands, in units of 4 bytes
 * over all chunks); ref 0 is an empty slot. A record is its number, its length (7 bits a byte, low
 * ones first, the top bit set but on the last), the text and a NUL. Beside the text an id takes at
 * worst 19 bytes of slots (a table just split), 4 of record number, 4 of ref, and 3.5 of length,
 * NUL and rounding.
 */
#define XXH_INLINE_ALL  /* an id is short: a call costs as much as its hash */
#include "base/dict.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/mem.h"

#define TABLE_BITS 11
#define TABLE_SLOTS (1u << TABLE_BITS)
#define TABLE_FULL (TABLE_SLOTS / 32 * 27)
#define DEPTH_MAX (32 - TABLE_BITS)     /* tags that share more bits cannot be told apart */
#define UNIT 4u
#define CHUNK_BITS 14                   /* units in a chunk: 64 KiB */
#define CHUNK_UNITS (1u << CHUNK_BITS)
#define CHUNKS_MAX (1u << (32 - CHUNK_BITS))
#define APART_UNITS (CHUNK_UNITS / 16)  /* a longer record has a chunk of its own */
#define REF_BITS 12
#define REFS (1u << REF_BITS)           /* refs of numbers in a segment */
#define LENGTH_MAX (1u << 30)
#define LENGTH_BYTES 5
#define AT_ONCE 32u                     /* texts whose memory is fetched together */
#define FETCH_SLOTS 4u
#define SPINE_FIRST_BITS 3

struct table {
	_Atomic uint64_t slot[TABLE_SLOTS];
	uint32_t used;
	uint32_t depth;                 /* top bits of the hash that all its ids share */
};

/* An array of pointers that grows by being replaced; the old ones, which readers may still hold,
 * stay to the end and together are no larger than the newest.
 */
struct spine {
	struct spine *older;
	uint32_t bits;
	_Atomic(void *) at[];           /* [1 << bits] */
};

struct dict {
	_Atomic(struct spine *) tables; /* by the top bits of the hash; one may stand at many */
	_Atomic(struct spine *) chunks; /* of records */
	_Atomic(struct spine *) refs;   /* segments of refs by number */
	uint64_t seed;                  /* nobody can choose ids that collide */
	char apart[64];                 /* readers share no cache line with what follows */
	_Atomic uint32_t n;
	uint32_t n_chunks;              /* the first stays empty, so that no ref is 0 */
	uint32_t n_refs;                /* segments */
	uint32_t next;                  /* the first free ref of the open chunk */
	uint32_t left;                  /* units free there */
	pthread_mutex_t lock;
};

static struct spine *spine_of(_Atomic(struct spine *) const *where)
{
	return atomic_load_explicit(where, memory_order_acquire);
}

static void *spine_at(_Atomic(struct spine *) const *where, uint32_t i)
{
	return atomic_load_explicit(&spine_of(where)->at[i], memory_order_acquire);
}

static void spine_set(_Atomic(struct spine *) *where, uint32_t i, void *what)
{
	atomic_store_explicit(&spine_of(where)->at[i], what, memory_order_release);
}

/* A larger spine that holds each old pointer in place, or (spread) twice, side by side. */
static bool spine_grow(_Atomic(struct spine *) *where, uint32_t bits, bool spread)
{
	struct spine *old = spine_of(where);
	struct spine *s = mem_get(1, sizeof(*s) + (sizeof(s->at[0]) << bits));

	if (!s)
		return false;
	s->older = old;
	s->bits = bits;
	for (uint32_t i = 0; old && i < (spread ? 1u << bits : 1u << old->bits); i++) {
		void *p = atomic_load_explicit(&old->at[i >> spread], memory_order_relaxed);
		atomic_store_explicit(&s->at[i], p, memory_order_relaxed);
	}
	atomic_store_explicit(where, s, memory_order_release);
	return true;
}

/* Puts what (NULL: memory is out) behind the last one. */
static bool spine_push(_Atomic(struct spine *) *where, uint32_t *n, void *what)
{
	struct spine *s = spine_of(where);

	if (!what || (*n >> s->bits && !spine_grow(where, s->bits + 1, false))) {
		mem_free(what);
		return false;
	}
	spine_set(where, (*n)++, what);
	return true;
}

static void spine_done(_Atomic(struct spine *) *where)
{
	for (struct spine *s = spine_of(where), *older; s; s = older) {
		older = s->older;
		mem_free(s);
	}
}

static uint32_t hash(const struct dict *d, const char *s, size_t len)
{
	return (uint32_t)(XXH3_64bits_withSeed(s, len, d->seed) >> 32);
}

/* 64 bits wide, for a spine of one table shifts by 32. */
static uint32_t top_bits(uint32_t tag, uint32_t bits)
{
	return (uint32_t)((uint64_t)tag >> (32 - bits));
}

static const char *record(const struct dict *d, uint32_t ref)
{
	const char *chunk = spine_at(&d->chunks, ref >> CHUNK_BITS);

	return chunk + (size_t)(ref & (CHUNK_UNITS - 1)) * UNIT;
}

static uint32_t record_number(const char *r)
{
	uint32_t number;

	memcpy(&number, r, sizeof(number));
	return number;
}

static const char *record_text(const char *r, size_t *ret_len)
{
	const uint8_t *b = (const uint8_t *)r + sizeof(uint32_t);
	size_t len = *b & 0x7f;

	for (unsigned shift = 7; *b++ & 0x80; shift += 7)
		len |= (size_t)(*b & 0x7f) << shift;
	*ret_len = len;
	return (const char *)b;
}

static size_t put_length(char *to, size_t len)
{
	size_t n = 0;

	for (; len > 0x7f; len >>= 7)
		to[n++] = (char)(0x80 | (len & 0x7f));
	to[n++] = (char)len;
	return n;
}

static struct table *table_of(const struct dict *d, uint32_t tag)
{
	struct spine *s = spine_of(&d->tables);

	return atomic_load_explicit(&s->at[top_bits(tag, s->bits)], memory_order_acquire);
}

/* The number of a text. DICT_NONE is the last word only for the holder of the lock. */
static uint32_t look(const struct dict *d, uint32_t tag, const char *s, size_t len)
{
	const struct table *t = table_of(d, tag);

	for (uint32_t i = 0; i < TABLE_SLOTS; i++) {
		const _Atomic uint64_t *slot = &t->slot[(tag + i) & (TABLE_SLOTS - 1)];
		uint64_t v = atomic_load_explicit(slot, memory_order_acquire);
		if (!v)
			break;
		if ((uint32_t)(v >> 32) != tag)
			continue;
		size_t have_len;
		const char *r = record(d, (uint32_t)v), *have = record_text(r, &have_len);
		if (have_len == len && (!len || !memcmp(have, s, len)))
			return record_number(r);
	}
	return DICT_NONE;
}

static void table_put(struct table *t, uint64_t v)
{
	uint32_t i = (uint32_t)(v >> 32) & (TABLE_SLOTS - 1);

	while (atomic_load_explicit(&t->slot[i], memory_order_relaxed))
		i = (i + 1) & (TABLE_SLOTS - 1);
	atomic_store_explicit(&t->slot[i], v, memory_order_release);
	t->used++;
}

/* Moves half of a table, by the next bit of the hash, to a new one. */
static bool split(struct dict *d, uint32_t tag)
{
	struct table *t = table_of(d, tag);
	uint64_t all[TABLE_SLOTS];

	if (t->depth == DEPTH_MAX)
		return false;
	if (t->depth == spine_of(&d->tables)->bits && !spine_grow(&d->tables, t->depth + 1, true))
		return false;
	struct table *upper = mem_get(1, sizeof(*upper));
	if (!upper)
		return false;
	for (uint32_t i = 0; i < TABLE_SLOTS; i++) {
		all[i] = atomic_load_explicit(&t->slot[i], memory_order_relaxed);
		atomic_store_explicit(&t->slot[i], 0, memory_order_relaxed);
	}
	upper->depth = ++t->depth;
	t->used = 0;
	for (uint32_t i = 0; i < TABLE_SLOTS; i++)
		if (all[i])
			table_put(all[i] >> (64 - t->depth) & 1 ? upper : t, all[i]);
	uint32_t spare = spine_of(&d->tables)->bits - t->depth;
	uint32_t first = (top_bits(tag, t->depth) | 1) << spare;
	for (uint32_t i = 0; i < 1u << spare; i++)
		spine_set(&d->tables, first + i, upper);
	return true;
}

/* Opens a chunk and returns its first ref; 0 when memory or the refs are out. */
static uint32_t chunk_new(struct dict *d, uint32_t units)
{
	uint32_t ref = d->n_chunks << CHUNK_BITS;

	if (d->n_chunks == CHUNKS_MAX
			|| !spine_push(&d->chunks, &d->n_chunks, mem_get(units, UNIT)))
		return 0;
	return ref;
}

/* Sees to it that the next record fits; returns its ref, 0 when memory is out. */
static uint32_t place(struct dict *d, uint32_t units)
{
	if (units > APART_UNITS)
		return chunk_new(d, units);
	if (d->left < units) {
		uint32_t ref = chunk_new(d, CHUNK_UNITS);
		if (!ref)
			return 0;
		d->next = ref;
		d->left = CHUNK_UNITS;
	}
	return d->next;
}

static void write_record(struct dict *d, uint32_t ref, const char *s, size_t len)
{
	char *r = (char *)(uintptr_t)record(d, ref);
	uint32_t number = atomic_load_explicit(&d->n, memory_order_relaxed);

	memcpy(r, &number, sizeof(number));
	r += sizeof(number);
	r += put_length(r, len);
	if (len)
		memcpy(r, s, len);
	r[len] = '\0';
}

static uint32_t add(struct dict *d, uint32_t tag, const char *s, size_t len)
{
	char length[LENGTH_BYTES];
	uint32_t id = atomic_load_explicit(&d->n, memory_order_relaxed);
	size_t bytes = sizeof(id) + put_length(length, len) + len + 1;
	uint32_t units = (uint32_t)((bytes + UNIT - 1) / UNIT);

	if (id == DICT_NONE)
		return DICT_NONE;
	if (id >> REF_BITS == d->n_refs
			&& !spine_push(&d->refs, &d->n_refs, mem_get(REFS, sizeof(uint32_t))))
		return DICT_NONE;
	while (table_of(d, tag)->used >= TABLE_FULL)
		if (!split(d, tag))
			return DICT_NONE;
	uint32_t ref = place(d, units);
	if (!ref)
		return DICT_NONE;
	write_record(d, ref, s, len);
	if (ref == d->next) {
		d->next += units;
		d->left -= units;
	}
	_Atomic uint32_t *segment = spine_at(&d->refs, id >> REF_BITS);
	atomic_store_explicit(&segment[id & (REFS - 1)], ref, memory_order_release);
	/* Before the text can be found: whoever gets a number finds it below the size. */
	atomic_store_explicit(&d->n, id + 1, memory_order_release);
	table_put(table_of(d, tag), (uint64_t)tag << 32 | ref);
	return id;
}

/* The lock is held for less than going to sleep and waking up takes, so waiters spin first. */
static bool init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t how;
	bool made;

	if (pthread_mutexattr_init(&how))
		return false;
	made = !pthread_mutexattr_settype(&how, PTHREAD_MUTEX_ADAPTIVE_NP)
		&& !pthread_mutex_init(lock, &how);
	pthread_mutexattr_destroy(&how);
	return made;
}

struct dict *dict_new(struct err *e)
{
	struct dict *d = mem_get(1, sizeof(*d));
	uint32_t n = 0;

	if (!d || !init_lock(&d->lock)) {
		mem_free(d);
		goto fail;
	}
	d->n_chunks = 1;
	if (getrandom(&d->seed, sizeof(d->seed), GRND_NONBLOCK) < 0)
		d->seed = (uintptr_t)d;
	if (spine_grow(&d->tables, 0, false) && spine_grow(&d->chunks, SPINE_FIRST_BITS, false)
			&& spine_grow(&d->refs, SPINE_FIRST_BITS, false)
			&& spine_push(&d->tables, &n, mem_get(1, sizeof(struct table))))
		return d;
	dict_free(d);
fail:
	err_set(e, -ENOMEM, "could not make a dictionary: out of memory");
	return NULL;
}

static void free_tables(struct dict *d)
{
	struct spine *s = spine_of(&d->tables);

	for (uint32_t i = 0, step; s && i < 1u << s->bits; i += step) {
		struct table *t = atomic_load_explicit(&s->at[i], memory_order_relaxed);
		step = t ? 1u << (s->bits - t->depth) : 1;
		mem_free(t);
	}
}

void dict_free(struct dict *d)
{
	if (!d)
		return;
	free_tables(d);
	for (uint32_t i = 1; i < d->n_chunks; i++)
		mem_free(spine_at(&d->chunks, i));
	for (uint32_t i = 0; i < d->n_refs; i++)
		mem_free(spine_at(&d->refs, i));
	spine_done(&d->tables);
	spine_done(&d->chunks);
	spine_done(&d->refs);
	pthread_mutex_destroy(&d->lock);
	mem_free(d);
}

uint32_t dict_id(struct dict *d, const char *s, size_t len)
{
	uint32_t tag = hash(d, s, len), id = look(d, tag, s, len);

	if (id != DICT_NONE || len > LENGTH_MAX)
		return id;
	pthread_mutex_lock(&d->lock);
	id = look(d, tag, s, len);
	if (id == DICT_NONE)
		id = add(d, tag, s, len);
	pthread_mutex_unlock(&d->lock);
	return id;
}

/* Asks for the record that look() will compare with, as far as its first slots tell. */
static void fetch_record(const struct dict *d, uint32_t tag)
{
	const struct table *t = table_of(d, tag);

	for (uint32_t i = 0; i < FETCH_SLOTS; i++) {
		const _Atomic uint64_t *slot = &t->slot[(tag + i) & (TABLE_SLOTS - 1)];
		uint64_t v = atomic_load_explicit(slot, memory_order_acquire);
		if ((uint32_t)(v >> 32) == tag && v) {
			__builtin_prefetch(record(d, (uint32_t)v));
			return;
		}
	}
}

/* Adds those of some texts that were not found. */
static bool add_some(struct dict *d, uint32_t n, const struct dict_key *key, const uint32_t *tag,
	uint32_t *ret)
{
	bool good = true;

	pthread_mutex_lock(&d->lock);
	for (uint32_t i = 0; i < n && good; i++) {
		if (ret[i] != DICT_NONE)
			continue;
		ret[i] = look(d, tag[i], key[i].s, key[i].len);
		if (ret[i] == DICT_NONE && key[i].len <= LENGTH_MAX)
			ret[i] = add(d, tag[i], key[i].s, key[i].len);
		good = ret[i] != DICT_NONE;
	}
	pthread_mutex_unlock(&d->lock);
	return good;
}

static bool ids_of_some(struct dict *d, uint32_t n, const struct dict_key *key, uint32_t *ret)
{
	uint32_t tag[AT_ONCE];
	bool all = true;

	for (uint32_t i = 0; i < n; i++) {
		tag[i] = hash(d, key[i].s, key[i].len);
		__builtin_prefetch(&table_of(d, tag[i])->slot[tag[i] & (TABLE_SLOTS - 1)]);
	}
	for (uint32_t i = 0; i < n; i++)
		fetch_record(d, tag[i]);
	for (uint32_t i = 0; i < n; i++) {
		ret[i] = look(d, tag[i], key[i].s, key[i].len);
		all &= ret[i] != DICT_NONE;
	}
	return all || add_some(d, n, key, tag, ret);
}

bool dict_ids(struct dict *d, uint32_t n, const struct dict_key *key, uint32_t *ret)
{
	bool good = true;

	for (uint32_t i = 0, some; i < n && good; i += some) {
		some = n - i < AT_ONCE ? n - i : AT_ONCE;
		good = ids_of_some(d, some, key + i, ret + i);
	}
	return good;
}

uint32_t dict_find(const struct dict *d, const char *s, size_t len)
{
	uint32_t tag = hash(d, s, len), id = look(d, tag, s, len);
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&d->lock;

	if (id != DICT_NONE)
		return id;
	pthread_mutex_lock(lock);
	id = look(d, tag, s, len);
	pthread_mutex_unlock(lock);
	return id;
}

const char *dict_text(const struct dict *d, uint32_t id, size_t *ret_len)
{
	size_t len;

	assert(id < dict_size(d));
	const _Atomic uint32_t *segment = spine_at(&d->refs, id >> REF_BITS);
	uint32_t ref = atomic_load_explicit(&segment[id & (REFS - 1)], memory_order_acquire);
	const char *text = record_text(record(d, ref), &len);
	if (ret_len)
		*ret_len = len;
	return text;
}

uint32_t dict_size(const struct dict *d)
{
	return atomic_load_explicit(&d->n, memory_order_acquire);
}

int dict_cmp(const struct dict *d, uint32_t a, uint32_t b)
{
	size_t a_len, b_len;
	const char *a_text = dict_text(d, a, &a_len), *b_text = dict_text(d, b, &b_len);
	int order = memcmp(a_text, b_text, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}
