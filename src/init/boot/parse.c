/* SPDX-License-Identifier: MIT */
/* Parsers of the manifest, of ext superblocks, of the image for a blank disk, of serial numbers and
 * of kernel events; see parse.h. */
#include "parse.h"

#include <string.h>

#include "lib/little_endian.h"

int manifest_next(const char **text, size_t *len, struct manifest_entry *entry)
{
	if (*len == 0)
		return 0;
	const char *at = *text;
	const char *newline = memchr(at, '\n', *len);
	const char *end = newline ? newline : at + *len;
	size_t used = (size_t)(end - at) + (newline ? 1 : 0);
	*text += used;
	*len -= used;

	uint64_t size = 0;
	const char *digits = at;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		if (size > UINT64_MAX / 10 - 1)
			return -1;
		size = size * 10 + (uint64_t)(*at - '0');
	}
	if (at == digits || end - at < 3 || at[0] != ' ' || at[1] != '/')
		return -1;
	*entry = (struct manifest_entry){
		.size_bytes = size,
		.path = at + 1,
		.path_len = (size_t)(end - at - 1),
	};
	return 1;
}

static uint32_t read_le32(const uint8_t *at)
{
	return (uint32_t)little_endian_read(at, 4);
}

bool ext_super_parse(const uint8_t *super, struct ext_super *out)
{
	enum { MAGIC_AT = 0x38, STATE_AT = 0x3a, RO_COMPAT_AT = 0x64, LABEL_AT = 0x78 };
	enum { BLOCK_COUNT_AT = 0x04, BLOCK_LOG_AT = 0x18, INCOMPAT_AT = 0x60 };
	enum { BLOCK_COUNT_HIGH_AT = 0x150, PROJECT_QUOTA_INODE_AT = 0x26c };
	enum { BLOCK_LOG_MAX = 6, INCOMPAT_64BIT = 0x80 };
	enum { STATE_HAS_ERRORS = 2, RO_COMPAT_QUOTA = 0x100, RO_COMPAT_PROJECT = 0x2000 };
	const uint32_t quotas = RO_COMPAT_QUOTA | RO_COMPAT_PROJECT;
	if (super[MAGIC_AT] != 0x53 || super[MAGIC_AT + 1] != 0xef)
		return false;
	memcpy(out->label, super + LABEL_AT, EXT_LABEL_BYTES);
	out->label[EXT_LABEL_BYTES] = '\0';
	uint32_t block_log = read_le32(super + BLOCK_LOG_AT);
	out->block_bytes = block_log <= BLOCK_LOG_MAX ? UINT32_C(1024) << block_log : 0;
	out->block_count = read_le32(super + BLOCK_COUNT_AT);
	if (read_le32(super + INCOMPAT_AT) & INCOMPAT_64BIT)
		out->block_count |= (uint64_t)read_le32(super + BLOCK_COUNT_HIGH_AT) << 32;
	out->has_errors = (super[STATE_AT] & STATE_HAS_ERRORS) != 0;
	out->has_project_quotas = (read_le32(super + RO_COMPAT_AT) & quotas) == quotas &&
				  read_le32(super + PROJECT_QUOTA_INODE_AT) != 0;
	return true;
}

#define RECORD_BYTES (4 + IMAGE_BLOCK_BYTES)

uint32_t disk_image_block(const struct disk_image *image, size_t i, const uint8_t **content)
{
	const uint8_t *record = image->records + i * RECORD_BYTES;
	*content = record + 4;
	return read_le32(record);
}

bool disk_image_parse(const uint8_t *bytes, size_t len, struct disk_image *out)
{
	enum { BLOCKS_COUNT_AT = 0x04, LOG_BLOCK_SIZE_AT = 0x18, LOG_4096 = 2 };
	struct ext_super super;
	const uint8_t *content;
	*out = (struct disk_image){.records = bytes, .count = len / RECORD_BYTES};
	if (len == 0 || len % RECORD_BYTES != 0 || disk_image_block(out, 0, &content) != 0)
		return false;
	content += EXT_SUPER_OFFSET;
	uint32_t blocks = read_le32(content + BLOCKS_COUNT_AT);
	if (!ext_super_parse(content, &super) || read_le32(content + LOG_BLOCK_SIZE_AT) != LOG_4096)
		return false;
	out->bytes = (uint64_t)blocks * IMAGE_BLOCK_BYTES;
	uint32_t last = 0;
	for (size_t i = 1; i < out->count; i++) {
		uint32_t number = disk_image_block(out, i, &content);
		if (number <= last || number >= blocks)
			return false;
		last = number;
	}
	return true;
}

size_t count_zeroes(const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	for (uint64_t word; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		if (word)
			break;
	}
	while (at < len && bytes[at] == 0)
		at++;
	return at;
}

bool serial_parse(const uint8_t *bytes, size_t len, bool is_page, char serial[SERIAL_BYTES])
{
	enum { PAGE_CODE = 0x80, PAGE_HEAD_BYTES = 4 };
	serial[0] = '\0';
	if (is_page) {
		if (len < PAGE_HEAD_BYTES || bytes[1] != PAGE_CODE)
			return false;
		size_t has = (size_t)bytes[2] << 8 | bytes[3];
		bytes += PAGE_HEAD_BYTES;
		len -= PAGE_HEAD_BYTES;
		len = has < len ? has : len;
	}
	for (; len > 0 && bytes[0] <= ' '; len--)
		bytes++;
	while (len > 0 && bytes[len - 1] <= ' ')
		len--;
	if (len == 0 || len >= SERIAL_BYTES || memchr(bytes, '\0', len))
		return false;
	memcpy(serial, bytes, len);
	serial[len] = '\0';
	return true;
}

const char *uevent_find(const char *message, size_t len, const char *key)
{
	size_t key_len = strlen(key);
	const char *at = message;
	const char *end = message + len;
	while (at < end) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));
		if (!stop)
			return NULL;
		if ((size_t)(stop - at) > key_len && at[key_len] == '=' &&
		    memcmp(at, key, key_len) == 0)
			return at + key_len + 1;
		at = stop + 1;
	}
	return NULL;
}

bool command_line_has(const char *text, const char *name)
{
	size_t len = strlen(name);
	bool in_quotes = false;
	bool at_start = true;
	for (; *text; text++) {
		if (at_start && strncmp(text, name, len) == 0 && text[len] == '=')
			return true;
		in_quotes ^= *text == '"';
		at_start = !in_quotes && (*text == ' ' || *text == '\n' || *text == '\t');
	}
	return false;
}
