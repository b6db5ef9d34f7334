/* SPDX-License-Identifier: MIT */
#include "efi_text.h"

#define ATTRIBUTE_BYTES 4

bool efi_text_read(const uint8_t *bytes, size_t len, char *text, size_t cap)
{
	size_t used = 0;
	text[0] = '\0';
	if (len < ATTRIBUTE_BYTES || (len - ATTRIBUTE_BYTES) % 2 != 0)
		return false;
	for (size_t at = ATTRIBUTE_BYTES; at < len; at += 2) {
		uint8_t c = bytes[at];
		if (c == 0 && bytes[at + 1] == 0)
			break;
		if (bytes[at + 1] != 0 || c < ' ' || c > '~' || used + 1 >= cap) {
			text[0] = '\0';
			return false;
		}
		text[used++] = (char)c;
		text[used] = '\0';
	}
	return used > 0;
}
