/* SPDX-License-Identifier: MIT */
/* Looks disks up in sysfs. */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/fd.h"

#define DEVICES "/dev/"

bool disk_is_candidate(const char *name)
{
	static const char *const never[] = {"loop", "ram", "zram", "fd", "."};
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (strncmp(name, never[i], strlen(never[i])) == 0)
			return false;
	}
	return strlen(name) < DISK_NAME_BYTES;
}

static void replace(char *text, char from, char to)
{
	for (; *text; text++) {
		if (*text == from)
			*text = to;
	}
}

void disk_path(const char *name, char path[DISK_PATH_BYTES])
{
	snprintf(path, DISK_PATH_BYTES, DEVICES "%.31s", name);
	replace(path, '!', '/'); /* sysfs writes cciss/c0d0 as cciss!c0d0 */
}

bool disk_read_super(const char *name, struct ext_super *super)
{
	uint8_t bytes[EXT_SUPER_BYTES];
	char path[DISK_PATH_BYTES];
	disk_path(name, path);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && pread(fd, bytes, sizeof(bytes), EXT_SUPER_OFFSET) == EXT_SUPER_BYTES &&
	       ext_super_parse(bytes, super);
}

/* The i-th of a disk's serial numbers; empty if it has none there. False: there are no more. */
static bool read_serial(int disk, size_t i, char serial[SERIAL_BYTES])
{
	static const struct {
		const char *path;
		bool is_page;
	} files[] = {
		{"serial", false},                    /* virtio */
		{"device/serial", false},             /* NVMe, SD cards */
		{"device/vpd_pg80", true},            /* SCSI, SAS, SATA */
		{"device/../../../../serial", false}, /* USB: of the stick, some have no other */
		{"wwid", false},                      /* NVMe */
		{"device/wwid", false},               /* SCSI, SAS, SATA */
	};
	char text[512];
	if (i >= sizeof(files) / sizeof(files[0]))
		return false;
	ssize_t n = fd_read_file(disk, files[i].path, text, sizeof(text), NULL);
	serial[0] = '\0';
	if (n > 0)
		serial_parse((const uint8_t *)text, (size_t)n, files[i].is_page, serial);
	return true;
}

/* An SD card's boot areas are disks of their own, with the card's serial number; a path to a
 * multipath NVMe disk is hidden behind the disk. */
static bool is_part_of_another(int disk, const char *name)
{
	char hidden[8];
	return (strncmp(name, "mmcblk", 6) == 0 && strstr(name, "boot")) ||
	       (fd_read_file(disk, "hidden", hidden, sizeof(hidden), NULL) > 0 && hidden[0] == '1');
}

/* Whether wanted is one of its serial numbers; if not, add it to those that are seen instead. */
static bool has_serial(int disk, const char *name, const char *wanted, struct buf *seen)
{
	char serial[SERIAL_BYTES];
	char first[SERIAL_BYTES] = "";
	for (size_t i = 0; read_serial(disk, i, serial); i++) {
		if (serial[0] && strcmp(serial, wanted) == 0)
			return true;
		if (!first[0])
			memcpy(first, serial, sizeof(first));
	}
	buf_printf(seen, seen->len ? ", %s" : "%s", name);
	if (first[0])
		buf_printf(seen, " (%s)", first);
	return false;
}

int disk_find_serial(const char *block_path, const char *wanted, char name[DISK_NAME_BYTES],
		     struct err *e)
{
	char text[160];
	char other[DISK_NAME_BYTES] = "";
	struct buf seen = {.data = text, .cap = sizeof(text)};
	name[0] = '\0';
	DIR *disks = opendir(block_path);
	if (!disks)
		return err_set(e, errno, "list the disks");
	for (struct dirent *d; (d = readdir(disks)) != NULL;) {
		if (!disk_is_candidate(d->d_name))
			continue;
		AUTO_FD disk = openat(dirfd(disks), d->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (disk < 0 || is_part_of_another(disk, d->d_name) ||
		    !has_serial(disk, d->d_name, wanted, &seen))
			continue;
		snprintf(name[0] ? other : name, DISK_NAME_BYTES, "%.31s", d->d_name);
	}
	closedir(disks);
	if (other[0])
		return err_say(e, ENOTUNIQ,
			       "%s is the serial number of more than one disk (%s, %s): "
			       "give the name of one",
			       wanted, name, other);
	if (!name[0])
		return err_say(e, ENODEV,
			       "no disk has the name or serial number %s; there are: %.*s", wanted,
			       seen.len ? (int)seen.len : 4, seen.len ? seen.data : "none");
	return 0;
}

int disk_find(const char *wanted, char name[DISK_NAME_BYTES], struct err *e)
{
	char path[64 + DISK_NAME_BYTES];
	bool is_path = strncmp(wanted, DEVICES, strlen(DEVICES)) == 0;
	const char *called = is_path ? wanted + strlen(DEVICES) : wanted;
	if (called[0] && disk_is_candidate(called)) {
		snprintf(name, DISK_NAME_BYTES, "%.31s", called);
		replace(name, '/', '!');
		snprintf(path, sizeof(path), "/sys/class/block/%s/dev", name);
		if (access(path, F_OK) == 0)
			return 0;
	}
	if (is_path)
		return err_say(e, ENODEV, "there is no disk %s", wanted);
	return disk_find_serial("/sys/block", wanted, name, e);
}
