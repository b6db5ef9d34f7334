/* SPDX-License-Identifier: MIT */
#include "dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Numbers from Documentation/admin-guide/devices.txt. */
static const struct {
	const char *name;
	unsigned major, minor;
} devices[] = {
	{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"ptmx", "pts/ptmx"},          {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
};

int dev_fill(int dev_fd, struct err *e)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (mknodat(dev_fd, devices[i].name, S_IFCHR | 0666,
			    makedev(devices[i].major, devices[i].minor)) < 0 ||
		    fchmodat(dev_fd, devices[i].name, 0666, 0) < 0)
			return err_set(e, errno, "make /dev/%s", devices[i].name);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, dev_fd, links[i].name) < 0)
			return err_set(e, errno, "make /dev/%s", links[i].name);
	if (mkdirat(dev_fd, "pts", 0755) < 0 || mkdirat(dev_fd, "shm", 0755) < 0)
		return err_set(e, errno, "make directories of /dev");
	return 0;
}
