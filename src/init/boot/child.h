/* SPDX-License-Identifier: MIT */
/* Starting a child process of PID 1, and giving privileges up in it. */
#ifndef SQUASH_INIT_BOOT_CHILD_H
#define SQUASH_INIT_BOOT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

/* Start a child that runs run(context), which execs. If it returns, the child ends with 127 after
 * saying on the console that `name` can't be started (NULL: without a word). The child has a
 * session of its own, default signals, no core dumps, /dev/null as stdin and the console as stdout
 * and stderr. */
pid_t child_start(const char *name, void (*run)(const void *context), const void *context,
		  struct err *e);

/* Reap this child, waiting up to timeout_ms; status (NULL: not wanted) is as of wait(2). False: it
 * still runs. */
bool child_wait(pid_t pid, int timeout_ms, int *status);

/* A constant argument for execve(2), which takes char * for history's sake and doesn't write. */
#define CHILD_ARG(text) ((char[]){text})

/* What follows is for the child, between fork and exec. */

/* stdout and stderr go to path instead. */
void child_set_output(const char *path);

/* Protect the process, and what it starts, from the kernel's choice when memory runs out. */
void child_set_oom_score(int score);

/* Give up for good, for this process and all that it execs, every capability but those of keep (a
 * bit for each CAP_ number). Must come before child_set_user(), which gives up the right to do it.
 * 0 or -errno. */
int child_limit_capabilities(uint64_t keep);

/* Set-user-ID files and file capabilities mean nothing to this process and all that it execs from
 * here on (no_new_privs). 0 or -errno. */
int child_refuse_privileges(void);

/* From here on write, make, remove or truncate no file but these and what is below them (NULL ends
 * the list), and trace no process but what it starts itself: landlock(7). Needs
 * child_refuse_privileges(). 0 or -errno. */
int child_write_only_below(const char *const *paths);

/* The same for reading and executing. /proc has files that anybody may read, the kernel's command
 * line with a token among them. */
int child_read_only_below(const char *const *paths);

/* All of it for a program that strangers talk to: locked into root, an ordinary user of that id,
 * without capabilities and a way to any. 0 or -errno. */
int child_become(const char *root, uid_t id);

/* Execute the program, unless rc, of what has confined the process before, is negative: -rc is
 * errno then. Returns only if it fails, with errno set. */
void child_exec(int rc, const char *path, char **args, char **environment);

/* Become user and group id, with no other groups; from root all capabilities are lost with it.
 * 0 or -errno. */
int child_set_user(uid_t id);

/* The same, but what it execs has the capabilities of keep all the same, and no others. */
int child_set_user_with(uid_t id, uint64_t keep);

#endif
