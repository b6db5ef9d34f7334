/* SPDX-License-Identifier: MIT */
#include "passed_fd.h"

#include <fcntl.h>
#include <sys/stat.h>

bool passed_is_pipe(int fd)
{
	struct stat st;
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & (O_ACCMODE | O_PATH)) == O_RDONLY && fstat(fd, &st) == 0 &&
	       S_ISFIFO(st.st_mode) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}
