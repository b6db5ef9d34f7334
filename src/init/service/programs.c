/* SPDX-License-Identifier: MIT */
/* Runs the services, each with no more privilege than it needs. */
#include "programs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/boot/child.h"
#include "init/paths.h"
#include "lib/front_fds.h"
#include "lib/paths.h"
#include "lib/seccomp.h"
#include "service_calls.h"
#include "tls_files.h"
#include "users.h"

/* The services are the last that should go when memory runs out. They hand it on to what they
 * start; squashd must raise it again for what runs in a sandbox. */
#define OOM_SCORE (-900)

#define SOCKET_FD 3 /* where squashd expects its listening socket */
#define TOKEN_FD 4  /* and the pipe with the digest of the token */

#define BIT(capability) (UINT64_C(1) << (capability))

/* What squashd does as root: namespaces, mounts, cgroups and files of other users, and what leads
 * out of a sandbox's network. With these it is still root, but not of the kernel: no modules, no
 * ports, no clock, no reboot, no raw packets. What it gives commands is of another user namespace,
 * and not cut short by this. */
static const uint64_t squashd_capabilities =
	BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_CHROOT) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_RESOURCE) |
	BIT(CAP_NET_ADMIN) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_MKNOD) | BIT(CAP_KILL) |
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) |
	BIT(CAP_FSETID) | BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_SETFCAP);

/* Uid 0. No no_new_privs, as commands would have it too (src/squashd/kernel/privilege.c). */
static void run_squashd(const struct program_start *what)
{
	static struct settings_environment environment;
	char *args[] = {CHILD_ARG("squashd"), NULL};
	settings_for_squashd(what->services->settings, &environment);
	/* First out of the way of 3 and 4, then to their places, open across exec. */
	int socket_fd = fcntl(what->services->listen_fd, F_DUPFD_CLOEXEC, TOKEN_FD + 1);
	int token_fd = fcntl(what->token_fd, F_DUPFD_CLOEXEC, TOKEN_FD + 1);
	if (socket_fd < 0 || token_fd < 0 || dup2(socket_fd, SOCKET_FD) < 0 ||
	    dup2(token_fd, TOKEN_FD) < 0)
		return;
	struct err e;
	int rc = child_limit_capabilities(squashd_capabilities);
	if (rc == 0)
		rc = seccomp_load(&squashd_calls, &e); /* CAP_SYS_ADMIN takes no_new_privs' place */
	child_exec(rc, PATH_SQUASHD, args, environment.list);
}

/* The user http, locked into PATH_HTTP_ROOT, without any capability: it parses what strangers
 * send. */
static void run_httpd(const struct program_start *what)
{
	char *args[] = {CHILD_ARG("httpd"),
			CHILD_ARG("-f"),
			CHILD_ARG("-p"),
			CHILD_ARG("local:" PATH_HTTP_LISTEN "/" NAME_HTTPD_SOCKET),
			CHILD_ARG("-h"),
			CHILD_ARG("/www"),
			NULL};
	char *environment[] = {NULL};
	struct err e;
	(void)what;
	/* The one before has left it, and it can't remove it itself; the directory that it lies in
	 * lets only front at it, which is of another user. */
	unlink(PATH_HTTPD_DIR "/" NAME_HTTPD_SOCKET);
	umask(0);
	int rc = child_become(PATH_HTTP_ROOT, USER_HTTP);
	/* Few system calls are left to it. */
	if (rc == 0)
		rc = seccomp_load(&http_calls, &e);
	child_exec(rc, PATH_HTTPD, args, environment);
}

/* The user front, locked into PATH_FRONT_ROOT, without any capability. It confines itself further
 * when it has read its key, before it reads anything else. */
static void run_front(const struct program_start *what)
{
	char *args[] = {CHILD_ARG("front"), NULL};
	char *environment[] = {NULL};
	const struct ports *ports = &what->services->ports;
	int fds[FRONT_FDS_END] = {
		[FRONT_HTTP_FD] = ports->http_fd,
		[FRONT_TLS_FD] = ports->tls_fd,
	};
	/* While still root. Where they can't be had, there is no TLS. */
	if (tls_files_open(what->services->data_path, &fds[FRONT_KEY_FD], &fds[FRONT_CHAIN_FD]) < 0)
		fds[FRONT_TLS_FD] = -1;
	/* First out of the way of the lower ones, then to their places, open across exec. */
	for (int i = FRONT_HTTP_FD; i < FRONT_FDS_END; i++)
		if (fds[i] >= 0 && (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FRONT_FDS_END)) < 0)
			return;
	for (int i = FRONT_HTTP_FD; i < FRONT_FDS_END; i++)
		if (fds[i] >= 0 ? dup2(fds[i], i) < 0
				: fcntl(i, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF)
			return;
	int rc = child_become(PATH_FRONT_ROOT, USER_FRONT);
	child_exec(rc, PATH_FRONT, args, environment);
}

