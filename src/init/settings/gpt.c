/* SPDX-License-Identifier: MIT */
/* Reads and writes GUID partition tables; see gpt.h. */
#include "gpt.h"

#include <string.h>

#include "lib/hex.h"
#include "lib/little_endian.h"

/* Offsets in a header, and what it has there. */
enum {
	REVISION_AT = 8,
	HEADER_BYTES_AT = 12,
	HEADER_CRC_AT = 16,
	OWN_AT = 24,
	ALTERNATE_AT = 32,
	FIRST_USABLE_AT = 40,
	LAST_USABLE_AT = 48,
	DISK_GUID_AT = 56,
	ENTRIES_AT = 72,
	ENTRY_COUNT_AT = 80,
	ENTRY_BYTES_AT = 84,
	ENTRIES_CRC_AT = 88,
	HEADER_BYTES = 92,
	REVISION = 0x00010000,
};
static const char signature[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

/* Offsets in an entry. */
enum { TYPE_AT = 0, GUID_AT = 16, FIRST_AT = 32, LAST_AT = 40, ATTRIBUTES_AT = 48 };
#define ENTRY_BYTES_MIN 128

#define ALIGN_BYTES (UINT64_C(1024) * 1024) /* where everybody has partitions begin and end */

const uint8_t gpt_type_linux[GPT_GUID_BYTES] = {0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
						0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4};

/* The CRC of Ethernet (reflected 0x04c11db7): UEFI Specification, section 4.2.1. */
static uint32_t add_crc(uint32_t crc, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/* Of a header, its own field counts as zero. */
static uint32_t header_crc(const uint8_t *bytes, size_t len)
{
	static const uint8_t zero[4];
	uint32_t crc = add_crc(UINT32_MAX, bytes, HEADER_CRC_AT);
	crc = add_crc(crc, zero, sizeof(zero));
	return ~add_crc(crc, bytes + HEADER_CRC_AT + 4, len - HEADER_CRC_AT - 4);
}

size_t gpt_entries_bytes(const struct gpt_header *h)
{
	return (size_t)h->entry_count * h->entry_bytes;
}

uint64_t gpt_entries_sectors(const struct gpt_header *h)
{
	return (gpt_entries_bytes(h) + h->sector_bytes - 1) / h->sector_bytes;
}

/* Whether all lies within the disk, and nothing of the table among what partitions may use. */
static bool has_good_places(const struct gpt_header *h)
{
	uint64_t sectors = gpt_entries_sectors(h);
	uint64_t end = h->disk_sectors;
	if (h->own >= end || h->alternate >= end || h->entries >= end || sectors > end - h->entries)
		return false;
	if (h->first_usable > h->last_usable || h->last_usable >= end)
		return false;
	bool is_outside = h->entries + sectors <= h->first_usable || h->entries > h->last_usable;
	bool has_header = h->own >= h->entries && h->own - h->entries < sectors;
	return h->entries > 0 && is_outside && !has_header &&
	       (h->own < h->first_usable || h->own > h->last_usable);
}

bool gpt_read_header(const uint8_t *bytes, unsigned sector_bytes, uint64_t own,
		     uint64_t disk_sectors, struct gpt_header *out)
{
	uint64_t len = little_endian_read(bytes + HEADER_BYTES_AT, 4);
	if (sector_bytes != 512 && sector_bytes != GPT_SECTOR_MAX)
		return false;
	if (memcmp(bytes, signature, sizeof(signature)) != 0 || len < HEADER_BYTES ||
	    len > sector_bytes ||
	    header_crc(bytes, (size_t)len) != little_endian_read(bytes + HEADER_CRC_AT, 4))
		return false;
	*out = (struct gpt_header){
		.sector_bytes = sector_bytes,
		.disk_sectors = disk_sectors,
		.own = little_endian_read(bytes + OWN_AT, 8),
		.alternate = little_endian_read(bytes + ALTERNATE_AT, 8),
		.first_usable = little_endian_read(bytes + FIRST_USABLE_AT, 8),
		.last_usable = little_endian_read(bytes + LAST_USABLE_AT, 8),
		.entries = little_endian_read(bytes + ENTRIES_AT, 8),
		.entry_count = (uint32_t)little_endian_read(bytes + ENTRY_COUNT_AT, 4),
		.entry_bytes = (uint32_t)little_endian_read(bytes + ENTRY_BYTES_AT, 4),
		.entries_crc = (uint32_t)little_endian_read(bytes + ENTRIES_CRC_AT, 4),
	};
	memcpy(out->disk_guid, bytes + DISK_GUID_AT, GPT_GUID_BYTES);
	if (out->own != own || out->entry_bytes < ENTRY_BYTES_MIN || out->entry_bytes % 8 != 0 ||
	    out->entry_count == 0 || out->entry_count > GPT_ENTRIES_MAX / out->entry_bytes)
		return false;
	return has_good_places(out);
}

bool gpt_check_entries(const struct gpt_header *h, const uint8_t *entries)
{
	return ~add_crc(UINT32_MAX, entries, gpt_entries_bytes(h)) == h->entries_crc;
}

bool gpt_read_entry(const struct gpt_header *h, const uint8_t *entries, uint32_t i,
		    struct gpt_entry *out)
{
	static const uint8_t unused[GPT_GUID_BYTES];
	const uint8_t *at = entries + (size_t)i * h->entry_bytes;
	if (memcmp(at + TYPE_AT, unused, GPT_GUID_BYTES) == 0)
		return false;
	memcpy(out->type, at + TYPE_AT, GPT_GUID_BYTES);
	memcpy(out->guid, at + GUID_AT, GPT_GUID_BYTES);
	out->first = little_endian_read(at + FIRST_AT, 8);
	out->last = little_endian_read(at + LAST_AT, 8);
	out->attributes = little_endian_read(at + ATTRIBUTES_AT, 8);
	return out->first <= out->last && out->first >= h->first_usable &&
	       out->last <= h->last_usable;
}

int64_t gpt_find(const struct gpt_header *h, const uint8_t *entries,
		 const uint8_t guid[GPT_GUID_BYTES])
{
	struct gpt_entry entry;
	for (uint32_t i = 0; i < h->entry_count; i++) {
		if (gpt_read_entry(h, entries, i, &entry) &&
		    memcmp(entry.guid, guid, GPT_GUID_BYTES) == 0)
			return i;
	}
	return -1;
}

int64_t gpt_find_growing(const struct gpt_header *h, const uint8_t *entries)
{
	struct gpt_entry entry;
	uint64_t last = 0;
	int64_t found = -1;
	for (uint32_t i = 0; i < h->entry_count; i++) {
		if (!gpt_read_entry(h, entries, i, &entry) || entry.last < last)
			continue;
		last = entry.last;
		found = (entry.attributes >> GPT_ATTRIBUTE_GROW_BIT & 1) &&
					memcmp(entry.type, gpt_type_linux, GPT_GUID_BYTES) == 0
				? (int64_t)i
				: -1;
	}
	return found;
}

bool gpt_grow(struct gpt_header *h, uint8_t *entries, uint32_t i)
{
	struct gpt_header grown = *h;
	struct gpt_entry entry;
	uint64_t align = ALIGN_BYTES / h->sector_bytes;
	uint64_t sectors = gpt_entries_sectors(h);
	if (!gpt_read_entry(h, entries, i, &entry) || h->disk_sectors < entry.last + sectors + 2)
		return false;
	uint64_t usable_end = h->disk_sectors - sectors - 1;
	uint64_t end = usable_end / align * align;
	grown.last_usable = usable_end - 1;
	grown.own = h->disk_sectors - 1;
	if (end <= entry.last + 1 || !gpt_turn(&grown))
		return false;
	little_endian_write(entries + (size_t)i * h->entry_bytes + LAST_AT, 8, end - 1);
	grown.entries_crc = ~add_crc(UINT32_MAX, entries, gpt_entries_bytes(h));
	*h = grown;
	return true;
}

bool gpt_turn(struct gpt_header *h)
{
	struct gpt_header other = *h;
	bool was_primary = h->own == GPT_PRIMARY_SECTOR;
	other.own = was_primary ? h->disk_sectors - 1 : GPT_PRIMARY_SECTOR;
	other.alternate = was_primary ? GPT_PRIMARY_SECTOR : h->disk_sectors - 1;
	other.entries = was_primary ? other.own - gpt_entries_sectors(h) : GPT_PRIMARY_SECTOR + 1;
	if (!has_good_places(&other))
		return false;
	*h = other;
	return true;
}

void gpt_write_header(const struct gpt_header *h, uint8_t *bytes)
{
	memset(bytes, 0, h->sector_bytes);
	memcpy(bytes, signature, sizeof(signature));
	little_endian_write(bytes + REVISION_AT, 4, REVISION);
	little_endian_write(bytes + HEADER_BYTES_AT, 4, HEADER_BYTES);
	little_endian_write(bytes + OWN_AT, 8, h->own);
	little_endian_write(bytes + ALTERNATE_AT, 8, h->alternate);
	little_endian_write(bytes + FIRST_USABLE_AT, 8, h->first_usable);
	little_endian_write(bytes + LAST_USABLE_AT, 8, h->last_usable);
	memcpy(bytes + DISK_GUID_AT, h->disk_guid, GPT_GUID_BYTES);
	little_endian_write(bytes + ENTRIES_AT, 8, h->entries);
	little_endian_write(bytes + ENTRY_COUNT_AT, 4, h->entry_count);
	little_endian_write(bytes + ENTRY_BYTES_AT, 4, h->entry_bytes);
	little_endian_write(bytes + ENTRIES_CRC_AT, 4, h->entries_crc);
	little_endian_write(bytes + HEADER_CRC_AT, 4, header_crc(bytes, HEADER_BYTES));
}

void gpt_protect(uint8_t *bytes, uint64_t disk_sectors)
{
	enum { ENTRY_AT = 446, KIND_AT = ENTRY_AT + 4, FIRST_LBA_AT = ENTRY_AT + 8 };
	enum { COUNT_AT = ENTRY_AT + 12, SIGNATURE_AT = 510, KIND_PROTECTIVE = 0xee };
	uint64_t count = disk_sectors - 1;
	if (bytes[SIGNATURE_AT] != 0x55 || bytes[SIGNATURE_AT + 1] != 0xaa ||
	    bytes[KIND_AT] != KIND_PROTECTIVE ||
	    little_endian_read(bytes + FIRST_LBA_AT, 4) != GPT_PRIMARY_SECTOR)
		return;
	little_endian_write(bytes + COUNT_AT, 4, count < UINT32_MAX ? count : UINT32_MAX);
}

/* On the disk, the first three groups are little-endian numbers. */
bool gpt_parse_guid(const char *text, uint8_t guid[GPT_GUID_BYTES])
{
	static const uint8_t place[GPT_GUID_BYTES] = {3, 2, 1,  0,  5,  4,  7,  6,
						      8, 9, 10, 11, 12, 13, 14, 15};
	for (unsigned i = 0; i < GPT_GUID_BYTES; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		int byte = hex_read_byte(text);
		if (byte < 0)
			return false;
		guid[place[i]] = (uint8_t)byte;
		text += 2;
	}
	return *text == '\0';
}
