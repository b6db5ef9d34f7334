/* SPDX-License-Identifier: MIT */
/* Replies that are lists, shown as tables. */
#ifndef SQUASH_CTL_LISTING_H
#define SQUASH_CTL_LISTING_H

#include "api.h"
#include "table.h"

struct listing {
	const char *heads; /* as table_init takes them */
	const char *cells; /* of a row, as table_cells takes them */
	/* In place of cells: add a row. */
	void (*add)(struct table *t, const struct json_value *row);
	const char *member; /* of the reply, which holds the rows; NULL: the reply is the array */
};

/* Make the request, and show the rows of its reply; with --json the reply as it came. 0, or an exit
 * code. */
int listing_show(struct ctl *c, struct api *a, const struct listing *l);

/* The same of each row's member alone, if it is a name: for programs. */
int listing_show_names(struct ctl *c, struct api *a, const char *key);

#endif
