/* SPDX-License-Identifier: MIT */
/* UTF-8: finding where a sequence ends, and encoding one. */
#include "utf8.h"

/* Bytes of the sequence that lead announces; 0 if no sequence begins with it. */
static size_t announced_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xC2) /* continuation bytes, and leads of overlong forms only */
		return 0;
	if (lead < 0xE0)
		return 2;
	if (lead < 0xF0)
		return 3;
	return lead < 0xF5 ? 4 : 0; /* F5 and up would exceed U+10FFFF */
}

size_t utf8_next(const uint8_t *text, size_t len, bool *good)
{
	uint8_t lead = text[0];
	size_t need = announced_length(lead);
	/* The second byte alone decides about overlong forms, surrogates and the upper end. */
	uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
	size_t have = 1;
	while (have < need && have < len && text[have] >= low && text[have] <= high) {
		have++;
		low = 0x80;
		high = 0xBF;
	}
	*good = have == need;
	return have;
}

size_t utf8_encode(uint32_t code_point, char out[4])
{
	static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
	size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code_point & 0x3F));
		code_point >>= 6;
	}
	out[0] = (char)(leads[len] | code_point);
	return len;
}
