/* SPDX-License-Identifier: MIT */
/* DELETE modules/:name, of one that nothing stands on. A sandbox that comes to stand on a module
 * notes that under the layers' lock before it writes it down in meta.json, and takes the note back,
 * under it, when that is written no more; one that is down has no note, and needs the lock to
 * change. So who holds the lock and looks at the notes, then at each stack, and at a sandbox's own
 * before its snapshots', misses nobody. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "lib/fd.h"
#include "requests.h"
#include "squashd/box/layers.h"
#include "squashd/store/journal.h"
#include "squashd/store/meta.h"
#include "squashd/store/meta_text.h"
#include "squashd/store/modules.h"
#include "squashd/store/snapshots.h"
#include "squashd/store/stack.h"
#include "squashd/wire/module_read.h"

/* Each of these answers 0, -EEXIST with e saying what stands on the module, or another -errno. What
 * can't be read may stand on it. */

static int check_snapshots(int dir_fd, const char *id, const char *module, struct err *e)
{
	static struct snapshot_names names;
	static struct snapshot one;
	struct err why;
	snapshots_list(dir_fd, &names);
	for (size_t i = 0; i < names.count; i++) {
		int rc = snapshots_load(dir_fd, names.all[i], &one, &why);
		if (rc == -ENOENT)
			continue; /* dropped just now */
		if (rc < 0)
			return err_say(e, EEXIST, "snapshot %s of sandbox %s may stand on it: %s",
				       names.all[i], id, why.text);
		if (stack_includes(one.layers, one.layer_count, module))
			return err_say(e, EEXIST, "snapshot %s of sandbox %s stands on module %s",
				       one.name, id, module);
	}
	return 0;
}

static int check_sandbox(const struct server *s, const char *id, const char *module, struct err *e)
{
	static struct sandbox sb;
	struct err why;
	AUTO_FD dir = meta_open(s, id, &why);
	int rc = dir < 0 ? dir : meta_load(s, dir, id, &sb, &why);
	if (rc == -ENOENT)
		return 0; /* coming, and then its note was looked at, or waits for us; or going */
	if (rc < 0)
		return err_say(e, EEXIST, "sandbox %s may stand on it: %s", id, why.text);
	if (stack_includes(sb.layers, sb.layer_count, module))
		return err_say(e, EEXIST, "sandbox %s stands on module %s", id, module);
	return check_snapshots(dir, id, module, e);
}

static int check_unused(const struct server *s, int layers_fd, const char *module, struct err *e)
{
	char user[LIMIT_ID_BYTES + 1];
	int rc = 0;
	if (layers_find_user(layers_fd, module, user))
		return err_say(e, EEXIST, "sandbox %s stands on module %s", user, module);
	DIR *dir = fd_open_dir(s->sandboxes_fd, ".");
	if (!dir)
		return err_set(e, errno, "read sandboxes");
	for (struct dirent *d; rc == 0 && (d = readdir(dir));)
		if (meta_is_id(d->d_name, strlen(d->d_name)))
			rc = check_sandbox(s, d->d_name, module, e);
	closedir(dir);
	return rc;
}

static bool is_ours(const struct server *s, const char *name, struct reply *r)
{
	bool builtin;
	if (!modules_has_file(s, name, &builtin))
		reply_fail(r, 404, "not_found", "there is no module %s", name);
	else if (builtin)
		reply_fail(r, 409, "builtin", "module %s is on the image", name);
	else
		return true;
	return false;
}

void request_delete_module(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	char name[LIMIT_MODULE_BYTES + 1];
	struct err e;
	if (!module_read_name(fields, name, r))
		return;
	AUTO_FD layers = layers_lock(s, &e);
	if (layers < 0) {
		reply_err(r, &e);
		return;
	}
	if (!is_ours(s, name, r))
		return;
	int rc = check_unused(s, layers, name, &e);
	if (rc == -EEXIST) {
		reply_fail(r, 409, "in_use", "%s", e.text);
		return;
	}
	/* It may still be mounted, if that could not be undone: then the next of its name would
	 * come to be this one. */
	if (rc == 0)
		rc = layers_drop_unused(layers, name, &e);
	if (rc == 0)
		rc = modules_remove(s, name, &e);
	if (rc < 0) {
		reply_err(r, &e);
		return;
	}
	journal_module(s, "delete_module", NULL, name, NULL);
	r->status = 204;
}
