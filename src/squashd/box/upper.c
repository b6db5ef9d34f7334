/* SPDX-License-Identifier: MIT */
#include "upper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "inodes.h"
#include "layers.h"
#include "lib/fd.h"
#include "lib/tree.h"
#include "squashd/kernel/mnt.h"
#include "squashd/kernel/quota.h"

#define PREFIX "upper."

const char *upper_name(const struct sandbox *sb, char name[UPPER_NAME_BYTES])
{
	snprintf(name, UPPER_NAME_BYTES, PREFIX "%" PRIu64, sb->upper);
	return name;
}

/* The directory's inode number: no other has it while it exists. */
static int find_project(int dir_fd, uint32_t *project, struct err *e)
{
	struct stat st;
	if (fstat(dir_fd, &st) < 0)
		return err_set(e, errno, "stat the sandbox's directory");
	*project = (uint32_t)st.st_ino; /* ext4's have 32 bits */
	return 0;
}

static int make_dirs(int upper_fd, struct err *e)
{
	if (mkdirat(upper_fd, "upper", 0755) < 0 || mkdirat(upper_fd, "work", 0755) < 0)
		return err_set(e, errno, "make directories of the upper");
	return 0;
}

static int make_on_disk(const struct server *s, const struct sandbox *sb, int dir_fd, int upper_fd,
			struct err *e)
{
	uint32_t project = 0;
	int rc = find_project(dir_fd, &project, e);
	if (rc == 0)
		rc = inodes_limit(s, project, sb->disk_mb, e);
	if (rc == 0)
		rc = quota_assign(upper_fd, project, e);
	return rc < 0 ? rc : make_dirs(upper_fd, e);
}

static int mount_memory(const struct sandbox *sb, int dir_fd, const char *name, struct err *e)
{
	char size[32], inodes[32];
	snprintf(size, sizeof(size), "%" PRIu64 "m", sb->disk_mb);
	snprintf(inodes, sizeof(inodes), "%" PRIu64, sb->disk_mb * LIMIT_INODES_PER_MB);
	struct mnt_option options[] = {{"source", "upper"},
				       {"size", size},
				       {"nr_inodes", inodes},
				       {"mode", "0700"},
				       {NULL, NULL}};
	AUTO_FD mnt = mnt_new("tmpfs", options, MNT_NO_DEV, e);
	if (mnt < 0)
		return mnt;
	int rc = make_dirs(mnt, e);
	return rc < 0 ? rc : mnt_attach(mnt, dir_fd, name, e);
}

static int copy_attribute(int from_fd, int to_fd, const char *name)
{
	static char value[65536]; /* XATTR_SIZE_MAX of <linux/limits.h> */
	ssize_t len = fgetxattr(from_fd, name, value, sizeof(value));
	return len < 0 || fsetxattr(to_fd, name, value, (size_t)len, 0) < 0 ? -errno : 0;
}

static int copy_attributes(int from_fd, int to_fd)
{
	static char names[65536]; /* XATTR_LIST_MAX */
	ssize_t len = flistxattr(from_fd, names, sizeof(names));
	int rc = 0;
	for (ssize_t at = 0; at < len && rc == 0; at += (ssize_t)strlen(names + at) + 1)
		if (strncmp(names + at, "user.", 5) == 0)
			rc = copy_attribute(from_fd, to_fd, names + at);
	return rc;
}

/* The overlay's root is the upper's, whatever the layers' roots are: it gets what the topmost of
 * them has, which for a snapshot is what it was captured with. */
static int copy_root(const struct server *s, const struct sandbox *sb, int dir_fd, struct err *e)
{
	char key[LAYER_KEY_BYTES], path[LAYER_KEY_BYTES + 16];
	struct stat st;
	AUTO_FD to = upper_open(sb, dir_fd, e);
	int rc = to < 0 ? to : layers_key(s, sb, sb->layer_count - 1, key, e);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), LAYER_MOUNT_FORMAT, key);
	AUTO_FD from = openat(s->run_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0 || fstat(from, &st) < 0)
		return err_set(e, errno, "open layer %s", key);
	rc = copy_attributes(from, to);
	if (rc < 0)
		return err_set(e, -rc, "copy attributes of the root");
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	if (fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 07777) < 0 ||
	    futimens(to, times) < 0)
		return err_set(e, errno, "set owner, mode and times of the root");
	return 0;
}

int upper_make(const struct server *s, const struct sandbox *sb, int dir_fd, struct err *e)
{
	char name[UPPER_NAME_BYTES];
	upper_name(sb, name);
	if (sb->on_disk && !s->has_disk)
		return err_set(e, ENODEV, "make the upper on a disk");
	if (mkdirat(dir_fd, name, 0700) < 0)
		return err_set(e, errno, "make %s", name);
	AUTO_FD fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", name);
	int rc = sb->on_disk ? make_on_disk(s, sb, dir_fd, fd, e)
			     : mount_memory(sb, dir_fd, name, e);
	return rc < 0 ? rc : copy_root(s, sb, dir_fd, e);
}

int upper_open(const struct sandbox *sb, int dir_fd, struct err *e)
{
	char name[UPPER_NAME_BYTES], path[UPPER_NAME_BYTES + 8];
	snprintf(path, sizeof(path), "%s/upper", upper_name(sb, name));
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open %s of sandbox %s", path, sb->id) : fd;
}

uint64_t upper_used(const struct sandbox *sb, int dir_fd)
{
	uint32_t project;
	struct statfs st;
	/* Not by statfs(2): that speaks of the whole disk when less than disk_mb is free on it. */
	if (sb->on_disk)
		return find_project(dir_fd, &project, NULL) < 0 ? 0 : quota_used(dir_fd, project);
	AUTO_FD fd = upper_open(sb, dir_fd, NULL);
	if (fd < 0 || fstatfs(fd, &st) < 0)
		return 0;
	return (uint64_t)(st.f_blocks - st.f_bfree) * (uint64_t)st.f_bsize;
}

static int detach(const struct server *s, const char *id, const char *name, struct err *e)
{
	char path[PATH_MAX + LIMIT_ID_BYTES + 300];
	snprintf(path, sizeof(path), "%s/%s/%s", s->sandboxes_path, id, name);
	return mnt_detach(path, e);
}

int upper_sweep(const struct server *s, const struct sandbox *sb, int dir_fd, struct err *e)
{
	char keep[UPPER_NAME_BYTES];
	int rc = 0;
	upper_name(sb, keep);
	DIR *dir = fd_open_dir(dir_fd, ".");
	if (!dir)
		return err_set(e, errno, "read the sandbox's directory");
	for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) != 0 || strcmp(d->d_name, keep) == 0)
			continue;
		rc = detach(s, sb->id, d->d_name, e);
		if (rc == 0)
			rc = tree_remove(dir_fd, d->d_name, e);
	}
	closedir(dir);
	return rc;
}

int upper_release(const struct server *s, const char *id, int dir_fd, struct err *e)
{
	int rc = 0;
	uint32_t project = 0;
	DIR *dir = fd_open_dir(dir_fd, ".");
	if (!dir)
		return err_set(e, errno, "read the sandbox's directory");
	for (struct dirent *d; rc == 0 && (d = readdir(dir));)
		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) == 0)
			rc = detach(s, id, d->d_name, e);
	closedir(dir);
	if (rc == 0 && s->has_disk)
		rc = find_project(dir_fd, &project, e);
	if (rc == 0 && project != 0)
		rc = quota_limit(dir_fd, project, 0, 0, e);
	return rc;
}
