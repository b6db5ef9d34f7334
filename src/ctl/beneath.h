/* SPDX-License-Identifier: MIT */
/* Directories below an open one, whatever others have put there: no link is ever followed, and
 * nothing above is reached. By openat2(2), or where that is not allowed or not there (Linux before
 * 5.6), part by part.
 *
 * Names are relative, without empty parts, "." and ".."; "" is the directory itself. */
#ifndef SQUASH_CTL_BENEATH_H
#define SQUASH_CTL_BENEATH_H

/* Open a directory, with O_RDONLY or O_PATH. Returns its descriptor, or -1 with errno set: ELOOP or
 * ENOTDIR if a link, or a file, is in its place or in that of one above it. */
int beneath_open(int root_fd, const char *name, int flags);

/* Open a directory with O_PATH; it and those above it that aren't there are made first, as the
 * umask leaves them. Returns its descriptor, or -1 with errno set as beneath_open() does. */
int beneath_make(int root_fd, const char *name);

#endif
