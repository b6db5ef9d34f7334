/* SPDX-License-Identifier: MIT */
/* GET system: the appliance as a whole; POST system/reboot and system/poweroff. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/sockaddr.h"
#include "machine.h"
#include "requests.h"
#include "squashd/box/life.h"
#include "squashd/store/journal.h"
#include "squashd/store/modules.h"
#include "squashd/store/totals.h"
#include "squashd/wire/fields.h"
#include "update.h"

#define READ_MS 2000 /* for api to read an answer that is the last */

/* RFC 3927, RFC 4291 2.5.6. */
static bool is_link_local(const struct addr *a)
{
	if (a->family == 4)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static bool read_address(const struct ifaddrs *at, struct addr *a)
{
	uint16_t port;
	return at->ifa_addr && !(at->ifa_flags & IFF_LOOPBACK) &&
	       sockaddr_to((const void *)at->ifa_addr, a, &port);
}

/* Add those that are link-local, or those that are not. Returns their count. */
static size_t add_kind(const struct ifaddrs *all, bool link_local, struct buf *b)
{
	char text[ADDR_TEXT_BYTES];
	size_t count = 0;
	struct addr a;
	for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
		if (!read_address(at, &a) || is_link_local(&a) != link_local)
			continue;
		msg_add_text(b, TAG_ADDRESS, addr_text(&a, text));
		count++;
	}
	return count;
}

/* Those of all network cards, link-local ones only if there are no others, and never those of the
 * loopback. */
static int add_addresses(struct buf *b, struct err *e)
{
	struct ifaddrs *all;
	if (getifaddrs(&all) < 0)
		return err_set(e, errno, "list addresses");
	if (add_kind(all, false, b) == 0)
		add_kind(all, true, b);
	freeifaddrs(all);
	return 0;
}

static void count_module(const struct module *m, void *arg)
{
	uint64_t *count = arg;
	(void)m;
	++*count;
}

void request_system(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	struct err e;
	uint64_t modules = 0;
	if (fields.left > 0) {
		fields_refuse(r);
		return;
	}
	int rc = machine_add_names(&r->body, &e);
	if (rc == 0)
		rc = add_addresses(&r->body, &e);
	if (rc == 0)
		rc = machine_add_memory(&r->body, &e);
	if (rc == 0)
		rc = machine_add_disk(s, &r->body, &e);
	if (rc == 0)
		rc = modules_each(s, count_module, &modules, &e);
	if (rc < 0) {
		reply_err(r, &e);
		return;
	}
	msg_add_number(&r->body, TAG_DISK_PERSISTENT, s->has_disk);
	update_describe(s, r);
	msg_add_number(&r->body, TAG_UPTIME_S, clock_mono_ms() / 1000);
	msg_add_number(&r->body, TAG_TIME_MS, clock_wall_ms());
	msg_add_number(&r->body, TAG_CPUS, (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	msg_add_number(&r->body, TAG_SANDBOXES, life_count(s));
	msg_add_number(&r->body, TAG_SANDBOXES_MAX, s->max_sandboxes);
	msg_add_number(&r->body, TAG_MODULES, modules);
	msg_add_number(&r->body, TAG_REQUESTS_UNDER_WAY, s->requests_under_way);
	msg_add_number(&r->body, TAG_REQUESTS_DENIED, totals_denied(s->totals));
}

/* PID 1 ends everything in order, on that signal, front first, which lets replies that are on their
 * way come to their end. api keeps its end of the connection open until it has written this one. */
static void end_machine(const struct server *s, struct msg_cursor fields, struct reply *r,
			const char *event, int signal_of_init)
{
	struct pollfd end = {.fd = r->conn_fd, .events = POLLRDHUP};
	if (fields.left > 0) {
		fields_refuse(r);
		return;
	}
	journal_system(s, event, NULL);
	r->status = 202;
	reply_send(r);
	poll(&end, 1, READ_MS);
	if (kill(1, signal_of_init) < 0)
		perror("squashd: signal to init");
}

void request_reboot(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	end_machine(s, fields, r, "reboot", SIGINT);
}

void request_power_off(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	end_machine(s, fields, r, "poweroff", SIGTERM);
}
