/* SPDX-License-Identifier: MIT */
/* help, version, and completion by bash, all from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "runs.h"

static void print_options(const struct option *o)
{
	char left[48];
	for (; o && o->name; o++) {
		snprintf(left, sizeof(left), "%s%c%s --%s%s%s", o->letter ? "-" : " ",
			 o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		printf("  %-34s %s\n", left, o->help);
	}
}

void help_print(const struct ctl *c, const struct command *command)
{
	if (command) {
		printf("squashctl %s %s\n\n%s\n\n", command->name, command->usage, command->help);
		print_options(command->options);
	} else {
		printf("squashctl COMMAND ...: runs sandboxes on a Squash appliance\n\n");
		for (const struct command *k = c->commands; k->name; k++)
			printf("  %-18s %s\n", k->name, k->help);
		printf("\nsquashctl help COMMAND tells more; squashctl pin HOST comes first.\n\n");
	}
	print_options(c->global_options);
}

int command_help(struct ctl *c, const struct args *args)
{
	size_t used;
	const struct command *command = args_find(c, args->words, args->word_count, &used);
	if (args->word_count > 0 && used != args->word_count)
		return ctl_fail(c, EXIT_USAGE, "there is no command %s", args->words[0]);
	help_print(c, command);
	return 0;
}

int command_version(struct ctl *c, const struct args *args)
{
	(void)c;
	(void)args;
	puts("squashctl " SQUASH_VERSION);
	return 0;
}

static void print_names(const struct option *o)
{
	for (; o && o->name; o++)
		printf(" --%s", o->name);
}

/* What may follow the words that are there: a case of the shell for each command. */
static void print_cases(const struct ctl *c)
{
	for (const struct command *k = c->commands; k->name; k++) {
		printf("\t\"%s\") options=\"", k->name);
		print_names(k->options);
		puts("\" ;;");
	}
}

int command_completion(struct ctl *c, const struct args *args)
{
	if (strcmp(args->words[0], "bash") != 0)
		return ctl_fail(c, EXIT_USAGE, "completion is for bash alone");
	puts("# squashctl's completion for bash: source <(squashctl completion bash)\n"
	     "_squashctl() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=() options= names= i\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tcase ${COMP_WORDS[i]} in\n"
	     "\t\t--) return ;;\n"
	     "\t\t-*) ;;\n"
	     "\t\t*) words+=(\"${COMP_WORDS[i]}\") ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tcase \"${words[*]:0:2}\" in");
	print_cases(c);
	puts("\t*) case \"${words[0]}\" in");
	print_cases(c);
	puts("\tesac ;;\n\tesac");
	printf("\toptions+=\"");
	print_names(c->global_options);
	puts("\"\n"
	     "\tcase ${#words[@]},${words[0]} in");
	printf("\t0,*) names=\"");
	for (const struct command *k = c->commands; k->name; k++)
		if (!strchr(k->name, ' '))
			printf("%s ", k->name);
	puts("\" ;;\n"
	     "\t1,modules) names=\"ls push pull freeze rm\" ;;\n"
	     "\t1,tokens) names=\"ls add rm\" ;;\n"
	     "\t1,system) names=\"info reboot poweroff update\" ;;\n"
	     "\t1,completion) names=bash ;;\n"
	     "\t1,exec|1,execs|1,output|1,kill|1,info|1,logs|*,rm|1,activate|1,allow-net|1,network|"
	     "1,snapshot|1,restore|1,snapshots)\n"
	     "\t\tnames=$(squashctl ls -q 2>/dev/null) ;;\n"
	     "\t2,modules) case ${words[1]} in\n"
	     "\tfreeze) names=$(squashctl ls -q 2>/dev/null) ;;\n"
	     "\tpull|rm) names=$(squashctl modules -q 2>/dev/null) ;;\n"
	     "\tesac ;;\n"
	     "\t2,activate|*,create) names=$(squashctl modules -q 2>/dev/null) ;;\n"
	     "\tesac\n"
	     "\t[[ $word != -* ]] || names=$options\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$word\")\n"
	     "}\n"
	     "complete -o default -F _squashctl squashctl");
	return 0;
}
