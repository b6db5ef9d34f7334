/* SPDX-License-Identifier: MIT */
/* What httpd runs in the tests of front: it answers with the environment that it was given, and
 * does what the query says.
 *
 *   status=N    another status than 200       sleep=MS     before it answers
 *   size=N      a body of N bytes "x"         body=echo    the request's; body=none: it isn't read
 *   order=1     where bytes 8n to 8n+7 say n  body=stream  as echo, but as it comes
 *   length=no   no Content-Length             crash=1      no answer
 *   short=N     N bytes fewer than its Content-Length says
 *
 * With a body that is read and not echoed, BODY=<bytes> stands in the answer, and SHA256=<hex>. If
 * there is a /log, it says there that it was run, and of a body in frames that it wasn't whole.
 *
 * Asked whether a body may come, which is not there, it answers by these alone:
 *
 *   ask=N        another status than 204, with the environment; 0: no answer
 *   ask_sleep=MS before it answers */
#include <bearssl.h>
#include <endian.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/frames.h"

extern char **environ;

/* The value of a name in the query; NULL: it isn't there. */
static const char *find(const char *name)
{
	const char *at = getenv("QUERY_STRING");
	size_t len = strlen(name);
	while (at && *at) {
		if (strncmp(at, name, len) == 0 && at[len] == '=')
			return at + len + 1;
		at = strchr(at, '&');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

static bool is(const char *name, const char *value)
{
	const char *found = find(name);
	return found && strncmp(found, value, strlen(value)) == 0;
}

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *found = find(name);
	return found ? strtoul(found, NULL, 10) : otherwise;
}

static size_t body_length(void)
{
	const char *length = getenv("CONTENT_LENGTH");
	return length ? strtoul(length, NULL, 10) : 0;
}

static bool is_framed;
static struct frames frames;

/* What has come of the body in so many bytes. */
static ssize_t take(char *bytes, ssize_t n)
{
	return n > 0 && is_framed ? (ssize_t)frames_read(&frames, (uint8_t *)bytes, (size_t)n) : n;
}

/* Read the body; what is kept of it, the first bytes, is in memory. */
static size_t read_body(char *memory, size_t cap, size_t *kept, br_sha256_context *sum)
{
	static char rest[65536];
	size_t left = body_length(), all = 0;
	ssize_t n;
	*kept = 0;
	while (left > 0 && !frames_have_ended(&frames)) {
		bool keep = *kept < cap;
		size_t most = keep ? cap - *kept : sizeof(rest);
		char *to = keep ? memory + *kept : rest;
		n = read(STDIN_FILENO, to, left < most ? left : most);
		if (n <= 0)
			break;
		n = take(to, n);
		br_sha256_update(sum, to, (size_t)n);
		*kept += keep ? (size_t)n : 0;
		all += (size_t)n;
		left -= (size_t)n;
	}
	return all;
}

static void write_all(const void *bytes, size_t len)
{
	if (fd_write_all(STDOUT_FILENO, bytes, len) < 0)
		_exit(1);
}

static void write_filler(size_t len)
{
	static uint64_t filler[8192];
	bool in_order = find("order");
	memset(filler, 'x', sizeof(filler));
	for (uint64_t number = 0; len > 0;) {
		size_t n = len < sizeof(filler) ? len : sizeof(filler);
		for (size_t i = 0; in_order && i < sizeof(filler) / sizeof(filler[0]); i++)
			filler[i] = htobe64(number++);
		write_all(filler, n);
		len -= n;
	}
}

static void write_stream(void)
{
	static char some[65536];
	ssize_t n;
	for (size_t left = body_length(); left > 0; left -= (size_t)n) {
		n = read(STDIN_FILENO, some, left < sizeof(some) ? left : sizeof(some));
		if (n <= 0)
			_exit(1);
		write_all(some, (size_t)n);
	}
}

static size_t describe(char *to, size_t cap, size_t body_len, const br_sha256_context *sum)
{
	uint8_t hash[br_sha256_SIZE];
	size_t n = (size_t)snprintf(to, cap, "BODY=%zu\nSHA256=", body_len);
	br_sha256_out(sum, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		n += (size_t)snprintf(to + n, cap - n, "%02x", hash[i]);
	to[n++] = '\n';
	for (char **e = environ; *e; e++)
		n += (size_t)snprintf(to + n, cap - n, "%s\n", *e);
	return n;
}

/* In one write, as others may write there, too. */
static void log_run(const char *what)
{
	const char *method = getenv("REQUEST_METHOD"), *uri = getenv("REQUEST_URI");
	char line[8192];
	int n = snprintf(line, sizeof(line), "%s%s %s\n", what, method ? method : "",
			 uri ? uri : "");
	AUTO_FD fd = open("/log", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd >= 0)
		fd_write_all(fd, line, (size_t)n);
}

static void authorise(const br_sha256_context *sum)
{
	static char body[1 << 17], text[512];
	unsigned long status = number("ask", 204);
	log_run("AUTHORISE ");
	usleep((unsigned)number("ask_sleep", 0) * 1000);
	if (status == 0)
		return;
	size_t len = status == 204 ? 0 : describe(body, sizeof(body), 0, sum);
	int n = snprintf(text, sizeof(text), "Status: %lu Said\r\n", status);
	if (status != 204)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "Content-Length: %zu\r\n", len);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "Connection: close\r\n\r\n");
	write_all(text, (size_t)n);
	write_all(body, len);
}

int main(void)
{
	static char body[1 << 20], text[1 << 17];
	size_t kept = 0, len = 0, size = number("size", 0);
	bool is_stream = is("body", "stream");
	br_sha256_context sum;
	br_sha256_init(&sum);
	if (getenv("HTTP_SQUASH_AUTHORISE")) {
		authorise(&sum);
		return 0;
	}
	is_framed = getenv("HTTP_SQUASH_FRAMES");
	log_run("");
	if (!is("body", "none") && !is_stream)
		len = read_body(body, sizeof(body), &kept, &sum);
	if (len > 0 && is_framed && !frames_have_ended(&frames))
		log_run("CUT OFF ");
	usleep((unsigned)number("sleep", 0) * 1000);
	if (find("crash"))
		return 1;
	if (!is("body", "echo") && size == 0)
		kept = describe(body, sizeof(body), len, &sum);
	size_t all = is_stream ? body_length() : size ? size : kept;
	int n = snprintf(text, sizeof(text), "Status: %lu Said\r\nContent-Type: text/plain\r\n",
			 number("status", 200));
	if (!is("length", "no"))
		n += snprintf(text + n, sizeof(text) - (size_t)n, "Content-Length: %zu\r\n",
			      all + number("short", 0));
	n += snprintf(text + n, sizeof(text) - (size_t)n, "Connection: close\r\n\r\n");
	write_all(text, (size_t)n);
	if (is_stream)
		write_stream();
	else if (size)
		write_filler(size);
	else
		write_all(body, kept);
	return 0;
}
