/* SPDX-License-Identifier: MIT */
/* Makes a blank disk SQUASH-DATA.
 *
 * There is no mke2fs here: a small file system made at build time (scripts/mk-format-image) is
 * written and then grown by the kernel. Its first block goes first and its label is one of its
 * own, BEGUN_LABEL: whenever the power goes, that label says that the disk is ours but not done,
 * and all is begun anew. It is never gone on with (ext4.h says why). DATA_LABEL comes last, when
 * the rest has left the journal. */
#include "format.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "blank.h"
#include "disk.h"
#include "ext4.h"
#include "init/boot/console.h"
#include "init/paths.h"
#include "lib/fd.h"

#define BEGUN_LABEL "SQUASH-FORMAT" /* the image's */
#define IMAGE_FILE_BYTES (256 * 1024)
#define MIB (UINT64_C(1024) * 1024)
#define DISK_MIN_BYTES (64 * MIB) /* the image's size */
#define SIZE_TEXT_BYTES 32

struct target {
	char name[DISK_NAME_BYTES];
	char path[DISK_PATH_BYTES];
	uint64_t bytes;
	char size[SIZE_TEXT_BYTES]; /* as disks are sold: "20.0 GB" */
};

static int load_image(struct disk_image *image, struct err *e)
{
	static char bytes[IMAGE_FILE_BYTES];
	ssize_t n = fd_read_file(AT_FDCWD, PATH_FORMAT_IMAGE, bytes, sizeof(bytes), e);
	if (n < 0)
		return (int)n;
	if (!disk_image_parse((const uint8_t *)bytes, (size_t)n, image) ||
	    image->bytes > DISK_MIN_BYTES)
		return err_say(e, EINVAL, "%s is damaged", PATH_FORMAT_IMAGE);
	return 0;
}

/* What sysfs says against taking it. */
static int check_sysfs(const struct target *t, struct err *e)
{
	char path[64 + DISK_NAME_BYTES];
	char text[300];
	bool has_partitions = false;
	snprintf(path, sizeof(path), "/sys/class/block/%s", t->name);
	DIR *dir = opendir(path);
	if (!dir)
		return err_set(e, errno, "open %s", path);
	for (struct dirent *d; !has_partitions && (d = readdir(dir)) != NULL;) {
		snprintf(text, sizeof(text), "%s/partition", d->d_name);
		has_partitions = d->d_name[0] != '.' && faccessat(dirfd(dir), text, F_OK, 0) == 0;
	}
	bool is_read_only =
		fd_read_file(dirfd(dir), "ro", text, sizeof(text), NULL) > 0 && text[0] == '1';
	closedir(dir);
	if (has_partitions)
		return err_say(e, EBUSY, "%s has partitions: it is left as it is", t->name);
	if (is_read_only)
		return err_say(e, EROFS, "%s is read-only", t->name);
	return 0;
}

/* Open it for us alone, and learn its size. The descriptor, or -errno with e filled. */
static int open_target(struct target *t, struct err *e)
{
	AUTO_FD fd = open(t->path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		return err_say(e, EBUSY, "%s is in use", t->name);
	if (fd < 0)
		return err_set(e, errno, "open %s", t->path);
	off_t end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return err_set(e, errno, "learn the size of %s", t->name);
	t->bytes = (uint64_t)end;
	uint64_t mb = t->bytes / 1000000;
	if (mb < 1000)
		snprintf(t->size, sizeof(t->size), "%" PRIu64 " MB", mb);
	else
		snprintf(t->size, sizeof(t->size), "%" PRIu64 ".%" PRIu64 " GB", mb / 1000,
			 mb % 1000 / 100);
	if (t->bytes < DISK_MIN_BYTES)
		return err_say(e, ENOSPC, "%s (%s) is smaller than %" PRIu64 " MiB", t->name,
			       t->size, DISK_MIN_BYTES / MIB);
	return fd_steal(&fd);
}

static int write_blocks(int fd, const struct disk_image *image, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const uint8_t *content;
		off_t at = (off_t)disk_image_block(image, i, &content) * IMAGE_BLOCK_BYTES;
		ssize_t n = pwrite(fd, content, IMAGE_BLOCK_BYTES, at);
		if (n != IMAGE_BLOCK_BYTES)
			return n < 0 ? -errno : -EIO;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* What is not in the image is zero in the file system. */
static int write_image(int fd, const struct target *t, const struct disk_image *image,
		       struct err *e)
{
	uint64_t rest[2] = {IMAGE_BLOCK_BYTES, image->bytes - IMAGE_BLOCK_BYTES};
	int rc = write_blocks(fd, image, 0, 1);
	if (rc == 0 && ioctl(fd, BLKZEROOUT, rest) < 0)
		rc = -errno;
	if (rc == 0)
		rc = write_blocks(fd, image, 1, image->count);
	return rc < 0 ? err_set(e, -rc, "write to %s", t->name) : 0;
}

static int begin(struct target *t, struct err *e)
{
	struct disk_image image;
	struct ext_super super;
	int rc = load_image(&image, e);
	if (rc == 0)
		rc = check_sysfs(t, e);
	if (rc < 0)
		return rc;
	AUTO_FD fd = open_target(t, e);
	if (fd < 0)
		return fd;
	if (!disk_read_super(t->name, &super) || strcmp(super.label, BEGUN_LABEL) != 0) {
		rc = blank_check(fd, t->name, t->bytes, e);
		if (rc < 0)
			return rc;
	}
	/* Growing takes seconds for each TB. */
	console_say("SQUASH_FORMAT: %s (%s) is being made " DATA_LABEL ".", t->name, t->size);
	return write_image(fd, t, &image, e);
}

static int finish_mounted(const struct target *t, const char *mount_point, struct err *e)
{
	AUTO_FD root = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "open %s", mount_point);
	int rc = ext4_renew_uuid(root, e);
	if (rc == 0)
		rc = ext4_grow(root, t->bytes / IMAGE_BLOCK_BYTES, e);
	if (rc == 0)
		rc = ext4_checkpoint(root, e);
	return rc == 0 ? ext4_label(root, DATA_LABEL, e) : rc;
}

static int finish(const struct target *t, const char *mount_point, struct err *e)
{
	if (mount(t->path, mount_point, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME, NULL) < 0)
		return err_set(e, errno, "mount what was written to %s", t->name);
	int rc = finish_mounted(t, mount_point, e);
	/* Only then is the label where the next boot looks for it, and not in the journal alone. */
	if (umount2(mount_point, 0) < 0 && rc == 0)
		return err_set(e, errno, "unmount %s", t->name);
	return rc;
}

int format_disk(const char *wanted, const char *mount_point, struct err *e)
{
	struct target t = {0};
	int rc = disk_find(wanted, t.name, e);
	if (rc < 0)
		return rc;
	disk_path(t.name, t.path);
	rc = begin(&t, e);
	if (rc == 0)
		rc = finish(&t, mount_point, e);
	if (rc < 0)
		return rc;
	console_say("SQUASH_FORMAT: %s (%s) was blank and is " DATA_LABEL " now.", t.name, t.size);
	return 0;
}
