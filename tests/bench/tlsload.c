/* SPDX-License-Identifier: MIT */
/* A client that loads a server on 127.0.0.1, by TLS or without, one connection after the other:
 *
 *   tlsload handshakes PORT COUNT         whole ones
 *   tlsload resumes PORT COUNT            of the first one's session
 *   tlsload bytes PORT HOW PATH BYTES     a file of that length; HOW: tls or plain
 *   tlsload requests PORT HOW COUNT PATH BODY
 *                                         POSTs on one connection
 *
 * It takes ECDHE with ECDSA and AES-128-GCM, and verifies nothing: most of the time is the
 * server's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../front/trusting_io.h"
#include "lib/fd.h"

#define HEAD_BYTES 4096

static struct trusting peer;
static int fd;
static bool has_tls;

static uint32_t take_signature(const br_ec_impl *ec, const void *hash, size_t hash_len,
			       const br_ec_public_key *key, const void *signature, size_t len)
{
	(void)ec;
	(void)hash;
	(void)hash_len;
	(void)key;
	(void)signature;
	(void)len;
	return 1;
}

static void shake_hands(const br_ssl_session_parameters *session)
{
	static const uint16_t suites[] = {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};
	trusting_begin_at_random(&peer);
	br_ssl_engine_set_suites(&peer.client.eng, suites, 1);
	br_ssl_engine_set_ecdsa(&peer.client.eng, take_signature);
	if (session)
		br_ssl_engine_set_session_parameters(&peer.client.eng, session);
	br_ssl_client_reset(&peer.client, "localhost", session != NULL);
	trusting_run(&peer, fd, BR_SSL_SENDAPP);
}

/* As it should be done: OpenSSL forgets the session otherwise. */
static void close_connection(void)
{
	if (has_tls) {
		br_ssl_engine_close(&peer.client.eng);
		trusting_flush(&peer, fd);
	}
	close(fd);
}

static void do_handshakes(const char *port, unsigned long count, bool resumes)
{
	br_ssl_session_parameters first, now;
	has_tls = true;
	for (unsigned long i = 0; i < count + resumes; i++) {
		fd = trusting_connect(&peer, port);
		shake_hands(resumes && i > 0 ? &first : NULL);
		br_ssl_engine_get_session_parameters(&peer.client.eng, &now);
		if (i == 0)
			first = now;
		else if (resumes != (memcmp(now.session_id, first.session_id, 32) == 0))
			trusting_fail(&peer, resumes ? "not resumed" : "resumed");
		close_connection();
	}
}

static void send_text(const char *text, size_t len)
{
	size_t room;
	if (!has_tls) {
		if (fd_write_all(fd, text, len) < 0)
			trusting_fail(&peer, "write");
		return;
	}
	trusting_run(&peer, fd, BR_SSL_SENDAPP);
	uint8_t *to = br_ssl_engine_sendapp_buf(&peer.client.eng, &room);
	if (room < len)
		trusting_fail(&peer, "no room");
	memcpy(to, text, len);
	br_ssl_engine_sendapp_ack(&peer.client.eng, len);
	br_ssl_engine_flush(&peer.client.eng, 0);
}

/* Some bytes. */
static size_t receive(char *to, size_t cap)
{
	size_t len;
	if (!has_tls) {
		ssize_t n = read(fd, to, cap);
		if (n <= 0)
			trusting_fail(&peer, "read");
		return (size_t)n;
	}
	trusting_run(&peer, fd, BR_SSL_RECVAPP);
	const uint8_t *bytes = br_ssl_engine_recvapp_buf(&peer.client.eng, &len);
	len = len < cap ? len : cap;
	memcpy(to, bytes, len);
	br_ssl_engine_recvapp_ack(&peer.client.eng, len);
	return len;
}

/* A reply's head into a string; how many bytes came behind it. */
static size_t receive_head(char head[HEAD_BYTES])
{
	size_t len = 0;
	char *end = NULL;
	while (!end) {
		if (len == HEAD_BYTES - 1)
			trusting_fail(&peer, "a long head");
		len += receive(head + len, HEAD_BYTES - 1 - len);
		head[len] = 0;
		end = strstr(head, "\r\n\r\n");
	}
	if (strncmp(head, "HTTP/1.", 7) != 0 || head[9] != '2')
		trusting_fail(&peer, head);
	*end = 0;
	return len - (size_t)(end + 4 - head);
}

/* To a port, by TLS or not. */
static void begin(const char *port, const char *how)
{
	has_tls = strcmp(how, "tls") == 0;
	fd = trusting_connect(&peer, port);
	if (has_tls)
		shake_hands(NULL);
}

static void do_bytes(char **words)
{
	static char some[65536];
	char head[HEAD_BYTES];
	size_t bytes = strtoul(words[3], NULL, 10);
	begin(words[0], words[1]);
	int n = snprintf(head, sizeof(head), "GET %s HTTP/1.0\r\nHost: x\r\n\r\n", words[2]);
	send_text(head, (size_t)n);
	size_t have = receive_head(head);
	while (have < bytes)
		have += receive(some, sizeof(some));
	if (have != bytes)
		trusting_fail(&peer, "another length");
	close_connection();
}

static void do_requests(char **words)
{
	char head[HEAD_BYTES];
	unsigned long count = strtoul(words[2], NULL, 10);
	begin(words[0], words[1]);
	while (count-- > 0) {
		int n = snprintf(head, sizeof(head),
				 "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
				 words[3], strlen(words[4]), words[4]);
		send_text(head, (size_t)n);
		size_t have = receive_head(head);
		const char *length = strcasestr(head, "\r\nContent-Length:");
		size_t all = length ? strtoul(length + 17, NULL, 10) : 0;
		if (all == 0)
			trusting_fail(&peer, "no length");
		while (have < all)
			have += receive(head, HEAD_BYTES);
	}
	close_connection();
}

int main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[1] : "";
	if (strcmp(what, "handshakes") == 0 || strcmp(what, "resumes") == 0)
		do_handshakes(argv[2], strtoul(argv[3], NULL, 10), what[0] == 'r');
	else if (strcmp(what, "bytes") == 0 && argc == 6)
		do_bytes(argv + 2);
	else if (strcmp(what, "requests") == 0 && argc == 7)
		do_requests(argv + 2);
	else
		return 2;
	return 0;
}
