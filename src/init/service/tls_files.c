/* SPDX-License-Identifier: MIT */
/* Key and certificate are made by a program of their own (src/front/identity/make_identity.c),
 * which has nothing but the two files to write to: PID 1 has no business with cryptography. They
 * are written in a directory that gets its name when all is on the disk. */
#include "tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/boot/child.h"
#include "init/boot/console.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "users.h"

#define NAME_NEW ".tls.new"
#define MAKE_MS 30000 /* a second at most, unless the kernel has no random numbers yet */

enum { KEY_FD = 3, CHAIN_FD = 4 }; /* where make-identity expects them */

struct make {
	int key_fd, chain_fd;
	const struct settings *settings;
};

/* In the child: the user front, in its root, without any capability. */
static void run_make_identity(const void *context)
{
	const struct make *m = context;
	char v4[ADDR_TEXT_BYTES], v6[ADDR_TEXT_BYTES], host[HOSTNAME_BYTES + 1];
	char *environment[] = {NULL};
	const struct settings_ip *ip = &m->settings->ip;
	snprintf(host, sizeof(host), "%s", m->settings->hostname);
	char *args[5] = {CHILD_ARG("make-identity"), host};
	size_t n = 2;
	addr_text(&ip->v4.address, v4);
	addr_text(&ip->v6.address, v6);
	if (ip->v4.address.family)
		args[n++] = v4;
	if (ip->v6.address.family)
		args[n++] = v6;
	int key_fd = fcntl(m->key_fd, F_DUPFD_CLOEXEC, CHAIN_FD + 1);
	int chain_fd = fcntl(m->chain_fd, F_DUPFD_CLOEXEC, CHAIN_FD + 1);
	if (key_fd < 0 || chain_fd < 0 || dup2(key_fd, KEY_FD) < 0 || dup2(chain_fd, CHAIN_FD) < 0)
		return;
	int rc = child_become(PATH_FRONT_ROOT, USER_FRONT);
	child_exec(rc, PATH_MAKE_IDENTITY, args, environment);
}

static int open_new(int dir_fd, const char *name, mode_t mode)
{
	return openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
}

static int make_files(int dir_fd, const struct settings *settings, struct err *e)
{
	int status = -1;
	AUTO_FD key = open_new(dir_fd, NAME_TLS_KEY, 0600);
	AUTO_FD chain = open_new(dir_fd, NAME_TLS_CHAIN, 0644);
	struct make m = {key, chain, settings};
	if (key < 0 || chain < 0)
		return err_set(e, errno, "make the files of a TLS key");
	pid_t pid = child_start("make-identity", run_make_identity, &m, e);
	if (pid < 0)
		return (int)pid;
	if (!child_wait(pid, MAKE_MS, &status)) {
		kill(pid, SIGKILL);
		child_wait(pid, MAKE_MS, NULL);
		return err_say(e, ETIMEDOUT, "no TLS key could be made in %d s", MAKE_MS / 1000);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) /* it has said why */
		return err_say(e, EIO, "no TLS key could be made");
	if (fsync(key) < 0 || fsync(chain) < 0 || fsync(dir_fd) < 0)
		return err_set(e, errno, "write the TLS key");
	return 0;
}

/* What a boot before this has left that was cut off. */
static void remove_new(int data_fd)
{
	unlinkat(data_fd, NAME_NEW "/" NAME_TLS_KEY, 0);
	unlinkat(data_fd, NAME_NEW "/" NAME_TLS_CHAIN, 0);
	unlinkat(data_fd, NAME_NEW, AT_REMOVEDIR);
}

static int make(int data_fd, const struct settings *settings, struct err *e)
{
	remove_new(data_fd);
	if (mkdirat(data_fd, NAME_NEW, 0700) < 0)
		return err_set(e, errno, "make %s", NAME_NEW);
	AUTO_FD dir = openat(data_fd, NAME_NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int rc = dir < 0 ? err_set(e, errno, "open %s", NAME_NEW) : make_files(dir, settings, e);
	if (rc == 0 && renameat(data_fd, NAME_NEW, data_fd, NAME_TLS) < 0)
		rc = err_set(e, errno, "rename %s to %s", NAME_NEW, NAME_TLS);
	if (rc == 0 && fsync(data_fd) < 0)
		rc = err_set(e, errno, "write %s", NAME_TLS);
	if (rc < 0)
		remove_new(data_fd);
	return rc;
}

static bool has(int data_fd, const char *path)
{
	return faccessat(data_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int tls_files_provide(const char *data_path, const struct settings *settings, struct err *e)
{
	AUTO_FD data = open(data_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (data < 0)
		return err_set(e, errno, "open %s", data_path);
	bool has_key = has(data, NAME_TLS "/" NAME_TLS_KEY);
	bool has_chain = has(data, NAME_TLS "/" NAME_TLS_CHAIN);
	if (has_key && has_chain)
		return 0;
	if (has_key != has_chain)
		return err_say(e, ENOENT,
			       "There is no TLS: of " NAME_TLS_KEY " and " NAME_TLS_CHAIN
			       " in " NAME_TLS "/ one is missing, both or none are wanted");
	return make(data, settings, e);
}

int tls_files_open(const char *data_path, int *key_fd, int *chain_fd)
{
	AUTO_FD data = open(data_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD tls =
		data < 0 ? -1
			 : openat(data, NAME_TLS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_FD key = tls < 0 ? -1 : openat(tls, NAME_TLS_KEY, O_RDONLY | O_CLOEXEC);
	AUTO_FD chain = tls < 0 ? -1 : openat(tls, NAME_TLS_CHAIN, O_RDONLY | O_CLOEXEC);
	int rc = key < 0 || chain < 0 ? -errno : 0;
	*key_fd = rc == 0 ? fd_steal(&key) : -1;
	*chain_fd = rc == 0 ? fd_steal(&chain) : -1;
	return rc;
}
