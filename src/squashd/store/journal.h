/* SPDX-License-Identifier: MIT */
/* What has happened: the log of each sandbox (its commands), and the history of the appliance
 * (commands, changes, and what ended sandboxes), which stays when a sandbox is gone. Lines of JSON,
 * appended. Each line says at its end whose request it was that led to it: the address of the
 * client, and the name of a named token.
 *
 * A file that has grown to JOURNAL_BYTES becomes the old one, and the old one before it goes. The
 * history has two files for what takes the right admin, two for changes of sandboxes, two for
 * commands: whoever may make a sandbox can't push out what an administrator did, whatever he does
 * there. Where two files become one, each caller has the same share of what is kept
 * (journal_lines.h). The end or restart of a sandbox that nobody has asked for counts for its
 * maker, whom "of" names. The history's lines have numbers, which say in which order they happened;
 * one that is missing was pushed out. */
#ifndef SQUASH_SQUASHD_STORE_JOURNAL_H
#define SQUASH_SQUASHD_STORE_JOURNAL_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "squashd/exec_result.h"
#include "squashd/sandbox.h"

#define JOURNAL_BYTES 524288L
#define JOURNAL_READ_BYTES (2 * JOURNAL_BYTES + 131072L) /* both files, each with a line too many */
#define JOURNAL_HISTORY_BYTES (3 * JOURNAL_READ_BYTES)   /* of the three kinds that it has */
#define JOURNAL_CMD_BYTES 4096 /* of a command are kept; "cmd_truncated" says that it was longer */

/* What ended a sandbox. */
enum journal_end {
	JOURNAL_OPERATOR, /* DELETE */
	JOURNAL_LIFETIME,
	JOURNAL_INIT_DIED, /* its PID 1 was killed */
	JOURNAL_SHUTDOWN,  /* the appliance stopped, or lost power, and it was in memory */
};

/* Each of the functions that append says on the console what can't be written: what has happened
 * is not undone for that. */

/* Append to the log in dir_fd (-1: the sandbox is gone), and to the history. seq counts the
 * sandbox's commands from 1; of cmd, which has cmd_len bytes, JOURNAL_CMD_BYTES are looked at. */
void journal_exec(const struct server *s, int dir_fd, const char *id, uint64_t seq, const char *cmd,
		  size_t cmd_len, const struct exec_result *result);

/* Append to the history. */
void journal_end(const struct server *s, const struct sandbox *sb, enum journal_end why,
		 uint64_t exec_count);

/* Append to the history: the event happened to the sandbox, with one member more. */
void journal_change(const struct server *s, const char *id, const char *event, const char *key,
		    const char *value);

/* Append to the history: the sandbox was started again. */
void journal_restart(const struct server *s, const struct sandbox *sb, const char *why);

/* Append to the history: an administrator has made or removed the module; id (of the sandbox that
 * it was made of) and sha256 (64 digits) may be NULL. */
void journal_module(const struct server *s, const char *event, const char *id, const char *name,
		    const char *sha256);

/* The same for what an administrator did to the appliance; name, which may be NULL, is of what it
 * is about. */
void journal_system(const struct server *s, const char *event, const char *name);

/* Append the lines of a sandbox's log, in dir_fd, to out, the oldest first. Nothing there is
 * nothing appended. */
int journal_read_log(int dir_fd, struct buf *out, struct err *e);

/* What the log in dir_fd knows of the last command that it has: its seq (0: none), and when that
 * was written down, in milliseconds since 1970. */
uint64_t journal_last_exec(int dir_fd, uint64_t *time_ms);

/* Append the lines of the history, the newest first, to out: those before the event of number after
 * (0: all), limit at most, as journal_lines_page() has it. */
int journal_read_history(const struct server *s, uint64_t after, uint64_t limit, struct buf *out,
			 struct err *e);

/* Go on with the numbers where the history's files end: before the first worker. 0 or -errno. */
int journal_begin(const struct server *s, struct err *e);

#endif
