/* SPDX-License-Identifier: MIT */
#include "runtime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	if (symlinkat(text, s->run_fd, next) < 0 || renameat(s->run_fd, next, s->run_fd, path) < 0)
		return err_set(e, errno, "write %s", path);
	return 0;
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

void runtime_forget(const struct server *s, const char *id)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "running/.%s", id);
	unlinkat(s->run_fd, path, 0);
}

void runtime_drop(const struct server *s, const char *id)
{
	char path[LIMIT_ID_BYTES + 16];
	runtime_forget(s, id);
	snprintf(path, sizeof(path), "running/%s", id);
	unlinkat(s->run_fd, path, 0);
}
