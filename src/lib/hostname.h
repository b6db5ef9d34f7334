/* SPDX-License-Identifier: MIT */
/* Host names: as a machine may be given one, and as requests name it. */
#ifndef SQUASH_LIB_HOSTNAME_H
#define SQUASH_LIB_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

#define HOSTNAME_BYTES 63 /* RFC 1035 label; the kernel takes 64 */

/* NULL, or what is wrong with text as a host name: a phrase for a person, to follow the name ("is
 * not a host name"). */
const char *hostname_check(const char *text);

/* Whether a request's Host (RFC 9110, section 7.2; empty: none) is a name that the public DNS can
 * have: whoever runs it there says what address it is of, and his pages are of the same origin as
 * ours then. An address isn't, nor one label, nor what is below "localhost" (RFC 6761), "local"
 * (RFC 6762), "home.arpa" (RFC 8375), "internal" (reserved by ICANN) or "lan" (not delegated). */
bool hostname_is_public(const char *host, size_t len);

#endif
