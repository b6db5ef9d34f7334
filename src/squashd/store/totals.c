/* SPDX-License-Identifier: MIT */
#include "totals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/fd.h"

/* From a few milliseconds, which a shell takes, to half an hour; milliseconds. */
static const uint64_t times_ms[TOTALS_TIMES - 1] = {
	5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 1800000,
};

struct totals *totals_map(int run_fd, struct err *e)
{
	static const struct totals none;
	struct stat st;
	AUTO_FD fd = openat(run_fd, "totals", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) < 0) {
		err_set(e, errno, "open totals");
		return NULL;
	}
	int rc = st.st_size == sizeof(none) ? 0 : fd_write_all(fd, &none, sizeof(none));
	if (rc < 0) {
		err_set(e, -rc, "write totals");
		return NULL;
	}
	void *at = mmap(NULL, sizeof(none), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		err_set(e, errno, "map totals");
		return NULL;
	}
	return at;
}

void totals_deny(struct totals *t)
{
	atomic_fetch_add(&t->denied, 1);
}

uint64_t totals_denied(const struct totals *t)
{
	return atomic_load(&t->denied);
}

void totals_count_exec(struct totals *t, enum msg_exec_end end, uint64_t took_ms)
{
	size_t i = 0;
	while (i < TOTALS_TIMES - 1 && took_ms > times_ms[i])
		i++;
	atomic_fetch_add(&t->ends[end], 1);
	atomic_fetch_add(&t->took_ms, took_ms);
	atomic_fetch_add(&t->took[i], 1);
}

void totals_add(const struct totals *t, struct buf *b)
{
	msg_add_number(b, TAG_REQUESTS_DENIED, totals_denied(t));
	for (size_t i = 0; i < MSG_ENDS; i++)
		msg_add_number(b, TAG_EXECS, atomic_load(&t->ends[i]));
	for (size_t i = 0; i < TOTALS_TIMES; i++) {
		if (i < TOTALS_TIMES - 1)
			msg_add_number(b, TAG_UP_TO_MS, times_ms[i]);
		msg_add_number(b, TAG_TOOK, atomic_load(&t->took[i]));
	}
	msg_add_number(b, TAG_TOOK_MS, atomic_load(&t->took_ms));
}
