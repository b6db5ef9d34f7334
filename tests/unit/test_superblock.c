/* SPDX-License-Identifier: MIT */
/* A squashfs's superblock: a good one passes, and each field that is bent is the one that is
 * named. */
#include <inttypes.h>
#include <string.h>

#include "exact.h"
#include "little_endian.h"
#include "squashd/store/superblock.h"
#include "tap.h"

#define FILE_SIZE 45056
#define USED 40000
#define WHOLE 40960 /* KiB */
#define NONE UINT64_MAX

/* Every field of struct squashfs_super_block, and what a good file system has there. */
static const struct {
	const char *name;
	unsigned at, size;
	uint64_t good;
} fields[] = {
	{"s_magic", 0, 4, 0x73717368},
	{"inodes", 4, 4, 7},
	{"mkfs_time", 8, 4, 1760000000},
	{"block_size", 12, 4, 131072},
	{"fragments", 16, 4, 1},
	{"compression", 20, 2, 6},
	{"block_log", 22, 2, 17},
	{"flags", 24, 2, 0xc0},
	{"no_ids", 26, 2, 1},
	{"s_major", 28, 2, 4},
	{"s_minor", 30, 2, 0},
	{"root_inode", 32, 8, 0x50},
	{"bytes_used", 40, 8, USED},
	{"id_table_start", 48, 8, 39900},
	{"xattr_id_table_start", 56, 8, NONE},
	{"inode_table_start", 64, 8, 30000},
	{"directory_table_start", 72, 8, 35000},
	{"fragment_table_start", 80, 8, 39000},
	{"lookup_table_start", 88, 8, 39500},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static void make_good(uint8_t bytes[SUPERBLOCK_BYTES])
{
	for (size_t i = 0; i < FIELDS; i++)
		put(bytes + fields[i].at, fields[i].good, fields[i].size);
}

static void set(uint8_t bytes[SUPERBLOCK_BYTES], const char *name, uint64_t value)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (strcmp(fields[i].name, name) == 0)
			put(bytes + fields[i].at, value, fields[i].size);
}

static int check(const uint8_t *bytes, size_t len, uint64_t size, struct superblock_fault *fault)
{
	uint8_t *exact = exact_copy(bytes, len);
	int rc = superblock_check(exact, len, size, fault);
	free(exact);
	return rc;
}

static void test_good(void)
{
	static const struct {
		const char *what, *field;
		uint64_t value, size;
	} cases[] = {
		{"as mksquashfs makes it", "flags", 0xc0, FILE_SIZE},
		{"without more padding than the last KiB needs", "flags", 0xc0, WHOLE},
		{"without any, as that is whole", "bytes_used", WHOLE, WHOLE},
		{"with 1 MiB of it", "flags", 0xc0, USED + 1048576},
		{"gzip", "compression", 1, FILE_SIZE},
		{"lzo", "compression", 3, FILE_SIZE},
		{"xz", "compression", 4, FILE_SIZE},
		{"lz4", "compression", 5, FILE_SIZE},
		{"with a table of xattrs", "xattr_id_table_start", 39990, FILE_SIZE},
		{"without one for NFS", "lookup_table_start", NONE, FILE_SIZE},
		{"with the root far in", "root_inode", (UINT64_C(4999) << 16) + 8191, FILE_SIZE},
	};
	struct superblock_fault fault;
	uint8_t bytes[SUPERBLOCK_BYTES];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_good(bytes);
		set(bytes, cases[i].field, cases[i].value);
		tap_ok(check(bytes, sizeof(bytes), cases[i].size, &fault) == 0, "%s",
		       cases[i].what);
	}
	make_good(bytes);
	set(bytes, "fragments", 0);
	set(bytes, "fragment_table_start", NONE);
	tap_ok(check(bytes, sizeof(bytes), FILE_SIZE, &fault) == 0, "without fragments");
	for (unsigned log = 12; log <= 20; log++) {
		make_good(bytes);
		set(bytes, "block_size", 1u << log);
		set(bytes, "block_log", log);
		tap_ok(check(bytes, sizeof(bytes), FILE_SIZE, &fault) == 0, "blocks of %u",
		       1u << log);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *field;
		uint64_t value;
	} cases[] = {
		{"s_magic", 0x71736873},
		{"s_magic", 0},
		{"inodes", 0},
		{"block_size", 0},
		{"block_size", 131073},
		{"block_size", 65536},
		{"block_log", 0},
		{"block_log", 11},
		{"block_log", 21},
		{"block_log", 65535},
		{"compression", 0},
		{"compression", 2},
		{"compression", 7},
		{"no_ids", 0},
		{"s_major", 3},
		{"s_major", 5},
		{"s_minor", 1},
		{"root_inode", 8192},
		{"root_inode", UINT64_C(5000) << 16},
		{"root_inode", NONE},
		{"bytes_used", 0},
		{"bytes_used", 96},
		{"bytes_used", FILE_SIZE + 1},
		{"bytes_used", NONE},
		{"id_table_start", 95},
		{"id_table_start", USED},
		{"id_table_start", NONE},
		{"xattr_id_table_start", 0},
		{"xattr_id_table_start", USED},
		{"inode_table_start", 0},
		{"inode_table_start", NONE},
		{"inode_table_start", 35000},
		{"inode_table_start", 36000},
		{"directory_table_start", NONE},
		{"directory_table_start", USED},
		{"fragment_table_start", 5},
		{"fragment_table_start", NONE},
		{"lookup_table_start", USED + 1},
		{"lookup_table_start", NONE - 1},
	};
	struct superblock_fault fault;
	uint8_t bytes[SUPERBLOCK_BYTES];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_good(bytes);
		set(bytes, cases[i].field, cases[i].value);
		fault = (struct superblock_fault){"nothing", ""};
		bool refused = check(bytes, sizeof(bytes), FILE_SIZE, &fault) < 0;
		if (!tap_ok(refused && strcmp(fault.field, cases[i].field) == 0,
			    "%s = %" PRIu64 " is refused", cases[i].field, cases[i].value))
			tap_note("%s: %s", fault.field, fault.reason);
	}
	make_good(bytes);
	tap_ok(check(bytes, sizeof(bytes), USED + 1048577, &fault) < 0 &&
		       strcmp(fault.field, "bytes_used") == 0,
	       "so is a file that is much longer");
	bool cut = true;
	for (uint64_t size = USED; size < WHOLE; size++)
		cut = cut && check(bytes, sizeof(bytes), size, &fault) < 0 &&
		      strcmp(fault.field, "bytes_used") == 0;
	tap_ok(cut, "so is one without all of its last KiB");
	bool all = true;
	for (size_t len = 0; len < sizeof(bytes); len++)
		all = all && check(bytes, len, len, &fault) < 0;
	tap_ok(all && strcmp(fault.field, "superblock") == 0, "and one that is shorter than it");
}

int main(void)
{
	test_good();
	test_bad();
	return tap_done();
}
