/* SPDX-License-Identifier: MIT */
#include "lib/base64.h"

#include <string.h>

#include "exact.h"
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

static const char *const bad[] = {
	"Z",    "Zg",   "Zg=",  "Zm8",   "Zg==Zg==", "Zm=v", "=m9v",     "Z===",
	"====", "Zh==", "Zm9=", "Zm9\t", "Zm-_",     " Zm9", "Zm9v====",
};

static void test_decode(void)
{
	uint8_t out[8];
	size_t len;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char *exact = exact_copy(vectors[i][1], strlen(vectors[i][1]));
		bool good = base64_decode(exact, strlen(vectors[i][1]), out, &len);
		tap_ok(good && len == strlen(vectors[i][0]) && memcmp(out, vectors[i][0], len) == 0,
		       "%s decoded", vectors[i][1]);
		free(exact);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_ok(!base64_decode(bad[i], strlen(bad[i]), out, &len), "no base64: %s", bad[i]);
}

int main(void)
{
	test_decode();
	char out[BASE64_TEXT_BYTES(6)];
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *text = vectors[i][0];
		base64_encode((const uint8_t *)text, strlen(text), out);
		tap_ok(strcmp(out, vectors[i][1]) == 0, "\"%s\" in base64", text);
	}
	return tap_done();
}
