/* SPDX-License-Identifier: MIT */
#include "freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/limits.h"
#include "squashd/kernel/cgroup.h"
#include "squashd/kernel/cgroup_events.h"
#include "squashd/store/leftover.h"

#define MARK_TOTAL "trusted.squash.frozen_ms" /* of the times that are over */
#define MARK_SINCE "trusted.squash.frozen_at" /* clock_mono_ms() when this one began */
#define FREEZE_MS 2000

static uint64_t read_mark(int box_fd, const char *mark)
{
	char text[24];
	ssize_t n = fgetxattr(box_fd, mark, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return strtoull(text, NULL, 10);
}

static int write_mark(int box_fd, const char *mark, uint64_t number, struct err *e)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, number);
	if (fsetxattr(box_fd, mark, text, (size_t)n, 0) < 0)
		return err_set(e, errno, "set %s of a cgroup", mark);
	return 0;
}

static int wait_frozen(int box_fd, struct err *e)
{
	uint64_t deadline = clock_mono_ms() + FREEZE_MS;
	AUTO_FD fd = openat(box_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open cgroup.events");
	for (uint64_t now; (now = clock_mono_ms()) < deadline;) {
		char text[128];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, "frozen 1"))
			return 0;
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		poll(&p, 1, (int)(deadline - now));
	}
	return err_say(e, EBUSY, "the sandbox's processes don't stop");
}

int freeze_start(int root_fd, const char *id, struct err *e)
{
	struct err left;
	AUTO_FD box = cgroup_open_box(root_fd, id, e);
	if (box < 0)
		return box == -ENOENT ? 0 : box;
	if (cgroup_read_event(box, "cgroup.events", "populated") == 0)
		return 0;
	int rc = write_mark(box, MARK_SINCE, clock_mono_ms(), e);
	if (rc < 0)
		return rc;
	rc = fd_write_file(box, "cgroup.freeze", "1", e);
	if (rc == 0)
		rc = wait_frozen(box, e);
	if (rc < 0 && freeze_end(root_fd, id, &left) < 0)
		leftover_note(id, &left);
	return rc;
}

int freeze_end(int root_fd, const char *id, struct err *e)
{
	AUTO_FD box = cgroup_open_box(root_fd, id, e);
	if (box < 0)
		return box == -ENOENT ? 0 : box;
	uint64_t since = read_mark(box, MARK_SINCE);
	if (since == 0)
		return 0;
	/* The total before it goes on, or a command whose time was over while it stood would be
	 * ended. The mark that it stands is the last to go: what is cut off here is done again. The
	 * time then counts twice, which is the lesser harm. */
	uint64_t total = read_mark(box, MARK_TOTAL) + clock_mono_ms() - since;
	int rc = write_mark(box, MARK_TOTAL, total, e);
	if (rc == 0)
		rc = fd_write_file(box, "cgroup.freeze", "0", e);
	if (rc == 0 && fremovexattr(box, MARK_SINCE) < 0)
		rc = err_set(e, errno, "remove %s of a cgroup", MARK_SINCE);
	return rc;
}

uint64_t freeze_total_ms(int box_fd)
{
	uint64_t since = read_mark(box_fd, MARK_SINCE);
	return read_mark(box_fd, MARK_TOTAL) + (since ? clock_mono_ms() - since : 0);
}
