/* SPDX-License-Identifier: MIT */
/* What PID 1 reads that others wrote: the manifest, superblocks, kernel events. */
#include <string.h>

#include "init/parse.h"
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

int main(void)
{
	test_manifest();
	test_super();
	test_uevent();
	return tap_done();
}
