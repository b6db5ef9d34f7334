/* SPDX-License-Identifier: MIT */
/* What squashd says to descriptors that api never sends: a taken over one may. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent.h"
#include "lib/fd.h"
#include "lib/msg.h"
#include "lib/paths.h"

#define FIFO "/run/test-fifo"

static int connect_squashd(struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_SOCKET};
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_set(e, errno, "reach squashd");
	return fd_steal(&fd);
}

/* One request with the descriptor, or without one (-1): prints what it was, status and code. */
static void pass(const char *what, enum msg_op op, const struct msg_sender *from, int passed_fd)
{
	char memory[1024];
	struct buf fields = {.data = memory, .cap = sizeof(memory)};
	struct msg_head head = {.kind = 0};
	struct msg_field f;
	struct err e = {0};
	if (op == MSG_UPLOAD_MODULE) {
		msg_add_text(&fields, TAG_MODULE, "150-passed");
		msg_add_number(&fields, TAG_SIZE, 4096);
	} else {
		msg_add_text(&fields, TAG_ID, "none");
	}
	AUTO_FD fd = connect_squashd(&e);
	if (fd < 0 || msg_send_passing(fd, (uint16_t)op, from, &fields, passed_fd, &e) < 0 ||
	    msg_recv_head(fd, &head, 0, sizeof(memory), &e) < 0 ||
	    msg_recv_bytes(fd, memory, head.body_len, &e) < 0)
		head.body_len = 0;
	printf("%s: %u", what, head.kind);
	struct msg_cursor c = {.at = (uint8_t *)memory, .left = head.body_len};
	while (msg_next(&c, &f) > 0)
		if (f.tag == TAG_CODE)
			printf(" %.*s", (int)f.len, (const char *)f.data);
	printf("%s\n", e.text);
}

void agent_pass_all(const char *token)
{
	const struct msg_sender from = {.token = token, .token_len = strlen(token)};
	int ends[2], pair[2];
	unlink(FIFO);
	if (pipe2(ends, O_CLOEXEC) < 0 || mkfifo(FIFO, 0600) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		perror("pipes");
	const struct {
		const char *what;
		int fd;
	} cases[] = {
		{"nothing", -1},
		{"a file", open(PATH_MANIFEST, O_RDONLY | O_CLOEXEC)},
		{"a directory", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
		{"a device", open("/dev/zero", O_RDONLY | O_CLOEXEC)},
		{"a socket", pair[0]},
		{"a pipe's other end", ends[1]},
		{"both ends of a pipe", open(FIFO, O_RDWR | O_CLOEXEC)},
		{"a pipe's place", open(FIFO, O_PATH | O_CLOEXEC)},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		pass(cases[i].what, MSG_UPLOAD_MODULE, &from, cases[i].fd);
	pass("a pipe for info", MSG_INFO, &from, ends[0]);
	pass("a pipe for exec", MSG_EXEC, &from, ends[0]);
	close(ends[1]);
	pass("a pipe that has ended", MSG_UPLOAD_MODULE, &from, ends[0]);
	unlink(FIFO);
}
