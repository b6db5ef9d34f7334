/* SPDX-License-Identifier: MIT */
#include "attempt.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/fd.h"
#include "lib/sockaddr.h"

#define DNS_PORT 53

static void by_udp(void *owner, uint32_t events);
static void by_tcp(void *owner, uint32_t events);

void attempt_end(struct attempt *a)
{
	loop_close(a->loop, &a->source);
	timers_clear(&a->loop->timers, &a->timer);
	if (a->room)
		a->room->used = false;
	a->room = NULL;
}

static void finish(struct attempt *a, const struct dns_answer *answer)
{
	attempt_end(a);
	a->done(a->owner, answer);
}

static void time_is_up(void *owner)
{
	finish(owner, NULL);
}

void attempt_init(struct attempt *a, struct loop *loop, struct attempt_rooms *rooms,
		  void (*done)(void *owner, const struct dns_answer *answer), void *owner)
{
	*a = (struct attempt){.loop = loop,
			      .rooms = rooms,
			      .done = done,
			      .owner = owner,
			      .source = {.fd = -1, .owner = a},
			      .timer = {.fire = time_is_up, .owner = a}};
}

/* A socket to the server, watched: who isn't the server can't answer to it. */
static int connect_to_server(struct attempt *a, int type, uint32_t events,
			     void (*ready)(void *owner, uint32_t events))
{
	union sockaddr_any to;
	socklen_t len = sockaddr_from(&a->server, DNS_PORT, &to);
	int fd = sockaddr_socket(&a->server, type);
	if (fd < 0)
		return fd;
	a->source.ready = ready;
	int rc = a->device ? sockaddr_bind_device(fd, a->device) : 0;
	if (rc == 0)
		rc = loop_add(a->loop, &a->source, fd, events);
	if (rc < 0) {
		fd_close(&fd);
		return rc;
	}
	if (connect(fd, &to.head, len) < 0 && errno != EINPROGRESS)
		return -errno;
	timers_set(&a->loop->timers, &a->timer, a->loop->now_ms + EGRESS_ATTEMPT_MS);
	return 0;
}

static int begin(struct attempt *a)
{
	uint8_t query[DNS_UDP_BYTES];
	if (getrandom(&a->id, sizeof(a->id), 0) != (ssize_t)sizeof(a->id))
		return -EAGAIN;
	size_t len = dns_write_query(a->id, a->name, a->type, query);
	int rc = connect_to_server(a, SOCK_DGRAM, EPOLLIN, by_udp);
	if (rc == 0 && send(a->source.fd, query, len, 0) < 0)
		rc = -errno;
	return rc;
}

int attempt_begin(struct attempt *a, const struct addr *server, int device, const char *name,
		  enum dns_type type)
{
	a->device = device;
	a->server = *server;
	a->name = name;
	a->type = type;
	int rc = begin(a);
	if (rc < 0)
		attempt_end(a);
	return rc;
}

static struct attempt_room *find_room(struct attempt_rooms *rooms)
{
	for (size_t i = 0; i < EGRESS_UPSTREAM_TCP; i++)
		if (!rooms->all[i].used)
			return &rooms->all[i];
	return NULL;
}

/* The same question, with the same id: the answer by TCP can't be forged from aside. */
static void begin_tcp(struct attempt *a)
{
	attempt_end(a);
	a->room = find_room(a->rooms);
	if (!a->room) {
		finish(a, NULL);
		return;
	}
	a->room->used = true;
	a->room_len = 0;
	a->sent = false;
	if (connect_to_server(a, SOCK_STREAM, EPOLLOUT, by_tcp) < 0)
		finish(a, NULL);
}

static void by_udp(void *owner, uint32_t events)
{
	struct attempt *a = owner;
	uint8_t bytes[DNS_UDP_BYTES];
	struct dns_answer answer;
	(void)events;
	for (int i = 0; i < LOOP_BURST; i++) {
		ssize_t n = recv(a->source.fd, bytes, sizeof(bytes), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) { /* nobody listens there, or there is no way to it */
			finish(a, NULL);
			return;
		}
		/* What is no answer to the question may be forged: the true one may still come. */
		if (!dns_read_answer(bytes, (size_t)n, a->id, a->name, a->type, &answer))
			continue;
		if (answer.truncated)
			begin_tcp(a);
		else
			finish(a, &answer);
		return;
	}
}

static bool send_by_tcp(struct attempt *a)
{
	uint8_t query[2 + DNS_UDP_BYTES];
	size_t len = dns_write_query(a->id, a->name, a->type, query + 2);
	query[0] = (uint8_t)(len >> 8);
	query[1] = (uint8_t)len;
	if (send(a->source.fd, query, len + 2, MSG_NOSIGNAL) != (ssize_t)len + 2)
		return false; /* the buffer of a new connection has room for it */
	a->sent = true;
	loop_change(a->loop, &a->source, EPOLLIN);
	return true;
}

/* The length of the answer, as far as it is known. */
static size_t expected(const struct attempt *a)
{
	const uint8_t *bytes = a->room->bytes;
	return a->room_len < 2 ? 2 : 2 + (size_t)(bytes[0] << 8 | bytes[1]);
}

static void by_tcp(void *owner, uint32_t events)
{
	struct attempt *a = owner;
	struct attempt_room *room = a->room;
	struct dns_answer answer;
	(void)events;
	if (!a->sent) {
		if (!send_by_tcp(a))
			finish(a, NULL);
		return;
	}
	ssize_t n = recv(a->source.fd, room->bytes + a->room_len, expected(a) - a->room_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(a, NULL);
		return;
	}
	a->room_len += (size_t)n;
	if (a->room_len < expected(a) || a->room_len == 2)
		return;
	bool good =
		dns_read_answer(room->bytes + 2, a->room_len - 2, a->id, a->name, a->type, &answer);
	finish(a, good && !answer.truncated ? &answer : NULL);
}
