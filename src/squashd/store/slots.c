/* SPDX-License-Identifier: MIT */
#include "slots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/fd.h"

/* Twice what can be taken, so that a search is short wherever it begins; and no id is above what
 * devpts takes as its gid, an int. */
#define SLOTS (LIMIT_SANDBOXES * 2u - 2u)
_Static_assert((uint64_t)LIMIT_IDS *(SLOTS + 1) < INT32_MAX, "ids are too many");

static void format_path(char path[32], uint32_t slot)
{
	snprintf(path, 32, "slots/%" PRIu32, slot);
}

int slots_take(const struct server *s, const char *id, uint32_t *slot, struct err *e)
{
	char path[32];
	/* Those whose pids are near begin far apart: no two search side by side. */
	uint32_t start = (uint32_t)getpid() * 619u;
	for (uint32_t i = 0; i < SLOTS; i++) {
		*slot = (start + i) % SLOTS;
		format_path(path, *slot);
		if (symlinkat(id, s->run_fd, path) == 0)
			return 0;
		if (errno != EEXIST)
			return err_set(e, errno, "take %s", path);
	}
	return err_say(e, ENOSPC, "every range of uids is taken");
}

bool slots_find(const struct server *s, uint32_t slot, char id[LIMIT_ID_BYTES + 1])
{
	char path[32];
	format_path(path, slot);
	ssize_t n = readlinkat(s->run_fd, path, id, LIMIT_ID_BYTES);
	id[n > 0 ? n : 0] = '\0';
	return n > 0;
}

int slots_give_back(const struct server *s, uint32_t slot, struct err *e)
{
	char path[32];
	format_path(path, slot);
	return fd_remove_file(s->run_fd, path, e);
}

int slots_sweep(const struct server *s,
		bool (*has)(const struct server *s, const char *id, uint32_t slot), struct err *e)
{
	DIR *dir = fd_open_dir(s->run_fd, "slots");
	if (!dir)
		return err_set(e, errno, "read slots");
	int first = 0;
	for (struct dirent *d; (d = readdir(dir));) {
		struct err this;
		char id[LIMIT_ID_BYTES + 1];
		ssize_t n = readlinkat(dirfd(dir), d->d_name, id, sizeof(id) - 1);
		if (n < 0)
			continue; /* . and .. */
		id[n] = '\0';
		uint32_t slot = (uint32_t)strtoul(d->d_name, NULL, 10);
		if (!has(s, id, slot))
			first = err_keep_first(first, slots_give_back(s, slot, &this), e, &this);
	}
	closedir(dir);
	return first;
}
