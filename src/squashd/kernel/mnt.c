/* SPDX-License-Identifier: MIT */
/* musl has no wrappers for these calls, and <sys/mount.h> fights with <linux/mount.h>: raw
 * calls. */
#include "mnt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"

static uint64_t mount_attributes(unsigned flags)
{
	uint64_t attributes = 0;
	if (flags & MNT_READ_ONLY)
		attributes |= MOUNT_ATTR_RDONLY;
	if (flags & MNT_NO_SUID)
		attributes |= MOUNT_ATTR_NOSUID;
	if (flags & MNT_NO_DEV)
		attributes |= MOUNT_ATTR_NODEV;
	if (flags & MNT_NO_EXEC)
		attributes |= MOUNT_ATTR_NOEXEC;
	return attributes;
}

static int configure(int fs_fd, unsigned command, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs_fd, command, key, value, 0) < 0 ? -errno : 0;
}

int mnt_new(const char *type, const struct mnt_option *options, unsigned flags, struct err *e)
{
	AUTO_FD fs_fd = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (fs_fd < 0)
		return err_set(e, errno, "fsopen %s", type);
	for (const struct mnt_option *o = options; o && o->key; o++) {
		unsigned command = o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
		int rc = configure(fs_fd, command, o->key, o->value);
		if (rc < 0)
			return err_set(e, -rc, "set %s=%s of %s", o->key, o->value ? o->value : "",
				       type);
	}
	int rc = configure(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL);
	if (rc < 0)
		return err_set(e, -rc, "create %s", type);
	int fd = (int)syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, mount_attributes(flags));
	if (fd < 0)
		return err_set(e, errno, "fsmount %s", type);
	return fd;
}

int mnt_clone(int dir_fd, const char *path, struct err *e)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
	int fd = (int)syscall(SYS_open_tree, dir_fd, path, flags);
	if (fd < 0)
		return err_set(e, errno, "clone mount %s", path);
	return fd;
}

static int set_attributes(int mnt_fd, struct mount_attr *attr)
{
	return syscall(SYS_mount_setattr, mnt_fd, "", AT_EMPTY_PATH, attr, sizeof(*attr)) < 0
		       ? -errno
		       : 0;
}

int mnt_idmap(int mnt_fd, int userns_fd, unsigned flags, struct err *e)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP | mount_attributes(flags),
		.userns_fd = (unsigned)userns_fd,
	};
	int rc = set_attributes(mnt_fd, &attr);
	return rc < 0 ? err_set(e, -rc, "map ids of mount") : 0;
}

int mnt_restrict(int mnt_fd, unsigned flags, struct err *e)
{
	struct mount_attr attr = {.attr_set = mount_attributes(flags)};
	int rc = set_attributes(mnt_fd, &attr);
	return rc < 0 ? err_set(e, -rc, "restrict mount") : 0;
}

int mnt_open_path(int dir_fd, const char *path, struct err *e)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, dir_fd, *path ? path : ".", &how, sizeof(how));
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	return fd;
}

int mnt_attach(int mnt_fd, int dir_fd, const char *path, struct err *e)
{
	AUTO_FD target = mnt_open_path(dir_fd, path, e);
	if (target < 0)
		return target;
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
	if (syscall(SYS_move_mount, mnt_fd, "", target, "", flags) < 0)
		return err_set(e, errno, "attach mount on %s", path);
	return 0;
}

int mnt_detach(const char *path, struct err *e)
{
	const int no_follow = 8; /* UMOUNT_NOFOLLOW of <sys/mount.h> */
	if (syscall(SYS_umount2, path, no_follow) == 0 || errno == EINVAL || errno == ENOENT)
		return 0; /* EINVAL: not a mount point */
	return err_set(e, errno, "unmount %s", path);
}

bool mnt_is_root(int dir_fd, const char *path)
{
	struct statx st;
	return syscall(SYS_statx, dir_fd, path, AT_SYMLINK_NOFOLLOW, 0, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}
