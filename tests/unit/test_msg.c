/* SPDX-License-Identifier: MIT */
/* The message between api and squashd: what is written is read back, and no bytes that are not a
 * message get through, wherever they are cut or bent. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/msg.h"
#include "tap.h"

static char memory[4096];

static struct buf sample(void)
{
	struct buf b = {.data = memory, .cap = sizeof(memory)};
	msg_add_text(&b, TAG_ID, "dev");
	msg_add_number(&b, TAG_MEMORY_MB, 512);
	msg_add(&b, TAG_STDIN, "a\0b", 3);
	msg_add(&b, TAG_RECORD, "", 0);
	return b;
}

static void test_fields(void)
{
	struct buf b = sample();
	struct msg_cursor c = {.at = (uint8_t *)b.data, .left = b.len};
	struct msg_field f;
	uint64_t n = 0;
	tap_ok(!b.full, "fields fit");
	tap_ok(msg_next(&c, &f) == 1 && f.tag == TAG_ID && f.len == 3 && !memcmp(f.data, "dev", 3),
	       "text is read back");
	tap_ok(msg_number(&f, &n) == -EBADMSG, "text of three bytes is no number");
	tap_ok(msg_next(&c, &f) == 1 && f.tag == TAG_MEMORY_MB && msg_number(&f, &n) == 0 &&
		       n == 512,
	       "a number is read back");
	tap_ok(msg_next(&c, &f) == 1 && f.len == 3 && !memcmp(f.data, "a\0b", 3),
	       "bytes with a NUL are read back");
	tap_ok(msg_next(&c, &f) == 1 && f.tag == TAG_RECORD && f.len == 0,
	       "an empty field is read back");
	tap_ok(msg_next(&c, &f) == 0, "then the end");
}

/* Every shorter message either ends between two fields or is refused. */
static void test_cuts(void)
{
	struct buf b = sample();
	size_t clean = 0, refused = 0;
	for (size_t len = 0; len < b.len; len++) {
		struct msg_cursor c = {.at = (uint8_t *)b.data, .left = len};
		struct msg_field f;
		int rc;
		while ((rc = msg_next(&c, &f)) > 0)
			;
		clean += rc == 0;
		refused += rc == -EBADMSG;
	}
	tap_ok(clean == 4 && refused == b.len - 4, "a cut inside a field is refused (%zu, %zu)",
	       clean, refused);
}

static void test_lengths(void)
{
	static const uint32_t lengths[] = {0xffffffff, 0x80000000, 9, 0x7fffffff};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t words[4] = {TAG_ID, lengths[i], 0, 0};
		struct msg_cursor c = {.at = (uint8_t *)words, .left = sizeof(words)};
		struct msg_field f;
		tap_ok(msg_next(&c, &f) == -EBADMSG, "a field of %u bytes in 8 is refused",
		       lengths[i]);
	}
}

static void test_overflow(void)
{
	struct buf b = {.data = memory, .cap = 20};
	msg_add_text(&b, TAG_ID, "0123456789");
	tap_ok(!b.full, "a field that fits leaves the buffer good");
	msg_add_text(&b, TAG_ID, "x");
	tap_ok(b.full, "one that does not is remembered");
}

/* Send bytes through a socket pair and read a head from the other end. */
static int recv_from(const void *bytes, size_t len, struct msg_head *head, struct err *e)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return -errno;
	int rc = write(pair[0], bytes, len) == (ssize_t)len ? 0 : -EIO;
	close(pair[0]);
	if (rc == 0)
		rc = msg_recv_head(pair[1], head, 16, 64, e);
	close(pair[1]);
	return rc;
}

static void test_heads(void)
{
	struct msg_head head,
		good = {.magic = MSG_MAGIC, .kind = MSG_INFO, .token_len = 16, .body_len = 64};
	struct err e;
	tap_ok(recv_from(&good, sizeof(good), &head, &e) == 0 && head.kind == MSG_INFO,
	       "a head at the caps is taken");
	struct msg_head bad = good;
	bad.magic++;
	tap_ok(recv_from(&bad, sizeof(bad), &head, &e) == -EBADMSG, "wrong magic is refused");
	bad = good;
	bad.client.family = 5;
	tap_ok(recv_from(&bad, sizeof(bad), &head, &e) == -EBADMSG,
	       "an address of no family that there is, too");
	bad = good;
	bad.token_len++;
	tap_ok(recv_from(&bad, sizeof(bad), &head, &e) == -EMSGSIZE,
	       "a token above the cap is refused");
	bad = good;
	bad.body_len++;
	tap_ok(recv_from(&bad, sizeof(bad), &head, &e) == -EMSGSIZE,
	       "a body above the cap is refused");
	tap_ok(recv_from(&good, sizeof(good) - 1, &head, &e) == -ECONNRESET,
	       "a head cut short is refused");
}

