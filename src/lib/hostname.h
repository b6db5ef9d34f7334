/* SPDX-License-Identifier: MIT */
/* Host names as a machine may be given one. */
#ifndef SQUASH_HOSTNAME_H
#define SQUASH_HOSTNAME_H

#define HOSTNAME_BYTES 63 /* RFC 1035 label; the kernel takes 64 */

/* NULL, or what is wrong with text as a host name: a phrase for a person, to follow the name ("is
 * not a host name"). */
const char *hostname_check(const char *text);

#endif
