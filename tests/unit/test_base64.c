/* SPDX-License-Identifier: MIT */
#include "lib/base64.h"

#include <string.h>

#include "tap.h"

/* RFC 4648, section 10. */
static const char *const vectors[][2] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xff\xfe\xfb", "//77"},
};

int main(void)
{
	char out[BASE64_TEXT_BYTES(6)];
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *text = vectors[i][0];
		base64_encode((const uint8_t *)text, strlen(text), out);
		tap_ok(strcmp(out, vectors[i][1]) == 0, "\"%s\" in base64", text);
	}
	return tap_done();
}
