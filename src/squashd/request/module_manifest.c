/* SPDX-License-Identifier: MIT */
#include "module_manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "squashd/store/modules.h"
#include "squashd/store/stack.h"
#include "squashd/store/superblock.h"

int module_manifest_read(int fd, const char *name, struct manifest *m, struct err *e)
{
	uint8_t head[SUPERBLOCK_BYTES];
	uint8_t block[MANIFEST_BYTES + 1]; /* if that one more is there, it is not the file's end */
	struct manifest_fault fault;
	uint64_t end;
	memset(m, 0, sizeof(*m));
	ssize_t n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_set(e, errno, "read module %s", name);
	if (superblock_find_end(head, (size_t)n, &end) < 0)
		return 0;
	n = pread(fd, block, sizeof(block), (off_t)end);
	if (n < 0)
		return err_set(e, errno, "read module %s", name);
	if (!manifest_is_claimed(block, (size_t)n))
		return 0;
	if (manifest_read(block, (size_t)n, m, &fault) < 0)
		return err_say(e, EBADMSG, "manifest: %s: %s", fault.field, fault.reason);
	if (strcmp(m->name, name) != 0)
		return err_say(e, EBADMSG, "manifest: name: it is that of %s", m->name);
	return 1;
}

/* A damaged manifest needs nothing. */
static bool is_met(int fd, const char *name, const struct sandbox *sb, struct reply *r)
{
	static struct manifest m;
	struct err e;
	int rc = module_manifest_read(fd, name, &m, &e);
	if (rc == -EBADMSG) {
		fprintf(stderr, "squashd: module %s is taken for one without a manifest: %s\n",
			name, e.text);
		return true;
	}
	if (rc < 0)
		reply_err(r, &e);
	for (size_t i = 0; rc > 0 && i < m.needs_count; i++) {
		if (stack_includes(sb->layers, sb->layer_count, m.needs[i]))
			continue;
		reply_fail(r, 400, "needs", "layers: %s needs %s, which is not among them", name,
			   m.needs[i]);
		return false;
	}
	return rc >= 0;
}

bool module_manifest_all_met(const struct server *s, const struct sandbox *sb, bool may_miss,
			     struct reply *r)
{
	struct err e;
	for (size_t i = 0; i < sb->layer_count; i++) {
		const char *name = sb->layers[i];
		if (stack_is_snapshot(name))
			continue;
		AUTO_FD fd = modules_open(s, name, &e);
		if (fd == -ENOENT && may_miss)
			continue;
		if (fd == -ENOENT)
			reply_fail(r, 400, "no_module", "layers: %s", e.text);
		else if (fd < 0)
			reply_err(r, &e);
		if (fd < 0 || !is_met(fd, name, sb, r))
			return false;
	}
	return true;
}
