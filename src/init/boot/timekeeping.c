/* SPDX-License-Identifier: MIT */
#include "timekeeping.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "lib/clock.h"
#include "lib/fd.h"

#define STEP_SAID_MS 3000
#define REMARK_MS 30000 /* an address takes some 10 s, and ntpd another 5 */

int timekeeping_check(struct err *e)
{
	const uint64_t built_ms = UINT64_C(1000) * SQUASH_BUILD_TIME;
	const struct timespec built = {.tv_sec = SQUASH_BUILD_TIME};
	char now[CLOCK_TEXT_BYTES], then[CLOCK_TEXT_BYTES];
	uint64_t now_ms = clock_wall_ms();
	if (now_ms >= built_ms)
		return 0;
	console_say("The clock says %s, which can't be: the image is of %s, and the clock is set "
		    "to that. Lifetimes and certificates count by it: set the machine's clock, or "
		    "SQUASH_NTP.",
		    clock_text(now_ms, now), clock_text(built_ms, then));
	return clock_settime(CLOCK_REALTIME, &built) < 0 ? err_set(e, errno, "set the clock") : 0;
}

static int64_t offset_ms(void)
{
	return (int64_t)clock_wall_ms() - (int64_t)clock_mono_ms();
}

int timekeeping_watch(struct timekeeping *t, struct err *e)
{
	/* One that never expires: it is there for what timerfd_create(2) says of
	 * TFD_TIMER_CANCEL_ON_SET. */
	const struct itimerspec never = {.it_value = {.tv_sec = INT64_MAX}};
	AUTO_FD fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0 ||
	    timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
		return err_set(e, errno, "watch the clock");
	t->offset_ms = offset_ms();
	t->event_fd = fd_steal(&fd);
	return 0;
}

void timekeeping_expect(struct timekeeping *t)
{
	t->remark_ms = clock_mono_ms() + REMARK_MS;
}

void timekeeping_read_events(struct timekeeping *t)
{
	char now[CLOCK_TEXT_BYTES], before[CLOCK_TEXT_BYTES];
	uint64_t expirations;
	if (t->event_fd < 0 || read(t->event_fd, &expirations, sizeof(expirations)) >= 0 ||
	    errno != ECANCELED)
		return;
	int64_t step_ms = offset_ms() - t->offset_ms;
	uint64_t wall_ms = clock_wall_ms();
	t->offset_ms += step_ms;
	if (llabs(step_ms) >= STEP_SAID_MS)
		console_say("The clock was set: %s (it was %s).", clock_text(wall_ms, now),
			    clock_text(wall_ms - (uint64_t)step_ms, before));
}

int timekeeping_remark(struct timekeeping *t)
{
	struct timex state = {.modes = 0}; /* only to be read */
	int left_ms = clock_take_due(&t->remark_ms);
	if (left_ms != 0)
		return left_ms;
	if (adjtimex(&state) == TIME_ERROR)
		console_say("No server of SQUASH_NTP has given the time so far: still asking.");
	return -1;
}
