/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKED_MS 250  /* what has not returned by then waits for something, as it may */
#define RETURN_MS 20000 /* where it must return, a loaded machine takes its time */

static unsigned reported;

void probe_report(bool ok, const char *name, const char *format, ...)
{
	va_list args;
	printf("%s %u - %s: ", ok ? "ok" : "not ok", ++reported, name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

const char *probe_error_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
#define NAME(e) {e, #e}
		NAME(EPERM),         NAME(ENOPROTOOPT),     NAME(EISDIR),
		NAME(ENOENT),        NAME(ESRCH),           NAME(EINTR),
		NAME(EIO),           NAME(ENXIO),           NAME(EBADF),
		NAME(ECHILD),        NAME(EAGAIN),          NAME(ENOMEM),
		NAME(EACCES),        NAME(EFAULT),          NAME(EBUSY),
		NAME(EEXIST),        NAME(ENODEV),          NAME(ENOTDIR),
		NAME(EINVAL),        NAME(EMFILE),          NAME(ENOTTY),
		NAME(ENOSPC),        NAME(EROFS),           NAME(ENOSYS),
		NAME(ELOOP),         NAME(EDQUOT),          NAME(EOPNOTSUPP),
		NAME(EAFNOSUPPORT),  NAME(EPROTOTYPE),      NAME(ENETUNREACH),
		NAME(ECONNREFUSED),  NAME(EPROTONOSUPPORT), NAME(EOVERFLOW),
		NAME(EXDEV),         NAME(ENODATA),         NAME(ENOPKG),
		NAME(EADDRNOTAVAIL), NAME(ESOCKTNOSUPPORT),
#undef NAME
	};
	static char other[24];
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].number == number)
			return names[i].name;
	snprintf(other, sizeof(other), "errno %d", number);
	return other;
}

static const char *describe(int expected)
{
	return expected == DONE          ? "success"
	       : expected == LET_THROUGH ? "to be let through"
					 : probe_error_name(expected);
}

static const char *tell(const struct outcome *o)
{
	static char text[64];
	if (o->how == BLOCKED)
		return "waits";
	if (o->how == KILLED)
		snprintf(text, sizeof(text), "signal %d", o->number);
	else if (o->number == 0)
		snprintf(text, sizeof(text), "success");
	else
		snprintf(text, sizeof(text), "%s", probe_error_name(o->number));
	return text;
}

static bool is_expected(const struct outcome *o, int expected)
{
	if (expected == LET_THROUGH)
		return o->how == BLOCKED || (o->how == KILLED && o->number != SIGSYS) ||
		       (o->how == RETURNED && o->number != ENOSYS && o->number != EPERM);
	return o->how == RETURNED && o->number == expected;
}

void probe_outcome(const char *name, const struct outcome *o, int expected)
{
	if (is_expected(o, expected))
		probe_report(true, name, "%s", tell(o));
	else
		probe_report(false, name, "%s, expected %s", tell(o), describe(expected));
}

void probe_result(const char *name, long result, int expected)
{
	struct outcome o = {.how = RETURNED, .number = result == -1 ? errno : 0, .value = result};
	probe_outcome(name, &o, expected);
}

