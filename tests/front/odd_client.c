/* SPDX-License-Identifier: MIT */
/* A client that shakes hands like any other and then sends records that no other would.
 *
 *   odd_client PORT KIND...     KIND: see `kinds` below; NxKIND: N of them
 *
 * They are sent to 127.0.0.1 in that order. Then it reads to the end, and prints what came in one
 * line: "alert LEVEL CODE", the first line of what was data, how many bytes that was, and how it
 * ended, "eof" or "reset". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trusting_io.h"

enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23, HEARTBEAT = 24 };

#define MOST 16384
#define HEADROOM 32 /* BearSSL writes a record's head before its bytes, and a tag behind */

static struct trusting peer;
static int fd;

static const char get[] = "GET /cgi-bin/api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
/* The least ClientHello. */
static const uint8_t hello[45] = {
	1, 0, 0, 41, 3, 3, [40] = 2, [41] = 0xc0, [42] = 0x2b, [43] = 1,
};

static const struct kind {
	const char *name;
	uint8_t type;
	const void *bytes;
	size_t len;
	bool broken, twice;
} kinds[] = {
	{.name = "get", .type = DATA, .bytes = get, .len = sizeof(get) - 1},
	{.name = "empty", .type = DATA, .bytes = ""},
	{.name = "warning", .type = ALERT, .bytes = "\1\132", .len = 2}, /* user_canceled */
	{.name = "no-renegotiation", .type = ALERT, .bytes = "\1\144", .len = 2},
	{.name = "fatal", .type = ALERT, .bytes = "\2\50", .len = 2},
	{.name = "close", .type = ALERT, .bytes = "\1\0", .len = 2},
	{.name = "half-alert", .type = ALERT, .bytes = "\1", .len = 1},
	{.name = "heartbeat", .type = HEARTBEAT, .bytes = "\1\100\0xxxx", .len = 7},
	{.name = "unknown", .type = 99, .bytes = "x", .len = 1},
	{.name = "change-cipher", .type = CHANGE_CIPHER, .bytes = "\1", .len = 1},
	{.name = "hello", .type = HANDSHAKE, .bytes = hello, .len = sizeof(hello)},
	{.name = "half-hello", .type = HANDSHAKE, .bytes = hello, .len = 20},
	{.name = "hello-request", .type = HANDSHAKE, .bytes = "\0\0\0\0", .len = 4},
	{.name = "finished", .type = HANDSHAKE, .bytes = "\24\0\0\14xxxxxxxxxxxx", .len = 16},
	{.name = "key-exchange", .type = HANDSHAKE, .bytes = "\20\0\0\2\1x", .len = 6},
	{.name = "forged", .type = DATA, .bytes = get, .len = sizeof(get) - 1, .broken = true},
	{.name = "replayed", .type = DATA, .bytes = "", .twice = true},
	{.name = "too-long", .type = DATA, .bytes = NULL, .len = MOST + 1},
	{.name = "longest", .type = DATA, .bytes = NULL, .len = MOST},
};

/* A server that has had enough has closed: what it said is read later. */
static void send_record(const struct kind *k)
{
	static uint8_t memory[HEADROOM + MOST + 1 + HEADROOM];
	br_ssl_engine_context *engine = &peer.client.eng;
	size_t len = k->len;
	memset(memory, 'x', sizeof(memory));
	if (k->bytes)
		memcpy(memory + HEADROOM, k->bytes, len);
	uint8_t *record = engine->out.vtable->encrypt(&engine->out.vtable, k->type, BR_TLS12,
						      memory + HEADROOM, &len);
	if (k->broken)
		record[len - 1] ^= 1;
	if (send(fd, record, len, MSG_NOSIGNAL) == (ssize_t)len && k->twice)
		send(fd, record, len, MSG_NOSIGNAL);
}

static void send_kind(const char *word)
{
	unsigned long count = 1;
	char *behind;
	if (word[0] >= '0' && word[0] <= '9') {
		count = strtoul(word, &behind, 10);
		word = behind + 1;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, word) != 0)
			continue;
		while (count-- > 0)
			send_record(&kinds[i]);
		return;
	}
	trusting_fail(&peer, word);
}

/* Whether all of it has come; if not, how it ended is printed. */
static bool read_all(uint8_t *to, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, to, len);
		if (n <= 0) {
			printf("%s\n", n == 0 ? "eof" : "reset");
			return false;
		}
		to += n;
		len -= (size_t)n;
	}
	return true;
}

static void read_records(void)
{
	static uint8_t head[5], bytes[65536];
	br_ssl_engine_context *engine = &peer.client.eng;
	size_t all = 0;
	while (read_all(head, sizeof(head))) {
		size_t len = (size_t)head[3] << 8 | head[4];
		if (!read_all(bytes, len))
			return;
		uint8_t *plain = engine->in.vtable->decrypt(&engine->in.vtable, head[0], BR_TLS12,
							    bytes, &len);
		if (!plain)
			trusting_fail(&peer, "decrypt");
		if (head[0] == ALERT)
			printf("alert %u %u, ", plain[0], plain[1]);
		else if (head[0] == DATA && all == 0)
			printf("%.*s, ", (int)strcspn((char *)plain, "\r\n"), (char *)plain);
		all += head[0] == DATA ? len : 0;
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	fd = trusting_connect(&peer, argv[1]);
	trusting_begin_at_random(&peer);
	br_ssl_client_reset(&peer.client, "localhost", 0);
	trusting_run(&peer, fd, BR_SSL_SENDAPP);
	for (int i = 2; i < argc; i++)
		send_kind(argv[i]);
	read_records();
	return 0;
}
