/* SPDX-License-Identifier: MIT */
#include "endpoints.h"

#include "record.h"
#include "replies.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- In the path ---- */

static const struct parameter variables[] = {
	{"id", PARAMETER_TEXT, TAG_ID},
	{"exec", PARAMETER_NUMBER, TAG_EXEC},
	{"snapshot", PARAMETER_TEXT, TAG_SNAPSHOT_NAME},
	{"module", PARAMETER_TEXT, TAG_MODULE},
	{"token", PARAMETER_TEXT, TAG_NAME},
};

const struct parameter_table path_variables = {variables, COUNT(variables)};

/* ---- Behind the ? ---- */

static const struct parameter exec_query[] = {
	{"stream", PARAMETER_DIGIT, TAG_STREAM},
};

static const struct parameter output_query[] = {
	{"stream", PARAMETER_TEXT, TAG_OUTPUT},
	{"offset", PARAMETER_NUMBER, TAG_OFFSET},
	{"wait", PARAMETER_NUMBER, TAG_WAIT},
};

static const struct parameter path_query[] = {
	{"path", PARAMETER_TEXT, TAG_PATH},
};

static const struct parameter put_file_query[] = {
	{"path", PARAMETER_TEXT, TAG_PATH},
	{"mode", PARAMETER_MODE, TAG_MODE},
	{"owner", PARAMETER_TEXT, TAG_OWNER},
};

static const struct parameter put_tar_query[] = {
	{"path", PARAMETER_TEXT, TAG_PATH},
	{"owner", PARAMETER_TEXT, TAG_OWNER},
};

static const struct parameter delete_file_query[] = {
	{"path", PARAMETER_TEXT, TAG_PATH},
	{"recursive", PARAMETER_DIGIT, TAG_RECURSIVE},
};

static const struct parameter freeze_query[] = {
	{"name", PARAMETER_TEXT, TAG_MODULE},
	{"version", PARAMETER_TEXT, TAG_VERSION},
};

static const struct parameter upload_query[] = {
	{"name", PARAMETER_TEXT, TAG_MODULE},
	{"sha256", PARAMETER_TEXT, TAG_SHA256},
};

/* A page of a list whose entries have names, or numbers. */
static const struct parameter list_query[] = {
	{"after", PARAMETER_TEXT, TAG_AFTER},
	{"limit", PARAMETER_NUMBER, TAG_LIMIT},
};

static const struct parameter number_list_query[] = {
	{"after", PARAMETER_NUMBER, TAG_AFTER_NUMBER},
	{"limit", PARAMETER_NUMBER, TAG_LIMIT},
};

static const struct parameter update_query[] = {
	{"downgrade", PARAMETER_WORD, TAG_DOWNGRADE},
};

/* ---- Replies ---- */

static const struct member snapshot[] = {
	{"snapshot", MEMBER_TEXT, TAG_NAME},
	{"size", MEMBER_NUMBER, TAG_SIZE},
	{"created", MEMBER_TIME, TAG_CREATED_MS},
};

static const struct member file_put[] = {
	{"path", MEMBER_TEXT, TAG_PATH},
	{"size", MEMBER_NUMBER, TAG_SIZE},
	{"mode", MEMBER_MODE, TAG_MODE},
};

static const struct member tar_put[] = {
	{"files", MEMBER_NUMBER, TAG_FILES},
	{"bytes", MEMBER_NUMBER, TAG_SIZE},
};

static const struct member directory_entry[] = {
	{"name", MEMBER_TEXT, TAG_NAME},      {"type", MEMBER_TEXT, TAG_TYPE},
	{"size", MEMBER_NUMBER, TAG_SIZE},    {"mode", MEMBER_MODE, TAG_MODE},
	{"uid", MEMBER_NUMBER, TAG_UID},      {"gid", MEMBER_NUMBER, TAG_GID},
	{"mtime", MEMBER_TIME, TAG_MTIME_MS}, {"target", MEMBER_TEXT_OR_NULL, TAG_TARGET},
};

static const struct member module[] = {
	{"name", MEMBER_TEXT, TAG_NAME},
	{"size", MEMBER_NUMBER, TAG_SIZE},
	{"builtin", MEMBER_FLAG, TAG_BUILTIN},
	{"sandboxes", MEMBER_NUMBER, TAG_USERS},
	{"version", MEMBER_TEXT_OR_NULL, TAG_VERSION},
	{"needs", MEMBER_TEXTS, TAG_NEEDS},
	{"sha256", MEMBER_TEXT_OR_NULL, TAG_SHA256},
};

/* One that an upload or a freeze has made. */
static const struct member new_module[] = {
	{"name", MEMBER_TEXT, TAG_NAME},
	{"size", MEMBER_NUMBER, TAG_SIZE},
	{"sha256", MEMBER_TEXT, TAG_SHA256},
};

static const struct member system_info[] = {
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

static const struct member update[] = {
	{"version", MEMBER_TEXT, TAG_VERSION},
	{"file", MEMBER_TEXT, TAG_NAME},
};

static const struct member token[] = {
	{"name", MEMBER_TEXT, TAG_NAME},
	{"right", MEMBER_TEXT, TAG_RIGHT},
};

/* Its text is told once. */
static const struct member new_token[] = {
	{"name", MEMBER_TEXT, TAG_NAME},
	{"right", MEMBER_TEXT, TAG_RIGHT},
	{"token", MEMBER_TEXT, TAG_TOKEN},
};

/* ---- Endpoints ---- */

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): these are designated initializers. */
#define QUERY(table) .query = {(table), COUNT(table)}
#define BODY(form) .body = &body_form_##form
#define EMPTY .reply = {.type = REPLY_EMPTY}
#define OBJECT(table) .reply = {.type = REPLY_OBJECT, .members = (table), .count = COUNT(table)}
#define ARRAY(table) .reply = {.type = REPLY_ARRAY, .members = (table), .count = COUNT(table)}
#define STATUS(text) .reply = {.type = REPLY_OBJECT, .status = (text)}
#define OWN(function) .reply = {.type = REPLY_OWN, .write = (function)}
/* NOLINTEND(bugprone-macro-parentheses) */

