/* SPDX-License-Identifier: MIT */
/* Every cap, with its unit and its reason. */
#ifndef SQUASH_LIB_LIMITS_H
#define SQUASH_LIB_LIMITS_H

/* HTTP and messages */
#define LIMIT_BODY_BYTES                                                                           \
	(1024 * 1024) /* a request's body: code and stdin by value, not data sets */
#define LIMIT_MSG_BYTES (LIMIT_BODY_BYTES + 65536) /* a message: a body's values and their heads */
#define LIMIT_REPLY_BYTES (16 * 1024 * 1024)       /* a reply in one message, or a piece of it */
#define LIMIT_PIECE_BYTES                                                                          \
	(LIMIT_REPLY_BYTES /                                                                       \
	 4)                    /* of a list, then it goes: with a record more its JSON, six times \
				 * as long at worst, is below 2 * LIMIT_REPLY_BYTES */
#define LIMIT_LIST_STALL_S 300 /* none of a list was taken for so long: its reader is gone */
#define LIMIT_TOKEN_BYTES 1024 /* httpd cuts header lines at 8191 bytes */
#define LIMIT_TOKENS 256       /* named ones: each is compared with what a request brings */
#define LIMIT_TOKENS_BYTES 65536 /* their file: 256 lines of 135, and comments */
#define LIMIT_REQUEST_SECONDS 10 /* api sends its message at once; squashd waits no longer */
#define LIMIT_UPLOAD_BYTES                                                                         \
	2147483647 /* a module that is sent: httpd refuses a Content-Length above INT_MAX */
#define LIMIT_UPDATE_MIN_BYTES 512  /* an update that is sent: its header */
#define LIMIT_UPLOAD_STALL_MS 30000 /* none of its bytes came for so long: its sender is gone */
#define LIMIT_UPLOAD_RESERVE_MB                                                                    \
	32 /* of a disk, what an upload leaves: logs, metadata, and uppers that are in use */
#define LIMIT_ESP_RESERVE_MB                                                                       \
	1 /* of a UEFI disk's ESP, what an update leaves: the loader's and the firmware's files */
#define LIMIT_PAGE 65536         /* entries of a list that can be asked for at once: all of any */
#define LIMIT_FILES_LISTED 65536 /* entries of a directory */
#define LIMIT_FILES_NAMES_BYTES 3145728 /* of their names and targets: as JSON six times that */
#define LIMIT_WORKERS 512 /* requests under way at once, 503 past it: a worker costs some 200 KiB */
/* Of these, for requests that end soon (health, list, destroy), half of which front lets through
 * when it has all that takes long; and for one sandbox of those that end soon, as they may wait
 * LIMIT_BUSY_MS for its lock. */
#define LIMIT_WORKERS_KEPT 128
#define LIMIT_WORKERS_OWN                                                                          \
	48 /* of all, for what is no request: sweeps, ends of sandboxes, reports */
#define LIMIT_WORKERS_SOON 32
#define LIMIT_WORKERS_REPORTS 32 /* of these, for the ends of detached commands; others wait */

/* What a sandbox may be */
#define LIMIT_SANDBOXES 1024 /* SQUASH_MAX_SANDBOXES */
#define LIMIT_ID_BYTES                                                                             \
	63 /* a host name's label, as the id is the sandbox's host name: RFC 1035 2.3.4 */
#define LIMIT_LABEL_BYTES 1024 /* owner, task */
#define LIMIT_MODULE_BYTES 64  /* a module's name */
#define LIMIT_VERSION_BYTES 64 /* a module's version */
#define LIMIT_MODULES 1024     /* that are held in memory at once to be listed */
#define LIMIT_LAYERS 64        /* overlayfs takes 500; nobody reads a stack of more than a few */
#define LIMIT_ALLOW_NET 256    /* entries */
#define LIMIT_HOST_BYTES 272   /* one entry: a name of 253 (RFC 1035), a colon and a port, a CIDR */
#define LIMIT_EGRESS_PRIVATE 64 /* networks in SQUASH_EGRESS_PRIVATE */
#define LIMIT_CPU_MILLI_MIN 10 /* thousandths of a core: cpu.max takes no less than 1 ms a period */
#define LIMIT_CPU_MILLI_MAX 1024000
#define LIMIT_MEMORY_MB_MIN 16       /* less does not start a shell */
#define LIMIT_MEMORY_MB_MAX 67108864 /* 64 TiB: what x86-64 addresses */
#define LIMIT_LIFETIME_S (10LL * 365 * 24 * 3600)
#define LIMIT_IDS 1048576          /* uids and gids of a sandbox, from 0 */
#define LIMIT_PIDS 1024            /* processes and threads in a sandbox */
#define LIMIT_DISK_MB_MAX 16777216 /* 16 TiB: what ext4 has for a file; the disk has less */
#define LIMIT_INODES_PER_MB 256    /* of disk_mb: one for each 4 KiB, if there are so many */
#define LIMIT_INODES_KEPT 16       /* of a disk's inodes that part is the appliance's */
#define LIMIT_SNAPSHOTS 100        /* of one sandbox, at once */
#define LIMIT_SNAPSHOTS_BENEATH 99 /* the two digits in a snapshot's name */
#define LIMIT_SNAPSHOT_KB                                                                          \
	512 /* of the kernel's memory, for a snapshot that is mounted: fs/squashfs/super.c, three  \
	     * blocks of 128 KiB and eight of 8; the loop device */
#define LIMIT_SNAPSHOT_CPU_KB                                                                      \
	768 /* and for each processor that there may be: a block, and zstd's window and tables     \
	     * (decompressor_multi_percpu.c). Seen: 1.4 to 2.0 MB with two, 5.8 to 7.9 with eight */
#define LIMIT_SNAPSHOTS_MEMORY 4 /* that part of memory_mb is the most for those it stands on */
#define LIMIT_SNAPSHOTS_MACHINE                                                                    \
	8 /* that part of the machine's memory is the most for all that are mounted */
#define LIMIT_SNAPSHOTS_ALWAYS 4 /* and so many may be, however little that is */
#define LIMIT_SNAPSHOTS_SHARE 4  /* without a disk they take that part of the memory at most */
#define LIMIT_BUSY_MS 5000       /* an operation waits so long for one before it, then 409; */
#define LIMIT_LOCK_MS 60000      /* a command so long, or what reads or writes files */

/* What an exec may be */
#define LIMIT_CMD_BYTES                                                                            \
	(128 * 1024 - 1) /* one argument of execve(2): MAX_ARG_STRLEN with its NUL */
#define LIMIT_ENV_ENTRIES 1024
#define LIMIT_PATH_BYTES 4095     /* PATH_MAX without the NUL */
#define LIMIT_OUTPUT_BYTES 65536  /* kept of each stream; the rest is read and dropped */
#define LIMIT_TIMEOUT_MS 86400000 /* a day */
#define LIMIT_EXECS 64            /* running at once in one sandbox */
#define LIMIT_OUTPUT_WAIT_S 60    /* for more output of a detached command; then ask again */
#define LIMIT_GRACE_MS 50         /* for the pipes to close after the command has ended */

#define DEFAULT_CPU_MILLI 2000
#define DEFAULT_MEMORY_MB 1024
#define DEFAULT_DISK_MB 512 /* in RAM half of memory_mb, if that is less */
#define DEFAULT_TIMEOUT_S 300

#endif
