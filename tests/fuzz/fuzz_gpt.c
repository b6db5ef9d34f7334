/* SPDX-License-Identifier: MIT */
/* A GUID partition table: what is taken lies on its disk; grown, both headers of it are valid, no
 * entry but one is another, and that one is still where the others are not. And texts in EFI
 * variables. An input is a byte for the size of sectors, three for that of the disk, a header, and
 * entries; the CRCs are put right, as no fuzzer would find them. */
#include "fuzz.h"
#include "init/disk/efi_text.h"
#include "init/settings/gpt.h"

static uint32_t crc32(const uint8_t *bytes, size_t len)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint32_t read32(const uint8_t *at)
{
	uint32_t number;
	memcpy(&number, at, sizeof(number));
	return number;
}

static void mend(uint8_t *sector, unsigned sector_bytes, const uint8_t *entries, size_t len)
{
	uint32_t crc = crc32(entries, len);
	uint32_t head_bytes = read32(sector + 12);
	memcpy(sector + 88, &crc, sizeof(crc));
	memset(sector + 16, 0, 4);
	if (head_bytes > sector_bytes)
		return;
	crc = crc32(sector, head_bytes);
	memcpy(sector + 16, &crc, sizeof(crc));
}

static void check_header(const struct gpt_header *h)
{
	CHECK(gpt_entries_bytes(h) <= GPT_ENTRIES_MAX);
	CHECK(h->entries + gpt_entries_sectors(h) <= h->disk_sectors);
	CHECK(h->own < h->disk_sectors && h->last_usable < h->disk_sectors);
}

/* Both headers, as they are written, are read as they were, and fit the entries. */
static void check_written(const struct gpt_header *h, const uint8_t *entries)
{
	struct gpt_header read;
	uint8_t *sector = fuzz_take(h->sector_bytes);
	gpt_write_header(h, sector);
	CHECK(gpt_read_header(sector, h->sector_bytes, h->own, h->disk_sectors, &read));
	CHECK(gpt_check_entries(&read, entries));
	uint8_t *again = fuzz_take(h->sector_bytes);
	gpt_write_header(&read, again);
	CHECK(memcmp(again, sector, h->sector_bytes) == 0);
	free(again);
	free(sector);
}

static void check_grown(struct gpt_header h, uint8_t *entries, uint32_t i)
{
	struct gpt_entry before, after, other;
	struct gpt_header was = h;
	size_t len = gpt_entries_bytes(&h);
	uint8_t *kept = fuzz_copy(entries, len);
	CHECK(gpt_read_entry(&h, entries, i, &before));
	if (gpt_grow(&h, entries, i)) {
		check_header(&h);
		check_written(&h, entries);
		CHECK(gpt_read_entry(&h, entries, i, &after) && after.first == before.first);
		CHECK(after.last > before.last);
		for (uint32_t k = 0; k < h.entry_count; k++)
			CHECK(k == i || !gpt_read_entry(&was, entries, k, &other) ||
			      other.last <= before.last);
		CHECK(gpt_turn(&h));
		check_header(&h);
		check_written(&h, entries);
		memcpy(kept + (size_t)i * h.entry_bytes + 40,
		       entries + (size_t)i * h.entry_bytes + 40, 8);
	}
	CHECK(memcmp(kept, entries, len) == 0);
	free(kept);
}

static void check_text(const uint8_t *data, size_t size)
{
	char text[16];
	uint8_t *bytes = fuzz_copy(data, size);
	bool found = efi_text_read(bytes, size, text, sizeof(text));
	CHECK(memchr(text, '\0', sizeof(text)) && found == (text[0] != '\0'));
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpt_header h;
	check_text(data, size);
	if (size < 4 + 512)
		return 0;
	unsigned sector_bytes = data[0] & 1 ? 4096 : 512;
	uint64_t sectors = data[1] | (uint64_t)data[2] << 8 | (uint64_t)data[3] << 16;
	data += 4;
	size -= 4;
	uint8_t *sector = fuzz_take(sector_bytes);
	uint8_t *entries = fuzz_take(GPT_ENTRIES_MAX);
	memset(sector, 0, sector_bytes);
	memset(entries, 0, GPT_ENTRIES_MAX);
	memcpy(sector, data, 92);
	size_t rest = size - 92 < GPT_ENTRIES_MAX ? size - 92 : GPT_ENTRIES_MAX;
	memcpy(entries, data + 92, rest);
	uint64_t bytes = (uint64_t)read32(sector + 80) * read32(sector + 84);
	mend(sector, sector_bytes, entries, bytes <= GPT_ENTRIES_MAX ? bytes : 0);
	if (gpt_read_header(sector, sector_bytes, read32(sector + 24), sectors, &h)) {
		check_header(&h);
		CHECK(gpt_check_entries(&h, entries));
		int64_t i = gpt_find_growing(&h, entries);
		CHECK(i < (int64_t)h.entry_count);
		if (i >= 0)
			check_grown(h, entries, (uint32_t)i);
	}
	free(entries);
	free(sector);
	return 0;
}
