/* SPDX-License-Identifier: MIT */
/* SQUASH_FORMAT refuses: disks that are not blank, and names that fit no disk, or two. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/disk/blank.h"
#include "init/disk/disk.h"
#include "tap.h"

#define DISK_BYTES (UINT64_C(64) << 20)

/* Sets one byte of a blank disk. said is the expected message, or NULL if the disk still counts as
 * blank. */
static void test_byte(const char *what, uint64_t offset, const char *said)
{
	struct err e = {0};
	char path[] = "/tmp/test_format.XXXXXX";
	int fd = mkstemp(path);
	unlink(path);
	bool written = fd >= 0 && ftruncate(fd, (off_t)DISK_BYTES) == 0 &&
		       pwrite(fd, "x", 1, (off_t)offset) == 1;
	int rc = blank_check(fd, "vda", DISK_BYTES, &e);
	close(fd);
	bool ok = said ? rc == -EEXIST && strncmp(e.text, said, strlen(said)) == 0 : rc == 0;
	if (!tap_ok(written && ok, "%s is %s", what, said ? "refused" : "not looked at"))
		tap_note("returned %d, said %s", rc, e.text);
}

static void test_blank(void)
{
	test_byte("the first byte", 0,
		  "vda is not blank (byte 0 is not zero): it is left as it is");
	test_byte("the last byte of the first 16 MiB", BLANK_BYTES - 1,
		  "vda is not blank (byte 16777215 is not zero)");
	test_byte("the byte behind them", BLANK_BYTES, NULL);
	test_byte("the byte before the last 16 MiB", DISK_BYTES - BLANK_BYTES - 1, NULL);
	test_byte("the first byte of the last 16 MiB", DISK_BYTES - BLANK_BYTES,
		  "vda is not blank (byte 50331648 is not zero)");
	test_byte("the last byte", DISK_BYTES - 1, "vda is not blank (byte 67108863 is not zero)");
}

/* A directory like /sys/block. */
static char block[] = "/tmp/test_format.XXXXXX";

static void write_file(const char *disk, const char *file, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", block, disk);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", block, disk, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

static void remove_file(const char *disk, const char *file)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s/%s", block, disk, file);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%s", block, disk);
	rmdir(path);
}

static void expect(const char *what, const char *wanted, int expected, const char *either,
		   const char * or)
{
	struct err e = {0};
	char name[DISK_NAME_BYTES];
	int rc = disk_find_serial(block, wanted, name, &e);
	const char *got = rc == 0 ? name : e.text;
	bool ok = rc == expected && (strcmp(got, either) == 0 || strcmp(got, or) == 0);
	if (!tap_ok(ok, "%s", what))
		tap_note("returned %d: %s", rc, got);
}

static void test_serial(void)
{
	if (!mkdtemp(block))
		abort();
	const char *none = "no disk has the name or serial number VDA; there are: none";
	expect("without disks there are none", "VDA", -ENODEV, none, none);
	write_file("vda", "serial", "S-1");
	write_file("loop0", "serial", "VDA");
	none = "no disk has the name or serial number VDA; there are: vda (S-1)";
	expect("a serial number that no disk has", "VDA", -ENODEV, none, none);
	expect("one that a disk has", "S-1", 0, "vda", "vda");
	write_file("vdb", "serial", "TWIN");
	write_file("vdc", "serial", "TWIN");
	/* In the order of the directory. */
	expect("one that two disks have", "TWIN", -ENOTUNIQ,
	       "TWIN is the serial number of more than one disk (vdb, vdc): give the name of one",
	       "TWIN is the serial number of more than one disk (vdc, vdb): give the name of one");
	write_file("vdc", "hidden", "1");
	expect("one that a disk shares with a path to it", "TWIN", 0, "vdb", "vdb");
	remove_file("vdc", "hidden");
	for (const char *const *disk = (const char *const[]){"vda", "vdb", "vdc", "loop0", NULL};
	     *disk; disk++)
		remove_file(*disk, "serial");
	rmdir(block);
}

int main(void)
{
	test_blank();
	test_serial();
	return tap_done();
}