const struct endpoint endpoints[] = {
	{"GET", "/health", MSG_HEALTH, STATUS("ok")},
	{"GET", "/metrics", MSG_METRICS, OWN(reply_metrics)},
	{"GET", "/openapi.json", MSG_HEALTH, OWN(reply_openapi)},

	{"GET", "/api/sandboxes", MSG_LIST, QUERY(list_query), OWN(record_reply_all)},
	{"POST", "/api/sandboxes", MSG_CREATE, BODY(create), OWN(record_reply)},
	{"GET", "/api/sandboxes/:id", MSG_INFO, OWN(record_reply)},
	{"DELETE", "/api/sandboxes/:id", MSG_DESTROY, EMPTY},
	{"GET", "/api/sandboxes/:id/logs", MSG_LOGS, OWN(reply_logs)},
	{"GET", "/api/history", MSG_HISTORY, QUERY(number_list_query), OWN(reply_history)},

	{"POST", "/api/sandboxes/:id/exec", MSG_EXEC, QUERY(exec_query),
	 BODY(exec), OWN(reply_exec)},
	{"GET", "/api/sandboxes/:id/execs", MSG_EXECS, QUERY(number_list_query), OWN(reply_execs)},
	{"GET", "/api/sandboxes/:id/execs/:exec", MSG_EXEC_INFO, OWN(reply_exec_info)},
	{"DELETE", "/api/sandboxes/:id/execs/:exec", MSG_EXEC_KILL, EMPTY},
	{"GET", "/api/sandboxes/:id/execs/:exec/output", MSG_EXEC_OUTPUT, QUERY(output_query),
	 OWN(reply_exec_output)},

	{"GET", "/api/sandboxes/:id/files", MSG_GET_FILE, QUERY(path_query), OWN(reply_file)},
	{"POST", "/api/sandboxes/:id/files", MSG_PUT_FILE, QUERY(put_file_query),
	 BODY(file_or_nothing), OBJECT(file_put)},
	{"DELETE", "/api/sandboxes/:id/files", MSG_DELETE_FILE, QUERY(delete_file_query), EMPTY},
	{"GET", "/api/sandboxes/:id/list", MSG_LIST_FILES, QUERY(path_query),
	 ARRAY(directory_entry)},
	{"GET", "/api/sandboxes/:id/tar", MSG_GET_TAR, QUERY(path_query), OWN(reply_tar)},
	{"POST", "/api/sandboxes/:id/tar", MSG_PUT_TAR, QUERY(put_tar_query),
	 BODY(file_or_nothing), OBJECT(tar_put)},

	{"POST", "/api/sandboxes/:id/activate", MSG_ACTIVATE, BODY(activate), OWN(record_reply)},
	{"POST", "/api/sandboxes/:id/snapshot", MSG_SNAPSHOT, BODY(snapshot), OBJECT(snapshot)},
	{"POST", "/api/sandboxes/:id/restore", MSG_RESTORE, BODY(restore), OWN(record_reply)},
	{"DELETE", "/api/sandboxes/:id/snapshots/:snapshot", MSG_DROP_SNAPSHOT, EMPTY},
	{"POST", "/api/sandboxes/:id/modules", MSG_FREEZE_MODULE, QUERY(freeze_query),
	 OBJECT(new_module)},
	{"POST", "/api/sandboxes/:id/allow_net", MSG_ALLOW_NET, BODY(allow_net), OWN(record_reply)},
	{"GET", "/api/sandboxes/:id/network", MSG_NETWORK, OWN(reply_network)},

	{"GET", "/api/modules", MSG_MODULES, QUERY(list_query), ARRAY(module)},
	{"POST", "/api/modules", MSG_UPLOAD_MODULE, QUERY(upload_query),
	 BODY(file), OBJECT(new_module)},
	{"GET", "/api/modules/:module", MSG_GET_MODULE, OWN(reply_module)},
	{"DELETE", "/api/modules/:module", MSG_DELETE_MODULE, EMPTY},

	{"GET", "/api/system", MSG_SYSTEM, OBJECT(system_info)},
	{"POST", "/api/system/update", MSG_UPDATE, QUERY(update_query), BODY(file),
	 .reply = {REPLY_OBJECT, update, COUNT(update), "reboot to use it", NULL}},
	{"POST", "/api/system/reboot", MSG_REBOOT, BODY(empty), STATUS("rebooting")},
	{"POST", "/api/system/poweroff", MSG_POWER_OFF, BODY(empty), STATUS("powering off")},

	{"GET", "/api/tokens", MSG_TOKENS, ARRAY(token)},
	{"POST", "/api/tokens", MSG_CREATE_TOKEN, BODY(token), OBJECT(new_token)},
	{"DELETE", "/api/tokens/:token", MSG_DROP_TOKEN, EMPTY},
};
/* clang-format on */

const size_t endpoints_count = COUNT(endpoints);