static void test_send(void)
{
	int pair[2];
	struct buf b = sample();
	struct msg_head head;
	struct err e;
	char token[8], body[256];
	if (!tap_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socket pair"))
		return;
	struct msg_sender from = {.client = {.family = 4, .bytes = {192, 0, 2, 7}},
				  .token = "secret",
				  .token_len = 6,
				  .asks_only = true};
	tap_ok(msg_send(pair[0], MSG_CREATE, &from, &b, &e) == 0, "a message is sent");
	tap_ok(msg_recv_head(pair[1], &head, 8, sizeof(body), &e) == 0 && head.token_len == 6 &&
		       addr_equal(&head.client, &from.client) && head.body_len == b.len &&
		       head.asks_only == 1 && head.public_host == 0 && head.unused == 0 &&
		       msg_recv_bytes(pair[1], token, 6, &e) == 0 &&
		       memcmp(token, "secret", 6) == 0 &&
		       msg_recv_bytes(pair[1], body, b.len, &e) == 0 &&
		       memcmp(body, b.data, b.len) == 0,
	       "and arrives whole");
	b.full = true;
	tap_ok(msg_send(pair[0], MSG_CREATE, NULL, &b, &e) == -EMSGSIZE,
	       "an incomplete one is not sent");
	close(pair[1]);
	b.full = false;
	tap_ok(msg_send(pair[0], MSG_CREATE, NULL, &b, &e) == -EPIPE,
	       "a peer that is gone is an error");
	close(pair[0]);
}

/* What the descriptors of a message's fields come to at the other end. */
static int pass(const int *fds, size_t count, int *passed, struct err *e)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = {.head = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	char bytes[64] = "";
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	int pair[2];
	control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return -errno;
	int rc = -EIO;
	if (sendmsg(pair[0], &message, 0) == (ssize_t)part.iov_len)
		rc = msg_recv_passed(pair[1], bytes, sizeof(bytes), passed, e);
	close(pair[0]);
	close(pair[1]);
	return rc;
}

/* The lowest descriptor that is free: none was left open if it stays the same. */
static int next_fd(void)
{
	int fd = dup(0);
	close(fd);
	return fd;
}

static void test_passing(void)
{
	int pair[2], pipe_fds[2], passed = -1;
	struct buf b = sample();
	struct msg_head head;
	struct err e;
	char body[256], byte = 0;
	if (!tap_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pipe_fds) == 0,
		    "socket pair, pipe"))
		return;
	tap_ok(msg_send_passing(pair[0], MSG_UPLOAD_MODULE, NULL, &b, pipe_fds[0], &e) == 0 &&
		       msg_recv_head(pair[1], &head, 8, sizeof(body), &e) == 0 &&
		       msg_recv_passed(pair[1], body, head.body_len, &passed, &e) == 0 &&
		       memcmp(body, b.data, b.len) == 0,
	       "a descriptor goes with a message, which arrives whole");
	tap_ok(passed >= 0 && fcntl(passed, F_GETFD) == FD_CLOEXEC &&
		       write(pipe_fds[1], "x", 1) == 1 && read(passed, &byte, 1) == 1 &&
		       byte == 'x',
	       "it is the one that was sent, and closes at exec");
	close(passed);
	passed = 0;
	tap_ok(msg_send(pair[0], MSG_INFO, NULL, &b, &e) == 0 &&
		       msg_recv_head(pair[1], &head, 8, sizeof(body), &e) == 0 &&
		       msg_recv_passed(pair[1], body, head.body_len, &passed, &e) == 0 &&
		       passed == -1 && head.asks_only == 0,
	       "a message without one has none, and asks for what it says");

	int fds[4] = {pipe_fds[0], pipe_fds[0], pipe_fds[0], pipe_fds[0]}, free_fd = next_fd();
	tap_ok(pass(fds, 1, &passed, &e) == 0 && passed >= 0, "one is taken");
	close(passed);
	tap_ok(pass(fds, 2, &passed, &e) == -EBADMSG && passed == -1, "two are refused");
	tap_ok(pass(fds, 4, &passed, &e) == -EBADMSG && passed == -1, "so are four");
	tap_ok(next_fd() == free_fd, "none of these is left open");
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_fields();
	test_cuts();
	test_lengths();
	test_overflow();
	test_heads();
	test_send();
	test_passing();
	return tap_done();
}
