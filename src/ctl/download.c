/* SPDX-License-Identifier: MIT */
#include "download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"

int download_open(struct ctl *c, struct download *d, const char *to, const char *name)
{
	struct stat st;
	bool is_stdout = strcmp(to, "-") == 0;
	bool is_there = !is_stdout && stat(to, &st) == 0;
	bool is_directory = (is_there && S_ISDIR(st.st_mode)) || to[strlen(to) - 1] == '/';
	*d = (struct download){.fd = -1};
	int n = snprintf(d->path, sizeof(d->path), "%s%s%s", is_stdout ? "stdout" : to,
			 is_directory ? "/" : "", is_directory ? name : "");
	if (n < 0 || (size_t)n >= sizeof(d->path))
		return ctl_fail(c, EXIT_USAGE, "the path is too long");
	if (is_stdout) {
		d->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	} else if (is_there && !is_directory && !S_ISREG(st.st_mode)) {
		d->fd = open(d->path, O_WRONLY | O_CLOEXEC);
	} else {
		snprintf(d->temporary, sizeof(d->temporary), "%s.%d.part", d->path, (int)getpid());
		d->fd = open(d->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	return d->fd < 0 ? ctl_fail(c, EXIT_LOCAL, "%s: %s", d->path, strerror(errno)) : 0;
}

int download_take(void *owner, const struct reply_head *head, const uint8_t *bytes, size_t len,
		  struct err *e)
{
	struct download *d = owner;
	int rc = fd_write_all(d->fd, bytes, len);
	if (rc < 0)
		return err_say(e, EIO, "write %s: %s", d->path, strerror(-rc));
	d->done += len;
	if (d->with_bar && head->has_length)
		bar_draw(&d->bar, d->done, head->length);
	return 0;
}

static int finish(struct ctl *c, const struct download *d, int its_mode)
{
	mode_t mask = umask(0);
	umask(mask);
	if (!d->temporary[0])
		return 0;
	unsigned mode = (its_mode < 0 ? 0666U : (unsigned)its_mode & 0777U) & ~(unsigned)mask;
	if (fchmod(d->fd, mode) < 0 || rename(d->temporary, d->path) < 0)
		return ctl_fail(c, EXIT_LOCAL, "%s: %s", d->path, strerror(errno));
	return 0;
}

int download_call(struct ctl *c, struct download *d, struct api *a, bool with_bar)
{
	a->call.take = download_take;
	a->call.owner = d;
	d->with_bar = with_bar;
	bar_begin(&d->bar);
	int rc = api_call(c, a);
	bar_end(&d->bar);
	if (rc == 0)
		rc = finish(c, d, a->reply.head.mode);
	if (rc != 0 && d->temporary[0])
		unlink(d->temporary);
	fd_close(&d->fd);
	return rc;
}
