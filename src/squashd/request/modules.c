/* SPDX-License-Identifier: MIT */
/* GET modules. */
#include <stdlib.h>
#include <string.h>

#include "lib/fd.h"
#include "module_manifest.h"
#include "requests.h"
#include "squashd/store/modules.h"
#include "squashd/wire/fields.h"

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct module_list {
	size_t count;
	struct module all[LIMIT_MODULES];
};

static void collect_module(const struct module *m, void *arg)
{
	struct module_list *list = arg;
	if (list->count < LIMIT_MODULES)
		list->all[list->count++] = *m;
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

void request_modules(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct module_list list;
	struct err e;
	if (fields.left > 0) {
		fields_refuse(r);
		return;
	}
	if (modules_each(s, collect_module, &list, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	/* By name, which struct module begins with. */
	qsort(list.all, list.count, sizeof(list.all[0]), compare_texts);
	for (size_t i = 0; i < list.count; i++) {
		msg_add(&r->body, TAG_RECORD, "", 0);
		msg_add_text(&r->body, TAG_NAME, list.all[i].name);
		msg_add_number(&r->body, TAG_SIZE, list.all[i].size);
		msg_add_number(&r->body, TAG_BUILTIN, list.all[i].builtin);
		msg_add_number(&r->body, TAG_USERS, list.all[i].users);
		add_manifest(s, list.all[i].name, r);
	}
}
