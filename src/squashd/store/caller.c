/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include <string.h>

#include "lib/sha256.h"
#include "tokens_file.h"

bool caller_identify(const struct server *s, const char *token, size_t len, struct caller *c)
{
	static struct tokens named;
	uint8_t digest[SHA256_BYTES];
	struct err e;
	c->token[0] = '\0';
	c->right = RIGHT_NONE;
	c->anyone = false;
	sha256_of(token, len, digest);
	/* No token at all is never the right one, whatever digest somebody has set. */
	if (len > 0 && s->has_token && sha256_equal(digest, s->token_digest)) {
		c->right = RIGHT_ADMIN;
		return true;
	}
	int rc = tokens_file_load(s, &named, &e);
	if (rc == 0 && !s->has_token) {
		c->right = RIGHT_RUN;
		c->anyone = true;
		return true;
	}
	const struct token *t = len > 0 ? tokens_find(&named, digest) : NULL;
	if (!t)
		return false;
	memcpy(c->token, t->name, sizeof(c->token));
	c->right = t->right;
	return true;
}

const char *caller_name(const struct caller *c, char text[LIMIT_ID_BYTES + 1])
{
	_Static_assert(ADDR_TEXT_BYTES <= LIMIT_ID_BYTES + 1, "an address fits");
	text[0] = '\0';
	if (c && c->token[0] != '\0')
		strcpy(text, c->token);
	else if (c && c->client.family != 0)
		addr_text(&c->client, text);
	return text;
}
