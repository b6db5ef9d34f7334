/* SPDX-License-Identifier: MIT */
#include "api_end.h"

#include <poll.h>

short api_end_events(bool sends)
{
	return (short)(POLLRDHUP | (sends ? POLLOUT : 0));
}

bool api_end_has_come(short revents)
{
	return revents & ~POLLOUT;
}
