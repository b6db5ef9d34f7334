/* SPDX-License-Identifier: MIT */
/* Source: Documentation/watchdog/watchdog-api.rst. */
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "console.h"
#include "lib/clock.h"
#include "lib/fd.h"

#define DEVICE "/dev/watchdog"

static const int steps_s[] = {WATCHDOG_PATIENCE_S, 300, 120, 60, 30};

/* By syscall(2): musl's ioctl(3) takes an int, which the numbers don't fit. */
static int request(const struct watchdog *w, unsigned long number, void *argument)
{
	return (int)syscall(SYS_ioctl, w->fd, number, argument);
}

void watchdog_feed(struct watchdog *w)
{
	int unused = 0;
	if (w->fd >= 0)
		request(w, WDIOC_KEEPALIVE, &unused);
	w->fed_ms = clock_mono_ms();
}

/* As near to seconds as the device can: not all say what their most is. */
static void set_timeout(struct watchdog *w, unsigned seconds)
{
	int timeout = (int)seconds;
	int rc = request(w, WDIOC_SETTIMEOUT, &timeout);
	for (size_t i = 0; rc < 0 && i < sizeof(steps_s) / sizeof(steps_s[0]); i++) {
		timeout = steps_s[i];
		if (timeout < (int)seconds)
			rc = request(w, WDIOC_SETTIMEOUT, &timeout);
	}
	if (request(w, WDIOC_GETTIMEOUT, &timeout) < 0 || timeout <= 0)
		timeout = 30; /* one that has a time of its own and doesn't say it */
	w->timeout_s = (unsigned)timeout;
	watchdog_feed(w);
}

void watchdog_start(struct watchdog *w, struct modules *m)
{
	w->fd = open(DEVICE, O_WRONLY | O_CLOEXEC);
	if (w->fd < 0 && errno == ENOENT) {
		modules_want(m, "softdog");
		modules_load_all(m);
		w->fd = open(DEVICE, O_WRONLY | O_CLOEXEC);
	}
	if (w->fd >= 0)
		set_timeout(w, WATCHDOG_PATIENCE_S);
}

void watchdog_set(struct watchdog *w, unsigned timeout_s)
{
	if (timeout_s == 0)
		watchdog_stop(w);
	else if (w->fd >= 0)
		set_timeout(w, timeout_s);
}

void watchdog_say(const struct watchdog *w)
{
	struct watchdog_info info = {0};
	if (w->fd >= 0 && request(w, WDIOC_GETSUPPORT, &info) == 0)
		console_say("Watchdog: %.32s resets the machine if it hangs for %u s.",
			    (const char *)info.identity, w->timeout_s);
	else
		console_say("There is no watchdog: if the machine hangs, it stays so.");
}

int watchdog_feed_due(struct watchdog *w)
{
	uint64_t now = clock_mono_ms();
	uint64_t due = w->fed_ms + (uint64_t)w->timeout_s * 1000 / 3;
	if (w->fd < 0)
		return -1;
	if (due <= now) {
		watchdog_feed(w);
		return (int)(w->timeout_s * 1000 / 3);
	}
	return (int)(due - now);
}

void watchdog_be_patient(struct watchdog *w)
{
	watchdog_set(w, WATCHDOG_PATIENCE_S);
}

/* By the letter that drivers take for it ("magic close"). One that can't be stopped goes on. */
void watchdog_stop(struct watchdog *w)
{
	if (w->fd >= 0 && write(w->fd, "V", 1) == 1)
		fd_close(&w->fd);
}
