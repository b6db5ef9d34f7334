/* SPDX-License-Identifier: MIT */
/* A GUID partition table, as bytes. Pure: no I/O, no allocation.
 *
 * Sector 1 holds a header and the disk's last sector its backup, each with an array of entries of
 * its own; the protective MBR in sector 0 keeps older programs off. Each header is valid by itself:
 * a CRC over itself, and one over its entries. Source: UEFI Specification 2.10, section 5.3. */
#ifndef SQUASH_INIT_SETTINGS_GPT_H
#define SQUASH_INIT_SETTINGS_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPT_SECTOR_MAX 4096       /* bytes: sectors have 512 or 4096 */
#define GPT_ENTRIES_MAX 65536     /* bytes of an array; everybody writes 128 entries of 128 */
#define GPT_PRIMARY_SECTOR 1      /* of the first header */
#define GPT_GUID_BYTES 16         /* in the order of the disk */
#define GPT_GUID_TEXT_BYTES 37    /* "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", a NUL */
#define GPT_ATTRIBUTE_GROW_BIT 59 /* Discoverable Partitions Specification: grow file system */

/* A header that was found valid. Numbers of sectors count from 0. */
struct gpt_header {
	unsigned sector_bytes;
	uint64_t disk_sectors;
	uint64_t own;       /* sector of this header */
	uint64_t alternate; /* sector of the other one */
	uint64_t first_usable;
	uint64_t last_usable;
	uint64_t entries; /* the first sector of the array */
	uint32_t entry_count;
	uint32_t entry_bytes;
	uint32_t entries_crc;
	uint8_t disk_guid[GPT_GUID_BYTES];
};

struct gpt_entry {
	uint8_t type[GPT_GUID_BYTES];
	uint8_t guid[GPT_GUID_BYTES]; /* of this partition alone */
	uint64_t first;               /* sectors, the last one included */
	uint64_t last;
	uint64_t attributes;
};

/* "Linux filesystem data", 0fc63daf-8483-4772-8e79-3d69d8477de4. */
extern const uint8_t gpt_type_linux[GPT_GUID_BYTES];

/* Read the header in bytes (one sector of sector_bytes, 512 or 4096), which is sector own of a disk
 * of disk_sectors (below 2^62). False: it is not valid, or its entries take more than
 * GPT_ENTRIES_MAX, or lie beyond the disk or among the usable sectors. */
bool gpt_read_header(const uint8_t *bytes, unsigned sector_bytes, uint64_t own,
		     uint64_t disk_sectors, struct gpt_header *out);

/* Bytes of the array of entries; at most GPT_ENTRIES_MAX. */
size_t gpt_entries_bytes(const struct gpt_header *h);

/* Sectors that it takes. */
uint64_t gpt_entries_sectors(const struct gpt_header *h);

/* Whether entries (gpt_entries_bytes) are those that the header is for. */
bool gpt_check_entries(const struct gpt_header *h, const uint8_t *entries);

/* The i-th entry, i below entry_count. False: it is not in use, or its sectors are not usable. */
bool gpt_read_entry(const struct gpt_header *h, const uint8_t *entries, uint32_t i,
		    struct gpt_entry *out);

/* The entry whose own GUID this is: its index, or -1. */
int64_t gpt_find(const struct gpt_header *h, const uint8_t *entries,
		 const uint8_t guid[GPT_GUID_BYTES]);

/* The entry that shall grow: of type Linux, with GPT_ATTRIBUTE_GROW_BIT, and with none behind it.
 * Its index, or -1. */
int64_t gpt_find_growing(const struct gpt_header *h, const uint8_t *entries);

/* Change the table in *h and entries to what it is on all of its disk (h->disk_sectors, more than
 * before or as many): the backup at the end, *h the primary header, the i-th entry up to the last
 * usable MiB. False: there is no room behind the entry, and nothing was changed. */
bool gpt_grow(struct gpt_header *h, uint8_t *entries, uint32_t i);

/* Make *h the other header: a primary one becomes the backup at the disk's end, with its entries
 * just before it, and any other the primary, with its entries just behind it. False: there is no
 * room for them, and nothing was changed. */
bool gpt_turn(struct gpt_header *h);

/* Write the header into bytes (a sector). */
void gpt_write_header(const struct gpt_header *h, uint8_t *bytes);

/* Have the protective MBR in bytes (512) say that the disk has so many sectors. Nothing is done to
 * an MBR that is not of that kind. */
void gpt_protect(uint8_t *bytes, uint64_t disk_sectors);

/* Read text, a GUID as people write it, in either case. False: it is none. */
bool gpt_parse_guid(const char *text, uint8_t guid[GPT_GUID_BYTES]);

#endif
