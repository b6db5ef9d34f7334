/* SPDX-License-Identifier: MIT */
#include "hex.h"

int hex_read_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int hex_read_byte(const char *digits)
{
	int high = hex_read_digit(digits[0]);
	int low = high < 0 ? -1 : hex_read_digit(digits[1]);
	return low < 0 ? -1 : high << 4 | low;
}
