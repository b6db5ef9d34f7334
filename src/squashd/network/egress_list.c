/* SPDX-License-Identifier: MIT */
#include "egress_list.h"

#include <stdio.h>

void egress_list_read(const struct sandbox *sb, struct egress_list *list)
{
	list->count = 0;
	for (size_t i = 0; i < sb->allow_net_count; i++) {
		struct allow *a = &list->all[list->count];
		const char *fault = allow_parse(sb->allow_net[i], a);
		if (fault)
			fprintf(stderr,
				"squashd: sandbox %s: allow_net[%zu] %s: it allows nothing\n",
				sb->id, i, fault);
		else if (a->kind != ALLOW_NOTHING)
			list->texts[list->count++] = sb->allow_net[i];
	}
}
