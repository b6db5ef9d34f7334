/* SPDX-License-Identifier: MIT */
#include "processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"

/* The last of the ids behind NSpid: the one in the innermost namespace (proc_pid_status(5)). */
static pid_t read_inner_pid(pid_t pid)
{
	char path[32], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text), NULL) < 0)
		return 0;
	char *line = strstr(text, "\nNSpid:");
	if (!line)
		return 0;
	line[1 + strcspn(line + 1, "\n")] = '\0';
	return (pid_t)strtol(strrchr(line, '\t') + 1, NULL, 10);
}

static void read_name(pid_t pid, char cmd[PROCESS_CMD_BYTES])
{
	char path[32], name[64];
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (fd_read_file(AT_FDCWD, path, name, sizeof(name), NULL) < 0)
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	snprintf(cmd, PROCESS_CMD_BYTES, "[%s]", name);
}

static void read_cmd(pid_t pid, char cmd[PROCESS_CMD_BYTES])
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read_all(fd, cmd, PROCESS_CMD_BYTES - 1);
	if (n <= 0) {
		read_name(pid, cmd);
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (cmd[i] == '\0')
			cmd[i] = ' ';
	while (n > 0 && cmd[n - 1] == ' ')
		n--;
	cmd[n] = '\0';
}

/* Those in one leaf. */
static size_t list_leaf(int box_fd, const char *leaf, struct process *all, size_t room)
{
	char path[300], text[PROCESSES_MAX * 12];
	size_t count = 0;
	snprintf(path, sizeof(path), "%s/cgroup.procs", leaf);
	AUTO_FD fd = openat(box_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read_all(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	for (char *at = text, *end; count < room; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		all[count].pid = read_inner_pid(pid);
		read_cmd(pid, all[count].cmd);
		count += all[count].pid != 0; /* if not: it has ended meanwhile */
	}
	return count;
}

size_t processes_list(const struct server *s, const char *id, struct process all[PROCESSES_MAX])
{
	char path[LIMIT_ID_BYTES + 8];
	size_t count = 0;
	snprintf(path, sizeof(path), "%s/box", id);
	DIR *dir = fd_open_dir(s->cgroup_fd, path);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_type == DT_DIR && d->d_name[0] == 'x')
			count += list_leaf(dirfd(dir), d->d_name, all + count,
					   PROCESSES_MAX - count);
	if (dir)
		closedir(dir);
	return count;
}
