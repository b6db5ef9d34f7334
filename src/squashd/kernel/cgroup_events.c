/* SPDX-License-Identifier: MIT */
#include "cgroup_events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"

uint64_t cgroup_find_number(const char *text, const char *name)
{
	size_t len = strlen(name);
	for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	return 0;
}

uint64_t cgroup_read_event(int cg_fd, const char *file, const char *name)
{
	char text[512];
	if (fd_read_file(cg_fd, file, text, sizeof(text), NULL) < 0)
		return 0;
	return cgroup_find_number(text, name);
}

int cgroup_wait_empty(int cg_fd, uint64_t deadline_ms, struct err *e)
{
	AUTO_FD fd = openat(cg_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open cgroup.events");
	for (;;) {
		char text[128];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		if (n < 0) /* ENODEV: removed since */
			return errno == ENODEV ? 0 : err_set(e, errno, "read cgroup.events");
		text[n] = '\0';
		if (cgroup_find_number(text, "populated") == 0)
			return 0;
		uint64_t now = clock_mono_ms();
		if (now >= deadline_ms)
			return err_say(e, EBUSY, "killed processes are still there");
		struct pollfd p = {.fd = fd,
				   .events = POLLPRI}; /* the file changed: cgroup-v2.rst */
		poll(&p, 1, (int)(deadline_ms - now));
	}
}
