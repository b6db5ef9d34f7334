/* SPDX-License-Identifier: MIT */
/* Between agent.c and the parts of it that have a file of their own. */
#ifndef SQUASH_TESTS_AGENT_AGENT_H
#define SQUASH_TESTS_AGENT_AGENT_H

#include <stdnoreturn.h>

/* Print what and errno on stderr, and end this process. */
noreturn void agent_die(const char *what);

/* Go where PID 1 is: init has moved its root away from the one that the agent began in. proc_fd is
 * the root of a proc file system. */
void agent_enter_root(int proc_fd);

/* Run a root shell on the serial port tty_fd, of that many rows and columns, once PID 1 has its
 * root; power the machine off when it ends. */
noreturn void agent_shell(int tty_fd, int proc_fd, int rows, int columns);

/* Print on stdout, a line each, what the kernel and the data disk hold; test_fault.py says how the
 * lines read. */
void agent_print_state(void);

/* Send squashd descriptors of each kind, with the token, and print what it answers to each. */
void agent_pass_all(const char *token);

#endif
