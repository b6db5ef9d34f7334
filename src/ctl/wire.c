/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "limits.h"

static int wait_for(const struct wire *w, int fd, short events, int timeout_ms, struct err *e)
{
	struct pollfd p = {.fd = fd, .events = events};
	uint64_t end_ms = clock_mono_ms() + (uint64_t)timeout_ms;
	for (;;) {
		uint64_t now_ms = clock_mono_ms();
		int n = poll(&p, 1, now_ms < end_ms ? (int)(end_ms - now_ms) : 0);
		if (n > 0)
			return p.revents;
		if (n == 0)
			return err_say(e, ETIMEDOUT, "%s does not answer", w->name);
		if (errno != EINTR)
			return err_set(e, errno, "poll");
	}
}

/* Who is gone without a word (switched off, a cable pulled) is found out about. */
static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 15}, {IPPROTO_TCP, TCP_KEEPINTVL, 5},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

/* One of the addresses. The descriptor, or -errno. */
static int connect_to(const struct wire *w, const struct addrinfo *a, struct err *e)
{
	int fault = 0;
	socklen_t len = sizeof(fault);
	AUTO_FD fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, errno, "socket");
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS)
		return err_set(e, errno, "can't connect to %s", w->name);
	int rc = wait_for(w, fd, POLLOUT, CTL_CONNECT_MS, e);
	if (rc < 0)
		return rc;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) < 0 || fault != 0)
		return err_set(e, fault ? fault : ECONNABORTED, "can't connect to %s", w->name);
	set_options(fd);
	return fd_steal(&fd);
}

static int connect_any(struct wire *w, const struct url *u, struct err *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *all;
	char port[8];
	snprintf(port, sizeof(port), "%u", u->port);
	int rc = getaddrinfo(u->host, port, &hints, &all);
	if (rc != 0)
		return err_say(e, EHOSTUNREACH, "there is no host %s: %s", u->host,
			       gai_strerror(rc));
	rc = -EHOSTUNREACH;
	for (const struct addrinfo *a = all; a && rc < 0; a = a->ai_next)
		rc = connect_to(w, a, e);
	freeaddrinfo(all);
	w->fd = rc;
	return rc < 0 ? rc : 0;
}

static int say_closed(struct wire *w, struct err *e)
{
	int fault = br_ssl_engine_last_error(&w->client.eng);
	if (pinned_is_other(&w->pinned))
		return err_say(
			e, EKEYREJECTED,
			"%s has another certificate than SQUASH_FINGERPRINT says: if the console "
			"shows a new one, type squashctl pin %s; if not, somebody is in between",
			w->name, w->name);
	if (fault == BR_ERR_BAD_VERSION || fault == BR_ERR_UNSUPPORTED_VERSION ||
	    fault == BR_ERR_RECV_FATAL_ALERT + BR_ALERT_PROTOCOL_VERSION)
		return err_say(e, EPROTO, "%s does not speak TLS 1.2 at that port", w->name);
	return err_say(e, EPROTO, "TLS with %s has failed (BearSSL: %d)", w->name, fault);
}

