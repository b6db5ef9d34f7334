/* SPDX-License-Identifier: MIT */
/* The descriptor that may come with a request. */
#ifndef SQUASH_SQUASHD_REQUEST_PASSED_FD_H
#define SQUASH_SQUASHD_REQUEST_PASSED_FD_H

#include <stdbool.h>

/* Whether it is the read end of a pipe, which is non-blocking from here on. No other kind is taken
 * from api, which may have been taken over: by what squashd does to the end of a pipe nobody gains
 * anything. */
bool passed_is_pipe(int fd);

#endif
