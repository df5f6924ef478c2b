/* mask.h - user ids that are not shown: keyed names in their place.
 *
 * The key is the store's, so that a user has the same mask in each run over it; without a store it
 * is of this run alone. Owner: the ui thread.
 */
#ifndef UI_MASK_H
#define UI_MASK_H

#include <stddef.h>

struct ui;

void mask_init(struct ui *u);
void mask_look(struct ui *u);                   /* gets the key when there is one to be had */
void mask_turn(struct ui *u, int unused);       /* on, or off */
char *mask_id(const struct ui *u, const char *bytes, size_t len, char *buf);    /* UI_NAME_MAX */

#endif
