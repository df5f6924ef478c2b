/* rescue.h - puts the terminal back when the program dies by a signal.
 *
 * What to write is kept ready, since nothing but write() and tcsetattr() may be called then.
 * Signals that somebody already handles are left alone, but for faults. One terminal at a time.
 */
#ifndef UI_RESCUE_H
#define UI_RESCUE_H

#include <termios.h>

/* fd: a terminal that can be written to. restore: the bytes that bring back screen, cursor and
 * attributes; copied.
 */
void rescue_arm(int fd, const struct termios *was, const char *restore);
void rescue_disarm(void);

#endif
