/* SPDX-License-Identifier: MIT */
/* The program that gives every TCP connection for the outside to one listener, at whatever address
 * and port, and leaves a sandbox's own alone. */
#ifndef SQUASH_SQUASHD_NETWORK_EGRESS_BPF_H
#define SQUASH_SQUASHD_NETWORK_EGRESS_BPF_H

#include "lib/err.h"

/* Attach it to the network namespace of netns_fd. relay_fd and relay6_fd are listeners in there, by
 * IPv4 and by IPv6; relay6_fd may be -1: what is for the outside by IPv6 is refused then. All are
 * borrowed. It works as long as the descriptor that is returned, the caller's, or a copy of it is
 * open. Or -errno. Source: Documentation/bpf/prog_sk_lookup.rst. */
int egress_bpf_attach(int netns_fd, int relay_fd, int relay6_fd, struct err *e);

#endif
