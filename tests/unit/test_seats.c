/* SPDX-License-Identifier: MIT */
/* Who is let in when many are there. */
#include <stdio.h>
#include <string.h>

#include "lib/limits.h"
#include "squashd/seats.h"
#include "tap.h"

static struct seats *seats;
static unsigned clients; /* so far */

/* Start workers for requests to the sandbox until one is refused, or max are there: how many are.
 * client: whose they are; NULL: each is another's. */
static int fill_for(const char *id, enum seat_class class, int max, const struct addr *client)
{
	struct err e;
	int count = 0;
	while (count < max) {
		int seat = seats_take(seats, SEAT_NEW);
		if (seat < 0)
			break;
		seats_give(seats, seat, 1000 + seat);
		struct addr another = {.family = 4, .bytes = {10, 0}};
		another.bytes[2] = (uint8_t)(++clients >> 8);
		another.bytes[3] = (uint8_t)clients;
		if (!seats_admit(seats, seat, class, id, client ? client : &another, &e)) {
			seats_end(seats, 1000 + seat);
			break;
		}
		count++;
	}
	return count;
}

static int fill(const char *id, enum seat_class class, int max)
{
	return fill_for(id, class, max, NULL);
}

/* The nth address of a /64. */
static struct addr of_net(unsigned net, unsigned n)
{
	struct addr a = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
	a.bytes[7] = (uint8_t)net;
	a.bytes[15] = (uint8_t)n;
	return a;
}

/* Those who have gone keep what they have begun: it is the seats that are counted. */
static void test_clients(void)
{
	struct err e;
	int first = 0, most = LIMIT_WORKERS - LIMIT_WORKERS_KEPT;
	struct addr other = of_net(2, 1);
	seats = seats_make(&e);
	for (unsigned i = 0; i < 16; i++) {
		struct addr a = of_net(1, i);
		first += fill_for("", SEAT_LONG, 40, &a);
	}
	tap_ok(first == most / 2 || first == most / 2 + 1, "one /64 gets half: %d", first);
	tap_ok(fill_for("", SEAT_LONG, 50, &other) == 50, "another has the other");
	tap_ok(fill_for("", SEAT_SOON, 10, &other) == 10, "what ends soon is nobody's share");
}

static void test_kept(void)
{
	struct err e;
	seats = seats_make(&e);
	int most = LIMIT_WORKERS - LIMIT_WORKERS_KEPT;
	tap_ok(fill("", SEAT_LONG, LIMIT_WORKERS) == most, "long requests have all but %d",
	       LIMIT_WORKERS_KEPT);
	tap_ok(fill("a", SEAT_LONG, 1) == 0, "no sandbox gets another");
	tap_ok(fill("a", SEAT_SOON, LIMIT_WORKERS) == LIMIT_WORKERS_SOON,
	       "of what ends soon a sandbox has %d", LIMIT_WORKERS_SOON);
	tap_ok(fill("", SEAT_SOON, LIMIT_WORKERS) ==
		       LIMIT_WORKERS_KEPT - LIMIT_WORKERS_SOON - LIMIT_WORKERS_OWN,
	       "what ends soon has the rest, but what is kept for squashd's own work");
	tap_ok(seats_take(seats, SEAT_NEW) < 0, "then there is none");
	int own = 0;
	while (seats_take(seats, SEAT_OWN) >= 0)
		own++;
	tap_ok(own == LIMIT_WORKERS_OWN, "which gets it: %d", own);
	tap_ok(seats_taken(seats) == LIMIT_WORKERS, "all are taken");
	tap_ok(seats_of_class(seats, SEAT_LONG) == (unsigned)most, "by class");
}

static void test_share(void)
{
	struct err e;
	char id[24];
	int first = 0, others = 0, most = LIMIT_WORKERS - LIMIT_WORKERS_KEPT;
	seats = seats_make(&e);
	first = fill("greedy", SEAT_LONG, LIMIT_WORKERS);
	tap_ok(first > LIMIT_EXECS && first <= most / 3 + 1, "one sandbox gets a third: %d", first);
	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "more-%d", i);
		others += fill(id, SEAT_LONG, LIMIT_WORKERS);
	}
	tap_ok(first + others < most, "nine of them leave some: %d", most - first - others);
	tap_ok(fill("late", SEAT_LONG, 1) == 1, "one that comes late is let in");
}

static void test_leave(void)
{
	struct err e;
	seats = seats_make(&e);
	int seat = seats_take(seats, SEAT_NEW);
	seats_give(seats, seat, 77);
	seats_leave(seats, seat);
	tap_ok(seats_taken(seats) == 0, "a seat that is left is free");
	tap_ok(!seats_end(seats, 77), "its process's end is no worker's");
	tap_ok(seats_take(seats, SEAT_OWN) == seat, "it is taken again");
	seats_give(seats, seat, 78);
	tap_ok(!seats_end(seats, 77) && seats_taken(seats) == 1, "which that end doesn't change");
	tap_ok(seats_end(seats, 78) && seats_taken(seats) == 0, "its own does");
	seat = seats_take(seats, SEAT_OWN);
	seats_give(seats, seat, -1);
	tap_ok(seats_taken(seats) == 0, "a process that can't be started takes none");
}

int main(void)
{
	test_clients();
	test_kept();
	test_share();
	test_leave();
	return tap_done();
}
