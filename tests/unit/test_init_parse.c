/* SPDX-License-Identifier: MIT */
/* What PID 1 reads that others wrote: the manifest, superblocks, the image for a blank disk, serial
 * numbers, kernel events. */
#include <string.h>

#include "init/boot/parse.h"
#include "tap.h"

static void test_manifest(void)
{
	static const char good[] = "12 /bin/busybox\n0 /etc/a b\n18446744073709551 /x";
	const char *text = good;
	size_t len = sizeof(good) - 1;
	struct manifest_entry e;
	tap_ok(manifest_next(&text, &len, &e) == 1 && e.size_bytes == 12 && e.path_len == 12 &&
		       memcmp(e.path, "/bin/busybox", 12) == 0,
	       "a manifest line");
	tap_ok(manifest_next(&text, &len, &e) == 1 && e.size_bytes == 0 && e.path_len == 8,
	       "an empty file, a blank in its name");
	tap_ok(manifest_next(&text, &len, &e) == 1 && e.size_bytes == 18446744073709551 &&
		       e.path_len == 2,
	       "a last line without newline");
	tap_ok(manifest_next(&text, &len, &e) == 0, "the end");

	static const char *const bad[] = {
		"\n",   "12\n",    "12 \n",    "12 bin\n", " 12 /a\n",
		"/a\n", "-1 /a\n", "12  /a\n", "1x /a\n",  "99999999999999999999 /a\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text = bad[i];
		len = strlen(bad[i]);
		tap_ok(manifest_next(&text, &len, &e) == -1 && manifest_next(&text, &len, &e) == 0,
		       "manifest line %zu is none", i);
	}
}

static void test_super(void)
{
	static uint8_t bytes[EXT_SUPER_BYTES];
	struct ext_super super;
	tap_ok(!ext_super_parse(bytes, &super), "zeroes are no superblock");
	bytes[0x38] = 0x53;
	bytes[0x39] = 0xef;
	bytes[0x3a] = 1;
	tap_ok(ext_super_parse(bytes, &super) && !super.label[0] && !super.has_errors,
	       "a clean file system without a label");
	memcpy(bytes + 0x78, "SQUASH-DATA", 11);
	bytes[0x3a] = 2;
	tap_ok(ext_super_parse(bytes, &super) && strcmp(super.label, "SQUASH-DATA") == 0 &&
		       super.has_errors,
	       "a label, and recorded errors");
	memcpy(bytes + 0x78, "0123456789abcdefX", 17);
	tap_ok(ext_super_parse(bytes, &super) && strcmp(super.label, "0123456789abcdef") == 0,
	       "a label that fills its field ends there");
}

static void test_super_size(void)
{
	static uint8_t bytes[EXT_SUPER_BYTES];
	struct ext_super super;
	bytes[0x38] = 0x53;
	bytes[0x39] = 0xef;
	bytes[0x05] = 1;
	bytes[0x18] = 2;
	bytes[0x150] = 1;
	tap_ok(ext_super_parse(bytes, &super) && super.block_bytes == 4096 &&
		       super.block_count == 256,
	       "a size in 32 bits");
	bytes[0x60] = 0x80;
	tap_ok(ext_super_parse(bytes, &super) && super.block_count == 256 + (UINT64_C(1) << 32),
	       "in 64");
	bytes[0x18] = 7;
	tap_ok(ext_super_parse(bytes, &super) && super.block_bytes == 0, "blocks too large");
}

static void test_super_quotas(void)
{
	static uint8_t bytes[EXT_SUPER_BYTES];
	struct ext_super super;
	bytes[0x38] = 0x53;
	bytes[0x39] = 0xef;
	bytes[0x65] = 0x21; /* s_feature_ro_compat: project, quota */
	tap_ok(ext_super_parse(bytes, &super) && !super.has_project_quotas,
	       "quotas without a file for projects");
	bytes[0x26f] = 1; /* s_prj_quota_inum */
	tap_ok(ext_super_parse(bytes, &super) && super.has_project_quotas, "project quotas");
	bytes[0x65] = 0x20;
	tap_ok(ext_super_parse(bytes, &super) && !super.has_project_quotas,
	       "projects without quotas");
}

#define RECORD_BYTES ((size_t)4 + IMAGE_BLOCK_BYTES)

