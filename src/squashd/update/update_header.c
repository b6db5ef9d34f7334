/* SPDX-License-Identifier: MIT */
#include "update_header.h"

#include <bearssl_ec.h>
#include <bearssl_hash.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/little_endian.h"
#include "lib/sha256.h"

#define MAGIC "SQUPDATE"
#define FORMAT 1

enum { /* where things are: see the table */
       AT_FORMAT = 8,
       AT_VERSION = 12,
       AT_SIZE = 24,
       AT_SHA256 = 32,
       AT_REST = 64,
       AT_SIGNATURE = 128,
       AT_END = 192,
       SIGNATURE_BYTES = AT_END - AT_SIGNATURE,
};

static bool is_zero(const uint8_t *from, const uint8_t *to)
{
	while (from < to && *from == 0)
		from++;
	return from == to;
}

static bool is_signed(const uint8_t *header, const uint8_t *key)
{
	unsigned char point[UPDATE_KEY_BYTES]; /* BearSSL takes it as not const */
	uint8_t hash[SHA256_BYTES];
	memcpy(point, key, sizeof(point));
	const br_ec_public_key public = {
		.curve = BR_EC_secp256r1, .q = point, .qlen = sizeof(point)};
	sha256_of(header, AT_SIGNATURE, hash);
	return br_ecdsa_i31_vrfy_raw(br_ec_get_default(), hash, sizeof(hash), &public,
				     header + AT_SIGNATURE, SIGNATURE_BYTES) == 1;
}

static int refuse(const char **reason, const char *why)
{
	*reason = why;
	return -EINVAL;
}

int update_header_read(const uint8_t header[UPDATE_HEADER_BYTES], uint64_t file_size,
		       const uint8_t key[UPDATE_KEY_BYTES], struct update_header *out,
		       const char **reason)
{
	if (memcmp(header, MAGIC, sizeof(MAGIC) - 1) != 0)
		return refuse(reason, "it does not begin with " MAGIC);
	if (!is_signed(header, key))
		return -EKEYREJECTED;
	if (little_endian_read(header + AT_FORMAT, 4) != FORMAT)
		return refuse(reason, "its format is not 1, the only one that this version knows");
	if (!is_zero(header + AT_REST, header + AT_SIGNATURE) ||
	    !is_zero(header + AT_END, header + UPDATE_HEADER_BYTES))
		return refuse(reason, "its header has bytes that have no meaning");
	for (size_t i = 0; i < 3; i++)
		out->version.part[i] = (uint32_t)little_endian_read(header + AT_VERSION + 4 * i, 4);
	memcpy(out->sha256, header + AT_SHA256, sizeof(out->sha256));
	out->size = little_endian_read(header + AT_SIZE, 8);
	if (out->size == 0)
		return refuse(reason, "its UKI is empty");
	if (out->size > LIMIT_UPLOAD_BYTES - UPDATE_HEADER_BYTES)
		return refuse(reason, "its UKI is longer than an update can be");
	if (file_size == UPDATE_SIZE_UNKNOWN)
		return 0;
	if (file_size < UPDATE_HEADER_BYTES || out->size != file_size - UPDATE_HEADER_BYTES)
		return refuse(reason, "it is not as long as its header says");
	return 0;
}
