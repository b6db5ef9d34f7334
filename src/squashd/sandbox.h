/* SPDX-License-Identifier: MIT */
/* What a sandbox is: what is kept in meta.json, what a reboot may forget, and where the rest of it
 * lies. */
#ifndef SQUASH_SQUASHD_SANDBOX_H
#define SQUASH_SQUASHD_SANDBOX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/sha256.h"

/* What a reboot may forget; see runtime.h. */
struct runtime {
	uint32_t slot;        /* which range of uids is its own; SLOT_NONE: it does not run */
	uint64_t deadline_ms; /* the end of its life, on clock_mono_ms(); 0: never */
	bool down;            /* its PID 1 was stopped on purpose, and is to be started again */
};

struct sandbox {
	char id[LIMIT_ID_BYTES + 1];
	char owner[LIMIT_LABEL_BYTES + 1];
	char task[LIMIT_LABEL_BYTES + 1];
	size_t layer_count;
	char layers[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1]; /* lowest first */
	uint64_t cpu_milli;                                /* thousandths of a core */
	uint64_t memory_mb;
	uint64_t max_lifetime_s; /* 0: never ends */
	size_t allow_net_count;
	char allow_net[LIMIT_ALLOW_NET][LIMIT_HOST_BYTES + 1];
	uint64_t disk_mb;
	bool on_disk;                                 /* its upper survives a reboot */
	uint64_t created_ms;                          /* since 1970 */
	uint64_t upper;                               /* the number of its upper: upper.h */
	char active_snapshot[LIMIT_MODULE_BYTES + 1]; /* empty: none; else the last of its layers
						       * that is a snapshot */
	char maker[LIMIT_ID_BYTES + 1];               /* caller_name() of who has created it; empty:
						       * not known */
	struct runtime runtime;
};

/* What every handler of squashd works with. Descriptors are of directories where nothing else
 * is said, and stay open. */
struct server {
	int data_fd;      /* DATA */
	int sandboxes_fd; /* DATA/sandboxes */
	int modules_fd;   /* DATA/modules */
	int builtin_fd;   /* PATH_BUILTIN_MODULES */
	int run_fd;       /* PATH_RUN */
	int cgroup_fd;    /* PATH_CGROUP_SQUASH */
	int capture_fd;   /* the cgroup of captures */
	int box_init_fd;  /* the program, not a directory, as are the next four */
	int box_files_fd;
	int mksquashfs_fd;
	int egress_fd;
	int shim_fd;
	int report_fd;         /* where workers tell squashd of a new sandbox: store/report.h */
	struct totals *totals; /* shared by squashd and all workers */
	struct seats *seats;   /* so are they */
	char sandboxes_path[PATH_MAX];
	bool has_disk;              /* DATA survives a reboot, and has project quotas */
	uint64_t max_sandboxes;     /* at most LIMIT_SANDBOXES */
	uint64_t memory_mb;         /* the machine's */
	uint64_t processors;        /* that the machine has, or could be given while it runs */
	bool egress_is_bound;       /* to EGRESS_VRF: sandboxes have a network card of their own */
	const char *egress_private; /* SQUASH_EGRESS_PRIVATE: networks, commas between */
	bool has_token;             /* a token is set, or was meant to be; its digest: */
	uint8_t token_digest[SHA256_BYTES];
	/* A worker's: */
	const struct caller *caller; /* whose request it serves; NULL: nobody's */
	int passed_fd;               /* what came with it; -1: nothing. Not looked at yet */
	unsigned requests_under_way; /* that one with it, when it was started */
	int seat;
};

#define SLOT_NONE UINT32_MAX

/* A sandbox's uid n, below LIMIT_IDS, is SANDBOX_UID_BASE(slot) + n outside. What is below the
 * first of them is the appliance's; of that each sandbox's egress has an id, as uid and as gid, and
 * so have its shims: as many slots as there may be lie between. */
#define SANDBOX_UID_BASE(slot) (LIMIT_IDS * (1u + (slot)))
#define SANDBOX_EGRESS_UID(slot) (0xf0000u + (slot))
#define SANDBOX_SHIM_UID(slot) (0xf8000u + (slot))

#endif
