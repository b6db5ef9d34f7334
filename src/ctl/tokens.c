/* SPDX-License-Identifier: MIT */
/* The appliance's named tokens. */
#include "listing.h"
#include "runs.h"

int command_tokens_ls(struct ctl *c, const struct args *args)
{
	static const struct listing tokens = {.heads = "NAME RIGHT", .cells = "name right"};
	(void)args;
	return listing_show(c, api_begin("GET", "api/tokens"), &tokens);
}

int command_tokens_add(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin("POST", "api/tokens");
	api_write_text(a, "name", "the token's name", args->words[0]);
	api_write_text(a, "right", "the right", args->words[1]);
	return api_finish(c, a, "token");
}

int command_tokens_rm(struct ctl *c, const struct args *args)
{
	struct api *a = api_begin("DELETE", "api/tokens");
	api_add_name(a, "token", args->words[0]);
	return api_call(c, a);
}
