/* SPDX-License-Identifier: MIT */
/* Loop devices: a file as a block device, for as long as something is mounted from it. */
#ifndef SQUASH_SQUASHD_KERNEL_LOOP_DEVICE_H
#define SQUASH_SQUASHD_KERNEL_LOOP_DEVICE_H

#include "lib/err.h"

#define LOOP_PATH_BYTES 32

/* Attach file_fd (borrowed) read-only to a free loop device that detaches itself when the last user
 * closes it. The open device, owned by the caller, with its path in path; or -errno. */
int loop_attach(int file_fd, char path[LOOP_PATH_BYTES], struct err *e);

#endif
