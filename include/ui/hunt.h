/* hunt.h - LIVE's search for a text in user or category, in slices, so that no key waits for it.
 *
 * Goes down the list, or up, round its end, and stays at what it finds. A search that takes long
 * goes on at each look at the list; the cursor stays until it is over. Memory: that of a needle
 * while it lasts. Owner: the ui thread.
 */
#ifndef UI_HUNT_H
#define UI_HUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/needle.h"

struct parts;
struct ui;

struct hunt {
	struct needle needle;
	uint32_t row, seen, n;          /* the next row; rows looked at; rows of the list */
	int direction;
	bool is_busy, is_told;          /* it is said when there is none */
};

void hunt_open(struct ui *u);                   /* asks what for */
void hunt_again(struct ui *u, int direction);   /* 0: ends the search */
void hunt_look(struct ui *u);                   /* goes on */
void hunt_stop(struct ui *u);                   /* it stays where it is */
void hunt_status(const struct ui *u, struct parts *p);

#endif
