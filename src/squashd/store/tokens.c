/* SPDX-License-Identifier: MIT */
#include "tokens.h"

#include <string.h>

#include "meta_text.h"

static const char *const names[] = {
	[RIGHT_NONE] = "none", [RIGHT_READ] = "read", [RIGHT_RUN] = "run", [RIGHT_ADMIN] = "admin"};

const char *right_name(enum right right)
{
	return names[right];
}

enum right right_find(const char *name, size_t len)
{
	for (enum right right = RIGHT_READ; right <= RIGHT_ADMIN; right++)
		if (strlen(names[right]) == len && memcmp(names[right], name, len) == 0)
			return right;
	return RIGHT_NONE;
}

/* A walk over lines, and over the words of one. */
struct span {
	const char *at;
	size_t len;
};

static bool next_line(struct span *text, struct span *line)
{
	if (text->len == 0)
		return false;
	const char *newline = memchr(text->at, '\n', text->len);
	line->at = text->at;
	line->len = newline ? (size_t)(newline - text->at) + 1 : text->len;
	text->at += line->len;
	text->len -= line->len;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* An empty word: there is none left. */
static struct span next_word(struct span *line)
{
	while (line->len > 0 && is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	struct span word = {.at = line->at};
	while (line->len > 0 && !is_blank(*line->at)) {
		line->at++;
		line->len--;
		word.len++;
	}
	return word;
}

/* NULL, with *t filled or, if nothing is in the line, its name empty; or what is wrong. */
static const char *read_line(struct span line, struct token *t)
{
	struct span name = next_word(&line);
	memset(t, 0, sizeof(*t));
	if (name.len == 0 || name.at[0] == '#')
		return NULL;
	struct span right = next_word(&line), digest = next_word(&line);
	if (!meta_is_id(name.at, name.len))
		return "has a name that is not a letter or digit, then up to 62 letters, digits, "
		       "_ or -";
	t->right = right_find(right.at, right.len);
	if (t->right == RIGHT_NONE)
		return "has a right other than read, run and admin";
	if (!sha256_read(digest.at, digest.len, t->digest))
		return "has no SHA-256 of 64 hexadecimal digits";
	if (next_word(&line).len > 0)
		return "goes on behind the SHA-256";
	memcpy(t->name, name.at, name.len);
	return NULL;
}

void tokens_read(const uint8_t *text, size_t len, struct tokens *t,
		 const struct tokens_report *report)
{
	struct span rest = {.at = (const char *)text, .len = len}, line;
	struct token token;
	t->count = 0;
	for (unsigned number = 1; next_line(&rest, &line); number++) {
		const char *fault = read_line(line, &token);
		if (!fault && token.name[0] == '\0')
			continue;
		if (!fault && tokens_find_name(t, token.name))
			fault = "has a name that is there already";
		if (!fault && t->count == LIMIT_TOKENS)
			fault = "is one token too many";
		if (fault)
			report->say(report->context, number, fault);
		else
			t->all[t->count++] = token;
	}
}

const struct token *tokens_find(const struct tokens *t, const uint8_t digest[SHA256_BYTES])
{
	const struct token *found = NULL;
	for (size_t i = 0; i < t->count; i++)
		if (sha256_equal(t->all[i].digest, digest))
			found = &t->all[i];
	return found;
}

const struct token *tokens_find_name(const struct tokens *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->all[i].name, name) == 0)
			return &t->all[i];
	return NULL;
}

void tokens_write_with(const uint8_t *text, size_t len, const struct token *more, struct buf *out)
{
	char digest[SHA256_TEXT_BYTES];
	sha256_write(more->digest, digest);
	buf_add(out, text, len);
	if (len > 0 && text[len - 1] != '\n')
		buf_add_text(out, "\n");
	buf_printf(out, "%s %s %s\n", more->name, right_name(more->right), digest);
}

void tokens_write_without(const uint8_t *text, size_t len, const char *name, struct buf *out)
{
	struct span rest = {.at = (const char *)text, .len = len}, line;
	struct token token;
	while (next_line(&rest, &line))
		if (read_line(line, &token) || strcmp(token.name, name) != 0)
			buf_add(out, line.at, line.len);
}
