/* SPDX-License-Identifier: MIT */
/* What there is of sandboxes, as lines of a kind and a value:
 *
 *   mount <line of PID 1's mountinfo>
 *   loop <file behind a loop device>
 *   cgroup <directory>
 *   <directory, file or link> <path> [<target of a link; size and hash of a file below DATA>]
 *   record <path> <text of a JSON file below DATA> */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "lib/fd.h"

#define CONTENT_BYTES (256 * 1024) /* of a file: what is above is told by its size alone */

struct walk {
	dev_t dev;         /* keep to it; 0: go anywhere */
	bool cgroups_only; /* directories, as cgroups */
	bool contents;
};

static void print_file(const char *path, const struct stat *st)
{
	static char text[CONTENT_BYTES];
	size_t len = strlen(path);
	if (len > 5 && strcmp(path + len - 5, ".json") == 0 &&
	    fd_read_file(AT_FDCWD, path, text, sizeof(text), NULL) >= 0) {
		text[strcspn(text, "\n")] = '\0';
		printf("file %s\nrecord %s %s\n", path, path, text);
		return;
	}
	ssize_t n = fd_read_file(AT_FDCWD, path, text, sizeof(text), NULL);
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	for (ssize_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
	printf("file %s %" PRIu64 " %" PRIx64 "\n", path, (uint64_t)st->st_size, hash);
}

static void print_entry(const struct walk *w, const char *path, const struct stat *st)
{
	char target[PATH_MAX] = "";
	if (w->cgroups_only) {
		printf("cgroup %s\n", path);
	} else if (S_ISREG(st->st_mode) && w->contents) {
		print_file(path, st);
	} else if (S_ISLNK(st->st_mode)) {
		if (readlink(path, target, sizeof(target) - 1) >= 0)
			printf("link %s %s\n", path, target);
	} else {
		printf("%s %s\n", S_ISDIR(st->st_mode) ? "directory" : "file", path);
	}
}

/* path is of PATH_MAX bytes, and as it was when this returns. */
static void walk_tree(const struct walk *w, char *path) /* NOLINT(misc-no-recursion) */
{
	size_t len = strlen(path);
	DIR *dir = fd_open_dir(AT_FDCWD, path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		struct stat st;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    (w->cgroups_only && d->d_type != DT_DIR))
			continue;
		snprintf(path + len, PATH_MAX - len, "/%s", d->d_name);
		if (lstat(path, &st) == 0) {
			print_entry(w, path, &st);
			if (S_ISDIR(st.st_mode) && (!w->dev || st.st_dev == w->dev))
				walk_tree(w, path);
		}
		path[len] = '\0';
	}
	if (dir)
		closedir(dir);
}

static void walk_from(const char *root, bool cgroups_only, bool contents, bool one_device)
{
	char path[PATH_MAX];
	struct stat st;
	struct walk w = {.cgroups_only = cgroups_only, .contents = contents};
	snprintf(path, sizeof(path), "%s", root);
	if (one_device && stat(path, &st) == 0)
		w.dev = st.st_dev;
	walk_tree(&w, path);
}

/* Each line of the file, after kind. */
static void print_lines(const char *kind, const char *path)
{
	char line[4096];
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		printf("%s %s", kind, line);
	if (f)
		fclose(f);
}

void agent_print_state(void)
{
	glob_t loops;
	print_lines("mount", "/proc/1/mountinfo");
	if (glob("/sys/block/loop*/loop/backing_file", 0, NULL, &loops) == 0)
		for (size_t i = 0; i < loops.gl_pathc; i++)
			print_lines("loop", loops.gl_pathv[i]);
	walk_from("/sys/fs/cgroup", true, false, false);
	walk_from("/run/squash", false, false, true);
	walk_from("/data/sandboxes", false, true, false);
	walk_from("/data/modules", false, false, false);
}
