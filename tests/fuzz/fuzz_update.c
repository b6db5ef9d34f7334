/* SPDX-License-Identifier: MIT */
/* An update file's first bytes and a public key, or a name on the ESP. An input's first byte is 'h'
 * for a header: it, the key and the file's length, of what there is of them, are taken from the
 * rest, and with 'H' it is signed first, by the key that FUZZ_KEY makes, so that what lies behind
 * the signature is reached. All else is a name. */
#include <bearssl.h>
#include <errno.h>

#include <stdbool.h>

#include "fuzz.h"
#include "lib/sha256.h"
#include "lib/uki.h"
#include "squashd/update/update_header.h"

#define FUZZ_KEY 7

static void sign(uint8_t *header, uint8_t *key)
{
	unsigned char bytes[32] = {[31] = FUZZ_KEY};
	const br_ec_private_key private = {.curve = BR_EC_secp256r1, .x = bytes, .xlen = 32};
	uint8_t hash[SHA256_BYTES], point[BR_EC_KBUF_PUB_MAX_SIZE];
	sha256_of(header, 128, hash);
	CHECK(br_ecdsa_i31_sign_raw(br_ec_get_default(), &br_sha256_vtable, hash, &private,
				    header + 128) == 64);
	CHECK(br_ec_compute_pub(br_ec_get_default(), NULL, point, &private) == UPDATE_KEY_BYTES);
	memcpy(key, point, UPDATE_KEY_BYTES);
}

static void try_header(const uint8_t *data, size_t size, bool with_signature)
{
	uint8_t *header = fuzz_take(UPDATE_HEADER_BYTES), *key = fuzz_take(UPDATE_KEY_BYTES);
	uint64_t file_size = 0;
	struct update_header h;
	const char *reason = NULL;
	memset(header, 0, UPDATE_HEADER_BYTES);
	memset(key, 0, UPDATE_KEY_BYTES);
	size_t n = size < UPDATE_HEADER_BYTES ? size : UPDATE_HEADER_BYTES;
	memcpy(header, data, n);
	data += n;
	size -= n;
	n = size < UPDATE_KEY_BYTES ? size : UPDATE_KEY_BYTES;
	memcpy(key, data, n);
	memcpy(&file_size, data + n, size - n < 8 ? size - n : 8);
	if (with_signature)
		sign(header, key);
	int rc = update_header_read(header, file_size, key, &h, &reason);
	if (rc == 0) {
		CHECK(memcmp(header, "SQUPDATE", 8) == 0);
		CHECK(h.size > 0 && h.size <= LIMIT_UPLOAD_BYTES - UPDATE_HEADER_BYTES);
		CHECK(file_size == UPDATE_SIZE_UNKNOWN ||
		      h.size == file_size - UPDATE_HEADER_BYTES);
		CHECK(memcmp(h.sha256, header + 32, sizeof(h.sha256)) == 0);
	} else {
		CHECK(rc == -EKEYREJECTED || (rc == -EINVAL && reason && reason[0]));
		CHECK(rc == -EINVAL || !with_signature);
	}
	free(header);
	free(key);
}

static void try_name(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), name[UKI_NAME_BYTES], version[UKI_VERSION_BYTES];
	struct uki_name read, again;
	struct uki_version v;
	if (uki_read_version(text, size, &v)) {
		uki_write_version(&v, version);
		CHECK(strlen(version) == size && memcmp(version, text, size) == 0);
	}
	if (uki_read_name(text, size, &read)) {
		uki_write_name(&read.version, read.left, name);
		CHECK(strlen(name) < sizeof(name) - 1);
		CHECK(uki_read_name(name, strlen(name), &again));
		CHECK(uki_compare(&again.version, &read.version) == 0 && again.left == read.left);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && (data[0] == 'h' || data[0] == 'H'))
		try_header(data + 1, size - 1, data[0] == 'H');
	else
		try_name(data, size);
	return 0;
}
