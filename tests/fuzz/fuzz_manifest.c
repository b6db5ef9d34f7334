/* SPDX-License-Identifier: MIT */
/* What may be a module's manifest: what is taken keeps to its limits, and is the same once written;
 * what is refused is refused for a field. An input is filled up with newlines to the block's size,
 * but for one whose first byte is '!': what is behind that is taken as it is. */
#include <errno.h>

#include "fuzz.h"
#include "squashd/store/manifest.h"
#include "squashd/store/modules.h"

static void check_taken(const struct manifest *m, const uint8_t *block)
{
	uint8_t again[MANIFEST_BYTES];
	CHECK(manifest_is_claimed(block, MANIFEST_BYTES));
	CHECK(modules_is_name(m->name, strlen(m->name)) && m->name[0] != '9');
	CHECK(manifest_is_version(m->version, strlen(m->version)));
	CHECK(m->needs_count <= LIMIT_LAYERS);
	for (size_t i = 0; i < m->needs_count; i++) {
		CHECK(modules_is_name(m->needs[i], strlen(m->needs[i])));
		CHECK(i == 0 || strcmp(m->needs[i - 1], m->needs[i]) < 0);
	}
	CHECK(manifest_write(m, again) == 0);
	CHECK(memcmp(block, again, MANIFEST_BYTES) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manifest m;
	struct manifest_fault fault = {NULL, NULL};
	bool as_is = size > 0 && data[0] == '!';
	size_t len = as_is ? size - 1 : MANIFEST_BYTES;
	uint8_t *block = fuzz_take(len);
	memset(block, '\n', len);
	memcpy(block, data + as_is, size - as_is < len ? size - as_is : len);
	int rc = manifest_read(block, len, &m, &fault);
	if (rc == 0) {
		CHECK(len == MANIFEST_BYTES);
		check_taken(&m, block);
	} else {
		CHECK(rc == -EINVAL && fault.field && fault.field[0]);
		CHECK(fault.reason && fault.reason[0]);
	}
	free(block);
	return 0;
}
