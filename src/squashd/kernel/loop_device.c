/* SPDX-License-Identifier: MIT */
#include "loop_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/fd.h"

int loop_attach(int file_fd, char path[LOOP_PATH_BYTES], struct err *e)
{
	enum { TRIES = 64 }; /* others may take the device that we were told is free */
	struct loop_config config = {
		.fd = (unsigned)file_fd,
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
	};
	AUTO_FD control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return err_set(e, errno, "open /dev/loop-control");
	for (int i = 0; i < TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		if (number < 0)
			return err_set(e, errno, "find a free loop device");
		snprintf(path, LOOP_PATH_BYTES, "/dev/loop%d", number);
		AUTO_FD device = open(path, O_RDONLY | O_CLOEXEC);
		if (device < 0)
			return err_set(e, errno, "open %s", path);
		if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
			return fd_steal(&device);
		if (errno != EBUSY)
			return err_set(e, errno, "configure %s", path);
	}
	return err_set(e, EBUSY, "find a free loop device");
}
