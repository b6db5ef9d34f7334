/* SPDX-License-Identifier: MIT */
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct ctl *ctl;
	struct args *args;
	const struct command *command; /* NULL: not named yet */
	size_t named;                  /* words of its name */
	char **argv;
	int at, argc;
};

static const struct option *find_in(const struct option *o, const char *name, size_t len)
{
	for (; o && o->name; o++)
		if ((len == 1 && o->letter == name[0]) ||
		    (len > 1 && strlen(o->name) == len && memcmp(o->name, name, len) == 0))
			return o;
	return NULL;
}

static const struct option *find_option(const struct parser *p, const char *name, size_t len)
{
	const struct option *o = find_in(p->ctl->global_options, name, len);
	return o || !p->command ? o : find_in(p->command->options, name, len);
}

static int take_option(struct parser *p, const char *arg)
{
	bool is_long = arg[1] == '-';
	const char *name = arg + 1 + is_long;
	size_t len = is_long ? strcspn(name, "=") : 1;
	const struct option *o = is_long && len == 1 ? NULL : find_option(p, name, len);
	const char *value = name[len] == '=' ? name + len + 1 : name[len] ? name + len : NULL;
	if (!o)
		return ctl_fail(p->ctl, EXIT_USAGE, "there is no option %.*s: squashctl help%s%s",
				(int)(name + len - arg), arg, p->command ? " " : "",
				p->command ? p->command->name : "");
	if (!o->value && value)
		return ctl_fail(p->ctl, EXIT_USAGE, "--%s takes no value", o->name);
	if (o->value && !value && p->at + 1 < p->argc)
		value = p->argv[++p->at];
	if (o->value && !value)
		return ctl_fail(p->ctl, EXIT_USAGE, "--%s wants its %s", o->name, o->value);
	p->args->given[p->args->given_count++] = (struct given){o, value ? value : ""};
	return 0;
}

/* The commands with two words come first. */
const struct command *args_find(const struct ctl *c, const char *const *words, size_t count,
				size_t *used)
{
	char both[64];
	for (*used = count < 2 ? count : 2; *used > 0; --*used) {
		int n = *used == 1 ? snprintf(both, sizeof(both), "%s", words[0])
				   : snprintf(both, sizeof(both), "%s %s", words[0], words[1]);
		for (const struct command *k = c->commands; k->name && n < (int)sizeof(both); k++)
			if (strcmp(k->name, both) == 0)
				return k;
	}
	return NULL;
}

static int take_word(struct parser *p, const char *word)
{
	struct args *a = p->args;
	size_t used;
	a->words[a->word_count++] = word;
	/* The second word may belong to the name. */
	const struct command *found =
		a->word_count <= 2 ? args_find(p->ctl, a->words, a->word_count, &used) : p->command;
	if (a->word_count <= 2 && found) {
		p->command = found;
		p->named = used;
	}
	if (!p->command)
		return ctl_fail(p->ctl, EXIT_USAGE, "there is no command %s: squashctl help", word);
	return 0;
}

static bool is_rest(const struct parser *p)
{
	return p->command && p->command->is_open &&
	       p->args->word_count == p->named + p->command->max_words;
}

static int take_all(struct parser *p)
{
	int rc = 0;
	for (p->at = 1; p->at < p->argc && rc == 0; p->at++) {
		const char *arg = p->argv[p->at];
		bool is_end = strcmp(arg, "--") == 0;
		bool is_option = arg[0] == '-' && arg[1] != '\0';
		if (is_end || (is_rest(p) && !is_option)) {
			p->args->rest = p->args->words + p->args->word_count;
			for (p->at += is_end; p->at < p->argc; p->at++)
				p->args->rest[p->args->rest_count++] = p->argv[p->at];
		} else {
			rc = is_option ? take_option(p, arg) : take_word(p, arg);
		}
	}
	return rc;
}

static int check_words(struct parser *p)
{
	const struct command *command = p->command;
	struct args *a = p->args;
	if (args_get(a, "help"))
		return 0;
	/* Behind "--" of a command that has no rest are words that may begin with a hyphen. */
	if (!command->is_open) {
		a->word_count += a->rest_count;
		a->rest_count = 0;
	}
	if (a->word_count < command->min_words || a->word_count > command->max_words)
		return ctl_fail(p->ctl, EXIT_USAGE, "usage: squashctl %s%s%s", command->name,
				command->usage[0] ? " " : "", command->usage);
	return 0;
}

int args_parse(struct ctl *c, struct args *a, int argc, char **argv, const struct command **command)
{
	struct parser p = {.ctl = c, .args = a, .argv = argv, .argc = argc};
	*a = (struct args){.given = calloc((size_t)argc + 1, sizeof(*a->given)),
			   .words = calloc((size_t)argc + 1, sizeof(*a->words))};
	if (!a->given || !a->words)
		return ctl_fail(c, EXIT_LOCAL, "no memory for the command line");
	int rc = take_all(&p);
	*command = p.command;
	if (rc != 0 || !p.command)
		return rc;
	a->words += p.named;
	a->word_count -= p.named;
	return check_words(&p);
}

const char *args_get(const struct args *a, const char *name)
{
	for (size_t i = a->given_count; i > 0; i--)
		if (strcmp(a->given[i - 1].option->name, name) == 0)
			return a->given[i - 1].value;
	return NULL;
}

/* Digits, and up to so many decimals. */
static bool read_decimal(const char *text, unsigned decimals, unsigned long long *value)
{
	size_t whole = strspn(text, "0123456789");
	const char *end = text + whole;
	unsigned has = 0;
	*value = 0;
	if (whole == 0 || whole > 15)
		return false;
	for (const char *at = text; at < end; at++)
		*value = *value * 10 + (unsigned long long)(*at - '0');
	if (*end == '.' && decimals > 0)
		for (end++; *end >= '0' && *end <= '9' && has < decimals; end++, has++)
			*value = *value * 10 + (unsigned long long)(*end - '0');
	for (; has < decimals; has++)
		*value *= 10;
	return *end == '\0';
}

int args_number(struct ctl *c, const struct args *a, const char *name, unsigned long long max,
		unsigned long long *value, bool *is_there)
{
	const char *text = args_get(a, name);
	*is_there = text != NULL;
	if (text && (!read_decimal(text, 0, value) || *value > max))
		return ctl_fail(c, EXIT_USAGE, "--%s must be a whole number, %llu at most", name,
				max);
	return 0;
}

int args_milli(struct ctl *c, const struct args *a, const char *name, unsigned long long *value,
	       bool *is_there)
{
	const char *text = args_get(a, name);
	*is_there = text != NULL;
	if (text && !read_decimal(text, 3, value))
		return ctl_fail(c, EXIT_USAGE, "--%s must be a number, with three decimals at most",
				name);
	return 0;
}
