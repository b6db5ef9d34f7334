/* SPDX-License-Identifier: MIT */
/* File descriptors: closing them by scope, and whole reads and writes of small files. */
#ifndef SQUASH_LIB_FD_H
#define SQUASH_LIB_FD_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/* A descriptor that closes itself when its scope ends; -1 is none. */
#define AUTO_FD __attribute__((cleanup(fd_close))) int

/* Close *fd unless it is negative, and set it to -1. errno is kept. */
void fd_close(int *fd);

/* The descriptor, no longer owned by *fd. */
int fd_steal(int *fd);

/* Write all of data; resumes after EINTR and short writes. 0 or -errno. fd is borrowed. */
int fd_write_all(int fd, const void *data, size_t len);

#define FD_PIPE_BYTES 1048576U /* to move at a time; a pipe holds less */

/* Moves what the pipe *to has room for out of the file *from, and closes both when all of the file
 * is written, or nobody reads on: SIGPIPE must be ignored. Tries no more when *to would block. */
void fd_feed(int *to, int *from);

/* Read until len bytes or end of file. The bytes read, or -errno. fd is borrowed. */
ssize_t fd_read_all(int fd, void *data, size_t len);

/* Read the whole file dir_fd/path into data and terminate it with NUL. The length without the NUL,
 * or -errno with e filled; -EFBIG if it does not fit into cap - 1 bytes. Symbolic links are not
 * followed in the last component. dir_fd may be AT_FDCWD. */
ssize_t fd_read_file(int dir_fd, const char *path, char *data, size_t cap, struct err *e);

/* Makes dir_fd/name a file of these bytes, by way of the name temporary: whoever reads it reads all
 * of the old one, or all of this. Nothing is synced. Returns 0, or -errno with e filled. */
int fd_replace_file(int dir_fd, const char *name, const char *temporary, mode_t mode,
		    const void *data, size_t len, struct err *e);

/* Remove the file. 0, also if there is none; or -errno with e filled (may be NULL). */
int fd_remove_file(int dir_fd, const char *path, struct err *e);

/* Open the directory dir_fd/path ("." for dir_fd itself) for readdir. To be closed by the caller;
 * NULL with errno set. */
DIR *fd_open_dir(int dir_fd, const char *path);

/* Returns whether dir_fd/name is still the file that fd is open on: another may have replaced it.
 * */
bool fd_has_name(int fd, int dir_fd, const char *name);

/* Write text to the existing file dir_fd/path in one write(2), as cgroupfs and procfs want it.
 * 0 or -errno with e filled. */
int fd_write_file(int dir_fd, const char *path, const char *text, struct err *e);

#endif
