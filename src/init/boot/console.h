/* SPDX-License-Identifier: MIT */
/* The console: one plain line for each thing that a person standing there should know. */
#ifndef SQUASH_INIT_BOOT_CONSOLE_H
#define SQUASH_INIT_BOOT_CONSOLE_H

/* Point stdin at /dev/null, stdout and stderr at the console, and turn the kernel's own messages
 * down to errors, unless the operator asked for more. Needs /dev; without a console all is lost. */
void console_open(void);

/* Say one line on every console that the kernel has; the newline is added. All but visible ASCII,
 * which could come from a disk's settings file, becomes '?'. Waits at most 200 ms for a console
 * that does not take the line, then drops it there. */
void console_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
