/* SPDX-License-Identifier: MIT */
/* GUID partition tables, read, grown and written; texts in EFI variables. */
#include <string.h>

#include "init/disk/efi_text.h"
#include "init/settings/gpt.h"
#include "tap.h"

#define ENTRY_COUNT 128
#define ENTRY_BYTES 128
#define DATA_FIRST 4096
#define DATA_LAST 8191

static uint8_t entries[ENTRY_COUNT * ENTRY_BYTES];

static void put(uint8_t *at, uint64_t number)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(number >> (8 * i));
}

static void put_entry(unsigned i, uint64_t first, uint64_t last, uint64_t attributes)
{
	uint8_t *at = entries + (size_t)i * ENTRY_BYTES;
	memcpy(at, gpt_type_linux, GPT_GUID_BYTES);
	memset(at + 16, (int)i + 1, GPT_GUID_BYTES);
	put(at + 32, first);
	put(at + 40, last);
	put(at + 48, attributes);
}

/* A table on a disk of so many sectors with a partition, and one behind it that shall grow. */
static struct gpt_header make_table(unsigned sector_bytes, uint64_t sectors)
{
	struct gpt_header h = {
		.sector_bytes = sector_bytes,
		.disk_sectors = sectors,
		.own = GPT_PRIMARY_SECTOR,
		.alternate = sectors - 1,
		.entries = 2,
		.entry_count = ENTRY_COUNT,
		.entry_bytes = ENTRY_BYTES,
		.disk_guid = {7},
	};
	h.first_usable = 2 + gpt_entries_sectors(&h);
	h.last_usable = sectors - gpt_entries_sectors(&h) - 2;
	memset(entries, 0, sizeof(entries));
	put_entry(0, 2048, DATA_FIRST - 1, 0);
	put_entry(1, DATA_FIRST, DATA_LAST, UINT64_C(1) << GPT_ATTRIBUTE_GROW_BIT);
	return h;
}

/* Whether both are written the same. */
static bool is_same(const struct gpt_header *a, const struct gpt_header *b)
{
	static uint8_t bytes[2][GPT_SECTOR_MAX];
	gpt_write_header(a, bytes[0]);
	gpt_write_header(b, bytes[1]);
	return memcmp(bytes[0], bytes[1], a->sector_bytes) == 0;
}

static void test_read(unsigned sector_bytes)
{
	static uint8_t sector[GPT_SECTOR_MAX];
	struct gpt_header h = make_table(sector_bytes, 10000), read;
	gpt_write_header(&h, sector);
	tap_ok(gpt_read_header(sector, sector_bytes, 1, 10000, &read) && is_same(&h, &read),
	       "a header of %u bytes, as it was written", sector_bytes);
	tap_ok(!gpt_read_header(sector, sector_bytes, 2, 10000, &read), "not from elsewhere");
	tap_ok(!gpt_read_header(sector, sector_bytes, 1, 9999, &read),
	       "nor on a disk that is smaller");
	tap_ok(gpt_read_header(sector, sector_bytes, 1, 20000, &read), "but on one that is larger");
	unsigned taken = 0;
	for (unsigned i = 0; i < 92; i++) {
		sector[i] ^= 1;
		taken += gpt_read_header(sector, sector_bytes, 1, 10000, &read);
		sector[i] ^= 1;
	}
	tap_ok(taken == 0, "no bit of it may be another");
}

