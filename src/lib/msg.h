/* SPDX-License-Identifier: MIT */
/* The message between api and squashd, the only thing that crosses from hostile bytes to privilege:
 * a fixed head, the bearer token, then fields of {tag, length, bytes}. Native byte order: both ends
 * are on one machine. One request and one reply a connection.
 *
 * One descriptor may cross as well, with the fields: MSG_UPLOAD_MODULE, MSG_UPDATE, MSG_PUT_FILE
 * and MSG_PUT_TAR have the read end of a pipe, out of which the body comes. squashd takes no other
 * kind, and none with any other request.
 *
 * A streamed exec's reply is preceded by pieces of its output, replies of the kind MSG_PIECE; so is
 * that of MSG_GET_FILE, MSG_GET_TAR and MSG_GET_MODULE, by what is got. */
#ifndef SQUASH_LIB_MSG_H
#define SQUASH_LIB_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"
#include "err.h"

#define MSG_MAGIC 0x32425153u /* "SQB2" */

/* More comes. Of an exec: TAG_OFFSET with TAG_STDOUT or TAG_STDERR; or TAG_DURATION_MS. Of a file
 * or a tree: first TAG_SIZE and TAG_MODE (of a module without that), or nothing; then TAG_DATA. */
#define MSG_PIECE 100

/* A request's kind; a reply's kind is its HTTP status. */
enum msg_op {
	MSG_HEALTH = 1,
	MSG_MODULES,
	MSG_LIST,
	MSG_CREATE,
	MSG_INFO,
	MSG_DESTROY,
	MSG_EXEC,
	MSG_LOGS,
	MSG_HISTORY,
	MSG_ACTIVATE,
	MSG_SNAPSHOT,
	MSG_RESTORE,
	MSG_DROP_SNAPSHOT,
	MSG_ALLOW_NET,
	MSG_NETWORK,
	MSG_EGRESS_POLICY, /* from a worker to an egress process: lib/egress_fds.h */
	MSG_SYSTEM,
	MSG_REBOOT,
	MSG_POWER_OFF,
	MSG_TOKENS,
	MSG_CREATE_TOKEN,
	MSG_DROP_TOKEN,
	MSG_UPLOAD_MODULE, /* with a pipe */
	MSG_DELETE_MODULE,
	MSG_EXECS, /* those that are detached */
	MSG_EXEC_INFO,
	MSG_EXEC_OUTPUT,
	MSG_EXEC_KILL,
	MSG_UPDATE, /* with a pipe */
	MSG_GET_FILE,
	MSG_PUT_FILE, /* with a pipe, unless it is empty */
	MSG_DELETE_FILE,
	MSG_LIST_FILES,
	MSG_GET_TAR,
	MSG_PUT_TAR, /* as MSG_PUT_FILE */
	MSG_METRICS,
	MSG_GET_MODULE,
	MSG_FREEZE_MODULE,
};

