/* SPDX-License-Identifier: MIT */
/* What a module says of itself: a block of text straight behind its squashfs image, the last bytes
 * of its file. The kernel doesn't look there. Pure.
 *
 *   squash-module 1
 *   name 100-python313
 *   version 3.13.5-2
 *   needs 000-base-debian
 *   sha256 <64 lower case hexadecimal digits>
 *
 * in this order, each line ended by a newline, and newlines up to the block's end. There may be any
 * number of needs, or none, by name, each once. sha256 is of all bytes before the block. */
#ifndef SQUASH_SQUASHD_STORE_MANIFEST_H
#define SQUASH_SQUASHD_STORE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/sha256.h"

#define MANIFEST_BYTES 4096

struct manifest {
	char name[LIMIT_MODULE_BYTES + 1];
	char version[LIMIT_VERSION_BYTES + 1];
	size_t needs_count;
	char needs[LIMIT_LAYERS][LIMIT_MODULE_BYTES + 1]; /* modules, by name */
	uint8_t sha256[SHA256_BYTES];
};

struct manifest_fault {
	const char *field; /* name, version, needs, sha256; or what else is no good */
	const char *reason;
};

/* Whether the block claims to be one: then what is wrong in it is a fault. */
bool manifest_is_claimed(const uint8_t *bytes, size_t len);

/* Fill *m from a block of len bytes. 0, or -EINVAL with fault filled. */
int manifest_read(const uint8_t *bytes, size_t len, struct manifest *m,
		  struct manifest_fault *fault);

/* Write one that manifest_read would read. 0, or -EMSGSIZE if the needs are too long for it. */
int manifest_write(const struct manifest *m, uint8_t bytes[MANIFEST_BYTES]);

/* Whether text can be a version: 1 to LIMIT_VERSION_BYTES printable ASCII characters, no space. */
bool manifest_is_version(const char *text, size_t len);

#endif