static void test_image(void)
{
	static uint8_t bytes[3 * RECORD_BYTES];
	uint8_t *super = bytes + 4 + EXT_SUPER_OFFSET;
	struct disk_image image;
	const uint8_t *content;
	super[0x38] = 0x53;
	super[0x39] = 0xef;
	super[0x18] = 2;    /* s_log_block_size: 4096 */
	super[0x04] = 0x11; /* s_blocks_count_lo */
	super[0x06] = 0x01;
	bytes[RECORD_BYTES] = 7;
	bytes[2 * RECORD_BYTES + 2] = 1; /* 65536 */
	bytes[2 * RECORD_BYTES + 4] = 'x';
	tap_ok(disk_image_parse(bytes, sizeof(bytes), &image) && image.count == 3 &&
		       image.bytes == (uint64_t)0x10011 * 4096,
	       "an image");
	tap_ok(disk_image_block(&image, 1, &content) == 7 &&
		       disk_image_block(&image, 2, &content) == 65536 && *content == 'x',
	       "its blocks");
	tap_ok(!disk_image_parse(bytes, 0, &image), "an empty file is none");
	tap_ok(!disk_image_parse(bytes, sizeof(bytes) - 1, &image), "nor is one cut short");
	super[0x06] = 0;
	tap_ok(!disk_image_parse(bytes, sizeof(bytes), &image), "a block beyond the end");
	super[0x06] = 1;
	bytes[2 * RECORD_BYTES + 2] = 0;
	bytes[2 * RECORD_BYTES] = 7;
	tap_ok(!disk_image_parse(bytes, sizeof(bytes), &image), "a block that comes twice");
	bytes[2 * RECORD_BYTES] = 8;
	tap_ok(disk_image_parse(bytes, sizeof(bytes), &image), "the block after it");
	bytes[0] = 1;
	tap_ok(!disk_image_parse(bytes, sizeof(bytes), &image), "no block 0");
	bytes[0] = 0;
	super[0x18] = 0;
	tap_ok(!disk_image_parse(bytes, sizeof(bytes), &image), "blocks of another size");
	super[0x18] = 2;
	super[0x38] = 0;
	tap_ok(!disk_image_parse(bytes, sizeof(bytes), &image), "no superblock");
}

static void test_zeroes(void)
{
	uint8_t bytes[40] = {0};
	size_t wrong = 0;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		for (size_t at = 0; at < sizeof(bytes); at++) {
			bytes[at] = 1;
			wrong += count_zeroes(bytes, len) != (at < len ? at : len);
			bytes[at] = 0;
		}
	}
	tap_ok(wrong == 0, "zeroes are counted up to the first byte that is none");
}

static void test_serial(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool is_page;
		const char *serial; /* NULL: none */
	} cases[] = {
		{"QM00001\n", 8, false, "QM00001"},
		{"  t10.ATA   QM1 \n", 17, false, "t10.ATA   QM1"},
		{"\n", 1, false, NULL},
		{"", 0, false, NULL},
		{"A\0B", 3, false, NULL},
		{"\0\x80\0\4 AB ", 8, true, "AB"},
		{"\0\x80\0\2ABCD", 8, true, "AB"},
		{"\0\x80\0\x20ZZ", 6, true, "ZZ"},
		{"\0\x80\1\0ZZ", 6, true, "ZZ"},
		{"\0\x83\0\2AB", 6, true, NULL},
		{"\0\x80\0", 3, true, NULL},
		{"\0\x80\0\0", 4, true, NULL},
	};
	char serial[SERIAL_BYTES];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = serial_parse((const uint8_t *)cases[i].bytes, cases[i].len,
					  cases[i].is_page, serial);
		const char *expected = cases[i].serial ? cases[i].serial : "";
		tap_ok(found == (cases[i].serial != NULL) && strcmp(serial, expected) == 0,
		       "serial number %zu is \"%s\"", i, expected);
	}
	uint8_t text[SERIAL_BYTES];
	memset(text, 'a', sizeof(text));
	tap_ok(!serial_parse(text, sizeof(text), false, serial) && !serial[0] &&
		       serial_parse(text, sizeof(text) - 1, false, serial) &&
		       strlen(serial) == SERIAL_BYTES - 1,
	       "the longest serial number");
}

static void test_uevent(void)
{
	static const char event[] = "add@/devices/x\0ACTION=add\0MODALIASX=no\0MODALIAS=usb:v1\0"
				    "EMPTY=\0DEVNAME=sda";
	size_t len = sizeof(event); /* with the last NUL */
	const char *value = uevent_find(event, len, "MODALIAS");
	tap_ok(value && strcmp(value, "usb:v1") == 0, "a key whose name begins another's");
	value = uevent_find(event, len, "EMPTY");
	tap_ok(value && !*value, "an empty value");
	tap_ok(!uevent_find(event, len, "ADD"), "a key that is not there");
	value = uevent_find(event, len, "DEVNAME");
	tap_ok(value && strcmp(value, "sda") == 0, "the last key");
	tap_ok(!uevent_find(event, len - 1, "DEVNAME"), "a value without its NUL is not given");
	tap_ok(!uevent_find(event, 0, "ACTION"), "an empty event");
}

static void test_command_line(void)
{
	tap_ok(command_line_has("quiet panic=10 x", "panic") && command_line_has("panic=", "panic"),
	       "a word of the command line");
	tap_ok(!command_line_has("panic", "panic") && !command_line_has("xpanic=1", "panic") &&
		       !command_line_has("panic_on_oops=1", "panic") &&
		       !command_line_has("a=\"b panic=1\"", "panic") &&
		       !command_line_has("", "panic"),
	       "what is not that word");
	tap_ok(command_line_has("a=\"b c\" panic=1\n", "panic"), "a word behind quotes");
}

int main(void)
{
	test_command_line();
	test_manifest();
	test_super();
	test_super_size();
	test_super_quotas();
	test_image();
	test_zeroes();
	test_serial();
	test_uevent();
	return tap_done();
}
