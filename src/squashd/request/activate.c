/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/activate: one module more in the stack of a sandbox. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/fd.h"
#include "module_manifest.h"
#include "open.h"
#include "requests.h"
#include "sandbox_info.h"
#include "squashd/box/bringup.h"
#include "squashd/box/processes.h"
#include "squashd/store/journal.h"
#include "squashd/store/meta.h"
#include "squashd/store/modules.h"
#include "squashd/store/stack.h"
#include "squashd/wire/change_read.h"

/* Nothing may run in a sandbox whose root is exchanged, or it would go on in the old one. */
static bool is_idle(const struct server *s, const char *id, struct reply *r)
{
	static struct process all[PROCESSES_MAX];
	size_t count = processes_list(s, id, all);
	if (count == 0)
		return true;
	reply_fail(r, 409, "processes",
		   "sandbox %s has processes, %d (%s) among them; \"force\" ends them", id,
		   (int)all[0].pid, all[0].cmd);
	for (size_t i = 0; i < count; i++) {
		msg_add(&r->body, TAG_PROCESS, "", 0);
		msg_add_number(&r->body, TAG_PID, (uint64_t)all[i].pid);
		msg_add_text(&r->body, TAG_CMD, all[i].cmd);
	}
	return false;
}

static bool has_module(const struct server *s, const char *name, struct reply *r)
{
	struct err e;
	AUTO_FD module = modules_open(s, name, &e);
	if (module == -ENOENT)
		reply_fail(r, 400, "no_module", "module: %s", e.text);
	else if (module < 0)
		reply_err(r, &e);
	return module >= 0;
}

static bool check(const struct server *s, const struct activate *a, const struct sandbox *sb,
		  struct reply *r)
{
	if (!has_module(s, a->module, r))
		return false;
	if (sb->layer_count == LIMIT_LAYERS)
		reply_fail(r, 409, "full", "sandbox %s has %d layers already", sb->id,
			   LIMIT_LAYERS);
	else
		return a->force || is_idle(s, sb->id, r);
	return false;
}

void request_activate(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct sandbox sb, next;
	struct activate a;
	struct err e;
	if (!change_read_activate(fields, &a, r))
		return;
	AUTO_FD lock = request_open(s, a.id, &sb, r);
	if (lock < 0)
		return;
	if (!stack_includes(sb.layers, sb.layer_count, a.module)) {
		if (!check(s, &a, &sb, r))
			return;
		next = sb;
		memcpy(next.layers[next.layer_count++], a.module, sizeof(a.module));
		stack_sort(next.layers, next.layer_count);
		/* A module that is gone is for the start to say. */
		if (!module_manifest_all_met(s, &next, true, r))
			return;
		if (bringup_change(s, &sb, &next, lock, &e) < 0) {
			if (has_module(s, a.module, r)) /* it may have been deleted just now */
				reply_err(r, &e);
			return;
		}
		meta_count_use(lock);
		journal_change(s, a.id, "activate", "module", a.module);
	}
	info_add(s, &sb, lock, r);
}
