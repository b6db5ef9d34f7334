/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/boot/child.h"
#include "init/boot/console.h"
#include "keep.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "tls_files.h"
#include "users.h"

#define ANSWER_S 20 /* for each part of the API's answer */

enum { SOCKET_FD = 3, CHAIN_FD = 4 }; /* where ask-health expects them */

/* A link whose text is read, and which leads nowhere. */
static int leave(const char *name, const char *text, struct err *e)
{
	char path[sizeof(PATH_RUN) + 16];
	snprintf(path, sizeof(path), PATH_RUN "/%s", name);
	return symlink(text, path) < 0 ? err_set(e, errno, "make %s", path) : 0;
}

int trial_begin(struct trial *t, const struct boot_source *source, const struct services *services,
		struct err *e)
{
	const char *folder = "/" KEEP_FOLDER "/", *path = source->count_path;
	char version[UKI_VERSION_BYTES];
	struct uki_name name;
	if (!source->has_loader || !source->esp[0] || !source->entry[0])
		return 0;
	int rc = leave(NAME_UKI, source->entry, e);
	if (rc < 0 || strncasecmp(path, folder, strlen(folder)) != 0)
		return rc;
	const char *file = path + strlen(folder);
	if (strlen(file) >= sizeof(t->file) || !uki_read_name(file, strlen(file), &name) ||
	    !name.is_counted)
		return 0;
	t->services = services;
	t->version = name.version;
	snprintf(t->file, sizeof(t->file), "%s", file);
	disk_path(source->esp, t->device);
	t->due_ms = clock_mono_ms() + TRIAL_AGAIN_MS;
	t->until_ms = clock_mono_ms() + TRIAL_MS;
	t->state = TRIAL_ASKS;
	console_say("Version %s is on trial: its API has to answer within %d s.",
		    uki_write_version(&t->version, version), TRIAL_MS / 1000);
	return leave(NAME_TRIAL, file, e);
}

/* Connected to front, as a client would be; it doesn't wait for ever. -errno if not. */
static int open_connection(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval patience = {.tv_sec = ANSWER_S};
	AUTO_FD fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return fd_steal(&fd);
}

/* In the child: the user front, in its root, without any capability. */
static void run_ask(const void *context)
{
	const struct trial *t = context;
	const struct services *services = t->services;
	char *args[] = {CHILD_ARG("ask-health"), NULL};
	char *environment[] = {NULL};
	int key, chain, rc;
	/* It is asked again in two seconds, and has said nothing new by then. */
	child_set_output("/dev/null");
	if ((rc = tls_files_open(services->data_path, &key, &chain)) < 0)
		_exit(EXIT_FAILURE);
	fd_close(&key);
	int connection = open_connection(services->settings->tls_port);
	connection = fcntl(connection, F_DUPFD_CLOEXEC, CHAIN_FD + 1);
	chain = fcntl(chain, F_DUPFD_CLOEXEC, CHAIN_FD + 1);
	if (connection < 0 || chain < 0 || dup2(connection, SOCKET_FD) < 0 ||
	    dup2(chain, CHAIN_FD) < 0 || child_become(PATH_FRONT_ROOT, USER_FRONT) < 0)
		_exit(EXIT_FAILURE);
	execve(PATH_ASK_HEALTH, args, environment);
}

/* In the child, which is init's program, with all that it may. */
static void run_keep(const void *context)
{
	const struct trial *t = context;
	struct err e = {0};
	int rc = keep_version(t->device, t->file, &e);
	if (rc < 0 && !t->said)
		console_say("Version on trial: it works, but can't be kept: %s.", e.text);
	_exit(rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void give_up(struct trial *t)
{
	char version[UKI_VERSION_BYTES];
	t->state = TRIAL_FAILED;
	console_say("Version %s is on trial, and its API has not answered for %d s: rebooting. "
		    "After %d such boots the version before it is back.",
		    uki_write_version(&t->version, version), TRIAL_MS / 1000, UKI_TRIES);
}

static void start_child(struct trial *t)
{
	struct err e = {0};
	pid_t pid = child_start(NULL, t->state == TRIAL_ASKS ? run_ask : run_keep, t, &e);
	t->child = pid > 0 ? pid : 0; /* no memory: later */
}

int trial_run_due(struct trial *t)
{
	uint64_t now = clock_mono_ms(), next = UINT64_MAX;
	if (t->state == TRIAL_ASKS && now >= t->until_ms)
		give_up(t);
	if (t->state != TRIAL_ASKS && t->state != TRIAL_KEEPS)
		return -1;
	if (!t->child && now >= t->due_ms) {
		start_child(t);
		t->due_ms = now + TRIAL_AGAIN_MS;
	}
	if (!t->child)
		next = t->due_ms;
	if (t->state == TRIAL_ASKS && t->until_ms < next)
		next = t->until_ms;
	return next == UINT64_MAX ? -1 : (int)(next - now);
}

bool trial_reap(struct trial *t, pid_t pid, int status)
{
	char version[UKI_VERSION_BYTES];
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
	if (!t->child || pid != t->child)
		return false;
	t->child = 0;
	t->due_ms = clock_mono_ms() + (t->state == TRIAL_ASKS && good ? 0 : TRIAL_AGAIN_MS);
	if (t->state == TRIAL_KEEPS && good) {
		unlink(PATH_RUN "/" NAME_TRIAL);
		console_say("Version %s has proved itself: it stays.",
			    uki_write_version(&t->version, version));
		t->state = TRIAL_NONE;
	} else if (t->state == TRIAL_KEEPS) {
		t->said = true;
	} else if (good) {
		t->state = TRIAL_KEEPS;
	}
	return true;
}
