/* SPDX-License-Identifier: MIT */
/* The reply to GET tar as it is, on stdout. */
#ifndef SQUASH_CTL_ARCHIVE_H
#define SQUASH_CTL_ARCHIVE_H

#include "api.h"

/* Make the request (begun), and write the archive of its reply to stdout, byte by byte. It is read
 * on its way, as only its entries say whether it is whole. 0, or an exit code. */
int archive_receive(struct ctl *c, struct api *a);

#endif
