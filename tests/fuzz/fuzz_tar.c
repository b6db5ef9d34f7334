/* SPDX-License-Identifier: MIT */
/* An archive, as anybody may send one: entries keep to their bounds, their names become relative,
 * and what is written of them anew is read as the same. */
#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "lib/tar_read.h"
#include "lib/tar_write.h"

struct memory {
	const uint8_t *at;
	size_t left;
};

static int take(void *owner, void *data, size_t len, struct err *e)
{
	struct memory *m = owner;
	if (len > m->left) {
		m->left = 0;
		return err_say(e, ENODATA, "its end");
	}
	if (len > 0)
		memcpy(data, m->at, len);
	m->at += len;
	m->left -= len;
	return 0;
}

static void check_name(const char *name)
{
	char clean[TAR_NAME_BYTES];
	strcpy(clean, name);
	if (tar_clean_name(clean) < 0) {
		CHECK(strstr(name, ".."));
		return;
	}
	size_t len = strlen(clean);
	CHECK(len <= strlen(name) && clean[0] != '/' && (len == 0 || clean[len - 1] != '/'));
	for (const char *at = clean; *at;) {
		size_t part = strcspn(at, "/");
		CHECK(part > 0 && !(part == 1 && at[0] == '.'));
		CHECK(!(part == 2 && at[0] == '.' && at[1] == '.'));
		at += part;
		at += *at == '/';
	}
}

static void check_entry(const struct tar_entry *entry)
{
	CHECK(memchr(entry->name, 0, sizeof(entry->name)) && entry->name[0]);
	CHECK(memchr(entry->target, 0, sizeof(entry->target)));
	bool links = entry->type == TAR_LINK || entry->type == TAR_HARD_LINK;
	CHECK(links == (entry->target[0] != '\0'));
	CHECK(entry->type >= TAR_FILE && entry->type <= TAR_FIFO && entry->mode <= 07777);
	CHECK(entry->type == TAR_FILE || entry->size == 0);
	CHECK(entry->size <= INT64_MAX && tar_padding(entry->size) < TAR_BLOCK);
	check_name(entry->name);
}

static void check_written(const struct tar_entry *entry)
{
	static uint8_t header[TAR_HEADER_BYTES];
	static struct tar_reader again = {.read = take};
	static struct tar_entry copy, got;
	struct err e;
	copy = *entry;
	size_t len = strlen(copy.name);
	bool slashes = len > 0 && copy.name[len - 1] == '/';
	if (slashes || entry->mtime > INT64_C(99999999999999999) ||
	    entry->mtime < -INT64_C(99999999999999999) ||
	    entry->size > UINT64_C(99999999999999999) || entry->uid > UINT64_C(99999999999999999) ||
	    entry->gid > UINT64_C(99999999999999999))
		return;
	struct memory m = {.at = header, .left = tar_write_header(&copy, header)};
	CHECK(m.left <= sizeof(header) && m.left % TAR_BLOCK == 0);
	again.owner = &m;
	if (copy.type == TAR_DIRECTORY && len == TAR_NAME_BYTES - 1)
		return; /* with its slash it is too long */
	CHECK(tar_read(&again, &got, &e) == 1 && m.left == 0);
	size_t got_len = strlen(got.name);
	if (got.type == TAR_DIRECTORY && got.name[got_len - 1] == '/')
		got.name[got_len - 1] = '\0';
	CHECK(got.type == copy.type && got.mode == copy.mode && got.size == copy.size);
	CHECK(got.uid == copy.uid && got.gid == copy.gid);
	CHECK(got.mtime == copy.mtime && strcmp(got.name, copy.name) == 0);
	CHECK(strcmp(got.target, copy.target) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tar_reader reader = {.read = take};
	static struct tar_entry entry;
	uint8_t *bytes = fuzz_copy(data, size);
	struct memory m = {.at = bytes, .left = size};
	struct err e = {0};
	int rc;
	reader.owner = &m;
	while ((rc = tar_read(&reader, &entry, &e)) > 0) {
		check_entry(&entry);
		check_written(&entry);
		uint64_t skip = entry.size + tar_padding(entry.size);
		if (skip > m.left)
			break;
		m.at += skip;
		m.left -= (size_t)skip;
	}
	CHECK(rc >= 0 || (rc == -EBADMSG && e.text[0]));
	free(bytes);
	return 0;
}
