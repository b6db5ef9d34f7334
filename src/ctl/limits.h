/* SPDX-License-Identifier: MIT */
/* squashctl's own caps, with their units and reasons. */
#ifndef SQUASH_CTL_LIMITS_H
#define SQUASH_CTL_LIMITS_H

#define CTL_CONFIG_BYTES 16384    /* the config: a few lines */
#define CTL_CONNECT_MS 10000      /* to one address: 3 SYNs */
#define CTL_STALL_MS 60000        /* a connection that does nothing while it should */
#define CTL_REPLY_MS 90000        /* front lets a request wait for 30 s, squashd 5 s for a lock */
#define CTL_LONG_REPLY_MS 2100000 /* a snapshot may take half an hour */
#define CTL_REPLY_HEAD_BYTES 8192 /* front passes no larger ones on */
#define CTL_REPLY_BYTES                                                                            \
	((size_t)1 << 30)      /* a list: 1024 sandboxes with 1 MiB of entries and snapshots each */
#define CTL_TARGET_BYTES 16384 /* a path and query, encoded; the appliance takes 4 KiB */
#define CTL_LINE_BYTES 262144  /* of exec?stream=1: 16 KiB of output, as \u0001 each at worst */
#define CTL_METRIC_BYTES 1024  /* a line of the metrics: a name, an id, a number */
#define CTL_IO_BYTES 65536     /* read or written at once */
#define CTL_LEFT_OUT_LINES 100 /* said of files that cp -r leaves out: more nobody reads */
#define CTL_DIRECTORIES_BYTES                                                                      \
	(64 << 20) /* of the names of an archive's directories: half a million of 100 bytes */
#define CTL_TREE_FILES 4096 /* descriptors: a path has 2048 levels at most */
#define CTL_TOP_MS 2000     /* top looks anew */

#endif
