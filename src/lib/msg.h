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
 * that of MSG_GET_FILE, MSG_GET_TAR and MSG_GET_MODULE, by what is got; and that of a list that is
 * too long for one message, by its first records. */
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
 * or a tree: first TAG_SIZE and TAG_MODE (of a module without that), or nothing; then TAG_DATA. Of
 * a list: whole records, as in the reply. */
#define MSG_PIECE 100

/* Of TAG_SIZE in a request: the body's length is not known, and it comes in frames (frames.h). */
#define MSG_FRAMED UINT64_MAX

/* A request's kind; a reply's kind is its HTTP status. New ones take the next free number. */
enum msg_op {
	MSG_HEALTH = 1,
	MSG_MODULES = 2,
	MSG_LIST = 3,
	MSG_CREATE = 4,
	MSG_INFO = 5,
	MSG_DESTROY = 6,
	MSG_EXEC = 7,
	MSG_LOGS = 8,
	MSG_HISTORY = 9,
	MSG_ACTIVATE = 10,
	MSG_SNAPSHOT = 11,
	MSG_RESTORE = 12,
	MSG_DROP_SNAPSHOT = 13,
	MSG_ALLOW_NET = 14,
	MSG_NETWORK = 15,
	MSG_EGRESS_POLICY = 16, /* from a worker to an egress process: lib/egress_fds.h */
	MSG_SYSTEM = 17,
	MSG_REBOOT = 18,
	MSG_POWER_OFF = 19,
	MSG_TOKENS = 20,
	MSG_CREATE_TOKEN = 21,
	MSG_DROP_TOKEN = 22,
	MSG_UPLOAD_MODULE = 23, /* with a pipe */
	MSG_DELETE_MODULE = 24,
	MSG_EXECS = 25, /* those that are detached */
	MSG_EXEC_INFO = 26,
	MSG_EXEC_OUTPUT = 27,
	MSG_EXEC_KILL = 28,
	MSG_UPDATE = 29, /* with a pipe */
	MSG_GET_FILE = 30,
	MSG_PUT_FILE = 31, /* with a pipe, unless it is empty */
	MSG_DELETE_FILE = 32,
	MSG_LIST_FILES = 33,
	MSG_GET_TAR = 34,
	MSG_PUT_TAR = 35, /* as MSG_PUT_FILE */
	MSG_METRICS = 36,
	MSG_GET_MODULE = 37,
	MSG_FREEZE_MODULE = 38,
};

/* What a field means. The comment of a tag begins with the type of its values, the same in requests
 * and in replies; a comment without a type means text (not terminated).
 *
 *   number   8 bytes, msg_add_number(); times are milliseconds since 1970
 *   flag     a number, 0 or 1
 *   bytes    any
 *   empty    no bytes
 *   list     of texts, or of the type that follows: a field for each entry
 *
 * The inputs in tests/fuzz/corpus hold these numbers: a new tag takes the next free one, and the
 * number of a tag that goes stays unused. */
enum msg_tag {
	/* a sandbox, in requests and replies */
	TAG_ID = 1,
	TAG_OWNER = 2,
	TAG_TASK = 3,
	TAG_LAYER = 4,      /* list */
	TAG_CPU_MILLI = 5,  /* number: thousandths of a core */
	TAG_MEMORY_MB = 6,  /* number */
	TAG_LIFETIME_S = 7, /* number */
	TAG_ALLOW_NET = 8,  /* list */
	TAG_DISK_MB = 14,   /* number */
	TAG_FROM = 15,      /* create: "<sandbox>/<snapshot>" */

	/* an exec's request */
	TAG_CMD = 9,
	TAG_WORKDIR = 10,
	TAG_TIMEOUT_MS = 11, /* number */
	TAG_ENV = 12,        /* list: NAME=value */
	TAG_STDIN = 13,      /* bytes */
	TAG_STREAM = 71,     /* flag */
	TAG_DETACH = 75,     /* flag */
	TAG_KEEP = 112,      /* of long output: "head" or "ends" */

