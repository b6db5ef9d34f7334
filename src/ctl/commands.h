/* SPDX-License-Identifier: MIT */
/* The whole command line, as tables. */
#ifndef SQUASH_CTL_COMMANDS_H
#define SQUASH_CTL_COMMANDS_H

#include "args.h"

/* Every command, in the help's order, and the options that all commands have; each table ends with
 * a row without a name. */
extern const struct command commands[];
extern const struct option global_options[];

#endif
