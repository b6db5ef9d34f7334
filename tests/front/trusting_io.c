/* SPDX-License-Identifier: MIT */
#include "trusting_io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"

void trusting_fail(const struct trusting *t, const char *what)
{
	printf("%s: %s, BearSSL: %d\n", what, strerror(errno),
	       br_ssl_engine_last_error(&t->client.eng));
	exit(1);
}

int trusting_connect(const struct trusting *t, const char *port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		trusting_fail(t, "connect");
	return fd;
}

void trusting_begin_at_random(struct trusting *t)
{
	uint8_t seed[32];
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		trusting_fail(t, "getrandom");
	trusting_begin(t, seed, sizeof(seed));
}

void trusting_flush(struct trusting *t, int fd)
{
	br_ssl_engine_context *engine = &t->client.eng;
	size_t len;
	while (br_ssl_engine_current_state(engine) & BR_SSL_SENDREC) {
		const uint8_t *from = br_ssl_engine_sendrec_buf(engine, &len);
		if (fd_write_all(fd, from, len) < 0)
			trusting_fail(t, "write");
		br_ssl_engine_sendrec_ack(engine, len);
	}
}

void trusting_run(struct trusting *t, int fd, unsigned until)
{
	br_ssl_engine_context *engine = &t->client.eng;
	unsigned state;
	size_t len;
	while (!((state = br_ssl_engine_current_state(engine)) & until)) {
		if (state & BR_SSL_CLOSED)
			trusting_fail(t, "closed");
		trusting_flush(t, fd);
		if (br_ssl_engine_current_state(engine) & until)
			return;
		uint8_t *to = br_ssl_engine_recvrec_buf(engine, &len);
		ssize_t n = to ? read(fd, to, len) : -1;
		if (n <= 0)
			trusting_fail(t, "read");
		br_ssl_engine_recvrec_ack(engine, (size_t)n);
	}
}