static void test_places(void)
{
	static uint8_t sector[GPT_SECTOR_MAX];
	struct gpt_header good = make_table(512, 10000), read;
	struct {
		const char *what;
		uint64_t *field;
		uint64_t value;
	} cases[] = {
		{"entries in the header", &good.entries, 1},
		{"entries in the MBR", &good.entries, 0},
		{"entries where partitions are", &good.entries, 5000},
		{"entries beyond the disk", &good.entries, 9990},
		{"entries far beyond", &good.entries, UINT64_MAX},
		{"a usable sector beyond the disk", &good.last_usable, 10000},
		{"no usable sector", &good.first_usable, 9999},
		{"a header that is usable", &good.first_usable, 1},
		{"the other header beyond the disk", &good.alternate, 10000},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t kept = *cases[i].field;
		*cases[i].field = cases[i].value;
		gpt_write_header(&good, sector);
		tap_ok(!gpt_read_header(sector, 512, 1, 10000, &read), "refused: %s",
		       cases[i].what);
		*cases[i].field = kept;
	}
	uint32_t sizes[][2] = {{0, 128},   {128, 64},         {128, 132},
			       {513, 128}, {UINT32_MAX, 128}, {2, UINT32_MAX}};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		good.entry_count = sizes[i][0];
		good.entry_bytes = sizes[i][1];
		gpt_write_header(&good, sector);
		tap_ok(!gpt_read_header(sector, 512, 1, 10000, &read), "refused: %u entries of %u",
		       sizes[i][0], sizes[i][1]);
	}
}

static void test_entries(void)
{
	struct gpt_header h = make_table(512, 20000);
	struct gpt_entry entry;
	uint8_t guid[GPT_GUID_BYTES];
	memset(guid, 2, sizeof(guid));
	tap_ok(gpt_read_entry(&h, entries, 1, &entry) && entry.first == DATA_FIRST &&
		       entry.last == DATA_LAST,
	       "an entry");
	tap_ok(!gpt_read_entry(&h, entries, 2, &entry), "one that is not in use");
	tap_ok(gpt_find(&h, entries, guid) == 1, "it is found by its GUID");
	guid[0]++;
	tap_ok(gpt_find(&h, entries, guid) == -1, "another is not");
	tap_ok(gpt_find_growing(&h, entries) == 1, "the last is the one that shall grow");
	put_entry(5, 9000, 9001, 0);
	tap_ok(gpt_find_growing(&h, entries) == -1, "not with one behind it");
	put_entry(5, 9001, 9000, 0);
	tap_ok(gpt_find_growing(&h, entries) == 1 && !gpt_read_entry(&h, entries, 5, &entry),
	       "one that ends before it begins is none");
	put_entry(5, 3000, 3001, UINT64_C(1) << GPT_ATTRIBUTE_GROW_BIT);
	put_entry(1, DATA_FIRST, DATA_LAST, 0);
	tap_ok(gpt_find_growing(&h, entries) == -1, "nor without its flag");
	entries[ENTRY_BYTES]++;
	put(entries + ENTRY_BYTES + 48, UINT64_C(1) << GPT_ATTRIBUTE_GROW_BIT);
	tap_ok(gpt_find_growing(&h, entries) == -1, "nor of another type");
}

static void test_grow(unsigned sector_bytes)
{
	static uint8_t sector[GPT_SECTOR_MAX];
	uint64_t mib = 1048576 / sector_bytes, sectors = 100 * mib + 3;
	struct gpt_header h = make_table(sector_bytes, 20000), read, backup;
	struct gpt_entry entry;
	h.disk_sectors = sectors;
	/* 3 sectors are too few for the backup: a MiB goes with it. */
	tap_ok(gpt_grow(&h, entries, 1) && gpt_read_entry(&h, entries, 1, &entry) &&
		       entry.first == DATA_FIRST && entry.last == 99 * mib - 1,
	       "it grows to the last whole MiB that is usable");
	tap_ok(gpt_check_entries(&h, entries), "the entries have a new CRC");
	gpt_write_header(&h, sector);
	tap_ok(gpt_read_header(sector, sector_bytes, 1, sectors, &read) &&
		       read.alternate == sectors - 1,
	       "the primary header is valid");
	backup = h;
	tap_ok(gpt_turn(&backup), "and has a backup");
	gpt_write_header(&backup, sector);
	tap_ok(gpt_read_header(sector, sector_bytes, sectors - 1, sectors, &read) &&
		       read.alternate == 1 && gpt_check_entries(&read, entries),
	       "which is valid at the end of the disk");
	tap_ok(gpt_turn(&backup) && is_same(&backup, &h), "and whose backup it is");
	tap_ok(!gpt_grow(&h, entries, 1), "there is no more room");
	entries[0]++;
	tap_ok(!gpt_check_entries(&h, entries), "another entry is seen");
}

