/* SPDX-License-Identifier: MIT */
#include "msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "fd.h"

struct field_head {
	uint32_t tag;
	uint32_t len;
};

int msg_next(struct msg_cursor *c, struct msg_field *field)
{
	struct field_head head;
	if (c->left == 0)
		return 0;
	if (c->left < sizeof(head))
		return -EBADMSG;
	memcpy(&head, c->at, sizeof(head));
	if (head.len > c->left - sizeof(head))
		return -EBADMSG;
	field->tag = head.tag;
	field->data = c->at + sizeof(head);
	field->len = head.len;
	c->at += sizeof(head) + head.len;
	c->left -= sizeof(head) + head.len;
	return 1;
}

int msg_number(const struct msg_field *field, uint64_t *out)
{
	if (field->len != sizeof(*out))
		return -EBADMSG;
	memcpy(out, field->data, sizeof(*out));
	return 0;
}

void msg_add(struct buf *b, enum msg_tag tag, const void *data, size_t len)
{
	struct field_head head = {.tag = (uint32_t)tag, .len = (uint32_t)len};
	if (len > UINT32_MAX) {
		b->full = true;
		return;
	}
	buf_add(b, &head, sizeof(head));
	buf_add(b, data, len);
}

void msg_add_text(struct buf *b, enum msg_tag tag, const char *text)
{
	msg_add(b, tag, text, strlen(text));
}

void msg_add_number(struct buf *b, enum msg_tag tag, uint64_t number)
{
	msg_add(b, tag, &number, sizeof(number));
}

/* Control data that holds one descriptor. CMSG_SPACE's padding has room for a second. */
union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* Send the bytes, the descriptor with the first of them. 0 or -errno. */
static int send_with(int fd, const char *data, size_t len, int passed_fd)
{
	union control control = {.head = {.cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof(passed_fd))}};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(sizeof(passed_fd))};
	ssize_t n;
	memcpy(CMSG_DATA(&control.head), &passed_fd, sizeof(passed_fd));
	do {
		n = sendmsg(fd, &message, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : fd_write_all(fd, data + n, len - (size_t)n);
}

int msg_send(int fd, uint16_t kind, const struct msg_sender *from, const struct buf *body,
	     struct err *e)
{
	return msg_send_passing(fd, kind, from, body, -1, e);
}

int msg_send_passing(int fd, uint16_t kind, const struct msg_sender *from, const struct buf *body,
		     int passed_fd, struct err *e)
{
	static const struct msg_sender nobody;
	if (!from)
		from = &nobody;
	struct msg_head head = {
		.magic = MSG_MAGIC,
		.kind = kind,
		.token_len = (uint16_t)from->token_len,
		.body_len = (uint32_t)body->len,
		.client = from->client,
		.public_host = from->public_host,
		.asks_only = from->asks_only,
	};
	if (body->full || body->len > UINT32_MAX || from->token_len > UINT16_MAX)
		return err_set(e, EMSGSIZE, "send message");
	int rc = fd_write_all(fd, &head, sizeof(head));
	if (rc == 0)
		rc = fd_write_all(fd, from->token, from->token_len);
	if (rc == 0 && passed_fd >= 0)
		rc = send_with(fd, body->data, body->len, passed_fd);
	else if (rc == 0)
		rc = fd_write_all(fd, body->data, body->len);
	if (rc < 0)
		return err_set(e, -rc, "send message");
	return 0;
}

int msg_recv_bytes(int fd, void *data, size_t len, struct err *e)
{
	ssize_t n = fd_read_all(fd, data, len);
	if (n < 0)
		return err_set(e, (int)-n, "receive message");
	if ((size_t)n < len)
		return err_set(e, ECONNRESET, "receive message");
	return 0;
}

/* One recvmsg(2): how many bytes it brought, and a descriptor. The kernel closes those that there
 * is no room for, and all that read(2) meets. */
static ssize_t recv_with(int fd, void *data, size_t len, int *passed_fd)
{
	union control control = {0};
	struct iovec part = {.iov_base = data, .iov_len = len};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_LEN(sizeof(*passed_fd))};
	ssize_t n;
	do {
		n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (message.msg_controllen >= CMSG_LEN(sizeof(*passed_fd)) &&
	    control.head.cmsg_level == SOL_SOCKET && control.head.cmsg_type == SCM_RIGHTS)
		memcpy(passed_fd, CMSG_DATA(&control.head), sizeof(*passed_fd));
	return message.msg_flags & MSG_CTRUNC ? -EBADMSG : n;
}

int msg_recv_passed(int fd, void *data, size_t len, int *passed_fd, struct err *e)
{
	AUTO_FD passed = -1;
	*passed_fd = -1;
	if (len == 0)
		return 0;
	ssize_t n = recv_with(fd, data, len, &passed);
	if (n <= 0)
		return err_set(e, n < 0 ? (int)-n : ECONNRESET, "receive message");
	int rc = msg_recv_bytes(fd, (char *)data + n, len - (size_t)n, e);
	if (rc == 0)
		*passed_fd = fd_steal(&passed);
	return rc;
}

int msg_recv_head(int fd, struct msg_head *head, size_t token_max, size_t body_max, struct err *e)
{
	int rc = msg_recv_bytes(fd, head, sizeof(*head), e);
	if (rc < 0)
		return rc;
	uint8_t family = head->client.family;
	if (head->magic != MSG_MAGIC || (family != 0 && family != 4 && family != 6))
		return err_set(e, EBADMSG, "receive message");
	if (head->token_len > token_max || head->body_len > body_max)
		return err_set(e, EMSGSIZE, "receive message");
	return 0;
}
