/* relabel.h - categories renamed to others about as popular, and items to items likewise.
 *
 * Categories stand in order of popularity (events, ties by bytes) and are cut into blocks of
 * neighbours: 4 at the top, 16 in the tail, so that shares in a block differ little. Under a seed,
 * each block is one cycle (Sattolo 1986): a permutation in which no category stays. An item goes to
 * the item of the new category at the like place of its order of popularity; where that category
 * has fewer items, several go to one. Memory: 20 bytes a category, 12 a pair of category and item.
 * Read-only once made, any thread.
 */
#ifndef LEARN_RELABEL_H
#define LEARN_RELABEL_H

#include <stdint.h>

struct err;
struct history;
struct ids;
struct relabel;

struct relabel *relabel_new(const struct history *h, const struct ids *ids, struct err *e);
void relabel_free(struct relabel *r);

/* A category and an item that the history has together; others stay what they are. */
void relabel_pair(const struct relabel *r, uint64_t seed, uint32_t *category, uint32_t *item);
uint32_t relabel_category(const struct relabel *r, uint64_t seed, uint32_t category);
/* The block of a category: two with the same one are about as popular. */
uint32_t relabel_block(const struct relabel *r, uint32_t category);

#endif
