/* SPDX-License-Identifier: MIT */
/* A sandbox's writable part: DATA/sandboxes/<id>/upper.<N>/{upper,work}, N from meta.json. On a
 * disk a directory in a project of its own (quota.h), which holds it to disk_mb; otherwise a tmpfs
 * of that size. What strangers have made in it is owned by ids from 0 up, as they see them. */
#ifndef SQUASH_SQUASHD_BOX_UPPER_H
#define SQUASH_SQUASHD_BOX_UPPER_H

#include "lib/err.h"
#include "squashd/sandbox.h"

#define UPPER_NAME_BYTES 32

/* "upper.<N>" of sb. */
const char *upper_name(const struct sandbox *sb, char name[UPPER_NAME_BYTES]);

/* Make the upper that sb is to have, its layers being mounted; dir_fd is the sandbox's directory.
 * 0 or -errno; what was made stays for upper_sweep. */
int upper_make(const struct server *s, const struct sandbox *sb, int dir_fd, struct err *e);

/* The directory that holds what the sandbox has written: upper.<N>/upper. -ENOENT if it is gone. */
int upper_open(const struct sandbox *sb, int dir_fd, struct err *e);

/* Bytes that it takes; 0 when that is not known. */
uint64_t upper_used(const struct sandbox *sb, int dir_fd);

/* Remove the uppers that sb has no more. 0 or -errno. */
int upper_sweep(const struct server *s, const struct sandbox *sb, int dir_fd, struct err *e);

/* Before the sandbox's directory is removed: unmount all its uppers, and lift the quota. 0, or
 * -errno when one is in use. */
int upper_release(const struct server *s, const char *id, int dir_fd, struct err *e);

#endif
