/* SPDX-License-Identifier: MIT */
#include "traffic.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "lib/fd.h"

int traffic_map(struct traffic *t, int fd, struct err *e)
{
	AUTO_FD file = fd;
	void *at = mmap(NULL, EGRESS_TRAFFIC_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (at == MAP_FAILED)
		return err_set(e, errno, "map descriptor %d", fd);
	t->counts = at;
	return 0;
}

void traffic_add(struct traffic *t, enum egress_count which, uint64_t more)
{
	atomic_fetch_add_explicit(&t->counts[which], more, memory_order_relaxed);
}
