/* SPDX-License-Identifier: MIT */
/* The file of named tokens, as anybody may have written it: what is taken keeps to the limits, is
 * found by its digest and by no other, and is the same once a token has been added or dropped. */
#include "fuzz.h"
#include "squashd/store/meta_text.h"
#include "squashd/store/tokens.h"

struct said {
	size_t lines;
	unsigned last;
};

static void note(void *context, unsigned line, const char *fault)
{
	struct said *said = context;
	CHECK(line > said->last && fault[0]);
	said->last = line;
	said->lines++;
}

static void read_tokens(const uint8_t *text, size_t len, struct tokens *t)
{
	struct said said = {0};
	size_t lines = 1;
	tokens_read(text, len, t, &(struct tokens_report){note, &said});
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	CHECK(t->count <= LIMIT_TOKENS && t->count + said.lines <= lines && said.last <= lines);
}

static void check_tokens(const struct tokens *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct token *token = &t->all[i], *found = tokens_find(t, token->digest);
		CHECK(memchr(token->name, 0, sizeof(token->name)));
		CHECK(meta_is_id(token->name, strlen(token->name)));
		CHECK(token->right >= RIGHT_READ && token->right <= RIGHT_ADMIN);
		CHECK(right_find(right_name(token->right), strlen(right_name(token->right))) ==
		      token->right);
		CHECK(found && sha256_equal(found->digest, token->digest));
		CHECK(tokens_find_name(t, token->name) == token);
	}
}

/* Whether all tokens of a are in b, as they are, but for that name. */
static void check_kept(const struct tokens *a, const struct tokens *b, const char *but)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct token *token = &a->all[i];
		const struct token *other = tokens_find_name(b, token->name);
		if (strcmp(token->name, but) == 0)
			continue;
		CHECK(other && other->right == token->right);
		CHECK(sha256_equal(other->digest, token->digest));
	}
}

/* Drop a token that is there, and add one that is not. */
static void check_changes(const uint8_t *text, size_t len, const struct tokens *t)
{
	static struct tokens after;
	struct token more = {.name = "new-one", .right = RIGHT_RUN, .digest = {1, 2, 3}};
	struct buf out = {.data = fuzz_take(len + 256), .cap = len + 256};
	if (t->count > 0) {
		const char *name = t->all[t->count / 2].name;
		tokens_write_without(text, len, name, &out);
		CHECK(!out.full && out.len < len);
		read_tokens((const uint8_t *)out.data, out.len, &after);
		CHECK(!tokens_find_name(&after, name));
		check_kept(t, &after, name);
	}
	out.len = 0;
	tokens_write_with(text, len, &more, &out);
	CHECK(!out.full && out.len > len && memcmp(out.data, text, len) == 0);
	read_tokens((const uint8_t *)out.data, out.len, &after);
	check_kept(t, &after, "");
	if (t->count < LIMIT_TOKENS && !tokens_find_name(t, more.name)) {
		const struct token *found = tokens_find_name(&after, more.name);
		CHECK(found && found->right == more.right && after.count == t->count + 1);
		CHECK(sha256_equal(found->digest, more.digest));
	}
	free(out.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tokens t;
	if (size > LIMIT_TOKENS_BYTES)
		return 0;
	uint8_t *text = fuzz_copy(data, size);
	read_tokens(text, size, &t);
	check_tokens(&t);
	check_changes(text, size, &t);
	free(text);
	return 0;
}
