/* SPDX-License-Identifier: MIT */
/* Moves bytes over TCP, or makes connections, as fast as it goes:
 *
 *   pump serve PORT                     for good; connections one after the other
 *   pump bytes ADDRESS PORT MIB         sends so much, and waits until it has all been read
 *   pump connects ADDRESS PORT COUNT    one after the other, each answered by a byte */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_BYTES 262144

static char block[BLOCK_BYTES];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die(address);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	return fd;
}

/* The first byte says what is wanted: 's', to be read to the end; or one byte back. */
static void serve_one(int fd)
{
	char verb;
	if (read(fd, &verb, 1) == 1 && verb == 's') {
		while (read(fd, block, sizeof(block)) > 0)
			;
	}
	if (write(fd, ".", 1) != 1)
		perror("answer");
	close(fd);
}

static void serve(const char *port)
{
	struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int yes = 1;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (const struct sockaddr *)&self, sizeof(self)) < 0 ||
	    listen(listener, 128) < 0)
		die("listen");
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd >= 0)
			serve_one(fd);
	}
}

static void await_answer(int fd)
{
	char answer;
	if (read(fd, &answer, 1) != 1)
		die("no answer");
	close(fd);
}

static void send_bytes(int fd, unsigned long mib)
{
	uint64_t left = (uint64_t)mib << 20;
	if (write(fd, "s", 1) != 1)
		die("send");
	while (left) {
		ssize_t n = write(fd, block, left < sizeof(block) ? (size_t)left : sizeof(block));
		if (n <= 0)
			die("send");
		left -= (uint64_t)n;
	}
	shutdown(fd, SHUT_WR);
	await_answer(fd);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		serve(argv[2]);
	} else if (argc == 5 && strcmp(argv[1], "bytes") == 0) {
		send_bytes(connect_to(argv[2], argv[3]), strtoul(argv[4], NULL, 10));
	} else if (argc == 5 && strcmp(argv[1], "connects") == 0) {
		for (unsigned long left = strtoul(argv[4], NULL, 10); left; left--) {
			int fd = connect_to(argv[2], argv[3]);
			if (write(fd, "e", 1) != 1)
				die("send");
			await_answer(fd);
		}
	} else {
		fputs("usage: see pump.c\n", stderr);
		return 2;
	}
	return 0;
}
