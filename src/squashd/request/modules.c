/* SPDX-License-Identifier: MIT */
/* GET modules. */
#include <stdlib.h>
#include <string.h>

#include "lib/fd.h"
#include "module_manifest.h"
#include "requests.h"
#include "squashd/store/modules.h"
#include "squashd/wire/list_read.h"

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Those that come first behind a name. There may be more than fit. */
struct module_list {
	const char *after;
	size_t count;
	size_t last; /* of a full one: which of them the next goes in place of */
	struct module all[LIMIT_MODULES];
};

static void find_last(struct module_list *list)
{
	list->last = 0;
	for (size_t i = 1; i < list->count; i++)
		if (strcmp(list->all[i].name, list->all[list->last].name) > 0)
			list->last = i;
}

static void collect_module(const struct module *m, void *arg)
{
	struct module_list *list = arg;
	if (strcmp(m->name, list->after) <= 0)
		return;
	if (list->count < LIMIT_MODULES) {
		list->all[list->count++] = *m;
		if (list->count == LIMIT_MODULES)
			find_last(list);
	} else if (strcmp(m->name, list->all[list->last].name) < 0) {
		list->all[list->last] = *m;
		find_last(list);
	}
}

/* A damaged one is as good as none; and the module may be going just now. */
static void add_manifest(const struct server *s, const char *name, struct reply *r)
{
	static struct manifest m;
	char sha256[SHA256_TEXT_BYTES];
	struct err e;
	AUTO_FD fd = modules_open(s, name, &e);
	if (fd < 0 || module_manifest_read(fd, name, &m, &e) <= 0)
		return;
	sha256_write(m.sha256, sha256);
	msg_add_text(&r->body, TAG_VERSION, m.version);
	for (size_t i = 0; i < m.needs_count; i++)
		msg_add_text(&r->body, TAG_NEEDS, m.needs[i]);
	msg_add_text(&r->body, TAG_SHA256, sha256);
}

static void add_module(const struct server *s, const struct module *m, struct reply *r)
{
	msg_add(&r->body, TAG_RECORD, "", 0);
	msg_add_text(&r->body, TAG_NAME, m->name);
	msg_add_number(&r->body, TAG_SIZE, m->size);
	msg_add_number(&r->body, TAG_BUILTIN, m->builtin);
	msg_add_number(&r->body, TAG_USERS, m->users);
	add_manifest(s, m->name, r);
}

void request_modules(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct module_list list;
	struct list_question q;
	struct err e;
	if (!list_read(fields, LIST_OF_MODULES, &q, r))
		return;
	do {
		list.after = q.after;
		list.count = 0;
		if (modules_each(s, collect_module, &list, &e) < 0) {
			reply_err(r, &e);
			return;
		}
		/* By name, which struct module begins with. */
		qsort(list.all, list.count, sizeof(list.all[0]), compare_texts);
		for (size_t i = 0; i < list.count && q.limit > 0; i++, q.limit--) {
			add_module(s, &list.all[i], r);
			if (!reply_may_go_on(r))
				return;
		}
		if (list.count > 0)
			memcpy(q.after, list.all[list.count - 1].name, sizeof(q.after));
	} while (list.count == LIMIT_MODULES && q.limit > 0);
}
