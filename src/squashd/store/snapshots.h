/* SPDX-License-Identifier: MIT */
/* A sandbox's snapshots: DATA/sandboxes/<id>/snapshots/<name>.{squashfs,json}, the file and its
 * record. One exists when both are there: the record is named last, the file is removed first. The
 * record with the highest K stays even then, so that no K is used twice; removing a snapshot takes
 * no room. dir_fd is the sandbox's directory throughout; who changes something holds its lock. */
#ifndef SQUASH_SQUASHD_STORE_SNAPSHOTS_H
#define SQUASH_SQUASHD_STORE_SNAPSHOTS_H

#include "lib/err.h"
#include "snapshot_text.h"
#include "squashd/sandbox.h"

struct snapshot_names {
	size_t count;
	char all[LIMIT_SNAPSHOTS][LIMIT_MODULE_BYTES + 1];
};

/* The names of those that exist, in the order in which they were taken. */
void snapshots_list(int dir_fd, struct snapshot_names *names);

/* 0; -ENOENT if there is none of that name; -EBADMSG if its record is damaged; another -errno. */
int snapshots_load(int dir_fd, const char *name, struct snapshot *n, struct err *e);

/* Open its file for reading. */
int snapshots_open(int dir_fd, const char *name, struct err *e);

/* The K of the sandbox's next snapshot: above that of all there are or were. */
uint64_t snapshots_next_k(int dir_fd);

/* A file to capture into: the descriptor, or -errno. */
int snapshots_begin(int dir_fd, struct err *e);

/* What was captured to file_fd becomes the snapshot n, for good: 0 with n->size set, or -errno. */
int snapshots_commit(int dir_fd, int file_fd, struct snapshot *n, struct err *e);

/* Remove one. */
int snapshots_remove(int dir_fd, const char *name, struct err *e);

/* How many sandboxes have that snapshot, by links of its file; 0 or -errno. */
int snapshots_count_links(int dir_fd, const char *name, uint64_t *links, struct err *e);

/* Give the sandbox in to_fd a link to the snapshot of the one in from_fd. 0 or -errno. */
int snapshots_link(int from_fd, int to_fd, const char *name, struct err *e);

/* Remove what was begun and not committed, and records that are of no more use. 0 or -errno. */
int snapshots_sweep(int dir_fd, struct err *e);

/* Bytes that snapshots of all sandboxes take. */
uint64_t snapshots_total(const struct server *s);

#endif
