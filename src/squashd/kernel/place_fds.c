/* SPDX-License-Identifier: MIT */
#include "place_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int place_fds(int *fds, int count, struct err *e)
{
	/* First all of them out of the way, */
	for (int i = 0; i < count; i++) {
		if (fds[i] < 0)
			continue;
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, count);
		if (fds[i] < 0)
			return err_set(e, errno, "copy a descriptor");
	}
	/* then to their places, open across exec. */
	for (int i = 0; i < count; i++) {
		if (fds[i] < 0)
			close(i);
		else if (dup2(fds[i], i) < 0)
			return err_set(e, errno, "place a descriptor");
	}
	return 0;
}
