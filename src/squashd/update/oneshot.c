/* SPDX-License-Identifier: MIT */
#include "oneshot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/fd.h"
#include "squashd/kernel/mnt.h"

#define NAME "LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define ATTRIBUTES 7 /* EFI_VARIABLE_NON_VOLATILE, _BOOTSERVICE_ACCESS, _RUNTIME_ACCESS */
#define ID_MAX 128

/* One that is there can't be written to before: efivarfs, "immutable". */
static void allow_writing(int dir_fd)
{
	AUTO_FD fd = openat(dir_fd, NAME, O_RDONLY | O_CLOEXEC);
	unsigned long flags = 0;
	/* By syscall(2): musl's ioctl(3) takes an int, which the numbers don't fit. */
	if (fd < 0 || syscall(SYS_ioctl, fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags &= ~(unsigned long)FS_IMMUTABLE_FL;
	syscall(SYS_ioctl, fd, FS_IOC_SETFLAGS, &flags);
}

int oneshot_set(const char *id, struct err *e)
{
	/* The attributes, then the value: UTF-16, with its NUL. One write(2) sets all of it. */
	uint8_t bytes[4 + 2 * (ID_MAX + 1)] = {ATTRIBUTES};
	size_t len = 4;
	for (const char *at = id; *at && len < 4 + 2 * ID_MAX; at++, len += 2)
		bytes[len] = (uint8_t)*at;
	len += 2;
	AUTO_FD variables = mnt_new("efivarfs", NULL, MNT_NO_SUID | MNT_NO_DEV | MNT_NO_EXEC, e);
	if (variables < 0)
		return variables;
	allow_writing(variables);
	AUTO_FD fd = openat(variables, NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, len) < 0)
		return err_set(e, errno, "tell systemd-boot what to boot next");
	return 0;
}
