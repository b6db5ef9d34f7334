/* SPDX-License-Identifier: MIT */
#include "egress_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/msg.h"
#include "lib/paths.h"

#define ANSWER_MS 10000  /* one that has just been started may have a hundredth of a core */
#define ANSWER_BYTES 512 /* a head, and a text that is not looked at: it is a stranger's */
#define SERVERS_MAX 3    /* resolvers read no more: MAXNS */
#define BACKLOG 8

/* Each entry with its head, and what else there is in a message. */
#define POLICY_BYTES (LIMIT_ALLOW_NET * (LIMIT_HOST_BYTES + 16) + 8192)

static struct sockaddr_un name_socket(const char *id)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), PATH_RUN "/egress/%s", id);
	return address;
}

int egress_policy_listen(const struct server *s, const char *id, struct err *e)
{
	struct sockaddr_un address = name_socket(id);
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, errno, "make a socket");
	int rc = egress_policy_forget(s, id, e); /* of one that was killed */
	if (rc < 0)
		return rc;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen on %s", address.sun_path);
	return fd_steal(&fd);
}

int egress_policy_forget(const struct server *s, const char *id, struct err *e)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "egress/%s", id);
	return fd_remove_file(s->run_fd, path, e);
}

/* The words of a text, in turn: *at is behind the one that is returned, len bytes long. NULL: there
 * are no more. */
static const char *next_word(const char **at, const char *between, size_t *len)
{
	const char *word = *at + strspn(*at, between);
	*len = strcspn(word, between);
	*at = word + *len;
	return *len > 0 ? word : NULL;
}

static void add_private(struct buf *b, const char *networks)
{
	const char *word;
	size_t len;
	while ((word = next_word(&networks, ",", &len)))
		msg_add(b, TAG_PRIVATE, word, len);
}

/* The appliance's own, or the sandboxes' card's: "nameserver ADDRESS" a line, of init's writing.
 * There may be none yet. */
static void add_servers(const struct server *s, struct buf *b)
{
	const char *path = s->egress_is_bound ? PATH_EGRESS_RESOLV : PATH_RESOLV;
	char text[1024];
	size_t len, count = 0;
	const char *word, *at = text;
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text), NULL) < 0)
		return;
	while (count < SERVERS_MAX && (word = next_word(&at, " \n", &len))) {
		if (len != strlen("nameserver") || memcmp(word, "nameserver", len) != 0)
			continue;
		word = next_word(&at, " \n", &len);
		if (!word)
			return;
		msg_add(b, TAG_DNS_SERVER, word, len);
		count++;
	}
}

/* If it isn't there, one that never is: what is bound to that reaches nothing. */
static void add_device(struct buf *b)
{
	unsigned index = if_nametoindex(EGRESS_VRF);
	msg_add_number(b, TAG_DEVICE, index ? index : INT_MAX);
}

static int send_policy(const struct server *s, const char *id, const struct egress_list *list,
		       struct err *e)
{
	static char memory[POLICY_BYTES];
	struct buf body = {.data = memory, .cap = sizeof(memory)};
	struct sockaddr_un address = name_socket(id);
	const struct timeval patience = {.tv_sec = ANSWER_MS / 1000};
	for (size_t i = 0; i < list->count; i++)
		msg_add_text(&body, TAG_ALLOW_NET, list->texts[i]);
	add_private(&body, s->egress_private);
	if (s->egress_is_bound)
		add_device(&body);
	add_servers(s, &body);
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return err_set(e, errno, "make a socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_set(e, errno, "reach the egress of sandbox %s", id);
	int rc = msg_send(fd, MSG_EGRESS_POLICY, NULL, &body, e);
	return rc < 0 ? rc : fd_steal(&fd);
}

/* Not by msg_recv_bytes, which a byte now and then would keep for ever. */
static int receive_status(int fd, uint16_t *status, struct err *e)
{
	char bytes[ANSWER_BYTES];
	struct msg_head head;
	size_t have = 0;
	uint64_t deadline = clock_mono_ms() + ANSWER_MS;
	while (have < sizeof(head)) {
		uint64_t now = clock_mono_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (now >= deadline || poll(&p, 1, (int)(deadline - now)) == 0)
			return err_set(e, ETIMEDOUT, "wait for an egress");
		ssize_t n = recv(fd, bytes + have, sizeof(bytes) - have, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return err_set(e, n == 0 ? ECONNRESET : errno, "hear from an egress");
		have += n > 0 ? (size_t)n : 0;
	}
	memcpy(&head, bytes, sizeof(head));
	*status = head.magic == MSG_MAGIC ? head.kind : 0;
	return 0;
}

int egress_policy_send(const struct server *s, const char *id, const struct egress_list *list,
		       struct err *e)
{
	uint16_t status;
	AUTO_FD fd = send_policy(s, id, list, e);
	int rc = fd < 0 ? fd : receive_status(fd, &status, e);
	if (rc == 0 && status != 200)
		rc = err_say(e, EPROTO, "the egress of sandbox %s does not take its list: %u", id,
			     status);
	return rc;
}
