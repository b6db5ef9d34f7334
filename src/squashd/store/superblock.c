/* SPDX-License-Identifier: MIT */
#include "superblock.h"

#include <errno.h>
#include <stdbool.h>

#include "lib/little_endian.h"

#define MAGIC 0x73717368u
#define NO_TABLE UINT64_MAX /* SQUASHFS_INVALID_BLK */
#define METADATA_BYTES 8192 /* of a block of metadata, once it is decompressed */
#define BLOCK_LOG_MIN 12    /* the kernel takes no blocks below a page */
#define BLOCK_LOG_MAX 20    /* SQUASHFS_FILE_MAX_LOG */
#define PADDING_BYTES                                                                              \
	(UINT64_C(1) << 20)     /* mksquashfs pads to 4 KiB, some to a flash's erase block */
#define DEVICE_BLOCK_BYTES 1024 /* the kernel reads whole ones: SQUASHFS_DEVBLK_SIZE */

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)little_endian_read(at, 2);
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)little_endian_read(at, 4);
}

static uint64_t read64(const uint8_t *at)
{
	return little_endian_read(at, 8);
}

static int refuse(struct superblock_fault *fault, const char *field, const char *reason)
{
	fault->field = field;
	fault->reason = reason;
	return -EINVAL;
}

/* Those that our kernel was built with: zlib, lzo, xz, lz4 and zstd; 2 is lzma. */
static bool is_compression(unsigned id)
{
	return id == 1 || (id >= 3 && id <= 6);
}

static int check_format(const uint8_t *b, struct superblock_fault *fault)
{
	uint32_t block_size = read32(b + 12);
	unsigned block_log = read16(b + 22);
	if (read32(b) != MAGIC)
		return refuse(fault, "s_magic", "the file is no squashfs");
	if (read16(b + 28) != 4)
		return refuse(fault, "s_major", "the version is not 4.0");
	if (read16(b + 30) != 0)
		return refuse(fault, "s_minor", "the version is not 4.0");
	if (!is_compression(read16(b + 20)))
		return refuse(fault, "compression", "it is none of gzip, lzo, xz, lz4 and zstd");
	if (block_log < BLOCK_LOG_MIN || block_log > BLOCK_LOG_MAX)
		return refuse(fault, "block_log", "blocks are not of 4 KiB to 1 MiB");
	if (block_size != UINT32_C(1) << block_log)
		return refuse(fault, "block_size", "it is not what block_log says");
	return 0;
}

static int check_sizes(const uint8_t *b, uint64_t file_size, struct superblock_fault *fault)
{
	uint64_t used = read64(b + 40);
	if (used <= SUPERBLOCK_BYTES)
		return refuse(fault, "bytes_used", "nothing is behind the superblock");
	if (used > file_size)
		return refuse(fault, "bytes_used", "the file is shorter");
	if ((used - 1) / DEVICE_BLOCK_BYTES >= file_size / DEVICE_BLOCK_BYTES)
		return refuse(fault, "bytes_used",
			      "the file does not have its last KiB whole: mksquashfs pads it, if "
			      "it is not told -nopad");
	if (file_size - used > PADDING_BYTES)
		return refuse(fault, "bytes_used", "more than 1 MiB of the file is behind it");
	if (read32(b + 4) == 0)
		return refuse(fault, "inodes", "there are none");
	if (read16(b + 26) == 0)
		return refuse(fault, "no_ids", "there are none");
	return 0;
}

static bool is_inside(uint64_t start, uint64_t used)
{
	return start >= SUPERBLOCK_BYTES && start < used;
}

static int check_tables(const uint8_t *b, struct superblock_fault *fault)
{
	static const struct {
		const char *name;
		unsigned at;
		bool optional; /* a file system without it says NO_TABLE */
	} tables[] = {
		{"id_table_start", 48, false},      {"xattr_id_table_start", 56, true},
		{"inode_table_start", 64, false},   {"directory_table_start", 72, false},
		{"fragment_table_start", 80, true}, {"lookup_table_start", 88, true},
	};
	uint64_t used = read64(b + 40), inodes = read64(b + 64), directories = read64(b + 72);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		uint64_t start = read64(b + tables[i].at);
		if (!is_inside(start, used) && !(tables[i].optional && start == NO_TABLE))
			return refuse(fault, tables[i].name, "it is not within bytes_used");
	}
	if (read32(b + 16) > 0 && read64(b + 80) == NO_TABLE)
		return refuse(fault, "fragment_table_start", "there are fragments, and no table");
	if (inodes >= directories)
		return refuse(fault, "inode_table_start", "it is not before the directories");
	/* Which block behind the table's start, and which byte in it. */
	uint64_t root = read64(b + 32);
	if (root >> 16 >= directories - inodes || (root & 0xffff) >= METADATA_BYTES)
		return refuse(fault, "root_inode", "it is not in the table of inodes");
	return 0;
}

int superblock_check(const uint8_t *bytes, size_t len, uint64_t file_size,
		     struct superblock_fault *fault)
{
	if (len < SUPERBLOCK_BYTES)
		return refuse(fault, "superblock", "the file is shorter than one");
	int rc = check_format(bytes, fault);
	if (rc == 0)
		rc = check_sizes(bytes, file_size, fault);
	return rc < 0 ? rc : check_tables(bytes, fault);
}

int superblock_find_end(const uint8_t *bytes, size_t len, uint64_t *end)
{
	if (len < SUPERBLOCK_BYTES || read32(bytes) != MAGIC)
		return -EINVAL;
	uint64_t used = read64(bytes + 40);
	if (used > (uint64_t)INT64_MAX - SUPERBLOCK_PADDING)
		return -EINVAL;
	*end = (used + SUPERBLOCK_PADDING - 1) / SUPERBLOCK_PADDING * SUPERBLOCK_PADDING;
	return 0;
}
