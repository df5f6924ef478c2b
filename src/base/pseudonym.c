#include "base/pseudonym.h"

#include <sodium.h>
#include <stdlib.h>

_Static_assert(sizeof(struct pseudonym_key) == crypto_shorthash_KEYBYTES, "the key fits");
_Static_assert(crypto_shorthash_BYTES == 8, "there are 50 bits");

void pseudonym_new_key(struct pseudonym_key *k)
{
	if (sodium_init() < 0)
		abort();                                /* no random numbers at all */
	randombytes_buf(k->byte, sizeof k->byte);       /* getrandom(2) */
}

/* Letters that cannot be taken for one another, 5 bits each. */
void pseudonym_make(const struct pseudonym_key *k, const void *id, size_t len,
	char buf[PSEUDONYM_COLUMNS + 1])
{
	static const char letter[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t bits = 0;
	int i;

	crypto_shorthash(hash, id, len, k->byte);
	for (i = 0; i < 8; i++)
		bits = bits << 8 | hash[i];
	buf[0] = 'u';
	buf[1] = '-';
	for (i = 2; i < PSEUDONYM_COLUMNS; i++, bits >>= 5)
		buf[i] = letter[bits & 31];
	buf[i] = 0;
}
