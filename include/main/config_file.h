/* config_file.h - where the config file is when no --config names it. */
#ifndef MAIN_CONFIG_FILE_H
#define MAIN_CONFIG_FILE_H

#include <stddef.h>

/* A person's own ($XDG_CONFIG_HOME/veer/veer.conf, or under ~/.config), else the machine's; NULL:
 * there is neither. The path is in buf.
 */
const char *config_file(char *buf, size_t n);

#endif
