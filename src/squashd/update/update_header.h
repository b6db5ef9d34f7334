/* SPDX-License-Identifier: MIT */
/* The beginning of an update file, of 512 bytes, behind which the UKI follows. Numbers
 * are little-endian:
 *
 *     0  magic "SQUPDATE"         24  size of the UKI, 64 bits
 *     8  format, 1: 32 bits       32  SHA-256 of the UKI
 *    12  version: 3 of 32 bits    64  zero
 *
 *   128  signature of bytes 0 to 127: ECDSA by P-256 and SHA-256, r and s of 32 bytes, big-endian
 *   192  zero
 *
 * scripts/mkupdate writes it. Pure. */
#ifndef SQUASH_SQUASHD_UPDATE_UPDATE_HEADER_H
#define SQUASH_SQUASHD_UPDATE_UPDATE_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/sha256.h"
#include "lib/uki.h"

#define UPDATE_HEADER_BYTES LIMIT_UPDATE_MIN_BYTES
#define UPDATE_KEY_BYTES 65 /* a point of P-256, uncompressed: 4, x and y (SEC 1, section 2.3.3) */

struct update_header {
	struct uki_version version;
	uint64_t size; /* of the UKI, bytes */
	uint8_t sha256[SHA256_BYTES];
};

#define UPDATE_SIZE_UNKNOWN UINT64_MAX

/* Check the header of a file of file_size bytes (with the header), or UPDATE_SIZE_UNKNOWN, and read
 * it: first that it is
 * one, then that key has signed it, and only then what it says. 0; -EINVAL: it is none, or damaged,
 * and *reason says in what; -EKEYREJECTED: another key has signed it, or nobody. */
int update_header_read(const uint8_t header[UPDATE_HEADER_BYTES], uint64_t file_size,
		       const uint8_t key[UPDATE_KEY_BYTES], struct update_header *out,
		       const char **reason);

#endif
