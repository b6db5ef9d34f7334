/* SPDX-License-Identifier: MIT */
/* What each command runs; commands.c has the table of them, with their help. */
#ifndef SQUASH_CTL_RUNS_H
#define SQUASH_CTL_RUNS_H

#include "args.h"

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
