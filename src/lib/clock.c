/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include <time.h>

static uint64_t now_ms(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t); /* cannot fail for these two clocks */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clock_wall_ms(void)
{
	return now_ms(CLOCK_REALTIME);
}

uint64_t clock_mono_ms(void)
{
	return now_ms(CLOCK_BOOTTIME);
}

const char *clock_text(uint64_t wall_ms, char text[CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

const char *clock_http_date(uint64_t wall_ms, char text[CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(text, CLOCK_TEXT_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return text;
}

int clock_take_due(uint64_t *due_ms)
{
	uint64_t now = clock_mono_ms();
	if (!*due_ms)
		return -1;
	if (now < *due_ms)
		return (int)(*due_ms - now);
	*due_ms = 0;
	return 0;
}

int clock_sooner(int a_ms, int b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}