	/* other requests */
	TAG_MODULE = 16,        /* a module's name: activate, upload, delete, get, freeze */
	TAG_FORCE = 17,         /* flag: activate */
	TAG_LABEL = 18,         /* a snapshot's */
	TAG_SNAPSHOT_NAME = 19, /* restore, drop */
	TAG_DOWNGRADE = 81,     /* flag: update */
	TAG_RECURSIVE = 87,     /* flag: delete */

	/* a list's request: the page that is wanted; all without them */
	TAG_AFTER = 109,        /* it begins behind that id or name */
	TAG_AFTER_NUMBER = 110, /* number: the same in a list of numbers */
	TAG_LIMIT = 111,        /* number: entries at most */

	/* every reply that is an error */
	TAG_ERROR = 21,   /* for a person */
	TAG_CODE = 22,    /* a stable word for a program */
	TAG_PROCESS = 46, /* empty: a process in the way begins: TAG_PID, TAG_CMD */
	TAG_PID = 47,     /* number, as the sandbox sees it */

	/* replies */
	TAG_RECORD = 20, /* empty: the fields of one more object begin */
	TAG_NAME = 40,   /* in a token's requests, too */
	TAG_SIZE = 41,   /* number: bytes; in an upload's request, too */
	TAG_LINES = 48,  /* bytes of a journal: JSON texts, each ended by a newline */

	/* a sandbox */
	TAG_CREATED_MS = 23,      /* number: a time */
	TAG_LAST_ACTIVE_MS = 24,  /* number: a time */
	TAG_MOUNTED = 25,         /* flag */
	TAG_EXEC_COUNT = 26,      /* number */
	TAG_UPPER_BYTES = 27,     /* number */
	TAG_ACTIVE_SNAPSHOT = 44, /* empty: none */
	TAG_SNAPSHOT = 45,        /* empty: one more snapshot of this sandbox begins: TAG_NAME,
				   * TAG_SIZE, TAG_CREATED_MS, TAG_LABEL and TAG_LAYER */

	/* how a command ended */
	TAG_EXIT_CODE = 28,      /* number */
	TAG_STDOUT = 29,         /* bytes */
	TAG_STDERR = 30,         /* bytes */
	TAG_STARTED_MS = 31,     /* number: a time */
	TAG_ENDED_MS = 32,       /* number: a time */
	TAG_DURATION_MS = 33,    /* number */
	TAG_TIMED_OUT = 34,      /* flag */
	TAG_OOM_KILLED = 35,     /* flag */
	TAG_STDOUT_OMITTED = 36, /* number: bytes that are not in TAG_STDOUT, */
	TAG_STDERR_OMITTED = 37,
	TAG_STDOUT_OMITTED_AT = 113, /* number: from that one of the stream on */
	TAG_STDERR_OMITTED_AT = 114,
	TAG_SIGNAL = 38,       /* number; 0: none */
	TAG_BACKGROUND = 39,   /* flag */
	TAG_STDOUT_BYTES = 73, /* number: how many there were in all */
	TAG_STDERR_BYTES = 74, /* number */

	/* detached commands, and output that is streamed */
	TAG_EXEC = 76,   /* number: which of the sandbox's commands */
	TAG_OUTPUT = 77, /* which stream of it, "stdout" or "stderr" */
	TAG_OFFSET = 72, /* number: bytes of a stream that came before */
	TAG_WAIT = 78,   /* number: for how many seconds there may be nothing */
	TAG_STATE = 79,  /* number: enum msg_exec_state */

	/* a module; TAG_NAME, TAG_SIZE, and TAG_VERSION of its manifest */
	TAG_BUILTIN = 42, /* flag */
	TAG_USERS = 43,   /* number: sandboxes that stand on it */
	TAG_SHA256 = 80, /* 64 hexadecimal digits, in an upload's request, too; absent: not known */
	TAG_NEEDS = 95,  /* list */

