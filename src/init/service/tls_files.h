/* SPDX-License-Identifier: MIT */
/* The appliance's private key and certificates: DATA/tls/key.pem and chain.pem, the operator's own
 * or made at the first boot. */
#ifndef SQUASH_INIT_SERVICE_TLS_FILES_H
#define SQUASH_INIT_SERVICE_TLS_FILES_H

#include "init/settings/settings.h"
#include "lib/err.h"

/* If there are neither of the two, make them, for the host name and a fixed address that settings
 * say: both, or after a power cut, none. 0; -errno with e filled, and there is no TLS then. */
int tls_files_provide(const char *data_path, const struct settings *settings, struct err *e);

/* Open them for reading; the descriptors are the caller's. 0, or -errno and both are -1. */
int tls_files_open(const char *data_path, int *key_fd, int *chain_fd);

#endif
