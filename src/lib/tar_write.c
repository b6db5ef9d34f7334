/* SPDX-License-Identifier: MIT */
#include "tar_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"

#define OCTAL_11 INT64_C(077777777777) /* what eleven digits hold */
#define OCTAL_7 INT64_C(07777777)

/* As POSIX has it: all fields but the last are texts. */
struct header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char sum[8];
	char type;
	char target[100];
	char magic[6], version[2];
	char user[32], group[32];
	char major[8], minor[8];
	char prefix[155];
	char unused[12];
};

static void put_octal(char *field, size_t len, uint64_t number)
{
	for (size_t i = len - 1; i-- > 0; number >>= 3)
		field[i] = (char)('0' + (number & 7));
}

static void put_text(char *field, size_t cap, const char *text)
{
	size_t len = strnlen(text, cap);
	memcpy(field, text, len);
}

static uint64_t within(int64_t number, int64_t max)
{
	return number < 0 ? 0 : (uint64_t)(number < max ? number : max);
}

static void put_header(const struct tar_entry *entry, const char *name, char type, uint64_t size,
		       uint8_t *out)
{
	struct header h = {.type = type, .magic = "ustar", .version = {'0', '0'}};
	unsigned sum = 0;
	put_text(h.name, sizeof(h.name), name);
	put_text(h.target, sizeof(h.target), entry->target);
	put_octal(h.mode, sizeof(h.mode), entry->mode & 07777);
	put_octal(h.uid, sizeof(h.uid), within((int64_t)entry->uid, OCTAL_7));
	put_octal(h.gid, sizeof(h.gid), within((int64_t)entry->gid, OCTAL_7));
	put_octal(h.size, sizeof(h.size), within((int64_t)size, OCTAL_11));
	put_octal(h.mtime, sizeof(h.mtime), within(entry->mtime, OCTAL_11));
	memset(h.sum, ' ', sizeof(h.sum));
	memcpy(out, &h, sizeof(h));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += out[i];
	put_octal(h.sum, sizeof(h.sum) - 1, sum);
	h.sum[6] = '\0';
	memcpy(out, &h, sizeof(h));
}

/* The record's length counts its own digits. */
static void add_record(struct buf *b, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3; /* space, equals sign, newline */
	size_t whole = rest + 1;
	char digits[24];
	for (;;) {
		size_t n = (size_t)snprintf(digits, sizeof(digits), "%zu", whole);
		if (rest + n == whole)
			break;
		whole = rest + n;
	}
	buf_printf(b, "%s %s=", digits, key);
	buf_add_text(b, value);
	buf_add_text(b, "\n");
}

static void add_number(struct buf *b, const char *key, int64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRId64, number);
	add_record(b, key, text);
}

size_t tar_write_header(const struct tar_entry *entry, uint8_t out[TAR_HEADER_BYTES])
{
	char name[TAR_NAME_BYTES + 1];
	struct header h;
	memset(out, 0, TAR_HEADER_BYTES);
	snprintf(name, sizeof(name), "%s%s", entry->name, entry->type == TAR_DIRECTORY ? "/" : "");
	struct buf b = {.data = (char *)out + TAR_BLOCK, .cap = TAR_HEADER_BYTES - 2 * TAR_BLOCK};
	if (strlen(name) > sizeof(h.name))
		add_record(&b, "path", name);
	if (strlen(entry->target) > sizeof(h.target))
		add_record(&b, "linkpath", entry->target);
	if (entry->size > (uint64_t)OCTAL_11)
		add_number(&b, "size", (int64_t)entry->size);
	if (entry->uid > (uint64_t)OCTAL_7 && entry->uid <= INT64_MAX)
		add_number(&b, "uid", (int64_t)entry->uid);
	if (entry->gid > (uint64_t)OCTAL_7 && entry->gid <= INT64_MAX)
		add_number(&b, "gid", (int64_t)entry->gid);
	if (entry->mtime < 0 || entry->mtime > OCTAL_11)
		add_number(&b, "mtime", entry->mtime);
	size_t at = 0;
	if (b.len > 0) {
		const struct tar_entry pax = {.mode = 0644};
		put_header(&pax, "pax-header", 'x', b.len, out);
		at = TAR_BLOCK + (b.len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	put_header(entry, name, (char)entry->type, entry->size, out + at);
	return at + TAR_BLOCK;
}