static void test_protect(void)
{
	uint8_t mbr[512] = {0}, before[512];
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	mbr[446 + 4] = 0xee;
	mbr[446 + 8] = 1;
	gpt_protect(mbr, 1000);
	tap_ok(mbr[446 + 12] == 0xe7 && mbr[446 + 13] == 3, "the MBR has the disk's size");
	gpt_protect(mbr, UINT64_C(1) << 33);
	tap_ok(mbr[446 + 12] == 0xff && mbr[446 + 15] == 0xff, "or the most that it can say");
	mbr[446 + 4] = 0x83;
	memcpy(before, mbr, sizeof(mbr));
	gpt_protect(mbr, 1000);
	tap_ok(memcmp(before, mbr, sizeof(mbr)) == 0, "one of another kind is left alone");
}

static void test_guid(void)
{
	static const char *const bad[] = {
		"",
		"0fc63daf-8483-4772-8e79-3d69d8477de",
		"0fc63daf-8483-4772-8e79-3d69d8477de40",
		"0fc63daf08483-4772-8e79-3d69d8477de4",
		"0fc63dafa8483-4772-8e79-3d69d8477de4",
		"0fc63daf-8483-4772-8e79-3d69d8477dg4",
		"{0fc63daf-8483-4772-8e79-3d69d8477de4}",
	};
	uint8_t guid[GPT_GUID_BYTES];
	tap_ok(gpt_parse_guid("0fc63daf-8483-4772-8e79-3d69d8477de4", guid) &&
		       memcmp(guid, gpt_type_linux, sizeof(guid)) == 0,
	       "a GUID");
	tap_ok(gpt_parse_guid("0FC63DAF-8483-4772-8E79-3D69D8477DE4", guid) &&
		       memcmp(guid, gpt_type_linux, sizeof(guid)) == 0,
	       "in capitals");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(!gpt_parse_guid(bad[i], guid), "\"%s\" is none", bad[i]);
}

static void test_efi_text(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text; /* NULL: none */
	} cases[] = {
		{"\6\0\0\0a\0b\0\0\0", 10, "ab"},
		{"\6\0\0\0a\0b\0", 8, "ab"},
		{"\6\0\0\0a\0\0\0b\0", 10, "a"},
		{"\6\0\0\0\\\0~\0 \0", 10, "\\~ "},
		{"\6\0\0\0", 4, NULL},
		{"\6\0\0\0\0\0", 6, NULL},
		{"\6\0\0", 3, NULL},
		{"", 0, NULL},
		{"\6\0\0\0a\0b", 7, NULL},
		{"\6\0\0\0a\1", 6, NULL},
		{"\6\0\0\0a\0\xe9\0", 8, NULL},
		{"\6\0\0\0a\0\n\0", 8, NULL},
		{"\6\0\0\0a\0b\0c\0d\0", 12, NULL},
	};
	char text[4];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = efi_text_read((const uint8_t *)cases[i].bytes, cases[i].len, text,
					   sizeof(text));
		const char *expected = cases[i].text ? cases[i].text : "";
		tap_ok(found == (cases[i].text != NULL) && strcmp(text, expected) == 0,
		       "EFI text %zu is \"%s\"", i, expected);
	}
}

int main(void)
{
	test_read(512);
	test_read(4096);
	test_places();
	test_entries();
	test_grow(512);
	test_grow(4096);
	test_protect();
	test_guid();
	test_efi_text();
	return tap_done();
}
