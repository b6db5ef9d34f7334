/* SPDX-License-Identifier: MIT */
/* A command may never read what it was sent, and the appliance's memory is not to hold it for that
 * long: pages are charged to the cgroup of who touches them first (cgroup-v2.rst, "Memory
 * Ownership"), so the worker goes there for a moment. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/fd.h"
#include "squashd/kernel/cgroup.h"

#define PATH_OWN "/sys/fs/cgroup/cgroup.procs" /* squashd and its workers are in the root */

static int fill(int fd, const uint8_t *data, size_t len, struct err *e)
{
	int rc = fd_write_all(fd, data, len);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	return rc < 0 ? err_set(e, -rc, "keep what the command is to read") : 0;
}

int input_begin(const struct server *s, const char *id, const struct exec_request *r, int in_fd,
		int *input_fd, struct err *e)
{
	ssize_t n = write(in_fd, r->input, r->input_len);
	size_t at = n > 0 ? (size_t)n : 0;
	if (at == r->input_len)
		return 0;
	AUTO_FD cgroup = cgroup_make_shim(s->cgroup_fd, id, e);
	if (cgroup < 0)
		return cgroup;
	AUTO_FD fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "memfd_create");
	int rc = fd_write_file(cgroup, "cgroup.procs", "0", e);
	if (rc < 0)
		return rc;
	rc = fill(fd, r->input + at, r->input_len - at, e);
	struct err own;
	int back = fd_write_file(AT_FDCWD, PATH_OWN, "0", rc < 0 ? &own : e);
	if (rc == 0)
		rc = back;
	*input_fd = rc < 0 ? -1 : fd_steal(&fd);
	return rc;
}
