/* notice.h - how much a notice matters. */
#ifndef BASE_NOTICE_H
#define BASE_NOTICE_H

enum notice_level {
	NOTICE_INFO,            /* all is well: a rotation, a refit */
	NOTICE_WARNING,         /* it goes on, with less: a file that waits, rows not seen */
	NOTICE_ERROR,           /* it does not, or not for long: a full disk, a failure */
	NOTICE_LEVELS
};

#endif
