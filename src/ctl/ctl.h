/* SPDX-License-Identifier: MIT */
/* squashctl: what its commands share. A command returns its exit code; one that fails has left a
 * line for a person in failure, which main prints. */
#ifndef SQUASH_CTL_CTL_H
#define SQUASH_CTL_CTL_H

#include <stdbool.h>

#include "settings.h"

#define CTL_FAILURE_BYTES 1024

/* After sysexits.h, where it has one. docs/squashctl.1 lists them. */
enum exit_code {
	EXIT_REFUSED = 1,      /* the appliance says no: it isn't there, in use, full */
	EXIT_USAGE = 64,       /* the command line */
	EXIT_UNAVAILABLE = 69, /* nobody answers there, or the appliance can't just now */
	EXIT_LOCAL = 74,       /* a file on this side */
	EXIT_STRANGE = 76,     /* another certificate than the fingerprint's, or no reply of ours */
	EXIT_DENIED = 77,      /* the token */
	EXIT_CONFIG = 78,      /* where to connect to isn't known, or the config can't be used */
	EXIT_NO_EXEC = 125,    /* exec, output: any of these, as what remains is the command's */
};

struct command;
struct option;

struct ctl {
	const struct command *commands; /* all, in the help's order, up to one without a name */
	const struct option *global_options; /* that every command has */
	struct settings settings;
	bool json; /* replies as they came */
	char failure[CTL_FAILURE_BYTES];
};

/* Keeps the text of a failure; returns code. */
int ctl_fail(struct ctl *c, enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
