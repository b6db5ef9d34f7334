/* SPDX-License-Identifier: MIT */
/* POST sandboxes/:id/activate: one module more in the stack of a sandbox. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bringup.h"
#include "create_read.h"
#include "fields.h"
#include "info.h"
#include "journal.h"
#include "lib/fd.h"
#include "meta.h"
#include "modules.h"
#include "processes.h"
#include "requests.h"

struct activate {
	char id[LIMIT_ID_BYTES + 1];
	char module[LIMIT_MODULE_BYTES + 1];
	uint64_t force;
};

static bool read_field(const struct msg_field *f, struct activate *a, struct reply *r)
{
	switch (f->tag) {
	case TAG_ID:
		return fields_id(f, a->id, r);
	case TAG_MODULE:
		return create_read_module(f, "module", a->module, r);
	case TAG_FORCE:
		return fields_number(f, "force", 0, 1, &a->force, r);
	default:
		return fields_refuse(r);
	}
}

static bool read_all(struct msg_cursor fields, struct activate *a, struct reply *r)
{
	struct msg_field f;
	int rc;
	memset(a, 0, sizeof(*a));
	while ((rc = msg_next(&fields, &f)) > 0)
		if (!read_field(&f, a, r))
			return false;
	if (rc < 0 || a->id[0] == '\0')
		return fields_refuse(r);
	if (a->module[0] == '\0')
		reply_fail(r, 400, "bad_field", "module is missing");
	return a->module[0] != '\0';
}

static bool has_layer(const struct sandbox *sb, const char *name)
{
	for (size_t i = 0; i < sb->layer_count; i++)
		if (strcmp(sb->layers[i], name) == 0)
			return true;
	return false;
}

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

static bool check(const struct server *s, const struct activate *a, const struct sandbox *sb,
		  struct reply *r)
{
	struct err e;
	AUTO_FD module = modules_open(s, a->module, &e);
	if (module == -ENOENT)
		reply_fail(r, 400, "no_module", "module: %s", e.text);
	else if (module < 0)
		reply_err(r, &e);
	else if (sb->layer_count == LIMIT_LAYERS)
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
	if (!read_all(fields, &a, r))
		return;
	AUTO_FD lock = meta_lock(s, a.id, LIMIT_BUSY_MS, &e);
	if (lock < 0 || meta_load(s, lock, a.id, &sb, &e) < 0) {
		reply_sandbox_err(r, &e);
		return;
	}
	if (!has_layer(&sb, a.module)) {
		if (!check(s, &a, &sb, r))
			return;
		next = sb;
		memcpy(next.layers[next.layer_count++], a.module, sizeof(a.module));
		create_sort_layers(&next);
		if (bringup_change(s, &sb, &next, lock, &e) < 0) {
			reply_err(r, &e);
			return;
		}
		meta_count_use(lock, false);
		if (journal_change(s, a.id, "activate", "module", a.module, &e) < 0)
			fprintf(stderr, "squashd: %s\n", e.text);
	}
	info_add(s, &sb, lock, r);
}
