/* SPDX-License-Identifier: MIT */
/* Writes to the consoles without ever being held up by it. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "init/paths.h"
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

static void write_patiently(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n > 0) {
			text += n;
			len -= (size_t)n;
			continue;
		}
		struct pollfd ready = {.fd = fd, .events = POLLOUT};
		if (n == 0 || errno != EAGAIN || poll(&ready, 1, WAIT_MS) <= 0)
			return;
	}
}

/* /dev/console is the last of the kernel's consoles (admin-guide/serial-console.rst): there may be
 * a screen and a serial port, and who stands before the other one must see it, too. The list, "tty0
 * ttyS0", is read each time: a console may come late. */
static void write_to_others(const char *text, size_t len)
{
	char names[256], path[280];
	char *name = names, *end;
	if (fd_read_file(AT_FDCWD, PATH_CONSOLES, names, sizeof(names), NULL) <= 0)
		return;
	for (; (end = strchr(name, ' ')); name = end + 1) {
		*end = '\0';
		snprintf(path, sizeof(path), "/dev/%s", name);
		AUTO_FD fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd >= 0)
			write_patiently(fd, text, len);
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
	write_patiently(STDERR_FILENO, line, len + 1);
	write_to_others(line, len + 1);
}
