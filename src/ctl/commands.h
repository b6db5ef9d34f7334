/* SPDX-License-Identifier: MIT */
/* The whole command line, as tables. */
#ifndef SQUASH_CTL_COMMANDS_H
#define SQUASH_CTL_COMMANDS_H

#include "args.h"

/* Every command, in the help's order, up to one without a name; and the options that all of them have,
 * up to one without a name. */
extern const struct command commands[];
extern const struct option global_options[];

#endif
