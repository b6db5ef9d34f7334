/* SPDX-License-Identifier: MIT */
/* Starts, watches and stops the services; how each is run stands in programs.c. */
#include "services.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/boot/child.h"
#include "init/boot/console.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "programs.h"
#include "users.h"

#define BACKLOG 1024      /* requests that wait while squashd is restarted */
#define NTP_WAIT_MS 10000 /* for an address; then without: there may be one of IPv6 alone */
#define NTP_ROUTE_MS 1000 /* after an address come the route and the name servers */

int services_listen(struct services *s, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_SOCKET};
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, errno, "make a socket");
	unlink(PATH_SOCKET);
	/* Nobody but root until the group is set. */
	mode_t umask_before = umask(0177);
	int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(umask_before);
	if (rc < 0 || chown(PATH_SOCKET, 0, USER_HTTP) < 0 || chmod(PATH_SOCKET, 0660) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen on %s", PATH_SOCKET);
	if (mount(PATH_SOCKET, PATH_HTTP_ROOT PATH_HTTP_SOCKET, NULL, MS_BIND, NULL) < 0)
		return err_set(e, errno, "bind %s", PATH_HTTP_ROOT PATH_HTTP_SOCKET);
	s->listen_fd = fd_steal(&fd);
	return 0;
}

void services_add(struct services *s, enum service_kind kind, const char *interface)
{
	static const char *const names[] = {
		[SERVICE_SQUASHD] = "squashd",      [SERVICE_HTTPD] = "httpd",
		[SERVICE_FRONT] = "front",          [SERVICE_DHCP] = "dhcp on ",
		[SERVICE_DHCP_EGRESS] = "dhcp on ", [SERVICE_NTP] = "ntpd",
	};
	unsigned wait_ms = kind == SERVICE_NTP ? NTP_WAIT_MS : 0;
	const char *on = interface ? interface : "";
	for (size_t i = 0; i < SERVICES_MAX; i++) {
		struct service *new = &s->list[i];
		if (new->kind != SERVICE_NONE)
			continue;
		*new = (struct service){.kind = kind, .due_ms = clock_mono_ms() + wait_ms};
		snprintf(new->interface, sizeof(new->interface), "%s", on);
		snprintf(new->name, sizeof(new->name), "%s%s", names[kind], on);
		return;
	}
	console_say("Too many services: %s%s is not started.", names[kind], on);
}

static struct service *find_dhcp(struct services *s, const char *interface)
{
	for (size_t i = 0; i < SERVICES_MAX; i++) {
		struct service *dhcp = &s->list[i];
		if ((dhcp->kind == SERVICE_DHCP || dhcp->kind == SERVICE_DHCP_EGRESS) &&
		    strcmp(dhcp->interface, interface) == 0)
			return dhcp;
	}
	return NULL;
}

void services_drop(struct services *s, const char *interface)
{
	struct service *dhcp = find_dhcp(s, interface);
	if (!dhcp)
		return;
	if (dhcp->pid)
		kill(dhcp->pid, SIGTERM);
	dhcp->kind = SERVICE_NONE;
}

void services_renew(struct services *s, const char *interface)
{
	struct service *dhcp = find_dhcp(s, interface);
	if (dhcp && dhcp->pid)
		kill(dhcp->pid, SIGUSR1);
}

void services_restart_ntp(struct services *s)
{
	for (size_t i = 0; i < SERVICES_MAX; i++) {
		struct service *ntp = &s->list[i];
		if (ntp->kind != SERVICE_NTP)
			continue;
		/* Not SIGTERM, which waits until a name has been looked up. */
		ntp->again = ntp->pid && kill(ntp->pid, SIGKILL) == 0;
		if (!ntp->pid)
			ntp->due_ms = clock_mono_ms() + NTP_ROUTE_MS;
	}
}

/* A pipe that holds the token's digest, if the API is not open, and then ends. That is far below
 * what a pipe takes at once, so that the write can't block. The read end, or -errno. */
