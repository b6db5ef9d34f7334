/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include <string.h>

/* Nothing in it means something to the shell, and it is no assignment, and no comment. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./:,+@%";
	return word[0] && strspn(word, plain) == strlen(word);
}

/* POSIX 2.2.2: between single quotes nothing is special, and a single quote can't stand there. */
static void quote(const char *word, struct buf *out)
{
	buf_add_text(out, "'");
	for (const char *at = word; *at;) {
		size_t len = strcspn(at, "'");
		buf_add(out, at, len);
		at += len;
		if (*at) {
			buf_add_text(out, "'\\''");
			at++;
		}
	}
	buf_add_text(out, "'");
}

void quote_words(const char *const *words, size_t count, struct buf *out)
{
	if (count == 1) {
		buf_add_text(out, words[0]);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		buf_add_text(out, i > 0 ? " " : "");
		/* The first could be a word that the shell keeps for itself ("if"). */
		if (is_plain(words[i]) && i > 0)
			buf_add_text(out, words[i]);
		else
			quote(words[i], out);
	}
}