static int send_records(struct wire *w, struct err *e)
{
	size_t len;
	const uint8_t *from = br_ssl_engine_sendrec_buf(&w->client.eng, &len);
	ssize_t n = send(w->fd, from, len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_set(e, errno, "the connection to %s has broken", w->name);
	if (n > 0)
		br_ssl_engine_sendrec_ack(&w->client.eng, (size_t)n);
	return 0;
}

static int receive_records(struct wire *w, struct err *e)
{
	size_t len;
	uint8_t *to = br_ssl_engine_recvrec_buf(&w->client.eng, &len);
	ssize_t n = recv(w->fd, to, len, 0);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return err_set(e, errno, "the connection to %s has broken", w->name);
	if (n == 0)
		return err_say(e, ECONNRESET, "%s has ended the connection in the middle", w->name);
	if (n > 0)
		br_ssl_engine_recvrec_ack(&w->client.eng, (size_t)n);
	return 0;
}

/* Move records until the engine can do one of these (BR_SSL_*), or, with 0, has none left to send.
 * 0; 1: the other side has said that it is the end; -errno with e filled. */
static int run_tls(struct wire *w, unsigned until, struct err *e)
{
	for (;;) {
		unsigned state = br_ssl_engine_current_state(&w->client.eng);
		if (state & BR_SSL_CLOSED)
			return br_ssl_engine_last_error(&w->client.eng) ? say_closed(w, e) : 1;
		if (until ? state & until : !(state & BR_SSL_SENDREC))
			return 0;
		short events = (short)((state & BR_SSL_SENDREC ? POLLOUT : 0) |
				       (state & BR_SSL_RECVREC ? POLLIN : 0));
		int ready = wait_for(w, w->fd, events, w->timeout_ms, e);
		int rc = ready < 0 ? ready : 0;
		/* What has come first: a peer that closes on us may have said why. */
		if (rc == 0 && (state & BR_SSL_RECVREC) && ready & (POLLIN | POLLHUP | POLLERR))
			rc = receive_records(w, e);
		else if (rc == 0 && (state & BR_SSL_SENDREC))
			rc = send_records(w, e);
		if (rc < 0)
			return rc;
	}
}

static int shake_hands(struct wire *w, const struct url *u, const uint8_t *fingerprint,
		       struct err *e)
{
	br_x509_minimal_context unused;
	br_ssl_engine_context *engine = &w->client.eng;
	uint8_t seed[32];
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return err_set(e, errno, "getrandom");
	br_ssl_client_init_full(&w->client, &unused, NULL, 0);
	br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
	pinned_init(&w->pinned, fingerprint);
	br_ssl_engine_set_x509(engine, &w->pinned.vtable);
	br_ssl_engine_set_buffers_bidi(engine, w->in, sizeof(w->in), w->out, sizeof(w->out));
	br_ssl_engine_inject_entropy(engine, seed, sizeof(seed));
	/* An address is no server name: RFC 6066 3. */
	if (!br_ssl_client_reset(&w->client, u->is_address ? NULL : u->host, 0))
		return say_closed(w, e);
	int rc = run_tls(w, BR_SSL_SENDAPP, e);
	return rc == 1 ? say_closed(w, e) : rc;
}

int wire_open(struct wire *w, const struct url *u, const uint8_t *fingerprint, struct err *e)
{
	w->is_tls = u->is_tls;
	w->timeout_ms = CTL_STALL_MS;
	url_authority(u, w->name);
	int rc = connect_any(w, u, e);
	if (rc == 0 && w->is_tls)
		rc = shake_hands(w, u, fingerprint, e);
	if (rc < 0)
		wire_close(w);
	return rc;
}

static ssize_t write_tls(struct wire *w, const void *bytes, size_t len, struct err *e)
{
	size_t room;
	int rc = run_tls(w, BR_SSL_SENDAPP | BR_SSL_RECVAPP, e);
	if (rc != 0)
		return rc == 1 ? 0 : rc; /* an end is to be read, too */
	if (br_ssl_engine_current_state(&w->client.eng) & BR_SSL_RECVAPP)
		return 0;
	uint8_t *to = br_ssl_engine_sendapp_buf(&w->client.eng, &room);
	size_t n = len < room ? len : room;
	memcpy(to, bytes, n);
	br_ssl_engine_sendapp_ack(&w->client.eng, n);
	return (ssize_t)n;
}

ssize_t wire_write(struct wire *w, const void *bytes, size_t len, struct err *e)
{
	if (w->is_tls)
		return write_tls(w, bytes, len, e);
	for (;;) {
		int ready = wait_for(w, w->fd, POLLIN | POLLOUT, w->timeout_ms, e);
		if (ready < 0)
			return ready;
		if (ready & POLLIN)
			return 0;
		ssize_t n = send(w->fd, bytes, len, MSG_NOSIGNAL);
		if (n > 0)
			return n;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_set(e, errno, "the connection to %s has broken", w->name);
	}
}

int wire_flush(struct wire *w, struct err *e)
{
	if (!w->is_tls)
		return 0;
	br_ssl_engine_flush(&w->client.eng, 0);
	int rc = run_tls(w, 0, e);
	return rc == 1 ? 0 : rc;
}

static ssize_t read_tls(struct wire *w, void *bytes, size_t cap, struct err *e)
{
	size_t there;
	int rc = run_tls(w, BR_SSL_RECVAPP, e);
	if (rc != 0)
		return rc == 1 ? 0 : rc;
	const uint8_t *from = br_ssl_engine_recvapp_buf(&w->client.eng, &there);
	size_t n = cap < there ? cap : there;
	memcpy(bytes, from, n);
	br_ssl_engine_recvapp_ack(&w->client.eng, n);
	return (ssize_t)n;
}

ssize_t wire_read(struct wire *w, void *bytes, size_t cap, struct err *e)
{
	if (w->is_tls)
		return read_tls(w, bytes, cap, e);
	for (;;) {
		int ready = wait_for(w, w->fd, POLLIN, w->timeout_ms, e);
		if (ready < 0)
			return ready;
		ssize_t n = recv(w->fd, bytes, cap, 0);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return err_set(e, errno, "the connection to %s has broken", w->name);
	}
}

void wire_close(struct wire *w)
{
	fd_close(&w->fd);
	explicit_bzero(w->out, sizeof(w->out)); /* the token has been there */
}
