/* SPDX-License-Identifier: MIT */
#include "ext4.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#define UUID_BYTES 16

/* As in <linux/ext4.h>, which Debian 12 doesn't have yet. */
struct ext4_uuid {
	uint32_t len;
	uint32_t flags;
	uint8_t uuid[UUID_BYTES];
};
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)
#define EXT4_IOC_CHECKPOINT _IOW('f', 43, uint32_t)
#define EXT4_IOC_SETFSUUID _IOW('f', 44, uint32_t[2]) /* the uuid is not counted */

int ext4_grow(int root, uint64_t blocks, struct err *e)
{
	if (ioctl(root, EXT4_IOC_RESIZE_FS, &blocks) < 0)
		return err_set(e, errno, "grow the file system");
	return 0;
}

int ext4_checkpoint(int root, struct err *e)
{
	uint32_t no_flags = 0;
	if (ioctl(root, EXT4_IOC_CHECKPOINT, &no_flags) < 0)
		return err_set(e, errno, "write the file system's journal back");
	return 0;
}

int ext4_label(int root, const char *label, struct err *e)
{
	char text[FSLABEL_MAX] = "";
	snprintf(text, sizeof(text), "%s", label);
	if (ioctl(root, FS_IOC_SETFSLABEL, text) < 0)
		return err_set(e, errno, "label the file system %s", label);
	return 0;
}

int ext4_renew_uuid(int root, struct err *e)
{
	struct ext4_uuid id = {.len = UUID_BYTES};
	if (getrandom(id.uuid, sizeof(id.uuid), 0) != sizeof(id.uuid))
		return err_set(e, errno, "get a random number");
	id.uuid[6] = (uint8_t)(0x40 | (id.uuid[6] & 0x0f));
	id.uuid[8] = (uint8_t)(0x80 | (id.uuid[8] & 0x3f));
	if (ioctl(root, EXT4_IOC_SETFSUUID, &id) < 0)
		return err_set(e, errno, "give the file system a UUID");
	return 0;
}