enum msg_tag {
	/* a sandbox, in requests and replies */
	TAG_ID = 1,
	TAG_OWNER,
	TAG_TASK,
	TAG_LAYER,      /* repeated */
	TAG_CPU_MILLI,  /* number: thousandths of a core */
	TAG_MEMORY_MB,  /* number */
	TAG_LIFETIME_S, /* number */
	TAG_ALLOW_NET,  /* repeated */
	/* an exec's request */
	TAG_CMD,
	TAG_WORKDIR,
	TAG_TIMEOUT_MS, /* number */
	TAG_ENV,        /* repeated: NAME=value */
	TAG_STDIN,
	/* a sandbox's, as above */
	TAG_DISK_MB, /* number */
	TAG_FROM,    /* create: "<sandbox>/<snapshot>" */
	/* other requests */
	TAG_MODULE,        /* activate, upload, delete, get, freeze */
	TAG_FORCE,         /* activate: number, 0 or 1 */
	TAG_LABEL,         /* snapshot */
	TAG_SNAPSHOT_NAME, /* restore, drop */
	/* replies */
	TAG_RECORD,     /* empty: the fields of one more object begin */
	TAG_ERROR,      /* text for a person */
	TAG_CODE,       /* stable word for a program */
	TAG_CREATED_MS, /* number: since 1970, as all times below */
	TAG_LAST_ACTIVE_MS,
	TAG_MOUNTED, /* number: 0 or 1, as all flags */
	TAG_EXEC_COUNT,
	TAG_UPPER_BYTES,
	TAG_EXIT_CODE,
	TAG_STDOUT,
	TAG_STDERR,
	TAG_STARTED_MS,
	TAG_ENDED_MS,
	TAG_DURATION_MS,
	TAG_TIMED_OUT,
	TAG_OOM_KILLED,
	TAG_STDOUT_TRUNCATED,
	TAG_STDERR_TRUNCATED,
	TAG_SIGNAL, /* 0: none */
	TAG_BACKGROUND,
	TAG_NAME,
	TAG_SIZE,
	TAG_BUILTIN,
	TAG_USERS,
	TAG_ACTIVE_SNAPSHOT, /* text; absent: none */
	TAG_SNAPSHOT,   /* empty: one more snapshot of this sandbox begins; then TAG_NAME, TAG_SIZE,
		       * TAG_CREATED_MS, TAG_LABEL and TAG_LAYER, repeated */
	TAG_PROCESS,    /* empty, behind an error: a process in the way begins: TAG_PID, TAG_CMD */
	TAG_PID,        /* number, as the sandbox sees it */
	TAG_LINES,      /* of a journal: JSON texts, each ended by a newline */
	TAG_PRIVATE,    /* repeated: a network that the operator lets sandboxes reach */
	TAG_DEVICE,     /* number: the index of the device that all has to leave by */
	TAG_DNS_SERVER, /* repeated: an address */
	/* named tokens: TAG_NAME, and */
	TAG_RIGHT, /* "read", "run" or "admin" */
	TAG_TOKEN, /* a new one, told once */
	/* the appliance: numbers where nothing else is said */
	TAG_VERSION, /* text, as the next two */
	TAG_KERNEL,
	TAG_HOSTNAME,
	TAG_UPTIME_S,
	TAG_TIME_MS,
	TAG_ADDRESS, /* text, repeated */
	TAG_CPUS,
	TAG_MEMORY_BYTES,
	TAG_MEMORY_AVAILABLE_BYTES,
	TAG_DISK_PERSISTENT, /* a flag */
	TAG_DISK_BYTES,
	TAG_DISK_FREE_BYTES,
	TAG_SANDBOXES,
	TAG_SANDBOXES_MAX,
	TAG_MODULES,
	TAG_REQUESTS_UNDER_WAY,
	TAG_REQUESTS_DENIED,
	TAG_STREAM,       /* exec: text, "0" or "1" */
	TAG_OFFSET,       /* number: bytes of a stream that came before; text in requests */
	TAG_STDOUT_BYTES, /* numbers: how many there were in all */
	TAG_STDERR_BYTES,
	TAG_DETACH, /* exec: number, 0 or 1 */
	TAG_EXEC,   /* which of the sandbox's commands: number; text in requests, as the next two */
	TAG_OUTPUT, /* text: which stream of it, "stdout" or "stderr" */
	TAG_WAIT,   /* for how many seconds there may be nothing */
	TAG_STATE,  /* number: enum msg_exec_state */
	TAG_SHA256, /* 64 hexadecimal digits; in a request too, as is TAG_SIZE: upload */
	/* its update: TAG_SIZE and */
	TAG_DOWNGRADE,       /* in a request: text */
	TAG_UPDATE_POSSIBLE, /* a flag, as the next */
	TAG_UPDATE_ON_TRIAL,
	TAG_UPDATE_WAITING, /* a version; absent: none */
	/* files in a sandbox; TAG_SIZE and TAG_NAME as above */
	TAG_PATH,
	TAG_MODE,      /* text: octal digits */
	TAG_RECURSIVE, /* delete: text, "0" or "1" */
	TAG_DATA,      /* some of the bytes */
	TAG_TYPE,      /* text, as docs/api.md has it */
	TAG_UID,       /* numbers, as the sandbox sees them */
	TAG_GID,
	TAG_MTIME_MS,
	TAG_TARGET, /* text; absent: it is no link */
	TAG_FILES,  /* number: entries unpacked */
	TAG_NEEDS,  /* repeated: of a module, as are TAG_VERSION and TAG_SHA256; absent: none */
	/* metrics: numbers. In all, then for each sandbox, behind its TAG_RECORD; what isn't known
	 * of one isn't there */
	TAG_CPU_US,
	TAG_THROTTLED_US,
	TAG_MEMORY_USED_BYTES,
	TAG_MEMORY_PEAK_BYTES,
	TAG_OOM_KILLS,
	TAG_PIDS,
	TAG_PIDS_MAX,
	TAG_EXECS,    /* repeated, MSG_ENDS of them: how many ended like that */
	TAG_UP_TO_MS, /* before TAG_TOOK; absent: any time */
	TAG_TOOK,     /* repeated: how many commands took that long, and longer than those before */
	TAG_TOOK_MS,  /* all together */
	TAG_TRAFFIC,  /* repeated, in the order of lib/egress_fds.h */
	TAG_UPTIME_MS,
};

