/* SPDX-License-Identifier: MIT */
/* Snapshots: taken, gone back to, listed. rm drops them. */
#include "listing.h"
#include "runs.h"

int command_snapshot(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin_sandbox("POST", args->words[0], "/snapshot");
	api_write_text(a, "label", "--label", args_get(args, "label"));
	a->call.timeout_ms = CTL_LONG_REPLY_MS;
	return api_finish(c, a, "snapshot");
}

int command_restore(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin_sandbox("POST", args->words[0], "/restore");
	api_write_text(a, "snapshot", "the snapshot's name", args->words[1]);
	return api_finish(c, a, NULL);
}

int command_snapshots(struct ctl *c, const struct args *args)
{
	static const struct listing snapshots = {
		.heads = "NAME >SIZE CREATED LAYERS LABEL",
		.cells = "name bytes:size created layers label",
		.member = "snapshots",
	};
	return listing_show(c, api_begin_sandbox("GET", args->words[0], ""), &snapshots);
}
