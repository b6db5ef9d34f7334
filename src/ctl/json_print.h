/* SPDX-License-Identifier: MIT */
/* JSON of the appliance on stdout. */
#ifndef SQUASH_CTL_JSON_PRINT_H
#define SQUASH_CTL_JSON_PRINT_H

#include <stddef.h>

/* Print valid JSON: the bytes as they came, but on a terminal as show_json has it. Returns 0, or
 * -errno when stdout can't be written. */
int json_print(const void *text, size_t len);

#endif
