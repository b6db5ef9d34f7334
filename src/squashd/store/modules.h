/* SPDX-License-Identifier: MIT */
/* Modules: the squashfs files that layers are made of, on SQUASH-DATA and on the image. */
#ifndef SQUASH_SQUASHD_STORE_MODULES_H
#define SQUASH_SQUASHD_STORE_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "squashd/sandbox.h"

struct module {
	char name[LIMIT_MODULE_BYTES + 1];
	uint64_t size;  /* bytes */
	bool builtin;   /* on the image; one of the same name on SQUASH-DATA goes before it */
	unsigned users; /* sandboxes */
};

/* Whether text is a module's name: three digits, a hyphen, then letters, digits and . _ + - */
bool modules_is_name(const char *text, size_t len);

/* Open the module's file for reading. The descriptor, owned by the caller; -ENOENT with e naming
 * the module; another -errno. */
int modules_open(const struct server *s, const char *name, struct err *e);

/* Whether there is a file of that name, of whatever kind; *builtin: on the image alone. */
bool modules_has_file(const struct server *s, const char *name, bool *builtin);

/* What is in file_fd, a regular file without a name in modules_fd, becomes the module, for good. 0,
 * -EEXIST if there is one of that name, or another -errno. */
int modules_add(const struct server *s, const char *name, int file_fd, struct err *e);

/* Remove it from SQUASH-DATA, for good. 0 or -errno. */
int modules_remove(const struct server *s, const char *name, struct err *e);

/* Call visit for every module there is, in no order. 0, or -errno with e filled. */
int modules_each(const struct server *s, void (*visit)(const struct module *m, void *arg),
		 void *arg, struct err *e);

#endif
