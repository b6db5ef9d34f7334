/* SPDX-License-Identifier: MIT */
/* The whole command line, as tables: each command, and its options. */
#include "commands.h"

#include "lib/limits.h"
#include "runs.h"

const struct option global_options[] = {
	{"url", 0, "URL",
	 "https://HOST[:PORT] of the appliance; else SQUASH_URL, else the config's"},
	{"token-file", 0, "FILE",
	 "a file that has the token; else SQUASH_TOKEN, else the config's"},
	{"fingerprint", 0, "SHA256",
	 "of its certificate, as its console shows it; else SQUASH_FINGERPRINT"},
	{"plain", 0, NULL, "http:// may leave this machine; SQUASH_PLAIN=1"},
	{"json", 0, NULL, "print what the API answers, as it comes"},
	{"help", 'h', NULL, "of the command"},
	{.name = NULL},
};

static const struct option create_options[] = {
	{"from", 0, "SANDBOX/SNAPSHOT", "in place of layers: where that snapshot stands"},
	{"owner", 0, "TEXT", "a label"},
	{"task", 0, "TEXT", "another"},
	{"cpu", 0, "CORES", "2 without it"},
	{"memory-mb", 0, "N", "1024 without it"},
	{"disk-mb", 0, "N", "what it may write, 512 without it"},
	{"lifetime", 0, "SECONDS", "then it is removed"},
	{"allow-net", 0, "HOST[,HOST]...", "what it may reach; may be given more than once"},
	{.name = NULL},
};

static const struct option exec_options[] = {
	{"interactive", 'i', NULL, "stdin, up to its end, becomes the command's (1 MiB of UTF-8)"},
	{"workdir", 'w', "DIR", "/ without it"},
	{"env", 'e', "NAME=VALUE", "may be given more than once"},
	{"timeout", 't', "SECONDS", "300 without it"},
	{"detach", 'd', NULL, "don't wait for it: print its number"},
	{.name = NULL},
};

static const struct option cp_options[] = {
	{"recursive", 'r', NULL, "what is in a directory; - is a tar archive"},
	{"owner", 0, "OWNER", "of a tree that goes in: root (without it), keep or UID[:GID]"},
	{.name = NULL},
};

/* The options of a command that has one. */
#define ONE_OPTION(...)                                                                            \
	.options = (const struct option[])                                                         \
	{                                                                                          \
		{__VA_ARGS__},                                                                     \
		{                                                                                  \
			.name = NULL                                                               \
		}                                                                                  \
	}

