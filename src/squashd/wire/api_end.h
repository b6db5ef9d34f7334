/* SPDX-License-Identifier: MIT */
/* How a worker finds out that api, and with it the client, waits for its reply no more. api sends
 * nothing after its request: whatever comes on the connection is its end. */
#ifndef SQUASH_SQUASHD_WIRE_API_END_H
#define SQUASH_SQUASHD_WIRE_API_END_H

#include <stdbool.h>

/* Returns the events to poll the connection for; sends: also for room to send. */
short api_end_events(bool sends);

/* Returns whether poll(2) says that api has ended. */
bool api_end_has_come(short revents);

#endif
