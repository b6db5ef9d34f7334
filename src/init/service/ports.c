/* SPDX-License-Identifier: MIT */
#include "ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/paths.h"
#include "users.h"

#define BACKLOG 1024

/* A kernel started with ipv6.disable=1 has IPv4 alone. */
static int bind_port(int fd, sa_family_t family, uint16_t port)
{
	const int off = 0, on = 1;
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET)
		return bind(fd, (struct sockaddr *)&in4, sizeof(in4));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&in6, sizeof(in6));
}

static int listen_on(uint16_t port, struct err *e)
{
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	sa_family_t family = AF_INET6;
	AUTO_FD fd = socket(family, type, 0);
	if (fd < 0)
		fd = socket(family = AF_INET, type, 0);
	if (fd < 0 || bind_port(fd, family, port) < 0 || listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen on port %u", port);
	return fd_steal(&fd);
}

static int make_directory(struct err *e)
{
	if ((mkdir(PATH_HTTPD_DIR, 0) < 0 && errno != EEXIST) ||
	    chown(PATH_HTTPD_DIR, USER_HTTP, USER_FRONT) < 0 || chmod(PATH_HTTPD_DIR, 0710) < 0)
		return err_set(e, errno, "make %s", PATH_HTTPD_DIR);
	const unsigned long flags = MS_BIND;
	if (mount(PATH_HTTPD_DIR, PATH_HTTP_ROOT PATH_HTTP_LISTEN, NULL, flags, NULL) < 0 ||
	    mount(PATH_HTTPD_DIR, PATH_FRONT_ROOT PATH_FRONT_LISTEN, NULL, flags, NULL) < 0)
		return err_set(e, errno, "bind %s", PATH_HTTPD_DIR);
	return 0;
}

int ports_open(struct ports *p, const struct settings *settings, struct err *e)
{
	*p = (struct ports){.http_fd = -1, .tls_fd = -1};
	int rc = make_directory(e);
	if (rc < 0)
		return rc;
	p->tls_fd = listen_on(settings->tls_port, e);
	if (p->tls_fd >= 0 && settings->http && settings->port == settings->tls_port)
		return err_say(e, EADDRINUSE,
			       "There is no plain HTTP: SQUASH_PORT is that of TLS, %u",
			       settings->port);
	if (settings->http)
		p->http_fd = listen_on(settings->port, e);
	return p->tls_fd < 0 ? p->tls_fd : settings->http && p->http_fd < 0 ? p->http_fd : 0;
}
