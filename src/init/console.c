/* SPDX-License-Identifier: MIT */
/* Writes to the console without ever being held up by it. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "lib/fd.h"

#define WAIT_MS 200

/* syslog(2) actions and levels, which klogctl(3) gives no names to. */
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define LEVEL_ERRORS_AND_WORSE 4
#define LEVEL_OF_THE_KERNEL "7\t" /* CONSOLE_LOGLEVEL_DEFAULT */

/* Make target refer to path; an open file of its own, so that its flags are nobody else's. */
static void open_as(int target, const char *path, int flags)
{
	int fd = open(path, flags | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0 || fd == target)
		return;
	dup2(fd, target);
	close(fd);
}

void console_open(void)
{
	char level[64];
	open_as(STDIN_FILENO, "/dev/null", O_RDONLY);
	open_as(STDOUT_FILENO, "/dev/console", O_WRONLY | O_NONBLOCK);
	open_as(STDERR_FILENO, "/dev/console", O_WRONLY | O_NONBLOCK);
	if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/printk", level, sizeof(level), NULL) > 0 &&
	    strncmp(level, LEVEL_OF_THE_KERNEL, 2) == 0)
		klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, LEVEL_ERRORS_AND_WORSE);
}

static void write_patiently(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);
		if (n > 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
		if (n == 0 || errno != EAGAIN || poll(&ready, 1, WAIT_MS) <= 0)
			return;
	}
}

void console_say(const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	size_t len = strlen(line);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c < ' ' || c > '~')
			line[i] = '?';
	}
	line[len] = '\n';
	write_patiently(line, len + 1);
}
