/* SPDX-License-Identifier: MIT */
/* Ends everything in order and hands the machine back. */
#include "shutdown.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/boot/console.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"

#define SERVICE_MS 2000   /* between SIGTERM and SIGKILL */
#define SANDBOXES_MS 5000 /* for killed processes to be gone */
#define READING_S 30      /* to walk to the machine and read why it did not start */
#define LINE_BYTES 16384  /* of mountinfo: two paths, whose bytes may be written as four each */

/* Kill every process of every sandbox at once, and wait until the kernel says that none is left:
 * "populated 0" in cgroup.events, whose changes poll(2) reports as POLLPRI. */
static void end_sandboxes(void)
{
	char text[256];
	uint64_t deadline = clock_mono_ms() + SANDBOXES_MS;
	AUTO_FD cgroup = open(PATH_CGROUP_SQUASH, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0 || fd_write_file(cgroup, "cgroup.kill", "1", NULL) < 0)
		return;
	AUTO_FD events = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
	for (uint64_t now; events >= 0 && (now = clock_mono_ms()) < deadline;) {
		ssize_t n = pread(events, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, "populated 0"))
			return;
		struct pollfd change = {.fd = events, .events = POLLPRI};
		poll(&change, 1, (int)(deadline - now));
	}
	console_say("Some sandboxes did not end in time.");
}

static bool is_below(const char *path, const char *above)
{
	size_t len = strlen(above);
	return strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The mount point of a line of /proc/self/mountinfo, its fifth field (proc_pid_mountinfo(5)).
 * Blanks in it are written \040: such a path is not one of ours. */
static char *mount_point(char *line)
{
	char *at = line;
	for (int field = 1; at && field < 5; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (at)
		at[strcspn(at, " ")] = '\0';
	return at;
}

/* Unmount all of it that nothing is mounted on or uses. Returns whether that was any. Read line by
 * line: there are up to 100,000 mounts (fs.mount-max). */
static bool unmount_once(const char *above)
{
	static char line[LINE_BYTES];
	bool any = false;
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	while (mounts && fgets(line, sizeof(line), mounts)) {
		char *path = mount_point(line);
		if (path && is_below(path, above) && umount2(path, 0) == 0)
			any = true;
	}
	if (mounts)
		fclose(mounts);
	return any;
}

/* Unmount what squashd left mounted: layers are files on the data disk, which could not be
 * unmounted under them. What is mounted on another comes after it in the list, so that one is for
 * the next time. */
static void unmount_below(const char *above)
{
	while (unmount_once(above))
		;
}

/* Loop devices hold the files that they show, mounted or not. */
static void detach_loops(void)
{
	char path[300];
	DIR *blocks = opendir("/sys/class/block");
	if (!blocks)
		return;
	for (struct dirent *d; (d = readdir(blocks)) != NULL;) {
		if (strncmp(d->d_name, "loop", 4) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", d->d_name);
		AUTO_FD loop = open(path, O_RDONLY | O_CLOEXEC);
		if (loop >= 0)
			ioctl(loop, LOOP_CLR_FD, 0);
	}
	closedir(blocks);
}

/* Unmount the data, with more and more force. */
static void unmount_data(const char *path)
{
	sync();
	unmount_below(PATH_RUN);
	unmount_below(path);
	if (umount2(path, 0) == 0 || errno != EBUSY)
		return;
	/* A worker of squashd still has something open. PID 1 itself is never hit by this. */
	kill(-1, SIGKILL);
	for (int i = 0; i < 20; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		unmount_below(PATH_RUN);
		detach_loops();
		unmount_below(path);
		if (umount2(path, 0) == 0 || errno != EBUSY)
			return;
		poll(NULL, 0, 100);
	}
	/* Frozen, it is whole on the disk although it is mounted; nothing writes to it any more. */
	AUTO_FD data = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* By syscall(2): musl's ioctl(3) takes an int, which the number doesn't fit. */
	if (data >= 0 && syscall(SYS_ioctl, data, FIFREEZE, 0UL) == 0)
		console_say("%s could not be unmounted, but all of it is on the disk.", path);
	else
		console_say("%s could not be unmounted.", path);
}

static noreturn void end(struct watchdog *w, enum shutdown_end end)
{
	if (end == SHUTDOWN_POWER_OFF)
		watchdog_stop(w);
	reboot(end == SHUTDOWN_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
	reboot((int)RB_HALT_SYSTEM); /* a machine that can't switch itself off */
	for (;;)
		pause();
}

void shutdown_run(struct services *s, struct watchdog *w, enum shutdown_end how)
{
	unsigned watchdog_s = w->timeout_s;
	console_say(how == SHUTDOWN_REBOOT ? "Rebooting." : "Powering off.");
	watchdog_be_patient(w);
	/* Which lets what is under way end first. */
	services_stop(s, SERVICE_FRONT, SERVICE_MS);
	services_stop(s, SERVICE_HTTPD, SERVICE_MS);
	services_stop(s, SERVICE_SQUASHD, SERVICE_MS);
	end_sandboxes();
	services_stop(s, SERVICE_NTP, SERVICE_MS);
	services_stop(s, SERVICE_DHCP, SERVICE_MS);
	if (s->data_path)
		unmount_data(s->data_path);
	console_say(how == SHUTDOWN_REBOOT ? "All is stopped: rebooting now."
					   : "All is stopped: power off.");
	if (how == SHUTDOWN_REBOOT)
		watchdog_set(w, watchdog_s);
	end(w, how);
}

void shutdown_after_failure(struct watchdog *w, enum shutdown_end how)
{
	console_say("Nothing can be started: the machine %s in %d s.",
		    how == SHUTDOWN_REBOOT ? "reboots" : "is switched off", READING_S);
	for (unsigned left = READING_S; left > 0; left = sleep(left))
		;
	end(w, how);
}