/* Uid 0, as it runs the lease program, but with the capabilities of the network alone: raw
 * sockets, the DHCP client's port, addresses and routes. As uid 0 it would own /proc/sys without
 * any: it may write to the console, and the name servers below /run. */
static void run_dhcp(const struct program_start *what)
{
	char interface[IFNAMSIZ];
	char hostname[sizeof("hostname:") + HOSTNAME_BYTES];
	snprintf(interface, sizeof(interface), "%s", what->service->interface);
	snprintf(hostname, sizeof(hostname), "hostname:%s", what->services->settings->hostname);
	/* Three questions a second apart, then after 5 s again: a switch port may open late. */
	char *args[] = {CHILD_ARG("udhcpc"), CHILD_ARG("-f"),       CHILD_ARG("-i"),
			interface,           CHILD_ARG("-x"),       hostname,
			CHILD_ARG("-s"),     CHILD_ARG(PATH_LEASE), CHILD_ARG("-t"),
			CHILD_ARG("3"),      CHILD_ARG("-T"),       CHILD_ARG("1"),
			CHILD_ARG("-A"),     CHILD_ARG("5"),        NULL};
	bool is_egress = what->service->kind == SERVICE_DHCP_EGRESS;
	char *environment[] = {is_egress ? CHILD_ARG(PROGRAMS_EGRESS_VARIABLE "=1") : NULL, NULL};
	static const char *const writable[] = {"/run", "/dev/console", "/dev/null", NULL};
	int rc = child_limit_capabilities(BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW) |
					  BIT(CAP_NET_BIND_SERVICE));
	if (rc == 0)
		rc = child_refuse_privileges();
	if (rc == 0)
		rc = child_write_only_below(writable);
	if (rc == 0)
		child_set_output("/dev/null"); /* "udhcpc: sending discover", again and again */
	child_exec(rc, PATH_BUSYBOX, args, environment);
}

/* The user ntp with one capability: setting the clock. It owns no file, and may read none but the
 * list of name servers: in /proc and /etc there may be a token. What it has to say is of each
 * packet; init sees by itself that the clock is set (timekeeping.c). */
static void run_ntpd(const struct program_start *what)
{
	const struct settings *settings = what->services->settings;
	char servers[SETTINGS_NTP_MAX][SETTINGS_NTP_BYTES];
	char option[] = "-p";
	char *args[3 + 2 * SETTINGS_NTP_MAX] = {CHILD_ARG("ntpd"), CHILD_ARG("-n")};
	char *environment[] = {NULL};
	static const char *const readable[] = {PATH_RESOLV_DIR, PATH_BUSYBOX, NULL};
	static const char *const writable[] = {"/dev/null", NULL};
	struct err e;
	memcpy(servers, settings->ntp, sizeof(servers));
	for (size_t i = 0; i < SETTINGS_NTP_MAX && servers[i][0]; i++) {
		args[2 + 2 * i] = option;
		args[3 + 2 * i] = servers[i];
	}
	int rc = child_limit_capabilities(BIT(CAP_SYS_TIME));
	if (rc == 0)
		rc = child_set_user_with(USER_NTP, BIT(CAP_SYS_TIME));
	if (rc == 0)
		rc = child_refuse_privileges();
	if (rc == 0)
		rc = child_write_only_below(writable);
	if (rc == 0)
		rc = child_read_only_below(readable);
	if (rc == 0) {
		child_set_output("/dev/null"); /* "timed out waiting for", again and again */
		rc = seccomp_load(&ntp_calls, &e);
	}
	child_exec(rc, PATH_BUSYBOX, args, environment);
}

void program_run(const void *context)
{
	const struct program_start *what = context;
	child_set_oom_score(OOM_SCORE);
	switch (what->service->kind) {
	case SERVICE_SQUASHD:
		run_squashd(what);
		break;
	case SERVICE_HTTPD:
		run_httpd(what);
		break;
	case SERVICE_FRONT:
		run_front(what);
		break;
	case SERVICE_DHCP:
	case SERVICE_DHCP_EGRESS:
		run_dhcp(what);
		break;
	case SERVICE_NTP:
		run_ntpd(what);
		break;
	case SERVICE_NONE:
		errno = EINVAL;
		break;
	}
}