int probe_ioctl(int fd, unsigned long request, const void *arg)
{
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

static long call_x86_64(long number, const long a[6])
{
	const long fourth = a[3], fifth = a[4], sixth = a[5];
	long result;
	register long r10 __asm__("r10") = fourth;
	register long r8 __asm__("r8") = fifth;
	register long r9 __asm__("r9") = sixth;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* The number means what it means to 32-bit programs. Three arguments: rbx may be taken. */
static long call_i386(long number, const long a[6])
{
	long result;
	__asm__ volatile("xchg %%rbx, %[first]\n\t"
			 "int $0x80\n\t"
			 "xchg %%rbx, %[first]"
			 : "=a"(result)
			 : "0"(number), [first] "D"(a[0]), "c"(a[1]), "d"(a[2])
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)result;
}

static long call(enum probe_abi abi, long number, const long args[6])
{
	if (abi == ABI_I386)
		return call_i386(number, args);
	return call_x86_64(abi == ABI_X32 ? number | 0x40000000 : number, args);
}

static struct outcome watch(pid_t pid, int fd, int expected)
{
	struct outcome o = {.how = BLOCKED};
	struct pollfd end = {.fd = fd, .events = POLLIN};
	int status;
	if (poll(&end, 1, expected == LET_THROUGH ? BLOCKED_MS : RETURN_MS) > 0) {
		long value;
		if (read(fd, &value, sizeof(value)) == (ssize_t)sizeof(value)) {
			o.how = RETURNED;
			o.number = value < 0 && value > -4096 ? (int)-value : 0;
			o.value = value;
		} else {
			o.how = KILLED;
		}
	}
	if (o.how != KILLED)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (o.how == KILLED)
		o.number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return o;
}

/* Start a child; in it 0, with the descriptor that its long goes to. */
static pid_t begin(int fds[2])
{
	fflush(stdout);
	if (pipe(fds) < 0) {
		perror("pipe");
		exit(1);
	}
	pid_t pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	close(fds[pid != 0]);
	return pid;
}

struct outcome probe_try(enum probe_abi abi, long number, const long args[6], int expected)
{
	int fds[2];
	pid_t pid = begin(fds);
	if (pid == 0) {
		long value = call(abi, number, args);
		_exit(write(fds[1], &value, sizeof(value)) < 0);
	}
	struct outcome o = watch(pid, fds[0], expected);
	close(fds[0]);
	return o;
}

void probe_in_child(const char *name, int (*act)(void), int expected)
{
	int fds[2];
	pid_t pid = begin(fds);
	if (pid == 0) {
		long value = act();
		_exit(write(fds[1], &value, sizeof(value)) < 0);
	}
	struct outcome o = watch(pid, fds[0], expected);
	close(fds[0]);
	probe_outcome(name, &o, expected);
}

void probe_calls(const struct call_probe *probes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct outcome o =
			probe_try(ABI_X86_64, probes[i].number, probes[i].args, probes[i].expected);
		probe_outcome(probes[i].name, &o, probes[i].expected);
	}
}

void probe_open(const char *path, int flags, int expected)
{
	char name[256];
	snprintf(name, sizeof(name), "%s %s",
		 (flags & O_ACCMODE) == O_RDONLY ? "reading" : "writing to", path);
	int fd = open(path, flags | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	probe_result(name, fd, expected);
	if (fd >= 0)
		close(fd);
}

static void compare(const char *name, const char *got, const char *expected)
{
	if (strcmp(got, expected) == 0)
		probe_report(true, name, "\"%s\"", expected);
	else
		probe_report(false, name, "\"%s\", expected \"%s\"", got, expected);
}

void probe_text(const char *path, const char *text)
{
	char got[256] = "";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);
	if (n < 0)
		snprintf(got, sizeof(got), "%s", probe_error_name(errno));
	while (n > 0 && got[n - 1] == '\n')
		got[--n] = '\0';
	close(fd);
	compare(path, got, text);
}

void probe_link(const char *path, const char *text)
{
	char got[256] = "";
	if (readlink(path, got, sizeof(got) - 1) < 0)
		snprintf(got, sizeof(got), "%s", probe_error_name(errno));
	compare(path, got, text);
}

void probe_names(const char *path, const char *names)
{
	char got[1024] = "";
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);
	if (n < 0)
		snprintf(got, sizeof(got), "%s", probe_error_name(errno));
	for (int i = 0; i < n; i++) {
		size_t len = strlen(got);
		if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0)
			snprintf(got + len, sizeof(got) - len, "%s%s", len ? " " : "",
				 list[i]->d_name);
	}
	compare(path, got, names);
}
