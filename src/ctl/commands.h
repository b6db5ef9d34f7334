/* SPDX-License-Identifier: MIT */
/* Every command; what they do stands in their help. squashctl.c has them in order. */
#ifndef SQUASH_CTL_COMMANDS_H
#define SQUASH_CTL_COMMANDS_H

#include "args.h"

/* sandboxes.c */
extern const struct command command_create, command_ls, command_info, command_rm, command_activate,
	command_allow_net;
/* exec.c */
extern const struct command command_exec;
/* execs.c */
extern const struct command command_execs, command_output, command_kill;
/* cp.c */
extern const struct command command_cp;
/* events.c */
extern const struct command command_logs, command_history, command_network;
/* snapshots.c */
extern const struct command command_snapshot, command_restore, command_snapshots;
/* modules.c */
extern const struct command command_modules, command_modules_ls, command_modules_push,
	command_modules_pull, command_modules_freeze, command_modules_rm;
/* tokens.c */
extern const struct command command_tokens, command_tokens_ls, command_tokens_add,
	command_tokens_rm;
/* system.c */
extern const struct command command_system, command_system_info, command_system_reboot,
	command_system_poweroff, command_system_update;
/* top.c */
extern const struct command command_top;
/* pin.c */
extern const struct command command_pin;
/* help.c */
extern const struct command command_help, command_version, command_completion;

/* files.c: the ls of a path in a sandbox. */
int files_list(struct ctl *c, const char *id, const char *path);

/* help.c: prints a command's help, or with NULL the list of all commands. */
void help_print(const struct ctl *c, const struct command *command);

#endif
