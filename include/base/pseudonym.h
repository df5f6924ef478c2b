/* pseudonym.h - names that stand for ids: without the key nobody can tell whose one is, nor try
 * which id gives it.
 *
 * 50 bits of a keyed hash (SipHash-2-4 of libsodium): of a million ids two share one with a chance
 * of 1 in 2000.
 */
#ifndef BASE_PSEUDONYM_H
#define BASE_PSEUDONYM_H

#include <stddef.h>
#include <stdint.h>

#define PSEUDONYM_COLUMNS 12    /* "u-" and ten letters or digits */

struct pseudonym_key {
	uint8_t byte[16];
};

void pseudonym_new_key(struct pseudonym_key *k);        /* at random */
void pseudonym_make(const struct pseudonym_key *k, const void *id, size_t len,
	char buf[PSEUDONYM_COLUMNS + 1]);

#endif
