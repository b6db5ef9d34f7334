/* SPDX-License-Identifier: MIT */
/* What httpd runs in the tests of front: it answers with the environment that it was given, and
 * does what the query says.
 *
 *   status=N    another status than 200       sleep=MS     before it answers
 *   size=N      a body of N bytes "x"         body=echo    the request's; body=none: it isn't read
 *   length=no   no Content-Length             crash=1      no answer
 *   short=N     N bytes fewer than its Content-Length says
 *
 * With a body that is read and not echoed, BODY=<bytes> stands in the answer. If there is a /log,
 * it says there that it was run. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"

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

/* Read the body; what is kept of it, the first bytes, is in memory. */
static size_t read_body(char *memory, size_t cap, size_t *kept)
{
	static char rest[65536];
	const char *length = getenv("CONTENT_LENGTH");
	size_t left = length ? strtoul(length, NULL, 10) : 0, all = 0;
	ssize_t n;
	*kept = 0;
	while (left > 0) {
		bool keep = *kept < cap;
		size_t most = keep ? cap - *kept : sizeof(rest);
		n = read(STDIN_FILENO, keep ? memory + *kept : rest, left < most ? left : most);
		if (n <= 0)
			break;
		*kept += keep ? (size_t)n : 0;
		all += (size_t)n;
		left -= (size_t)n;
	}
	return all;
}

static void write_filler(size_t len)
{
	static char filler[65536];
	memset(filler, 'x', sizeof(filler));
	while (len > 0) {
		size_t n = len < sizeof(filler) ? len : sizeof(filler);
		if (fd_write_all(STDOUT_FILENO, filler, n) < 0)
			_exit(1);
		len -= n;
	}
}

/* In one write, as others may write there, too. */
static void log_run(void)
{
	const char *method = getenv("REQUEST_METHOD"), *uri = getenv("REQUEST_URI");
	char line[8192];
	int n = snprintf(line, sizeof(line), "%s %s\n", method ? method : "", uri ? uri : "");
	AUTO_FD fd = open("/log", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd >= 0)
		fd_write_all(fd, line, (size_t)n);
}

int main(void)
{
	static char body[1 << 20], text[1 << 17];
	size_t kept = 0, len = 0, size = number("size", 0);
	log_run();
	if (!is("body", "none"))
		len = read_body(body, sizeof(body), &kept);
	usleep((unsigned)number("sleep", 0) * 1000);
	if (find("crash"))
		return 1;
	if (!is("body", "echo") && size == 0) {
		kept = (size_t)snprintf(body, sizeof(body), "BODY=%zu\n", len);
		for (char **e = environ; *e; e++)
			kept += (size_t)snprintf(body + kept, sizeof(body) - kept, "%s\n", *e);
	}
	size_t all = size ? size : kept;
	int n = snprintf(text, sizeof(text), "Status: %lu Said\r\nContent-Type: text/plain\r\n",
			 number("status", 200));
	if (!is("length", "no"))
		n += snprintf(text + n, sizeof(text) - (size_t)n, "Content-Length: %zu\r\n",
			      all + number("short", 0));
	n += snprintf(text + n, sizeof(text) - (size_t)n, "Connection: close\r\n\r\n");
	fd_write_all(STDOUT_FILENO, text, (size_t)n);
	if (size)
		write_filler(size);
	else
		fd_write_all(STDOUT_FILENO, body, kept);
	return 0;
}
