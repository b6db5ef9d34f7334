/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lib/fd.h"

static int set_timeouts(int fd, struct err *e)
{
	const struct timeval limit = {.tv_sec = EGRESS_CONTROL_SECONDS};
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return err_set(e, errno, "limit the time of a message");
	return 0;
}

static int receive(struct control *c, int fd, struct msg_head *head, struct err *e)
{
	int rc = set_timeouts(fd, e);
	if (rc == 0)
		rc = msg_recv_head(fd, head, 0, sizeof(c->body), e);
	return rc < 0 ? rc : msg_recv_bytes(fd, c->body, head->body_len, e);
}

/* The status of the reply; why says what is wrong. */
static uint16_t take_policy(struct control *c, const struct msg_head *head, struct buf *why)
{
	struct msg_cursor fields = {.at = (const uint8_t *)c->body, .left = head->body_len};
	if (head->kind != MSG_EGRESS_POLICY) {
		buf_add_text(why, "there is no such request");
		return 400;
	}
	if (!policy_read(&c->next, fields, why))
		return 400;
	*c->policy = c->next;
	c->changed(c->owner);
	return 200;
}

static void serve(struct control *c, int fd, struct err *e)
{
	struct msg_head head;
	char text[256], memory[sizeof(text) + 16];
	struct buf why = {.data = text, .cap = sizeof(text)};
	struct buf reply = {.data = memory, .cap = sizeof(memory)};
	if (receive(c, fd, &head, e) < 0)
		return;
	uint16_t status = take_policy(c, &head, &why);
	if (status != 200)
		msg_add(&reply, TAG_ERROR, text, why.len);
	msg_send(fd, status, NULL, &reply, e);
}

static void accept_one(void *owner, uint32_t events)
{
	struct control *c = owner;
	struct err e = {.number = 0};
	AUTO_FD fd = accept4(c->source.fd, NULL, NULL, SOCK_CLOEXEC);
	(void)events;
	if (fd < 0)
		return;
	serve(c, fd, &e);
	if (e.number)
		fprintf(stderr, "egress: a policy: %s\n", e.text);
}

int control_init(struct control *c, struct loop *l, int fd, struct err *e)
{
	c->source = (struct loop_source){.fd = -1, .ready = accept_one, .owner = c};
	int rc = loop_add(l, &c->source, fd, EPOLLIN);
	return rc < 0 ? err_set(e, -rc, "watch the control socket") : 0;
}
