/* SPDX-License-Identifier: MIT */
/* Reads and writes partition tables of disks; the bytes of them are gpt.c's. */
#include "gpt_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/fd.h"

#define BLOCKS "/sys/class/block"

static bool read_table(struct gpt_disk *d, unsigned sector_bytes, uint64_t own, uint64_t sectors)
{
	uint8_t sector[GPT_SECTOR_MAX];
	off_t at = (off_t)(own * sector_bytes);
	if (pread(d->fd, sector, sector_bytes, at) != (ssize_t)sector_bytes ||
	    !gpt_read_header(sector, sector_bytes, own, sectors, &d->header))
		return false;
	size_t len = gpt_entries_bytes(&d->header);
	return pread(d->fd, d->entries, len, (off_t)(d->header.entries * sector_bytes)) ==
		       (ssize_t)len &&
	       gpt_check_entries(&d->header, d->entries);
}

bool gpt_disk_open(struct gpt_disk *d, const char *name, int flags)
{
	char path[DISK_PATH_BYTES];
	int sector_bytes = 0;
	disk_path(name, path);
	snprintf(d->name, sizeof(d->name), "%.31s", name);
	AUTO_FD fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	d->fd = fd;
	if (fd < 0 || ioctl(fd, BLKSSZGET, &sector_bytes) < 0 ||
	    (sector_bytes != 512 && sector_bytes != GPT_SECTOR_MAX))
		return false;
	off_t end = lseek(fd, 0, SEEK_END);
	uint64_t sectors = end < 0 ? 0 : (uint64_t)end / (unsigned)sector_bytes;
	if (sectors <= GPT_PRIMARY_SECTOR)
		return false;
	d->is_primary = read_table(d, (unsigned)sector_bytes, GPT_PRIMARY_SECTOR, sectors);
	if (!d->is_primary && !read_table(d, (unsigned)sector_bytes, sectors - 1, sectors))
		return false;
	fd_steal(&fd);
	return true;
}

void gpt_disk_close(struct gpt_disk *d)
{
	fd_close(&d->fd);
}

static int write_at(int fd, const void *bytes, size_t len, uint64_t at)
{
	ssize_t n = pwrite(fd, bytes, len, (off_t)at);
	if (n != (ssize_t)len)
		return n < 0 ? -errno : -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

/* One write of sectors that follow each other: entries and header at the end. */
static int write_backup(const struct gpt_disk *d)
{
	static uint8_t bytes[GPT_ENTRIES_MAX + GPT_SECTOR_MAX];
	struct gpt_header h = d->header;
	if (!gpt_turn(&h))
		return -EINVAL;
	size_t head_at = (size_t)gpt_entries_sectors(&h) * h.sector_bytes;
	memset(bytes, 0, head_at);
	memcpy(bytes, d->entries, gpt_entries_bytes(&h));
	gpt_write_header(&h, bytes + head_at);
	return write_at(d->fd, bytes, head_at + h.sector_bytes, h.entries * h.sector_bytes);
}

/* One write of sectors that follow each other: MBR, header and entries. */
static int write_primary(const struct gpt_disk *d)
{
	static uint8_t bytes[2 * GPT_SECTOR_MAX + GPT_ENTRIES_MAX];
	const struct gpt_header *h = &d->header;
	size_t entries_at = 2 * (size_t)h->sector_bytes;
	size_t len = entries_at + (size_t)gpt_entries_sectors(h) * h->sector_bytes;
	memset(bytes, 0, len);
	if (pread(d->fd, bytes, h->sector_bytes, 0) != (ssize_t)h->sector_bytes)
		return -EIO;
	gpt_protect(bytes, h->disk_sectors);
	gpt_write_header(h, bytes + h->sector_bytes);
	memcpy(bytes + entries_at, d->entries, gpt_entries_bytes(h));
	return write_at(d->fd, bytes, len, 0);
}

int gpt_disk_write(const struct gpt_disk *d, struct err *e)
{
	int rc = write_backup(d);
	if (rc == 0)
		rc = write_primary(d);
	return rc < 0 ? err_set(e, -rc, "write the partition table of %s", d->name) : 0;
}

bool gpt_disk_partition(const struct gpt_disk *d, uint32_t i, char name[DISK_NAME_BYTES])
{
	char path[300];
	char number[16];
	bool found = false;
	snprintf(path, sizeof(path), BLOCKS "/%s", d->name);
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	for (struct dirent *p; !found && (p = readdir(dir)) != NULL;) {
		snprintf(path, sizeof(path), "%s/partition", p->d_name);
		if (p->d_name[0] == '.' || strlen(p->d_name) >= DISK_NAME_BYTES ||
		    fd_read_file(dirfd(dir), path, number, sizeof(number), NULL) <= 0)
			continue;
		found = strtoul(number, NULL, 10) == (unsigned long)i + 1;
		if (found)
			snprintf(name, DISK_NAME_BYTES, "%.31s", p->d_name);
	}
	closedir(dir);
	return found;
}

bool gpt_disk_each(bool (*visit)(void *context, const char *name), void *context)
{
	char path[300];
	bool done = false;
	DIR *blocks = opendir(BLOCKS);
	if (!blocks)
		return false;
	for (struct dirent *d; !done && (d = readdir(blocks)) != NULL;) {
		snprintf(path, sizeof(path), "%s/partition", d->d_name);
		if (disk_is_candidate(d->d_name) && faccessat(dirfd(blocks), path, F_OK, 0) < 0)
			done = visit(context, d->d_name);
	}
	closedir(blocks);
	return done;
}

struct wanted {
	const uint8_t *guid;
	char name[DISK_NAME_BYTES];
	unsigned count;
};

static bool look_for(void *context, const char *name)
{
	static struct gpt_disk disk;
	struct wanted *wanted = context;
	if (!gpt_disk_open(&disk, name, O_RDONLY))
		return false;
	int64_t i = gpt_find(&disk.header, disk.entries, wanted->guid);
	if (i >= 0 && gpt_disk_partition(&disk, (uint32_t)i, wanted->name))
		wanted->count++;
	gpt_disk_close(&disk);
	return false;
}

int gpt_disk_find(const uint8_t guid[GPT_GUID_BYTES], char name[DISK_NAME_BYTES], struct err *e)
{
	struct wanted wanted = {.guid = guid};
	gpt_disk_each(look_for, &wanted);
	if (wanted.count == 0)
		return err_say(e, ENODEV, "no disk has this partition");
	if (wanted.count > 1)
		return err_say(e, ENOTUNIQ,
			       "more than one disk has this partition: unplug all "
			       "but the one that this machine boots from");
	memcpy(name, wanted.name, DISK_NAME_BYTES);
	return 0;
}
