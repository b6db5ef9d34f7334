/* SPDX-License-Identifier: MIT */
/* An update's header: what is signed and good is read, and each byte that is changed refuses it,
 * for the signature where that covers it; and the names of UKIs on the ESP. */
#include <bearssl.h>
#include <errno.h>
#include <string.h>

#include "exact.h"
#include "lib/sha256.h"
#include "lib/uki.h"
#include "little_endian.h"
#include "squashd/update/update_header.h"
#include "tap.h"

#define FILE_SIZE 20000000

struct keys {
	unsigned char private_bytes[BR_EC_KBUF_PRIV_MAX_SIZE],
		public_bytes[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_private_key private;
};

/* seed makes the same keys each time. */
static void make_keys(struct keys *k, const char *seed)
{
	br_hmac_drbg_context random;
	br_hmac_drbg_init(&random, &br_sha256_vtable, seed, strlen(seed));
	br_ec_keygen(&random.vtable, br_ec_get_default(), &k->private, k->private_bytes,
		     BR_EC_secp256r1);
	br_ec_compute_pub(br_ec_get_default(), NULL, k->public_bytes, &k->private);
}

static void sign(uint8_t header[UPDATE_HEADER_BYTES], const struct keys *k)
{
	uint8_t hash[SHA256_BYTES];
	sha256_of(header, 128, hash);
	br_ecdsa_i31_sign_raw(br_ec_get_default(), &br_sha256_vtable, hash, &k->private,
			      header + 128);
}

static void make(uint8_t header[UPDATE_HEADER_BYTES], const struct keys *k)
{
	memset(header, 0, UPDATE_HEADER_BYTES);
	memcpy(header, "SQUPDATE", 8);
	put(header + 8, 1, 4);
	put(header + 12, 1, 4);
	put(header + 16, 22, 4);
	put(header + 20, 4294967295, 4);
	put(header + 24, FILE_SIZE - UPDATE_HEADER_BYTES, 8);
	memset(header + 32, 0xa5, 32);
	sign(header, k);
}

/* What comes of it; the header read is dropped. */
static int read_one(const uint8_t *header, uint64_t file_size, const struct keys *k,
		    const char **reason)
{
	struct update_header h;
	uint8_t *exact = exact_copy(header, UPDATE_HEADER_BYTES);
	uint8_t *key = exact_copy(k->public_bytes, UPDATE_KEY_BYTES);
	*reason = NULL;
	int rc = update_header_read(exact, file_size, key, &h, reason);
	free(exact);
	free(key);
	return rc;
}

static void test_good(const struct keys *k)
{
	uint8_t header[UPDATE_HEADER_BYTES];
	char text[UKI_VERSION_BYTES];
	struct update_header h = {0};
	const char *reason;
	make(header, k);
	int rc = update_header_read(header, FILE_SIZE, k->public_bytes, &h, &reason);
	tap_ok(rc == 0, "a good header is read");
	tap_ok(strcmp(uki_write_version(&h.version, text), "1.22.4294967295") == 0, "its version");
	tap_ok(h.size == FILE_SIZE - UPDATE_HEADER_BYTES, "its size");
	h.size = 0;
	rc = update_header_read(header, UPDATE_SIZE_UNKNOWN, k->public_bytes, &h, &reason);
	tap_ok(rc == 0 && h.size == FILE_SIZE - UPDATE_HEADER_BYTES,
	       "so is that of a file whose size isn't known");
	tap_ok(h.sha256[0] == 0xa5 && memcmp(h.sha256, h.sha256 + 1, 31) == 0, "its SHA-256");
}

static void test_changed(const struct keys *k)
{
	uint8_t header[UPDATE_HEADER_BYTES];
	unsigned taken = 0, wrong = 0;
	const char *reason;
	for (unsigned i = 0; i < UPDATE_HEADER_BYTES; i++) {
		make(header, k);
		header[i] ^= 0x10;
		int rc = read_one(header, FILE_SIZE, k, &reason);
		taken += rc == 0;
		wrong += rc != (i < 8 || i >= 192 ? -EINVAL : -EKEYREJECTED);
	}
	tap_ok(taken == 0, "with any of its bytes changed, it is refused");
	tap_ok(wrong == 0, "for the signature, where that covers it");
}

/* Signed by the right key, but not what it should be. */
static void test_bad(const struct keys *k)
{
	static const struct {
		const char *what;
		unsigned at, size;
		uint64_t value;
	} cases[] = {
		{"another format", 8, 4, 2},
		{"a byte behind the SHA-256", 64, 1, 1},
		{"no UKI", 24, 8, 0},
		{"a longer UKI than came", 24, 8, FILE_SIZE},
		{"a shorter one", 24, 8, 1},
		{"an endless one", 24, 8, UINT64_MAX - 511},
		{"one byte too many", 127, 1, 9},
	};
	uint8_t header[UPDATE_HEADER_BYTES];
	const char *reason;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(header, k);
		put(header + cases[i].at, cases[i].value, cases[i].size);
		sign(header, k);
		tap_ok(read_one(header, FILE_SIZE, k, &reason) == -EINVAL && reason, "refused: %s",
		       cases[i].what);
	}
	make(header, k);
	tap_ok(read_one(header, 100, k, &reason) == -EINVAL, "refused: a file without a UKI");
	for (uint64_t more = 0; more < 2; more++) {
		put(header + 24, LIMIT_UPLOAD_BYTES - UPDATE_HEADER_BYTES + more, 8);
		sign(header, k);
		int rc = read_one(header, UPDATE_SIZE_UNKNOWN, k, &reason);
		tap_ok(rc == (more ? -EINVAL : 0), "%s: the longest UKI%s",
		       more ? "refused" : "taken", more ? ", and a byte" : "");
	}
}

