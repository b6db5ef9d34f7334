/* SPDX-License-Identifier: MIT */
/* Every command; what they do stands in their help, in the table of commands.c. */
#ifndef SQUASH_CTL_COMMANDS_H
#define SQUASH_CTL_COMMANDS_H

#include "args.h"

/* commands.c: every command, in the help's order, up to one without a name; and the options that each
 * of them has, up to one without a name. */
extern const struct command commands[];
extern const struct option global_options[];

/* sandboxes.c */
command_run command_create, command_ls, command_info, command_rm, command_activate,
	command_allow_net;
/* exec.c */
command_run command_exec;
/* execs.c */
command_run command_execs, command_output, command_kill;
/* cp.c */
command_run command_cp;
/* events.c */
command_run command_logs, command_history, command_network;
/* snapshots.c */
command_run command_snapshot, command_restore, command_snapshots;
/* modules.c */
command_run command_modules_ls, command_modules_push, command_modules_pull, command_modules_freeze,
	command_modules_rm;
/* tokens.c */
command_run command_tokens_ls, command_tokens_add, command_tokens_rm;
/* system.c */
command_run command_system_info, command_system_reboot, command_system_poweroff,
	command_system_update;
/* top.c */
command_run command_top;
/* pin.c */
command_run command_pin;
/* help.c */
command_run command_help, command_version, command_completion;

/* files.c: the ls of a path in a sandbox. */
int files_list(struct ctl *c, const char *id, const char *path);

/* help.c: prints a command's help, or with NULL the list of all commands. */
void help_print(const struct ctl *c, const struct command *command);

#endif
