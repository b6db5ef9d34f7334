/* SPDX-License-Identifier: MIT */
/* Giving up privilege: from the appliance's root to a sandbox's root. */
#ifndef SQUASH_SQUASHD_KERNEL_PRIVILEGE_H
#define SQUASH_SQUASHD_KERNEL_PRIVILEGE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

/* Capabilities that root inside a sandbox has over what its user namespace owns, which is the ids
 * of its range and nothing else: Docker's default set. Bits as in <linux/capability.h>. */
extern const uint64_t privilege_payload_caps;

/* A user namespace in which LIMIT_IDS ids from 0 are those from uid_base on, owned by uid_base. Its
 * descriptor, owned by the caller, or -errno. */
int privilege_make_userns(uint32_t uid_base, struct err *e);

/* Act on files as the user and group id of the initial namespace, every capability kept; 0 goes
 * back. Of this thread alone. 0 or -errno. */
int privilege_set_fs_id(uint32_t id, struct err *e);

/* Enter the user namespace as its root, with no more than caps and payload_calls, and a session
 * keyring of its own, for good. Raw system calls: nothing of the C library's idea of a process is
 * shared with the caller's. 0 or -errno. */
int privilege_become_root_of(int userns_fd, uint64_t caps, struct err *e);

/* Become a user of the appliance's, and a group, that sees nothing but the directory root: without
 * groups, capabilities, or a way to any, and a session keyring of its own, for good. Raw system
 * calls, as above. 0 or -errno. */
int privilege_become_user(uint32_t id, const char *root, struct err *e);

#endif
