/* SPDX-License-Identifier: MIT */
#include "arrival.h"

#include <dirent.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/fd.h"

/* Some partitions come without an event that is their own: look again at least this often. */
#define LOOK_EVERY_MS 250

/* Whether disks may still come to this PCI device after its driver was loaded. The classes stand
 * in the PCI Code and ID Assignment Specification, sections 1.2, 1.9 and 1.13. */
static bool is_slow_controller(int devices, const char *name)
{
	char path[300];
	char text[32];
	snprintf(path, sizeof(path), "%s/class", name);
	if (fd_read_file(devices, path, text, sizeof(text), NULL) < 0)
		return false;
	unsigned long class = strtoul(text, NULL, 16) >> 8;
	if (class == 0x0c03 || class == 0x0805) /* USB host, SD host */
		return true;
	if (class >> 8 != 0x01 || class == 0x0101 || class == 0x0106) /* storage, but IDE, SATA */
		return false;
	snprintf(path, sizeof(path), "%s/vendor", name);
	if (fd_read_file(devices, path, text, sizeof(text), NULL) < 0)
		return false;
	return strtoul(text, NULL, 16) != 0x1af4; /* virtio: its driver's start finds all */
}

bool arrival_is_possible(void)
{
	bool slow = false;
	DIR *devices = opendir("/sys/bus/pci/devices");
	if (!devices)
		return false;
	for (struct dirent *d; !slow && (d = readdir(devices)) != NULL;)
		slow = d->d_name[0] != '.' && is_slow_controller(dirfd(devices), d->d_name);
	closedir(devices);
	return slow;
}

bool arrival_wait(bool (*look)(void *context), void *context, unsigned wait_s, struct modules *m)
{
	uint64_t deadline = clock_mono_ms() + (uint64_t)wait_s * 1000;
	bool found = look(context);
	if (found || wait_s == 0 || !arrival_is_possible())
		return found;
	for (uint64_t now; !found && (now = clock_mono_ms()) < deadline;) {
		uint64_t left = deadline - now;
		struct pollfd events = {.fd = m->event_fd, .events = POLLIN};
		poll(&events, 1, left < LOOK_EVERY_MS ? (int)left : LOOK_EVERY_MS);
		modules_load_all(m);
		found = look(context);
	}
	return found;
}
