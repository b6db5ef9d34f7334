/* SPDX-License-Identifier: MIT */
/* What the tests run as root inside a sandbox: each probe tries something that it must not be able
 * to do, or must, and prints one line of TAP with what came of it. */
#ifndef SQUASH_TESTS_PROBE_PROBE_H
#define SQUASH_TESTS_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pointer as an argument of a system call. */
#define ARG(pointer) ((long)(uintptr_t)(pointer))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a probe may expect beside an errno. */
enum {
	DONE = 0,        /* it succeeds */
	LET_THROUGH = -1 /* the kernel itself answers, whatever it says: neither ENOSYS nor EPERM */
};

/* How a call ended that was tried in a process of its own. */
struct outcome {
	enum { RETURNED, BLOCKED, KILLED } how; /* BLOCKED: it did not return for a while */
	int number;                             /* the errno, 0 for none; the signal */
	long value;                             /* what it returned, if that was no error */
};

/* A system call and what is to come of it. */
struct call_probe {
	const char *name;
	long number;
	long args[6];
	int expected; /* an errno, DONE or LET_THROUGH */
};

/* One line: the name, and in words what came of it. */
void probe_report(bool ok, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* result is that of a C library call, with errno. */
void probe_result(const char *name, long result, int expected);
void probe_calls(const struct call_probe *probes, size_t count);
/* path opened with flags; it is closed again. */
void probe_open(const char *path, int flags, int expected);
/* Whether a file's content is text, or the symbolic link's. */
void probe_text(const char *path, const char *text);
void probe_link(const char *path, const char *text);
/* The names in a directory, sorted, with spaces between. */
void probe_names(const char *path, const char *names);

/* Run act in a child and report what it returns: 0, or -errno. */
void probe_in_child(const char *name, int (*act)(void), int expected);
void probe_outcome(const char *name, const struct outcome *o, int expected);
/* Make the call in a child. abi: how. expected: LET_THROUGH, if it may wait for something. */
enum probe_abi { ABI_X86_64, ABI_X32, ABI_I386 };
struct outcome probe_try(enum probe_abi abi, long number, const long args[6], int expected);

/* ioctl(2), whose request is an int in one C library and an unsigned long in another. */
int probe_ioctl(int fd, unsigned long request, const void *arg);

/* The name of an errno: "EPERM". */
const char *probe_error_name(int number);

/* The groups, by the names that main() has for them. */
void probe_syscalls(void);
void probe_abis(void);
void probe_families(void);
void probe_network(void);
void probe_namespaces(void);
void probe_mounts(void);
void probe_nodes(void);
void probe_proc(void);
void probe_files(void);
void probe_descriptors(void);
void probe_processes(void);
void probe_ids(void);
void probe_kernel(void);
void probe_neighbour(void);
void probe_victim(void);

#endif
