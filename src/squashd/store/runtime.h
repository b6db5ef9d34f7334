/* SPDX-License-Identifier: MIT */
/* What a reboot may forget of a sandbox: PATH_RUN/running/<id>, a symbolic link whose text is
 * "<slot> <deadline_ms> <up|down>". It is replaced whole, and read by one call. Written down before
 * PID 1 is stopped on purpose, "down" tells that from a death of its own. */
#ifndef SQUASH_SQUASHD_STORE_RUNTIME_H
#define SQUASH_SQUASHD_STORE_RUNTIME_H

#include "lib/err.h"
#include "squashd/sandbox.h"

/* Write sb->runtime down. 0 or -errno. */
int runtime_save(const struct server *s, const struct sandbox *sb, struct err *e);

/* What there is of sandbox id; all zero but slot SLOT_NONE when there is nothing. */
struct runtime runtime_load(const struct server *s, const char *id);

/* Remove what a runtime_save that was cut off has left, or all. 0, also if there is nothing; or
 * -errno. */
int runtime_forget(const struct server *s, const char *id, struct err *e);
int runtime_drop(const struct server *s, const char *id, struct err *e);

/* Drop those of sandboxes for which is_alive(id) is false. 0 or the first -errno. */
int runtime_sweep(const struct server *s, bool (*is_alive)(const struct server *s, const char *id),
		  struct err *e);

#endif
