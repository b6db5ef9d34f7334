/* SPDX-License-Identifier: MIT */
/* Bearer tokens and the API's times. */
#include <string.h>

#include "lib/clock.h"
#include "lib/sha256.h"
#include "lib/token.h"
#include "tap.h"
#include "texts.h"

static const char *read_header(const char *value)
{
	static char text[64];
	size_t len = 0;
	const char *token = token_from_header(value, &len);
	if (!token || len >= sizeof(text))
		return NULL;
	memcpy(text, token, len);
	text[len] = '\0';
	return text;
}

static const struct text_case headers[] = {
	{"Bearer abc", "abc"},
	{"bearer abc", "abc"},
	{"BEARER   a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="},
	{"Bearer abc  ", "abc"},
	{"Bearer", NULL},
	{"Bearer ", NULL},
	{"Bearer  \t", NULL},
	{"Basic abc", NULL},
	{"", NULL},
	{"Bearerabc", NULL},
	{"Bearer a b", NULL},
	{" Bearer abc", NULL},
};

static void test_headers(void)
{
	TEXTS_CHECK("header", headers, read_header);
}

/* The digests are FIPS 180-4's examples and what sha256sum(1) prints. */
static const struct text_case digests[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"secret", "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"},
};

/* The digest as text, which must be read back as the same; NULL: it isn't. */
static const char *write_digest(const char *bytes)
{
	static char text[SHA256_TEXT_BYTES];
	uint8_t digest[SHA256_BYTES], again[SHA256_BYTES];
	sha256_of(bytes, strlen(bytes), digest);
	sha256_write(digest, text);
	bool is_same = sha256_read(text, strlen(text), again) && sha256_equal(digest, again);
	return is_same ? text : NULL;
}

static void test_digests(void)
{
	char text[SHA256_TEXT_BYTES];
	uint8_t digest[SHA256_BYTES], other[SHA256_BYTES];
	TEXTS_CHECK("the digest of", digests, write_digest);
	sha256_of("secret", 6, digest);
	sha256_write(digest, text);
	tap_ok(sha256_read("2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B", 64,
			   other) &&
		       sha256_equal(digest, other),
	       "in capitals, too");
	bool differ = true;
	for (size_t i = 0; i < 8 * sizeof(other); i++) {
		memcpy(other, digest, sizeof(other));
		other[i / 8] ^= (uint8_t)(1 << i % 8);
		differ = differ && !sha256_equal(digest, other);
	}
	tap_ok(differ, "one bit, wherever it is, makes another digest");
	sha256_of("a\0b", 3, digest);
	sha256_of("a\0c", 3, other);
	tap_ok(!sha256_equal(digest, other), "bytes behind a NUL count");
	bool refused = true;
	for (size_t i = 0; i < strlen(text); i++)
		for (const char *c = "gG/:@`\x80 "; *c; c++) {
			char bad[SHA256_TEXT_BYTES];
			memcpy(bad, text, sizeof(bad));
			bad[i] = *c;
			refused = refused && !sha256_read(bad, strlen(bad), other);
		}
	tap_ok(refused && !sha256_read(text, 63, other) && !sha256_read("", 0, other),
	       "what is no 64 digits is refused");
}

static void test_write(void)
{
	uint8_t random[TOKEN_RANDOM_BYTES];
	char text[TOKEN_TEXT_BYTES];
	memset(random, 0xff, sizeof(random));
	token_write(random, text);
	tap_ok(strcmp(text, "__________________________________________8") == 0, "all ones");
	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)(i * 8);
	token_write(random, text); /* base64.urlsafe_b64encode(bytes(range(0, 256, 8))) */
	tap_ok(strcmp(text, "AAgQGCAoMDhASFBYYGhweICIkJigqLC4wMjQ2ODo8Pg") == 0, "a row: %s", text);
}

static void test_times(void)
{
	char text[CLOCK_TEXT_BYTES];
	tap_ok(!strcmp(clock_text(0, text), "1970-01-01T00:00:00Z"), "the epoch");
	tap_ok(!strcmp(clock_http_date(784111777999, text), "Sun, 06 Nov 1994 08:49:37 GMT"),
	       "a date as HTTP has it");
	tap_ok(!strcmp(clock_text(1735689600999, text), "2025-01-01T00:00:00Z"),
	       "milliseconds are cut");
	tap_ok(!strcmp(clock_text(1709210096000, text), "2024-02-29T12:34:56Z"), "a leap day");
	tap_ok(clock_mono_ms() <= clock_mono_ms(), "the monotonic clock does not go back");
	tap_ok(clock_wall_ms() > 1735689600000, "the wall clock is past 2025");
}

int main(void)
{
	test_headers();
	test_digests();
	test_write();
	test_times();
	return tap_done();
}
