/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"

#define SECURITY "/sys/kernel/security"
/* What the kernel's EFI stub has found: Documentation/arch/x86/zero-page.rst, secure_boot, of which
 * include/linux/efi.h has the values. */
#define BOOT_PARAMETERS "/sys/kernel/boot_params/data"
#define SECURE_BOOT_AT 0x1EC
#define SECURE_BOOT_ENABLED 3

int lock_kernel(struct err *e)
{
	if (mount("securityfs", SECURITY, "securityfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_set(e, errno, "mount %s", SECURITY);
	int rc = fd_write_file(AT_FDCWD, SECURITY "/lockdown", "confidentiality", e);
	/* The command line may have asked for it: it can't be set twice, nor weakened. */
	if (rc == -EPERM)
		rc = 0;
	umount(SECURITY);
	return rc;
}

bool lock_has_secure_boot(void)
{
	uint8_t mode = 0;
	AUTO_FD fd = open(BOOT_PARAMETERS, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && pread(fd, &mode, 1, SECURE_BOOT_AT) == 1 && mode == SECURE_BOOT_ENABLED;
}

int lock_root(struct err *e)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	/* This mount alone; those on it stay as they are. */
	if (syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "make the root read-only");
	return 0;
}

int lock_modules(struct err *e)
{
	int rc = fd_write_file(AT_FDCWD, "/proc/sys/kernel/modules_disabled", "1", e);
	/* A line without anything: nothing is what an empty write would do. */
	return rc < 0 ? rc : fd_write_file(AT_FDCWD, "/proc/sys/kernel/modprobe", "\n", e);
}
