/* author.h - under whose name acts on alerts are written: $VEER_USER, else the login name. */
#ifndef MAIN_AUTHOR_H
#define MAIN_AUTHOR_H

#include "alert/triage.h"

/* Cut at TRIAGE_AUTHOR_MAX; the number of the user where it has no name. Returns buf. */
const char *author_name(char buf[TRIAGE_AUTHOR_MAX]);

#endif