/* Name, function, how many words it takes at least and at most, usage, help. */
/* clang-format off */
const struct command commands[] = {
	{"create", command_create, 1, 1 + LIMIT_LAYERS,
	 "ID LAYER... | ID --from SANDBOX/SNAPSHOT",
	 .help = "make a sandbox of modules, or from a snapshot",
	 .options = create_options},
	{"exec", command_exec, 1, 1,
	 "ID [OPTIONS] [--] COMMAND...",
	 .help = "run a command; its output and exit code become squashctl's",
	 .options = exec_options, .is_open = true, .is_proxy = true},
	{"cp", command_cp, 2, 2,
	 "[-r] [--owner OWNER] FILE|- ID:/PATH | [-r] ID:/PATH FILE|-",
	 .help = "copy a file, or a tree, into a sandbox, or out of one",
	 .options = cp_options},
	{"ls", command_ls, 0, 1, "[-q] [ID:/PATH]",
	 .help = "list sandboxes, or a directory in one",
	 ONE_OPTION("quiet", 'q', NULL, "ids alone")},
	{"info", command_info, 1, 1, "ID", .help = "all about a sandbox"},
	{"logs", command_logs, 1, 1, "ID", .help = "the commands of a sandbox"},
	{"rm", command_rm, 1, SIZE_MAX, "ID... | ID/SNAPSHOT...",
	 .help = "end and remove sandboxes, or drop snapshots"},
	{"execs", command_execs, 1, 1, "ID", .help = "list a sandbox's detached commands"},
	{"output", command_output, 2, 2, "[-f] ID N",
	 .help = "what a detached command has written",
	 ONE_OPTION("follow", 'f', NULL, "go on until it has ended, and exit as it did"),
	 .is_proxy = true},
	{"kill", command_kill, 2, 2, "ID N", .help = "end a detached command"},
	{"activate", command_activate, 2, 2, "[-f] ID MODULE",
	 .help = "add a module to a sandbox's layers",
	 ONE_OPTION("force", 'f', NULL, "end the processes that are alive in it first")},
	{"allow-net", command_allow_net, 2, 1 + LIMIT_ALLOW_NET, "ID HOST...",
	 .help = "what a sandbox may reach, in place of what it could (none: nothing)"},
	{"network", command_network, 1, 1, "ID",
	 .help = "what a sandbox has reached, and what it was refused"},
	{"snapshot", command_snapshot, 1, 1, "[-l TEXT] ID",
	 .help = "keep what a sandbox has written as a layer; prints its name",
	 ONE_OPTION("label", 'l', "TEXT", "what it is")},
	{"restore", command_restore, 2, 2, "ID SNAPSHOT",
	 .help = "go back to a snapshot: what was written since is dropped"},
	{"snapshots", command_snapshots, 1, 1, "ID", .help = "list a sandbox's snapshots"},
	{"history", command_history, 0, 0, "",
	 .help = "what happened in all sandboxes, newest first"},
	{"top", command_top, 0, 0, "",
	 .help = "what sandboxes use, looked at each 2 s; q ends it"},
	{"modules", command_modules_ls, 0, 0, "[-q]", .help = "as modules ls",
	 ONE_OPTION("quiet", 'q', NULL, "names alone")},
	{"modules ls", command_modules_ls, 0, 0, "[-q]",
	 .help = "list the appliance's modules",
	 ONE_OPTION("quiet", 'q', NULL, "names alone")},
	{"modules push", command_modules_push, 1, 2, "FILE [NAME]",
	 .help = "upload a module; its name is the file's, without .squashfs"},
	{"modules pull", command_modules_pull, 1, 2, "NAME [FILE|-]",
	 .help = "download a module, into NAME.squashfs or FILE"},
	{"modules freeze", command_modules_freeze, 2, 2, "[--version TEXT] ID NAME",
	 .help = "make a module of what a sandbox has written",
	 ONE_OPTION("version", 0, "TEXT", "the module's version; 1 without it")},
	{"modules rm", command_modules_rm, 1, 1, "NAME",
	 .help = "delete a module that nothing stands on"},
	{"tokens", command_tokens_ls, 0, 0, "", .help = "as tokens ls"},
	{"tokens ls", command_tokens_ls, 0, 0, "", .help = "list the named tokens"},
	{"tokens add", command_tokens_add, 2, 2, "NAME read|run|admin",
	 .help = "make one; it is printed this once"},
	{"tokens rm", command_tokens_rm, 1, 1, "NAME", .help = "take one back"},
	{"system", command_system_info, 0, 0, "", .help = "as system info"},
	{"system info", command_system_info, 0, 0, "",
	 .help = "version, addresses, memory, disk"},
	{"system reboot", command_system_reboot, 0, 0, "", .help = "restart the machine"},
	{"system poweroff", command_system_poweroff, 0, 0, "", .help = "switch it off"},
	{"system update", command_system_update, 1, 1, "[--downgrade] FILE",
	 .help = "put a signed update in place for the next boot; prints its version",
	 ONE_OPTION("downgrade", 0, NULL, "an older version than the one that runs is fine")},
	{"pin", command_pin, 1, 1, "[--token-file FILE] HOST[:PORT]",
	 .help = "write an appliance's address and certificate, and a token, into the config",
	 .is_local = true},
	{"completion", command_completion, 1, 1, "bash",
	 .help = "what bash needs to complete: source <(squashctl completion bash)",
	 .is_local = true},
	{"version", command_version, 0, 0, "", .help = "of squashctl", .is_local = true},
	{"help", command_help, 0, 2, "[COMMAND]", .help = "this, or a command's", .is_local = true},
	{.name = NULL},
};
/* clang-format on */
