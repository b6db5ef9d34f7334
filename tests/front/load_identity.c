/* SPDX-License-Identifier: MIT */
/* load-identity KEY CHAIN [SECONDS]: loads these files as front does, and says as one line what
 * they are, with whether the certificate is valid at that time, in seconds since 1970; or why they
 * are none. For test_identity.py. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "front/identity/identity.h"
#include "lib/fd.h"

#define FILE_BYTES (2 * IDENTITY_CHAIN_BYTES)

/* Memory of just its size, so that the sanitizers see an access past its end. */
static uint8_t *read_whole(const char *path, size_t *len)
{
	static char text[FILE_BYTES];
	struct err e;
	ssize_t got = fd_read_file(AT_FDCWD, path, text, sizeof(text), &e);
	uint8_t *copy = got < 0 ? NULL : malloc(got > 0 ? (size_t)got : 1);
	if (!copy) {
		fprintf(stderr, "%s\n", got < 0 ? e.text : "no memory");
		exit(2);
	}
	*len = (size_t)got;
	for (size_t i = 0; i < *len; i++)
		copy[i] = (uint8_t)text[i];
	return copy;
}

static const char *type_name(int type)
{
	return type == BR_KEYTYPE_EC ? "EC" : type == BR_KEYTYPE_RSA ? "RSA" : "none";
}

int main(int argc, char **argv)
{
	static const char *const when[] = {
		[IDENTITY_NOT_YET] = "not yet",
		[IDENTITY_NOW] = "now",
		[IDENTITY_EXPIRED] = "expired",
	};
	static struct identity id;
	struct err e;
	size_t key_len, chain_len;
	if (argc < 3)
		return 2;
	uint8_t *key = read_whole(argv[1], &key_len), *chain = read_whole(argv[2], &chain_len);
	int rc = identity_load(&id, key, key_len, chain, chain_len, &e);
	free(key);
	free(chain);
	if (rc < 0)
		printf("error: %s\n", e.text);
	else
		printf("%s; issuer %s; chain %zu; from %" PRId64 " to %" PRId64 "; %s; %s\n",
		       id.key_name, type_name((int)id.issuer_key_type), id.chain_len, id.not_before,
		       id.not_after, when[identity_when(&id, argc > 3 ? atoll(argv[3]) : 0)],
		       id.fingerprint);
	identity_forget(&id);
	return 0;
}
