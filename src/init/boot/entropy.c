/* SPDX-License-Identifier: MIT */
#include "entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/random.h>

#include "console.h"
#include "lib/fd.h"

#define PATH_RANDOM "/dev/random"

static bool is_missing(void)
{
	uint8_t byte;
	return getrandom(&byte, sizeof(byte), GRND_NONBLOCK) < 0 && errno == EAGAIN;
}

int entropy_check(struct entropy *x, struct err *e)
{
	if (!is_missing())
		return 0;
	console_say("The kernel has no random numbers yet: what needs them first, a key or a "
		    "token, waits for them.");
	x->event_fd = open(PATH_RANDOM, O_RDONLY | O_CLOEXEC);
	return x->event_fd < 0 ? err_set(e, errno, "open " PATH_RANDOM) : 0;
}

void entropy_read_events(struct entropy *x)
{
	if (x->event_fd < 0 || is_missing())
		return;
	fd_close(&x->event_fd);
	console_say("The kernel has random numbers now.");
}
