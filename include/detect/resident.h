/* resident.h - states on a device that may be too small, or lost at any time.
 *
 * All states are at home in the CPU backend, each as it was when last fetched; what was stepped
 * since is in a journal of rows. A device that fails is given up: the journal is stepped again at
 * home, which gives the same bits, and its verdicts, which were reported before, are dropped. When
 * the device holds fewer users than there are, those not seen for longest make room. Memory: states
 * once more, and a journal of at most half their size (or 8 MiB). Owner: the backend's.
 */
#ifndef DETECT_RESIDENT_H
#define DETECT_RESIDENT_H

#include <stdbool.h>

#include "detect/backend.h"

/* Takes over an open device, which b is closed with. insists: a lost device is an error of the next
 * step (its states are still saved), else the CPU goes on.
 */
int resident_open(struct backend *b, struct backend *device, bool insists, struct err *e);
bool resident_is(const struct backend *b);
/* Why the device was given up; NULL: it was not. */
const char *resident_lost(const struct backend *b);
const char *resident_name(const struct backend *b);

#endif
