/* SPDX-License-Identifier: MIT */
/* system, system/update, system/reboot and system/poweroff: the appliance as a whole. */
#include <unistd.h>

#include "body.h"
#include "call.h"
#include "endpoints.h"
#include "members.h"
#include "upload.h"

static const struct member members[] = {
	{"version", MEMBER_TEXT, TAG_VERSION},
	{"update", MEMBER_OBJECT, 0},
	{"possible", MEMBER_FLAG, TAG_UPDATE_POSSIBLE},
	{"waiting", MEMBER_TEXT_OR_NULL, TAG_UPDATE_WAITING},
	{"on_trial", MEMBER_FLAG, TAG_UPDATE_ON_TRIAL},
	{NULL, MEMBER_END, 0},
	{"kernel", MEMBER_TEXT, TAG_KERNEL},
	{"hostname", MEMBER_TEXT, TAG_HOSTNAME},
	{"uptime_s", MEMBER_NUMBER, TAG_UPTIME_S},
	{"time", MEMBER_TIME, TAG_TIME_MS},
	{"addresses", MEMBER_TEXTS, TAG_ADDRESS},
	{"cpus", MEMBER_NUMBER, TAG_CPUS},
	{"memory", MEMBER_OBJECT, 0},
	{"total_bytes", MEMBER_NUMBER, TAG_MEMORY_BYTES},
	{"available_bytes", MEMBER_NUMBER, TAG_MEMORY_AVAILABLE_BYTES},
	{NULL, MEMBER_END, 0},
	{"disk", MEMBER_OBJECT, 0},
	{"persistent", MEMBER_FLAG, TAG_DISK_PERSISTENT},
	{"total_bytes", MEMBER_NUMBER, TAG_DISK_BYTES},
	{"free_bytes", MEMBER_NUMBER, TAG_DISK_FREE_BYTES},
	{NULL, MEMBER_END, 0},
	{"sandboxes", MEMBER_OBJECT, 0},
	{"count", MEMBER_NUMBER, TAG_SANDBOXES},
	{"max", MEMBER_NUMBER, TAG_SANDBOXES_MAX},
	{NULL, MEMBER_END, 0},
	{"modules", MEMBER_OBJECT, 0},
	{"count", MEMBER_NUMBER, TAG_MODULES},
	{NULL, MEMBER_END, 0},
	{"requests", MEMBER_OBJECT, 0},
	{"under_way", MEMBER_NUMBER, TAG_REQUESTS_UNDER_WAY},
	{"denied", MEMBER_NUMBER, TAG_REQUESTS_DENIED},
	{NULL, MEMBER_END, 0},
};

void get_system(struct http_request *q)
{
	struct msg_cursor reply;
	unsigned status = call_squashd(q, MSG_SYSTEM, &reply);
	members_reply(status, reply, members, sizeof(members) / sizeof(members[0]));
}

static void __attribute__((noreturn))
end_system(struct http_request *q, enum msg_op op, const char *what)
{
	struct msg_cursor reply;
	struct jsonw w;
	body_read(q, &body_form_empty);
	unsigned status = call_squashd(q, op, &reply);
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	jsonw_key(&w, "status");
	jsonw_string(&w, what);
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}

void reboot_system(struct http_request *q)
{
	end_system(q, MSG_REBOOT, "rebooting");
}

void power_off_system(struct http_request *q)
{
	end_system(q, MSG_POWER_OFF, "powering off");
}

/* What stands behind the ? of an update, its body being the file. */
static const struct query_parameter update_parameters[] = {
	{"downgrade", TAG_DOWNGRADE},
};

static const struct member updated[] = {
	{"version", MEMBER_TEXT, TAG_VERSION},
	{"file", MEMBER_TEXT, TAG_NAME},
};

/* As a module's upload. */
void update_system(struct http_request *q)
{
	struct msg_cursor reply;
	struct jsonw w;
	upload_begin(q, update_parameters,
		     sizeof(update_parameters) / sizeof(update_parameters[0]));
	unsigned status = call_squashd_passing(q, MSG_UPDATE, STDIN_FILENO, &reply);
	jsonw_init(&w, http_reply_buf());
	jsonw_object_begin(&w);
	members_write(&w, reply, updated, sizeof(updated) / sizeof(updated[0]));
	jsonw_key(&w, "status");
	jsonw_string(&w, "reboot to use it");
	jsonw_object_end(&w);
	http_reply_json(status, &w);
}
