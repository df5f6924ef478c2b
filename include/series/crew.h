/* crew.h - a piece of work done by several threads at once, which share it out among themselves.
 *
 * The work takes pieces from an atomic counter in its context until there are none; so fewer
 * threads than asked for (the system may refuse some) only make it slower.
 */
#ifndef SERIES_CREW_H
#define SERIES_CREW_H

#define CREW_MAX 256

/* Returns when all have returned; the calling thread is one of them. */
void crew_run(unsigned threads, void (*work)(void *ctx), void *ctx);

#endif
