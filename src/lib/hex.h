/* SPDX-License-Identifier: MIT */
/* Hexadecimal digits, in either case. */
#ifndef SQUASH_LIB_HEX_H
#define SQUASH_LIB_HEX_H

/* Returns what a digit stands for, or -1 if it is none. */
int hex_read_digit(char c);

/* Returns the byte of two digits, or -1. The second isn't looked at if the first is none. */
int hex_read_byte(const char *digits);

#endif
