/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "lib/fd.h"
#include "lib/msg.h"

/* A line of /proc/meminfo, in bytes (proc_meminfo(5)); 0: it is not there. */
static uint64_t find_memory(const char *meminfo, const char *name)
{
	const char *at = strstr(meminfo, name);
	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

int machine_add_memory(struct buf *b, struct err *e)
{
	char text[4096];
	ssize_t n = fd_read_file(AT_FDCWD, "/proc/meminfo", text, sizeof(text), e);
	if (n < 0)
		return (int)n;
	msg_add_number(b, TAG_MEMORY_BYTES, find_memory(text, "MemTotal:"));
	msg_add_number(b, TAG_MEMORY_AVAILABLE_BYTES, find_memory(text, "MemAvailable:"));
	return 0;
}

int machine_add_disk(const struct server *s, struct buf *b, struct err *e)
{
	struct statvfs st;
	if (fstatvfs(s->data_fd, &st) < 0)
		return err_set(e, errno, "look at the data's file system");
	msg_add_number(b, TAG_DISK_BYTES, (uint64_t)st.f_blocks * st.f_frsize);
	msg_add_number(b, TAG_DISK_FREE_BYTES, (uint64_t)st.f_bavail * st.f_frsize);
	return 0;
}

int machine_add_names(struct buf *b, struct err *e)
{
	struct utsname names;
	if (uname(&names) < 0)
		return err_set(e, errno, "uname");
	msg_add_text(b, TAG_VERSION, SQUASH_VERSION);
	msg_add_text(b, TAG_KERNEL, names.release);
	msg_add_text(b, TAG_HOSTNAME, names.nodename);
	return 0;
}
