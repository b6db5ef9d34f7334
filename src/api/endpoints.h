/* SPDX-License-Identifier: MIT */
/* The endpoints. Each sends its reply and ends the process. */
#ifndef SQUASH_API_ENDPOINTS_H
#define SQUASH_API_ENDPOINTS_H

#include "http.h"

typedef void endpoint(struct http_request *q);

endpoint get_health;
endpoint get_modules;
endpoint upload_module;
endpoint get_module;
endpoint freeze_module;
endpoint delete_module;
endpoint get_sandboxes;
endpoint create_sandbox;
endpoint get_sandbox;
endpoint destroy_sandbox;
endpoint exec_in_sandbox;
endpoint get_execs;
endpoint get_exec;
endpoint get_exec_output;
endpoint kill_exec;
endpoint get_file;
endpoint put_file;
endpoint delete_file;
endpoint list_files;
endpoint get_tar;
endpoint put_tar;
endpoint activate_module;
endpoint take_snapshot;
endpoint restore_snapshot;
endpoint drop_snapshot;
endpoint change_allow_net;
endpoint get_network;
endpoint get_logs;
endpoint get_history;
endpoint get_system;
endpoint get_metrics;
endpoint update_system;
endpoint reboot_system;
endpoint power_off_system;
endpoint get_tokens;
endpoint create_token;
endpoint drop_token;
endpoint get_openapi;

#endif