/* How a command has ended: the last of these that is true. */
enum msg_exec_end {
	MSG_END_OK,
	MSG_END_FAILED, /* its exit code is not 0 */
	MSG_END_SIGNAL,
	MSG_END_TIMEOUT,
	MSG_END_OOM,
	MSG_ENDS,
};

/* What has become of a detached command. */
enum msg_exec_state {
	MSG_EXEC_RUNS = 1,
	MSG_EXEC_ENDED,
	MSG_EXEC_LOST, /* its supervisor was, or the machine: how it ended nobody knows */
};

struct msg_head {
	uint32_t magic;
	uint16_t kind;
	uint16_t token_len;  /* bytes of token behind the head; 0 in replies */
	uint32_t body_len;   /* bytes of fields behind the token */
	struct addr client;  /* whose request it is; family 0: not known, as in replies */
	uint8_t public_host; /* 1: it was sent to a name that anybody may say to be ours; else 0 */
	uint8_t unused[2];   /* 0 */
};

/* Who asks: what a request carries beside its fields. */
struct msg_sender {
	struct addr client;
	const char *token; /* borrowed; NULL: none */
	size_t token_len;
	bool public_host; /* as in the head */
};

/* One field; data points into the message that was walked. */
struct msg_field {
	uint32_t tag; /* one of enum msg_tag, or what else the sender wrote */
	const uint8_t *data;
	size_t len;
};

/* A walk over a message's fields. */
struct msg_cursor {
	const uint8_t *at;
	size_t left;
};

/* Read the next field. 1, or 0 at the end, or -EBADMSG when the bytes are no field. Pure. */
int msg_next(struct msg_cursor *c, struct msg_field *field);

/* A field that holds a number (8 bytes). 0 or -EBADMSG. */
int msg_number(const struct msg_field *field, uint64_t *out);

/* Append a field; running over sets b->full. */
void msg_add(struct buf *b, enum msg_tag tag, const void *data, size_t len);
void msg_add_text(struct buf *b, enum msg_tag tag, const char *text);
void msg_add_number(struct buf *b, enum msg_tag tag, uint64_t number);

/* Send a head, the sender's token and the fields in body; from is NULL for a reply. 0 or -errno
 * with e filled; -EPIPE when the peer is gone, if the process ignores SIGPIPE, as it should. */
int msg_send(int fd, uint16_t kind, const struct msg_sender *from, const struct buf *body,
	     struct err *e);

/* The same with a descriptor (borrowed) that goes with the fields, of which there must be one. */
int msg_send_passing(int fd, uint16_t kind, const struct msg_sender *from, const struct buf *body,
		     int passed_fd, struct err *e);

/* Read a head and check it: the magic, the kind of address, lengths against the caps given. 0;
 * -EBADMSG, -EMSGSIZE or another -errno with e filled. */
int msg_recv_head(int fd, struct msg_head *head, size_t token_max, size_t body_max, struct err *e);

/* Read exactly len bytes, of a token or of the fields. 0 or -errno with e filled. */
int msg_recv_bytes(int fd, void *data, size_t len, struct err *e);

/* The same for fields that a descriptor may come with: *passed_fd, owned by the caller, or -1 for
 * none. -EBADMSG if there are several; one that is sent in the midst of the fields may be lost. */
int msg_recv_passed(int fd, void *data, size_t len, int *passed_fd, struct err *e);

#endif
