/* state_folder.h - where a person's console keeps what outlives a run (XDG base directories). */
#ifndef MAIN_STATE_FOLDER_H
#define MAIN_STATE_FOLDER_H

#include <stddef.h>

/* $XDG_STATE_HOME/veer, or ~/.local/state/veer; NULL when neither variable is an absolute path. */
const char *state_folder(char *buf, size_t n);

#endif
