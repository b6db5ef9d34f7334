/* SPDX-License-Identifier: MIT */
/* front owns the ports: it speaks TLS, reads the heads of requests, and passes on to httpd what is
 * whole, well-formed and within limits. One process, one loop; a user of its own, an empty root but
 * for httpd's socket, no capability. Its descriptors are those of lib/front_fds.h; it keeps nothing
 * that its successor couldn't do without, but the keys of sessions.
 *
 * A connection goes through the states of conn.h, driven by one function (conn_run) whatever has
 * happened. Who has much under way waits for himself: see schedule.c and limits.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "accept.h"
#include "confine.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/front_fds.h"
#include "schedule.h"

#define STOP_MS 1500 /* init waits for 2 s */

static void take_plain(void *owner, int fd)
{
	conn_accept(owner, fd, false);
}

static void take_tls(void *owner, int fd)
{
	conn_accept(owner, fd, true);
}

static void stop_now(void *owner)
{
	(void)owner;
	_exit(0);
}

/* init wants us to end: what is under way may end first. */
static void read_signal(void *owner, uint32_t events)
{
	struct front *f = owner;
	struct signalfd_siginfo info;
	(void)events;
	if (read(f->signals.fd, &info, sizeof(info)) != (ssize_t)sizeof(info) || f->stops)
		return;
	f->stops = true;
	for (size_t i = 0; i < 2; i++)
		if (f->listens[i])
			loop_close(&f->loop, &f->listeners[i].source);
	conn_close_idle(f);
	f->stop = (struct timer){.fire = stop_now};
	timers_set(&f->loop.timers, &f->stop, f->loop.now_ms + STOP_MS);
}

static int watch_signals(struct front *f, struct err *e)
{
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	int fd = signalfd(-1, &term, SFD_NONBLOCK | SFD_CLOEXEC);
	f->signals = (struct loop_source){.fd = -1, .ready = read_signal, .owner = f};
	if (fd < 0)
		return err_set(e, errno, "signalfd");
	int rc = loop_add(&f->loop, &f->signals, fd, EPOLLIN);
	return rc < 0 ? err_set(e, -rc, "watch signals") : 0;
}

static int listen_on(struct front *f, size_t i, int fd, void (*take)(void *owner, int fd),
		     struct err *e)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_set(e, errno, "descriptor %d", fd);
	f->listens[i] = true;
	return listener_init(&f->listeners[i], &f->loop, fd, take, f, e);
}

/* The whole of what fd has, which is closed. */
static ssize_t read_pem(int fd, uint8_t *to, size_t cap, const char *what, struct err *e)
{
	ssize_t n = fd_read_all(fd, to, cap);
	close(fd);
	if (n < 0)
		return err_set(e, (int)-n, "read the %s", what);
	if ((size_t)n == cap)
		return err_say(e, EFBIG, "the %s has more than %zu bytes", what, cap - 1);
	return n;
}

/* Whoever connects can compare it, and trust the certificate by that. */
static void say_identity(const struct identity *id)
{
	char from[CLOCK_TEXT_BYTES], until[CLOCK_TEXT_BYTES];
	uint64_t now_ms = clock_wall_ms();
	fprintf(stderr, "TLS certificate, SHA-256: %s (%s)\n", id->fingerprint, id->key_name);
	if (identity_when(id, (int64_t)(now_ms / 1000)) != IDENTITY_NOW)
		fprintf(stderr,
			"The TLS certificate is valid from %s to %s, not now, says the clock.\n",
			clock_text((uint64_t)id->not_before * 1000, from),
			clock_text((uint64_t)id->not_after * 1000, until));
}

static int load_identity(struct front *f, struct err *e)
{
	static uint8_t key[IDENTITY_KEY_PEM_BYTES + 1], chain[IDENTITY_CHAIN_BYTES + 1];
	ssize_t chain_len = -EBADF;
	ssize_t key_len = read_pem(FRONT_KEY_FD, key, sizeof(key), "private key", e);
	if (key_len >= 0)
		chain_len = read_pem(FRONT_CHAIN_FD, chain, sizeof(chain), "certificate", e);
	int rc = key_len < 0 ? (int)key_len : (int)chain_len;
	if (rc >= 0)
		rc = identity_load(&f->identity, key, (size_t)key_len, chain, (size_t)chain_len, e);
	explicit_bzero(key, sizeof(key));
	if (rc < 0)
		return rc;
	say_identity(&f->identity);
	tls_server_init(&f->tls_server, &f->identity);
	return 0;
}

static int listen_all(struct front *f, bool has_http, bool has_tls, struct err *e)
{
	int rc = 0;
	if (has_http)
		rc = listen_on(f, 0, FRONT_HTTP_FD, take_plain, e);
	if (rc < 0 || !has_tls)
		return rc;
	rc = load_identity(f, e);
	if (rc == 0)
		return listen_on(f, 1, FRONT_TLS_FD, take_tls, e);
	if (!has_http)
		return rc;
	fprintf(stderr, "front: no TLS: %s\n", e->text);
	return 0;
}

/* Nothing: schedule() comes behind each turn. */
static void go_on(void *owner, uint32_t events)
{
	(void)owner;
	(void)events;
}

static int set_up(struct front *f, struct err *e)
{
	cpu_set_t cpus;
	uint8_t random[GUARD_KEY_BYTES + sizeof(uint64_t)];
	uint64_t seed;
	/* Before anything else takes the number of one that isn't there. */
	bool has_http = fcntl(FRONT_HTTP_FD, F_GETFD) >= 0;
	bool has_tls = fcntl(FRONT_TLS_FD, F_GETFD) >= 0;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(e, errno, "getrandom");
	guard_init(&f->guard, random);
	memcpy(&seed, random + GUARD_KEY_BYTES, sizeof(seed));
	clients_init(&f->clients, seed);
	conn_init_all(f);
	f->more = (struct loop_source){.fd = -1, .ready = go_on};
	f->quick_us = FRONT_START_MS_MAX * 1000 / FRONT_START_TIMES;
	f->starting_max = FRONT_STARTING_MIN;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 &&
	    FRONT_STARTING_PER_CPU * CPU_COUNT(&cpus) > FRONT_STARTING_MIN)
		f->starting_max = FRONT_STARTING_PER_CPU * (unsigned)CPU_COUNT(&cpus);
	int rc = loop_init(&f->loop, f->timers, e);
	if (rc == 0)
		rc = watch_signals(f, e);
	return rc < 0 ? rc : listen_all(f, has_http, has_tls, e);
}

int main(void)
{
	static struct front front;
	struct err e;
	/* A console that doesn't take a line must not hold up all clients. */
	fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
	int rc = set_up(&front, &e);
	/* Nothing that comes from outside has been read yet. */
	if (rc == 0)
		rc = confine_self(&e);
	while (rc == 0 && !(front.stops && front.count == 0)) {
		rc = loop_turn(&front.loop, &e);
		schedule(&front);
	}
	if (rc == 0)
		return 0;
	fprintf(stderr, "front: %s\n", e.text);
	return 1;
}
