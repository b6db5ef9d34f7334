/* SPDX-License-Identifier: MIT */
/* What squashd and the shims of its commands agree on. A shim is what a worker becomes, by
 * execve(2), when nobody waits for its command any more: it is still the command's parent. */
#ifndef SQUASH_LIB_SHIM_H
#define SQUASH_LIB_SHIM_H

#include <stdint.h>

/* Its descriptors, beside the three of every process, of which 0 is /dev/null. Any may be
 * missing. */
enum {
	SHIM_INPUT_FD = 3, /* a memfd: what the command has still to get on its stdin, */
	SHIM_IN_FD,        /* which is this pipe, non-blocking */
	SHIM_OUT_FD,       /* the pipes of its output, non-blocking */
	SHIM_ERR_FD,
	SHIM_PID_FD,  /* the command; without it, it has ended, and its pipes are drained */
	SHIM_LEAF_FD, /* its cgroup's directory: the lock (flock(2)) keeps others out of it */
	SHIM_DIR_FD,  /* the directory of what is kept of it: the lock says that somebody does */
	SHIM_RING_OUT_FD, /* where its output is kept: lib/ring.h */
	SHIM_RING_ERR_FD,
	SHIM_FDS_END,
};

/* Its arguments: its name, then numbers in decimal: the command's number in its sandbox; when it
 * was started, and when its time is over, on clock_mono_ms(). */
enum { SHIM_ARG_SEQ = 1, SHIM_ARG_STARTED, SHIM_ARG_DEADLINE, SHIM_ARGS };

/* Where squashd listens for reports (AF_UNIX, SOCK_STREAM), in the root of a shim. It knows by the
 * sender's uid (unix(7), SO_PEERCRED) of which sandbox it is. */
#define SHIM_SOCKET "/squashd.sock"

enum shim_kind {
	SHIM_DUE = 1, /* its time is over: it is to be killed */
	SHIM_ENDED,   /* it has ended: that is to be written down */
};

/* One a connection. Who reads it has to take it as the words of a stranger. */
struct shim_report {
	uint32_t kind;       /* enum shim_kind */
	uint32_t timed_out;  /* 0 or 1 */
	uint32_t background; /* 0 or 1: something it started still holds its output */
	int32_t exit_status; /* 0 to 255 */
	int32_t signal;      /* what ended it; 0: nothing */
	uint32_t unused;     /* 0 */
	uint64_t seq;
	uint64_t ended_ms; /* since 1970 */
	uint64_t duration_ms;
	uint64_t put_off_ms; /* by which its deadline has been put off so far */
};

/* The answer, when that is done. */
struct shim_answer {
	uint64_t more_ms; /* SHIM_DUE: not yet, as the sandbox was frozen for so long; 0: killed */
};

#endif
