/* SPDX-License-Identifier: MIT */
/* The beginning of a file that is to be a module: whatever it is, what is taken lies where its
 * superblock says, and what is refused is refused for a field. An input is four bytes, by how much
 * the file is longer than bytes_used, and a file's first bytes. */
#include <errno.h>

#include "fuzz.h"
#include "squashd/store/superblock.h"

static uint64_t read64(const uint8_t *at)
{
	uint64_t number;
	memcpy(&number, at, sizeof(number));
	return number;
}

static void check_taken(const uint8_t *b, uint64_t file_size)
{
	uint64_t used = read64(b + 40);
	uint32_t block_size;
	memcpy(&block_size, b + 12, sizeof(block_size));
	CHECK(memcmp(b, "hsqs", 4) == 0);
	CHECK(used > SUPERBLOCK_BYTES && used <= file_size && file_size - used <= 1 << 20);
	CHECK((used + 1023) / 1024 <= file_size / 1024);
	CHECK(block_size >= 4096 && block_size <= 1 << 20 && !(block_size & (block_size - 1)));
	for (unsigned at = 48; at <= 88; at += 8) {
		uint64_t start = read64(b + at);
		CHECK(start == UINT64_MAX || (start >= SUPERBLOCK_BYTES && start < used));
	}
	CHECK(read64(b + 48) != UINT64_MAX);
	CHECK(read64(b + 64) < read64(b + 72) && read64(b + 72) < used);
	CHECK(read64(b + 64) + (read64(b + 32) >> 16) < read64(b + 72));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct superblock_fault fault = {NULL, NULL};
	uint32_t more;
	if (size <= sizeof(more))
		return 0;
	memcpy(&more, data, sizeof(more));
	data += sizeof(more);
	size -= sizeof(more);
	size_t len = size < SUPERBLOCK_BYTES ? size : SUPERBLOCK_BYTES;
	uint64_t file_size = len == SUPERBLOCK_BYTES ? read64(data + 40) + more : len;
	uint8_t *bytes = fuzz_copy(data, len);
	int rc = superblock_check(bytes, len, file_size, &fault);
	if (rc == 0) {
		CHECK(len == SUPERBLOCK_BYTES);
		check_taken(bytes, file_size);
	} else {
		CHECK(rc == -EINVAL && fault.field && fault.field[0]);
		CHECK(fault.reason && fault.reason[0]);
	}
	free(bytes);
	return 0;
}
