/* SPDX-License-Identifier: MIT */
/* box-files OPERATION PATH...: reads and writes files in a sandbox, as its root, with all that
 * holds for a command there: so nobody outside ever follows a path of a stranger's. A worker starts
 * it for one request, by descriptor; it has the three streams and nothing else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "files.h"

/* A directory tree is open from its top down to where it is being read: 2048 levels are as many as
 * a path has. */
static void raise_limit(void)
{
	const struct rlimit files = {4096, 65536};
	setrlimit(RLIMIT_NOFILE, &files);
}

/* "" or UID:GID, which squashd has checked. */
static struct files_owner owner_of(const char *text)
{
	struct files_owner owner = {.is_given = text[0] != '\0'};
	char *end;
	owner.uid = (uint32_t)strtoul(text, &end, 10);
	owner.gid = (uint32_t)strtoul(*end ? end + 1 : end, NULL, 10);
	return owner;
}

static int run(int argc, char **argv, struct err *e)
{
	const char *op = argc > 2 ? argv[1] : "";
	const char *path = argc > 2 ? argv[2] : "";
	if (strcmp(op, "get") == 0)
		return files_get(path, e);
	const struct files_owner owner = owner_of(argc > 3 ? argv[3] : "");
	if (strcmp(op, "put") == 0 && argc == 6)
		return files_put(path, argv[4], &owner, argv[5], e);
	if (strcmp(op, "delete") == 0 && argc == 4)
		return files_delete(path, strcmp(argv[3], "1") == 0, e);
	if (strcmp(op, "list") == 0)
		return files_list(path, e);
	if (strcmp(op, "tar") == 0)
		return files_pack(path, e);
	if (strcmp(op, "untar") == 0 && argc == 5 && strcmp(argv[4], FILES_FRAMED) == 0)
		files_expect_frames();
	if (strcmp(op, "untar") == 0)
		return files_unpack(path, &owner, e);
	return err_say(e, EINVAL, "usage: box-files OPERATION PATH...");
}

int main(int argc, char **argv)
{
	struct err e = {0}, ignored;
	raise_limit();
	if (run(argc, argv, &e) == 0)
		return files_flush(&ignored) < 0;
	if (files_have_answered()) /* that ends too early: nobody takes it for whole */
		return 1;
	size_t len = strnlen(e.text, FILES_TEXT_BYTES);
	const struct files_head head = {
		.kind = FILES_ANSWER, .error = (uint32_t)e.number, .text_len = (uint32_t)len};
	if (files_answer(&head, &ignored) == 0 && files_write(e.text, len, &ignored) == 0)
		files_flush(&ignored);
	return 1;
}
