/* SPDX-License-Identifier: MIT */
#include "grow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/blkpg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "ext4.h"
#include "gpt_disk.h"
#include "init/boot/console.h"
#include "lib/fd.h"

/* Less than that may be what the kernel has left out: a block group smaller than its own tables. */
#define GROW_MIN_BYTES (UINT64_C(16) * 1024 * 1024)

/* Whether the entry's partition holds our file system: looked at on the whole disk, as the kernel
 * may not know the partition. */
static bool has_our_label(const struct gpt_disk *d, uint32_t i)
{
	uint8_t bytes[EXT_SUPER_BYTES];
	struct ext_super super;
	struct gpt_entry entry;
	if (!gpt_read_entry(&d->header, d->entries, i, &entry))
		return false;
	off_t at = (off_t)(entry.first * d->header.sector_bytes + EXT_SUPER_OFFSET);
	return pread(d->fd, bytes, sizeof(bytes), at) == EXT_SUPER_BYTES &&
	       ext_super_parse(bytes, &super) &&
	       (strcmp(super.label, DATA_LABEL) == 0 || strcmp(super.label, GROW_LABEL) == 0);
}

/* The table is on the disk: tell the kernel. */
static int tell_kernel(const struct gpt_disk *d, uint32_t i, bool was_primary, struct err *e)
{
	struct gpt_entry entry;
	if (!was_primary)
		return ioctl(d->fd, BLKRRPART) < 0
			       ? err_set(e, errno, "read the partition table of %s again", d->name)
			       : 0;
	if (!gpt_read_entry(&d->header, d->entries, i, &entry))
		return err_say(e, EINVAL, "the partition table of %s is damaged", d->name);
	struct blkpg_partition part = {
		.start = (long long)(entry.first * d->header.sector_bytes),
		.length = (long long)((entry.last - entry.first + 1) * d->header.sector_bytes),
		.pno = (int)i + 1,
	};
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof(part), .data = &part};
	if (ioctl(d->fd, BLKPG, &arg) < 0)
		return err_set(e, errno, "tell the kernel of the new size of partition %u of %s",
			       (unsigned)part.pno, d->name);
	return 0;
}

/* The disk has a flagged partition of ours at its end. */
static int grow_last(struct gpt_disk *d, uint32_t i, struct err *e)
{
	bool was_primary = d->is_primary;
	bool has_grown = gpt_grow(&d->header, d->entries, i);
	if (!has_grown && was_primary)
		return 0;
	if (!has_grown && !gpt_turn(&d->header))
		return err_say(e, EINVAL, "the partition table of %s is of an unknown kind",
			       d->name);
	gpt_disk_close(d);
	/* Alone: nothing on the disk is mounted. */
	char path[DISK_PATH_BYTES];
	disk_path(d->name, path);
	d->fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (d->fd < 0)
		return err_set(e, errno, "open %s to grow " DATA_LABEL, d->name);
	if (!was_primary)
		console_say(
			"The partition table of %s is damaged: it is made anew from its backup.",
			d->name);
	int rc = gpt_disk_write(d, e);
	if (rc == 0)
		rc = tell_kernel(d, i, was_primary, e);
	if (rc == 0 && has_grown)
		console_say("The partition of " DATA_LABEL " has grown to the end of %s.", d->name);
	return rc;
}

static bool grow_disk(void *context, const char *name)
{
	static struct gpt_disk disk;
	bool *has_failed = context;
	struct err e = {0};
	if (!gpt_disk_open(&disk, name, O_RDONLY))
		return false;
	int64_t i = gpt_find_growing(&disk.header, disk.entries);
	if (i >= 0 && has_our_label(&disk, (uint32_t)i) && grow_last(&disk, (uint32_t)i, &e) < 0) {
		if (!*has_failed)
			console_say(DATA_LABEL " stays as it is: %s.", e.text);
		*has_failed = true;
	}
	gpt_disk_close(&disk);
	return false;
}

void grow_partitions(bool *has_failed)
{
	gpt_disk_each(grow_disk, has_failed);
}

/* Read-only, the kernel touches no block group while it mounts, so that its counting them too early
 * does no harm. */
bool grow_recover(const char *name, const char *mount_point)
{
	char device[DISK_PATH_BYTES];
	disk_path(name, device);
	if (mount(device, mount_point, "ext4", MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0 ||
	    umount2(mount_point, 0) < 0) {
		console_say(DATA_LABEL " (%s) was cut off while it grew, and cannot be used: %s.",
			    name, strerror(errno));
		return false;
	}
	return true;
}

struct partition {
	const char *name;
	uint64_t bytes; /* 0: it is not flagged */
};

static bool measure(void *context, const char *name)
{
	static struct gpt_disk disk;
	struct partition *wanted = context;
	struct gpt_entry entry;
	char found[DISK_NAME_BYTES];
	if (!gpt_disk_open(&disk, name, O_RDONLY))
		return false;
	int64_t i = gpt_find_growing(&disk.header, disk.entries);
	if (i >= 0 && gpt_disk_partition(&disk, (uint32_t)i, found) &&
	    strcmp(found, wanted->name) == 0 &&
	    gpt_read_entry(&disk.header, disk.entries, (uint32_t)i, &entry))
		wanted->bytes = (entry.last - entry.first + 1) * disk.header.sector_bytes;
	gpt_disk_close(&disk);
	return wanted->bytes > 0;
}

/* Under a label that says so; see ext4.h. */
static int grow_labelled(int root, uint64_t blocks, struct err *e)
{
	int rc = ext4_label(root, GROW_LABEL, e);
	if (rc == 0)
		rc = ext4_checkpoint(root, e);
	return rc == 0 ? ext4_grow(root, blocks, e) : rc;
}

/* What has grown so far stays, whatever has failed. */
static int finish(int root, struct err *e)
{
	int rc = ext4_checkpoint(root, e);
	return rc == 0 ? ext4_label(root, DATA_LABEL, e) : rc;
}

void grow_file_system(const char *name, const struct ext_super *super, const char *mount_point)
{
	struct partition part = {.name = name};
	struct err e = {0}, why = {0};
	bool is_growing = strcmp(super->label, GROW_LABEL) == 0;
	uint64_t bytes = super->block_count * super->block_bytes;
	gpt_disk_each(measure, &part);
	bool has_room = bytes > 0 && part.bytes >= bytes + GROW_MIN_BYTES && !super->has_errors;
	if (!has_room && !is_growing)
		return;
	AUTO_FD root = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;
	if (has_room) {
		console_say(DATA_LABEL " (%s) grows from %" PRIu64 " to %" PRIu64 " MB.", name,
			    bytes / 1000000, part.bytes / 1000000);
		rc = grow_labelled(root, part.bytes / super->block_bytes, &e);
	}
	rc = err_keep_first(rc, finish(root, &why), &e, &why);
	if (rc < 0)
		console_say(DATA_LABEL " (%s) has not grown: %s.", name, e.text);
	else
		console_say(DATA_LABEL " (%s) has grown.", name);
}
