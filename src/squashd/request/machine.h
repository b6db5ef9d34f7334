/* SPDX-License-Identifier: MIT */
/* The machine as a whole, as fields of a reply. */
#ifndef SQUASH_SQUASHD_REQUEST_MACHINE_H
#define SQUASH_SQUASHD_REQUEST_MACHINE_H

#include "lib/buf.h"
#include "lib/err.h"
#include "squashd/sandbox.h"

/* TAG_VERSION, TAG_KERNEL, TAG_HOSTNAME. 0 or -errno with e filled, as the others. */
int machine_add_names(struct buf *b, struct err *e);

/* TAG_MEMORY_BYTES, TAG_MEMORY_AVAILABLE_BYTES: of the kernel's. */
int machine_add_memory(struct buf *b, struct err *e);

/* TAG_DISK_BYTES, TAG_DISK_FREE_BYTES: of the file system that DATA lies on. */
int machine_add_disk(const struct server *s, struct buf *b, struct err *e);

#endif
