/* SPDX-License-Identifier: MIT */
/* Taking connections from a listening socket. */
#ifndef SQUASH_LIB_LISTENER_H
#define SQUASH_LIB_LISTENER_H

#include "loop.h"

#define LISTENER_PAUSE_MS 100 /* when the kernel is out of descriptors */

struct listener {
	struct loop *loop;
	struct loop_source source;
	struct timer pause;
	void (*take)(void *owner, int fd); /* fd is taken */
	void *owner;
};

/* fd is borrowed for good. 0 or -errno with e filled. */
int listener_init(struct listener *l, struct loop *loop, int fd, void (*take)(void *owner, int fd),
		  void *owner, struct err *e);

/* Close a connection so that its peer is told that it was refused: by RST. */
void listener_reset(int fd);

#endif
