/* SPDX-License-Identifier: MIT */
/* Finds device aliases in sysfs and in kernel events, and hands them to modprobe in batches. */
#include "modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "console.h"
#include "init/paths.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lock.h"
#include "parse.h"

#define EVENT_BYTES 8192                /* UEVENT_BUFFER_SIZE is 2048, plus the head */
#define EVENT_QUEUE_BYTES (1024 * 1024) /* a storm of events while modprobe is waited for */
#define LOADER_MS 30000                 /* a driver that hangs must not hang the boot */

/* Not tied to a device: what sandboxes are made of. The kernel would load some of them itself at
 * the first use; here they don't cost that use its time. */
static const char *const needed[] = {"loop", "squashfs", "overlay"};

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 14695981039346656037U; /* FNV-1a */
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211U;
	return hash ? hash : 1;
}

/* Remember the alias; false if it was known already. Two aliases with one hash of 64 bits are not
 * to be expected: that would leave one device without its driver. */
static bool see(struct modules *m, const char *alias)
{
	uint64_t hash = hash_text(alias);
	size_t at = hash % MODULES_SEEN_MAX;
	while (m->seen[at] && m->seen[at] != hash)
		at = (at + 1) % MODULES_SEEN_MAX;
	if (m->seen[at] || m->seen_count + 1 == MODULES_SEEN_MAX)
		return false;
	m->seen[at] = hash;
	m->seen_count++;
	return true;
}

void modules_want(struct modules *m, const char *alias)
{
	size_t bytes = strlen(alias) + 1;
	if (m->batch_count == MODULES_BATCH_MAX || bytes > MODULES_BATCH_BYTES - m->text_len) {
		m->lost = true;
		return;
	}
	if (!see(m, alias))
		return;
	if (m->locked) {
		if (!m->said)
			console_say("A device has come that was not there at the boot (%s). If it "
				    "does not work now, it does after the next boot.",
				    alias);
		m->said = true;
		return;
	}
	char *copy = m->text + m->text_len;
	memcpy(copy, alias, bytes);
	m->text_len += bytes;
	m->batch[m->batch_count++] = copy;
}

/* Every device of one bus: links below /sys/bus/<bus>/devices. */
static void walk_bus(struct modules *m, int buses, const char *bus)
{
	char path[300];
	char alias[2048];
	snprintf(path, sizeof(path), "%s/devices", bus);
	DIR *devices = fd_open_dir(buses, path);
	if (!devices)
		return;
	for (struct dirent *d; (d = readdir(devices)) != NULL;) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/modalias", d->d_name);
		if (fd_read_file(dirfd(devices), path, alias, sizeof(alias), NULL) <= 0)
			continue;
		alias[strcspn(alias, "\n")] = '\0';
		if (alias[0])
			modules_want(m, alias);
	}
	closedir(devices);
}

/* Only devices on a bus have drivers to be loaded, and the buses' lists are a tenth of the whole
 * tree below /sys/devices. */
static void walk_devices(struct modules *m)
{
	m->lost = false;
	DIR *buses = opendir("/sys/bus");
	if (!buses)
		return;
	for (struct dirent *d; (d = readdir(buses)) != NULL;) {
		if (d->d_name[0] != '.')
			walk_bus(m, dirfd(buses), d->d_name);
	}
	closedir(buses);
}

static int open_events(struct err *e)
{
	int queue = EVENT_QUEUE_BYTES;
	struct sockaddr_nl kernel_events = {.nl_family = AF_NETLINK, .nl_groups = 1};
	AUTO_FD fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    NETLINK_KOBJECT_UEVENT);
	if (fd < 0 || bind(fd, (struct sockaddr *)&kernel_events, sizeof(kernel_events)) < 0)
		return err_set(e, errno, "listen for devices");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	return fd_steal(&fd);
}

void modules_read_events(struct modules *m, void (*on_disk)(void *context, const char *name),
			 void *context)
{
	char message[EVENT_BYTES];
	for (;;) {
		ssize_t n = recv(m->event_fd, message, sizeof(message), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			m->lost = true;
			continue;
		}
		if (n <= 0)
			return;
		size_t len = (size_t)n;
		const char *action = uevent_find(message, len, "ACTION");
		if (!action || strcmp(action, "add") != 0)
			continue;
		const char *alias = uevent_find(message, len, "MODALIAS");
		if (alias)
			modules_want(m, alias);
		const char *subsystem = uevent_find(message, len, "SUBSYSTEM");
		const char *name = uevent_find(message, len, "DEVNAME");
		if (on_disk && name && subsystem && strcmp(subsystem, "block") == 0)
			on_disk(context, name);
	}
}

/* In the child: many aliases cost one start of modprobe and one reading of its tables. */
static void run_modprobe(const void *context)
{
	const struct modules *m = context;
	char *args[MODULES_BATCH_MAX + 4] = {CHILD_ARG("modprobe"), CHILD_ARG("-a"),
					     CHILD_ARG("-q")};
	char *no_environment[] = {NULL};
	memcpy(args + 3, m->batch, m->batch_count * sizeof(m->batch[0]));
	child_set_output("/dev/null"); /* modprobe complains of each device without a module */
	execve(PATH_BUSYBOX, args, no_environment);
}

void modules_load(struct modules *m)
{
	if (m->loader)
		return;
	if (m->lost)
		walk_devices(m);
	if (m->batch_count == 0)
		return;
	struct err e = {0};
	pid_t pid = child_start("modprobe", run_modprobe, m, &e);
	if (pid < 0)
		console_say("Device drivers cannot be loaded: %s.", e.text);
	else
		m->loader = pid;
	m->quiet_since_ms = clock_mono_ms();
	m->batch_count = 0;
	m->text_len = 0;
}

bool modules_reap(struct modules *m, pid_t pid)
{
	if (pid != m->loader)
		return false;
	m->loader = 0;
	m->quiet_since_ms = clock_mono_ms(); /* the devices of its driver come now */
	return true;
}

int modules_lock(struct modules *m, unsigned quiet_ms)
{
	struct err e = {0};
	uint64_t due = m->quiet_since_ms + quiet_ms, now = clock_mono_ms();
	if (m->locked || m->loader)
		return -1;
	if (now < due)
		return (int)(due - now);
	if (lock_modules(&e) < 0)
		console_say("%s.", e.text);
	m->locked = true;
	return -1;
}

void modules_load_all(struct modules *m)
{
	modules_read_events(m, NULL, NULL);
	while (m->batch_count || m->lost || m->loader) {
		modules_load(m);
		if (m->loader && !child_wait(m->loader, LOADER_MS, NULL)) {
			console_say("A device driver hangs: going on without it.");
			return;
		}
		m->loader = 0;
		modules_read_events(m, NULL, NULL);
	}
}

int modules_start(struct modules *m, struct err *e)
{
	int fd = open_events(e);
	m->event_fd = fd;
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		modules_want(m, needed[i]);
	walk_devices(m);
	modules_load_all(m);
	return 0;
}
