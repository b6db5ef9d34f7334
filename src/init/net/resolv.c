/* SPDX-License-Identifier: MIT */
#include "resolv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/fd.h"
#include "lib/paths.h"

#define DIRECTORY PATH_RUN "/name-servers"
#define FILES_MAX 64  /* cards, by sources */
#define SERVERS_MAX 3 /* resolvers read no more: MAXNS */
#define LINE "nameserver "
#define FILE_BYTES 1024
#define NAME_BYTES 32

static int write_file(int dir_fd, const char *name, const struct buf *text, struct err *e)
{
	char new[NAME_BYTES + 8];
	snprintf(new, sizeof(new), "%s.new", name);
	return fd_replace_file(dir_fd, name, new, 0644, text->data, text->len, e);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The files of one list, in their order: their names begin with its prefix. */
static size_t list_files(int dir_fd, const char *prefix, char names[FILES_MAX][NAME_BYTES])
{
	size_t count = 0;
	DIR *dir = fd_open_dir(dir_fd, ".");
	for (struct dirent *d; dir && count < FILES_MAX && (d = readdir(dir));) {
		size_t len = strlen(d->d_name);
		if (strncmp(d->d_name, prefix, strlen(prefix)) == 0 && len < NAME_BYTES &&
		    !strchr(d->d_name, '.'))
			memcpy(names[count++], d->d_name, len + 1);
	}
	if (dir)
		closedir(dir);
	qsort(names, count, sizeof(names[0]), compare_names);
	return count;
}

/* Append the file's lines that are not there yet, as long as there is room for another server. */
static void add_lines(int dir_fd, const char *name, struct buf *list, size_t *servers)
{
	char text[FILE_BYTES];
	if (fd_read_file(dir_fd, name, text, sizeof(text), NULL) < 0)
		return;
	for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line && *servers < SERVERS_MAX;
	     line = strtok_r(NULL, "\n", &rest)) {
		list->data[list->len] = '\0';
		char whole[FILE_BYTES];
		snprintf(whole, sizeof(whole), "%s\n", line);
		if (strstr(list->data, whole))
			continue;
		buf_add_text(list, whole);
		++*servers;
	}
}

static const char *prefix_of(bool is_egress)
{
	return is_egress ? "egress-" : "own-";
}

/* The caller holds the directory's lock. */
static int make_list(int dir_fd, bool is_egress, struct err *e)
{
	static char names[FILES_MAX][NAME_BYTES];
	char text[FILE_BYTES];
	struct buf list = {.data = text, .cap = sizeof(text) - 1};
	size_t servers = 0;
	size_t count = list_files(dir_fd, prefix_of(is_egress), names);
	for (size_t i = 0; i < count; i++)
		add_lines(dir_fd, names[i], &list, &servers);
	AUTO_FD to = open(PATH_RESOLV_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return err_set(e, errno, "open " PATH_RESOLV_DIR);
	return write_file(to, is_egress ? NAME_EGRESS_RESOLV : NAME_RESOLV, &list, e);
}

/* Locked until it is closed. */
static int open_directory(struct err *e)
{
	if (mkdir(DIRECTORY, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make " DIRECTORY);
	AUTO_FD fd = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_set(e, errno, "open " DIRECTORY);
	return fd_steal(&fd);
}

int resolv_put(int index, bool is_egress, enum resolv_source source, const struct addr *servers,
	       size_t count, struct err *e)
{
	char name[NAME_BYTES], text[FILE_BYTES], address[ADDR_TEXT_BYTES];
	struct buf b = {.data = text, .cap = sizeof(text)};
	for (size_t i = 0; i < count; i++)
		if (servers[i].family)
			buf_printf(&b, LINE "%s\n", addr_text(&servers[i], address));
	AUTO_FD dir = open_directory(e);
	if (dir < 0)
		return dir;
	snprintf(name, sizeof(name), "%s%08d-%d", prefix_of(is_egress), index, (int)source);
	int rc = b.len > 0 ? write_file(dir, name, &b, e) : fd_remove_file(dir, name, e);
	return rc < 0 ? rc : make_list(dir, is_egress, e);
}

int resolv_begin_egress(struct err *e)
{
	AUTO_FD dir = open_directory(e);
	return dir < 0 ? dir : make_list(dir, true, e);
}
