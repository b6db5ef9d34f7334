/* SPDX-License-Identifier: MIT */
/* What a boot needs and nothing after it, closed until the next one. */
#ifndef SQUASH_INIT_BOOT_LOCK_H
#define SQUASH_INIT_BOOT_LOCK_H

#include <stdbool.h>

#include "lib/err.h"

/* The kernel is not to be changed or read, not even by root: modules without a signature, memory,
 * ports, another kernel, tracing (kernel_lockdown(7), confidentiality). 0 or -errno. */
int lock_kernel(struct err *e);

/* Whether the firmware has let nothing boot but what was signed (UEFI's Secure Boot). A console's
 * message depends on it and nothing else: it is true as far as what has booted is. */
bool lock_has_secure_boot(void);

/* The root file system is read-only for everyone; what changes is in /run, /tmp and DATA. 0 or
 * -errno. */
int lock_root(struct err *e);

/* No module is loaded any more, and the kernel asks for none: it would start a modprobe for every
 * strange file that somebody in a sandbox executes. 0 or -errno. */
int lock_modules(struct err *e);

#endif
