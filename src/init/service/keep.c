/* SPDX-License-Identifier: MIT */
#include "keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/uki.h"

#define PLACE "/tmp" /* a directory that is there, in a mount namespace where nobody needs it */

static int mount_esp(const char *device, struct err *e)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "leave the mounts of init");
	if (mount(device, PLACE, "vfat", MS_NOSUID | MS_NODEV | MS_NOEXEC, "umask=0077") < 0)
		return err_set(e, errno, "mount %s", device);
	return 0;
}

static int remove_higher(int dir_fd, const struct uki_version *version, struct err *e)
{
	int rc = 0;
	DIR *dir = fd_open_dir(dir_fd, ".");
	if (!dir)
		return err_set(e, errno, "open " KEEP_FOLDER);
	for (struct dirent *d; rc == 0 && (d = readdir(dir)) != NULL;) {
		struct uki_name other;
		if (uki_read_name(d->d_name, strlen(d->d_name), &other) &&
		    uki_compare(&other.version, version) > 0)
			rc = fd_remove_file(dir_fd, d->d_name, e);
	}
	closedir(dir);
	return rc;
}

static int rename_file(const char *file, struct err *e)
{
	char name[UKI_NAME_BYTES];
	struct uki_name parsed;
	AUTO_FD dir = open(PLACE "/" KEEP_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open " KEEP_FOLDER);
	if (!uki_read_name(file, strlen(file), &parsed))
		return err_set(e, EINVAL, "read the name %s", file);
	uki_write_name(&parsed.version, 0, name);
	/* Renamed already, by a try that was cut off later? */
	if (renameat(dir, file, dir, name) < 0 &&
	    (errno != ENOENT || faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0))
		return err_set(e, errno, "rename %s", file);
	if (fsync(dir) < 0)
		return err_set(e, errno, "sync " KEEP_FOLDER);
	int rc = remove_higher(dir, &parsed.version, e);
	return rc == 0 && syncfs(dir) < 0 ? err_set(e, errno, "sync the ESP") : rc;
}

int keep_version(const char *device, const char *file, struct err *e)
{
	int rc = mount_esp(device, e);
	if (rc < 0)
		return rc;
	rc = rename_file(file, e);
	if (umount2(PLACE, 0) < 0 && rc == 0)
		return err_set(e, errno, "unmount %s", device);
	return rc;
}