	/* what an egress process is told */
	TAG_PRIVATE = 49,    /* list: networks that the operator lets sandboxes reach */
	TAG_DEVICE = 50,     /* number: the index of the device that all has to leave by */
	TAG_DNS_SERVER = 51, /* list: addresses */

	/* named tokens; TAG_NAME */
	TAG_RIGHT = 52, /* "read", "run" or "admin" */
	TAG_TOKEN = 53, /* a new one, told once */

	/* the appliance */
	TAG_VERSION = 54,
	TAG_KERNEL = 55,
	TAG_HOSTNAME = 56,
	TAG_UPTIME_S = 57,               /* number */
	TAG_TIME_MS = 58,                /* number: a time */
	TAG_ADDRESS = 59,                /* list */
	TAG_CPUS = 60,                   /* number */
	TAG_MEMORY_BYTES = 61,           /* number */
	TAG_MEMORY_AVAILABLE_BYTES = 62, /* number */
	TAG_DISK_PERSISTENT = 63,        /* flag */
	TAG_DISK_BYTES = 64,             /* number */
	TAG_DISK_FREE_BYTES = 65,        /* number */
	TAG_SANDBOXES = 66,              /* number */
	TAG_SANDBOXES_MAX = 67,          /* number */
	TAG_MODULES = 68,                /* number */
	TAG_REQUESTS_UNDER_WAY = 69,     /* number */
	TAG_REQUESTS_DENIED = 70,        /* number */
	TAG_UPDATE_POSSIBLE = 82,        /* flag */
	TAG_UPDATE_ON_TRIAL = 83,        /* flag */
	TAG_UPDATE_WAITING = 84,         /* a version; absent: none */

	/* files in a sandbox; TAG_NAME and TAG_SIZE */
	TAG_PATH = 85,
	TAG_MODE = 86,     /* number: 07777 at most */
	TAG_DATA = 88,     /* bytes: some of a file's, or of a stream */
	TAG_TYPE = 89,     /* as docs/api.md has it */
	TAG_UID = 90,      /* number, as the sandbox sees it */
	TAG_GID = 91,      /* number, as the sandbox sees it */
	TAG_MTIME_MS = 92, /* number: a time */
	TAG_TARGET = 93,   /* absent: it is no link */
	TAG_FILES = 94,    /* number: entries unpacked */

	/* metrics: in all, then for each sandbox, behind its TAG_RECORD; a number that isn't known
	 * is absent */
	TAG_CPU_US = 96,            /* number */
	TAG_THROTTLED_US = 97,      /* number */
	TAG_MEMORY_USED_BYTES = 98, /* number */
	TAG_MEMORY_PEAK_BYTES = 99, /* number */
	TAG_OOM_KILLS = 100,        /* number */
	TAG_PIDS = 101,             /* number */
	TAG_PIDS_MAX = 102,         /* number */
	TAG_EXECS = 103,     /* list of numbers, MSG_ENDS of them: commands that ended like that */
	TAG_UP_TO_MS = 104,  /* number: before TAG_TOOK; absent: any time */
	TAG_TOOK = 105,      /* list of numbers: commands that took that long, and longer than
			      * those before */
	TAG_TOOK_MS = 106,   /* number: all together */
	TAG_TRAFFIC = 107,   /* list of numbers, in the order of lib/egress_fds.h */
	TAG_UPTIME_MS = 108, /* number */
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
	uint8_t asks_only;   /* 1: it asks whether the token may do this, and nothing is done; no
			      * fields come, and the answer is 200 without any, or the error */
	uint8_t unused;      /* 0 */
};

/* Who asks: what a request carries beside its fields. */
struct msg_sender {
	struct addr client;
	const char *token; /* borrowed; NULL: none */
	size_t token_len;
	bool public_host, asks_only; /* as in the head */
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
