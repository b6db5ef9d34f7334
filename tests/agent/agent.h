/* SPDX-License-Identifier: MIT */
/* Between agent.c and the parts of it that have a file of their own. */
#ifndef SQUASH_TESTS_AGENT_AGENT_H
#define SQUASH_TESTS_AGENT_AGENT_H

/* Print on stdout, a line each, what the kernel and the data disk hold; test_fault.py says how the
 * lines read. */
void agent_print_state(void);

/* Send squashd descriptors of each kind, with the token, and print what it answers to each. */
void agent_pass_all(const char *token);

#endif