static void test_keys(const struct keys *k)
{
	struct keys other, none = *k;
	uint8_t header[UPDATE_HEADER_BYTES];
	const char *reason;
	make_keys(&other, "another");
	make(header, &other);
	tap_ok(read_one(header, FILE_SIZE, k, &reason) == -EKEYREJECTED, "another's key signed it");
	make(header, k);
	memset(none.public_bytes, 0, UPDATE_KEY_BYTES);
	tap_ok(read_one(header, FILE_SIZE, &none, &reason) == -EKEYREJECTED, "a key of zeroes");
	none.public_bytes[0] = 4;
	tap_ok(read_one(header, FILE_SIZE, &none, &reason) == -EKEYREJECTED,
	       "a key that is no point of the curve");
	memset(header + 128, 0, 64);
	tap_ok(read_one(header, FILE_SIZE, k, &reason) == -EKEYREJECTED, "a signature of zeroes");
	make(header, k);
	memset(header + 128, 0xff, 64);
	tap_ok(read_one(header, FILE_SIZE, k, &reason) == -EKEYREJECTED, "one of ones");
}

static bool read_version(const char *text, struct uki_version *v)
{
	char *exact = exact_copy(text, strlen(text));
	bool good = uki_read_version(exact, strlen(text), v);
	free(exact);
	return good;
}

static void test_versions(void)
{
	static const char *const bad[] = {"",       "1",      "1.2",     "1.2.",   "1.2.3.4",
					  "01.2.3", "1.-2.3", "1.2.3a",  " 1.2.3", "1.2.4294967296",
					  "1..3",   "a.b.c",  "1.2.3\n", "1,2,3"};
	static const char *const up[] = {"0.0.0", "0.0.9", "0.0.10", "0.1.0",         "0.10.0",
					 "1.0.0", "2.0.0", "10.0.0", "4294967295.0.0"};
	struct uki_version a, b;
	unsigned taken = 0, wrong = 0, count = sizeof(up) / sizeof(up[0]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		taken += read_version(bad[i], &a);
	tap_ok(taken == 0, "what is no version is none");
	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < count; j++) {
			bool good = read_version(up[i], &a) && read_version(up[j], &b);
			int order = uki_compare(&a, &b);
			wrong += !good || (order < 0) != (i < j) || (order == 0) != (i == j);
		}
	}
	tap_ok(wrong == 0, "versions have their order");
}

static bool is_name(const char *text, bool is_counted, uint32_t left)
{
	struct uki_name name;
	char *exact = exact_copy(text, strlen(text)), plain[UKI_NAME_BYTES];
	bool good = uki_read_name(exact, strlen(text), &name) && name.is_counted == is_counted &&
		    name.left == left &&
		    strcmp(uki_write_name(&name.version, 0, plain), "squash_1.2.3.efi") == 0;
	free(exact);
	return good;
}

static void test_names(void)
{
	static const char *const bad[] = {
		"squash_1.2.3",         "squash_1.2.3.efi2", "squash.efi",
		"squash_1.2.efi",       "squash_1.2.3+.efi", "squash_1.2.3+-.efi",
		"squash_1.2.3+3-.efi",  "debian_1.2.3.efi",  "squash_1.2.3-1.efi",
		"squash_1.2.3+3+3.efi", "squash.new",        "",
	};
	struct uki_name name;
	struct uki_version v = {{UINT32_MAX, UINT32_MAX, UINT32_MAX}};
	char longest[UKI_NAME_BYTES];
	unsigned taken = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		taken += uki_read_name(bad[i], strlen(bad[i]), &name);
	tap_ok(taken == 0, "what is no name is none");
	tap_ok(is_name("squash_1.2.3.efi", false, 0), "a name without a counter");
	tap_ok(is_name("squash_1.2.3+3.efi", true, 3), "a name with one");
	tap_ok(is_name("squash_1.2.3+2-1.efi", true, 2), "a name that was tried");
	tap_ok(is_name("SQUASH_1.2.3+0-3.EFI", true, 0), "a name in capitals, used up");
	uki_write_name(&v, UINT32_MAX, longest);
	tap_ok(uki_read_name(longest, strlen(longest), &name) && name.left == UINT32_MAX,
	       "the longest name is written whole");
}

int main(void)
{
	struct keys k;
	make_keys(&k, "the operator");
	test_good(&k);
	test_changed(&k);
	test_bad(&k);
	test_keys(&k);
	test_versions();
	test_names();
	return tap_done();
}
