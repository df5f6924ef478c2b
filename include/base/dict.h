/* dict.h - dense numbers for the ids of a log (users, items, categories), and back.
 *
 * Ids are bytes of any length, leading zeros kept. Numbers run from 0 in order of first arrival,
 * which depends on threads, so nothing that leaves the program may depend on them: where order
 * matters, order is that of the bytes (dict_cmp). Numbers and texts stay valid until dict_done().
 * Any number of threads may call dict_id(), dict_find(), dict_text() at once: hits take no lock.
 * Memory: at most 32 bytes an id beside its text.
 */
#ifndef BASE_DICT_H
#define BASE_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DICT_NONE UINT32_MAX

struct err;
struct dict;

struct dict *dict_new(struct err *e);
void dict_free(struct dict *d);

/* The number of an id, new when first seen; DICT_NONE when memory is out. */
uint32_t dict_id(struct dict *d, const char *s, size_t len);
/* The same for n texts, ret[i] for key[i]; false when memory is out. Faster where ids do not fit
 * the caches, for the memory of many is fetched at once.
 */
struct dict_key {
	const char *s;
	size_t len;
};
bool dict_ids(struct dict *d, uint32_t n, const struct dict_key *key, uint32_t *ret);
uint32_t dict_find(const struct dict *d, const char *s, size_t len);
/* The bytes of a number, with a NUL behind them; ret_len may be NULL. */
const char *dict_text(const struct dict *d, uint32_t id, size_t *ret_len);
uint32_t dict_size(const struct dict *d);
int dict_cmp(const struct dict *d, uint32_t a, uint32_t b);    /* byte order */

#endif
