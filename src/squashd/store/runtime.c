/* SPDX-License-Identifier: MIT */
#include "runtime.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "meta_text.h"

/* Two numbers and a word: 10 + 20 + 4 digits and letters, blanks between, a NUL. */
#define TEXT_BYTES 40

int runtime_save(const struct server *s, const struct sandbox *sb, struct err *e)
{
	char text[TEXT_BYTES], path[LIMIT_ID_BYTES + 16], next[LIMIT_ID_BYTES + 16];
	const struct runtime *r = &sb->runtime;
	snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu64 " %s", r->slot, r->deadline_ms,
		 r->down ? "down" : "up");
	snprintf(path, sizeof(path), "running/%s", sb->id);
	snprintf(next, sizeof(next), "running/.%s", sb->id); /* no id begins with a dot */
	unlinkat(s->run_fd, next, 0);                        /* of a process that died here */
	if (symlinkat(text, s->run_fd, next) == 0 &&
	    renameat(s->run_fd, next, s->run_fd, path) == 0)
		return 0;
	int rc = err_set(e, errno, "write %s", path);
	unlinkat(s->run_fd, next, 0);
	return rc;
}

struct runtime runtime_load(const struct server *s, const char *id)
{
	struct runtime r = {.slot = SLOT_NONE};
	char text[TEXT_BYTES], path[LIMIT_ID_BYTES + 16], *end;
	snprintf(path, sizeof(path), "running/%s", id);
	ssize_t n = readlinkat(s->run_fd, path, text, sizeof(text) - 1);
	if (n < 0)
		return r;
	text[n] = '\0';
	r.slot = (uint32_t)strtoul(text, &end, 10); /* our own text: nobody else writes there */
	r.deadline_ms = strtoull(end, &end, 10);
	r.down = strcmp(end, " down") == 0;
	return r;
}

static int remove_link(const struct server *s, const char *prefix, const char *id, struct err *e)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "%s%s", prefix, id);
	return fd_remove_file(s->run_fd, path, e);
}

int runtime_forget(const struct server *s, const char *id, struct err *e)
{
	return remove_link(s, "running/.", id, e);
}

int runtime_drop(const struct server *s, const char *id, struct err *e)
{
	int rc = runtime_forget(s, id, e);
	return rc < 0 ? rc : remove_link(s, "running/", id, e);
}

int runtime_sweep(const struct server *s, bool (*is_alive)(const struct server *s, const char *id),
		  struct err *e)
{
	DIR *dir = fd_open_dir(s->run_fd, "running");
	if (!dir)
		return err_set(e, errno, "read running");
	struct err this;
	int first = 0;
	for (struct dirent *d; (d = readdir(dir));) {
		const char *id = d->d_name + (d->d_name[0] == '.'); /* of one cut off */
		if (meta_is_id(id, strlen(id)) && !is_alive(s, id))
			first = err_keep_first(first, runtime_drop(s, id, &this), e, &this);
	}
	closedir(dir);
	return first;
}
