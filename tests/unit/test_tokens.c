/* SPDX-License-Identifier: MIT */
/* The file of named tokens: its lines, which of them count, and what is left of it when it is
 * changed. */
#include <string.h>

#include "squashd/store/tokens.h"
#include "tap.h"

#define DIGEST "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0" /* "s3cret" */
#define OTHER "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  /* "secret" */

static struct tokens tokens;

struct said {
	char text[1024];
};

static void say(void *context, unsigned line, const char *fault)
{
	struct said *said = context;
	size_t used = strlen(said->text);
	snprintf(said->text + used, sizeof(said->text) - used, "%u: %s|", line, fault);
}

static void read_text(const char *text, size_t len, struct said *said)
{
	memset(said, 0, sizeof(*said));
	tokens_read((const uint8_t *)text, len, &tokens, &(struct tokens_report){say, said});
}

static void test_lines(void)
{
	static const struct {
		const char *line;
		enum right right; /* RIGHT_NONE: it is refused, and text is in the reason */
		const char *text; /* the name */
	} cases[] = {
		{"ci run " DIGEST, RIGHT_RUN, "ci"},
		{"ci run " DIGEST "\n", RIGHT_RUN, "ci"},
		{" \tci\t read \t" DIGEST " \r\n", RIGHT_READ, "ci"},
		{"0_-x admin " DIGEST, RIGHT_ADMIN, "0_-x"},
		{"012345678901234567890123456789012345678901234567890123456789012 run " DIGEST,
		 RIGHT_RUN, "012345678901234567890123456789012345678901234567890123456789012"},
		{"0123456789012345678901234567890123456789012345678901234567890123 run " DIGEST,
		 RIGHT_NONE, "name"},
		{"-ci run " DIGEST, RIGHT_NONE, "name"},
		{"c.i run " DIGEST, RIGHT_NONE, "name"},
		{"c\xc3\xa9 run " DIGEST, RIGHT_NONE, "name"},
		{"\xef\xbb\xbf"
		 "ci run " DIGEST,
		 RIGHT_NONE, "name"},
		{"ci", RIGHT_NONE, "right"},
		{"ci " DIGEST, RIGHT_NONE, "right"},
		{"ci Run " DIGEST, RIGHT_NONE, "right"},
		{"ci none " DIGEST, RIGHT_NONE, "right"},
		{"ci runs " DIGEST, RIGHT_NONE, "right"},
		{"ci ru " DIGEST, RIGHT_NONE, "right"},
		{"ci run", RIGHT_NONE, "SHA-256"},
		{"ci run s3cret", RIGHT_NONE, "SHA-256"},
		{"ci run " DIGEST "0", RIGHT_NONE, "SHA-256"},
		{"ci run 0x" DIGEST, RIGHT_NONE, "SHA-256"},
		{"ci run " DIGEST " # mine", RIGHT_NONE, "goes on"},
		{"ci run " DIGEST "\r\r x", RIGHT_NONE, "goes on"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct said said;
		read_text(cases[i].line, strlen(cases[i].line), &said);
		bool good = cases[i].right == RIGHT_NONE
				    ? tokens.count == 0 && strncmp(said.text, "1: ", 3) == 0 &&
					      strstr(said.text, cases[i].text)
				    : tokens.count == 1 && !said.text[0] &&
					      strcmp(tokens.all[0].name, cases[i].text) == 0 &&
					      tokens.all[0].right == cases[i].right;
		if (!tap_ok(good, "line %zu: %s", i, right_name(cases[i].right)))
			tap_note("%zu tokens, said: %s", tokens.count, said.text);
	}
	struct said said;
	read_text("ci run\0 " DIGEST, strlen(DIGEST) + 8, &said);
	tap_ok(tokens.count == 0 && said.text[0], "a NUL is no blank");
}

static void test_file(void)
{
	static const char text[] = "# who\n\n  # and why\nci run " DIGEST
				   "\n \nbad\nops admin " OTHER "\nci admin " OTHER "\nlast read";
	struct said said;
	uint8_t digest[SHA256_BYTES];
	read_text(text, strlen(text), &said);
	tap_ok(tokens.count == 2, "the good lines count: %zu", tokens.count);
	tap_ok(strstr(said.text, "6: has a right") &&
		       strstr(said.text, "|8: has a name that is ") &&
		       strstr(said.text, "|9: has no SHA-256"),
	       "the others are told with their numbers");
	sha256_of("s3cret", 6, digest);
	const struct token *t = tokens_find(&tokens, digest);
	tap_ok(t && strcmp(t->name, "ci") == 0 && t->right == RIGHT_RUN,
	       "one is found by its token");
	sha256_of("secret", 6, digest);
	t = tokens_find(&tokens, digest);
	tap_ok(t && strcmp(t->name, "ops") == 0 && t->right == RIGHT_ADMIN,
	       "a name that comes twice gives nothing to the second");
	sha256_of("s3cre", 5, digest);
	tap_ok(!tokens_find(&tokens, digest), "another token is not found");
	read_text("", 0, &said);
	tap_ok(tokens.count == 0 && !said.text[0] && !tokens_find(&tokens, digest),
	       "an empty file");
}

static void test_many(void)
{
	static char text[LIMIT_TOKENS_BYTES];
	struct buf b = {.data = text, .cap = sizeof(text)};
	struct said said;
	for (int i = 0; i <= LIMIT_TOKENS; i++)
		buf_printf(&b, "t%d run %0*d\n", i, 64, i);
	read_text(text, b.len, &said);
	tap_ok(!b.full && tokens.count == LIMIT_TOKENS &&
		       strstr(said.text, "257: is one") == said.text,
	       "one past the limit is told, and gives no token");
}

static void check_text(const struct buf *out, const char *expected, const char *what)
{
	bool same = !out->full && out->len == strlen(expected) &&
		    memcmp(out->data, expected, out->len) == 0;
	if (!tap_ok(same, "%s", what))
		tap_note("%.*s", (int)out->len, out->data);
}

static void test_changes(void)
{
	static const char text[] =
		"# who\nci run " DIGEST "\nbad ci\n ci read " OTHER "\nops admin " OTHER;
	char memory[1024];
	struct buf out = {.data = memory, .cap = sizeof(memory)};
	struct token more = {.name = "new", .right = RIGHT_READ};
	sha256_of("s3cret", 6, more.digest);
	tokens_write_with((const uint8_t *)text, strlen(text), &more, &out);
	check_text(&out,
		   "# who\nci run " DIGEST "\nbad ci\n ci read " OTHER "\nops admin " OTHER
		   "\nnew read " DIGEST "\n",
		   "a token more, on a line of its own");
	out.len = 0;
	tokens_write_without((const uint8_t *)text, strlen(text), "ci", &out);
	check_text(&out, "# who\nbad ci\nops admin " OTHER,
		   "one token less: each line of it, and no other");
	out.len = 0;
	tokens_write_with((const uint8_t *)"", 0, &more, &out);
	check_text(&out, "new read " DIGEST "\n", "the first token");
	out = (struct buf){.data = memory, .cap = 40};
	tokens_write_with((const uint8_t *)"", 0, &more, &out);
	tap_ok(out.full, "what does not fit is seen");
}

int main(void)
{
	test_lines();
	test_file();
	test_many();
	test_changes();
	return tap_done();
}