static int make_token_pipe(const struct settings *settings)
{
	size_t len = settings->access == ACCESS_OPEN ? 0 : sizeof(settings->token_sha256);
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	int rc = fd_write_all(ends[1], settings->token_sha256, len);
	close(ends[1]);
	if (rc < 0)
		fd_close(&ends[0]);
	return rc < 0 ? rc : ends[0];
}

static void start(struct services *s, struct service *service)
{
	struct err e = {0};
	struct program_start what = {.services = s, .service = service, .token_fd = -1};
	bool loud = service->failures < SERVICE_FAILURES_SAID;
	AUTO_FD token = -1;
	service->started_ms = clock_mono_ms();
	if (service->kind == SERVICE_SQUASHD)
		what.token_fd = token = make_token_pipe(s->settings);
	pid_t pid = child_start(loud ? service->name : NULL, program_run, &what, &e);
	if (pid < 0) { /* no memory or no process left: as if it had ended at once */
		if (loud)
			console_say("%s.", e.text);
		service->failures++;
		service->due_ms = service->started_ms + SERVICE_DELAY_MAX_MS;
		return;
	}
	service->pid = pid;
}

static int sooner(int timeout_ms, uint64_t now, uint64_t when)
{
	int left = when > now ? (int)(when - now) : 0;
	return timeout_ms < 0 || left < timeout_ms ? left : timeout_ms;
}

int services_run_due(struct services *s)
{
	int timeout_ms = -1;
	for (size_t i = 0; i < SERVICES_MAX; i++) {
		struct service *service = &s->list[i];
		uint64_t now = clock_mono_ms();
		uint64_t steady = service->started_ms + SERVICE_STEADY_MS;
		if (service->kind == SERVICE_NONE)
			continue;
		if (!service->pid && service->due_ms <= now)
			start(s, service);
		if (!service->pid) {
			timeout_ms = sooner(timeout_ms, now, service->due_ms);
		} else if (service->failures && steady <= now) {
			if (service->failures >= SERVICE_FAILURES_SAID)
				console_say("%s runs again.", service->name);
			service->failures = 0;
		} else if (service->failures) {
			timeout_ms = sooner(timeout_ms, now, steady);
		}
	}
	return timeout_ms;
}

static void say_end(const struct service *service, int status)
{
	char how[32];
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	if (service->failures < SERVICE_FAILURES_SAID)
		console_say("%s has ended (%s): starting it again.", service->name, how);
	else if (service->failures == SERVICE_FAILURES_SAID)
		console_say("%s keeps failing (%s): it is tried again, every %d s in the end.",
			    service->name, how, SERVICE_DELAY_MAX_MS / 1000);
}

bool services_reap(struct services *s, pid_t pid, int status)
{
	struct service *service = NULL;
	for (size_t i = 0; i < SERVICES_MAX && !service; i++) {
		if (s->list[i].kind != SERVICE_NONE && s->list[i].pid == pid)
			service = &s->list[i];
	}
	if (!service)
		return false;
	uint64_t now = clock_mono_ms();
	service->pid = 0;
	if (service->again) {
		service->again = false;
		service->due_ms = now + NTP_ROUTE_MS;
		return true;
	}
	if (now - service->started_ms >= SERVICE_STEADY_MS)
		service->failures = 0;
	service->failures++;
	say_end(service, status);
	service->delay_ms = service->failures == 1 ? SERVICE_DELAY_MIN_MS : service->delay_ms * 2;
	if (service->delay_ms > SERVICE_DELAY_MAX_MS)
		service->delay_ms = SERVICE_DELAY_MAX_MS;
	service->due_ms = now + service->delay_ms;
	return true;
}

void services_stop(struct services *s, enum service_kind kind, int timeout_ms)
{
	for (size_t i = 0; i < SERVICES_MAX; i++) {
		struct service *service = &s->list[i];
		if (service->kind != kind)
			continue;
		service->kind = SERVICE_NONE;
		if (!service->pid)
			continue;
		kill(service->pid, SIGTERM);
		if (child_wait(service->pid, timeout_ms, NULL))
			continue;
		kill(service->pid, SIGKILL);
		child_wait(service->pid, timeout_ms, NULL);
	}
}
