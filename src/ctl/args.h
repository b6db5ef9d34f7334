/* SPDX-License-Identifier: MIT */
/* The command line: options, which may stand anywhere, and words. */
#ifndef SQUASH_CTL_ARGS_H
#define SQUASH_CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"

struct option {
	const char *name;  /* of --name */
	char letter;       /* of -l; 0: none */
	const char *value; /* what stands behind it; NULL: nothing */
	const char *help;
};

struct given {
	const struct option *option;
	const char *value; /* "" if it has none */
};

struct args {
	struct given *given; /* in the order in which they stand, later ones win */
	size_t given_count;
	const char **words; /* the command's own name isn't among them */
	size_t word_count;
	const char *
		*rest; /* what stands behind "--", or behind the words of a command with is_open */
	size_t rest_count;
};

/* Does what a command does. Returns an exit code. */
typedef int command_run(struct ctl *c, const struct args *a);

struct command {
	const char *name; /* one word, or two with a space between */
	command_run *run;
	size_t min_words, max_words;
	const char *usage;            /* what follows it: "ID N [-f]" */
	const char *help;             /* one line */
	const struct option *options; /* up to one without a name; NULL: none */
	bool is_open;                 /* what follows max_words is the rest, options among it */
	bool is_local;                /* needs no settings */
	bool is_proxy; /* its exit code is another command's: failures are EXIT_NO_EXEC */
};

/* Read the command line into a, whose arrays are made once for all, and find its command. 0, or
 * EXIT_USAGE with c's failure filled. Without any word *command is NULL. */
int args_parse(struct ctl *c, struct args *a, int argc, char **argv,
	       const struct command **command);

/* Returns the command of c that the first words name, or NULL. *used: how many words that takes. */
const struct command *args_find(const struct ctl *c, const char *const *words, size_t count,
				size_t *used);

/* The option's value, "" if it has none; NULL: it isn't there. */
const char *args_get(const struct args *a, const char *name);

/* The value as a number, 0 to max, or, times 1000, one with up to 3 decimals. 0 also if it isn't
 * there, with *is_there false; or EXIT_USAGE with c's failure filled. */
int args_number(struct ctl *c, const struct args *a, const char *name, unsigned long long max,
		unsigned long long *value, bool *is_there);
int args_milli(struct ctl *c, const struct args *a, const char *name, unsigned long long *value,
	       bool *is_there);

#endif
