/* SPDX-License-Identifier: MIT */
/* What box-files writes, or who stands in for it: a head is within its bounds, and entries are
 * names in a directory, each of which lies in the bytes that came; cut anywhere, none is taken. */
#include <errno.h>

#include "fuzz.h"
#include "lib/files_wire.h"

static void check_head(const uint8_t *bytes)
{
	struct files_head head;
	int rc = files_wire_head(bytes, &head);
	CHECK(rc == 0 || rc == -EBADMSG);
	if (rc < 0)
		return;
	CHECK(head.kind == FILES_ANSWER || head.kind == FILES_ALIVE);
	CHECK(head.text_len <= FILES_TEXT_BYTES && head.mode <= 07777 && head.error <= 4095);
	CHECK(head.size <= INT64_MAX && head.count <= INT64_MAX);
	CHECK(head.text_len == 0 || (head.error > 0 && head.kind == FILES_ANSWER));
}

static void check_entry(const struct files_entry *entry, const uint8_t *bytes, size_t len)
{
	const struct files_entry_head *h = &entry->head;
	CHECK(len == sizeof(*h) + h->name_len + h->target_len && len <= FILES_ENTRY_BYTES);
	CHECK(entry->name == bytes + sizeof(*h) && entry->target == entry->name + h->name_len);
	CHECK(h->name_len > 0 && !memchr(entry->name, '/', h->name_len));
	CHECK(!memchr(entry->name, 0, len - sizeof(*h)));
	CHECK((h->type == FILES_LINK) == (h->target_len > 0));
	CHECK(h->type >= FILES_FILE && h->type <= FILES_DEVICE && h->mtime <= FILES_TIME_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = fuzz_copy(data, size);
	struct files_entry entry, part;
	size_t at = 0;
	ssize_t n;
	if (size >= sizeof(struct files_head))
		check_head(bytes);
	while ((n = files_wire_entry(bytes + at, size - at, &entry)) > 0) {
		CHECK((size_t)n <= size - at);
		check_entry(&entry, bytes + at, (size_t)n);
		CHECK(files_wire_entry(bytes + at, (size_t)n - 1, &part) == 0);
		at += (size_t)n;
	}
	CHECK(n == 0 || n == -EBADMSG);
	free(bytes);
	return 0;
}
