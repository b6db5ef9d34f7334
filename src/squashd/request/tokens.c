/* SPDX-License-Identifier: MIT */
/* GET and POST tokens, and DELETE tokens/:name. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/fd.h"
#include "lib/token.h"
#include "requests.h"
#include "squashd/store/journal.h"
#include "squashd/store/tokens_file.h"
#include "squashd/wire/change_read.h"
#include "squashd/wire/fields.h"

/* The file's text, and what it says, before a change; its text after that. */
struct change {
	struct buf before, after;
	struct tokens tokens;
};

static void add_token(const struct token *t, struct reply *r)
{
	msg_add(&r->body, TAG_RECORD, "", 0);
	msg_add_text(&r->body, TAG_NAME, t->name);
	msg_add_text(&r->body, TAG_RIGHT, right_name(t->right));
}

void request_tokens(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct tokens named;
	struct err e;
	if (fields.left > 0)
		fields_refuse(r);
	else if (tokens_file_load(s, &named, &e) < 0)
		reply_err(r, &e);
	else
		for (size_t i = 0; i < named.count; i++)
			add_token(&named.all[i], r);
}

/* Lock the file and read it. The lock or -errno with e filled. */
static int begin(const struct server *s, struct change *c, struct err *e)
{
	static char before[LIMIT_TOKENS_BYTES], after[LIMIT_TOKENS_BYTES];
	c->before = (struct buf){.data = before, .cap = sizeof(before)};
	c->after = (struct buf){.data = after, .cap = sizeof(after)};
	AUTO_FD lock = tokens_file_lock(s, e);
	if (lock < 0)
		return lock;
	int rc = tokens_file_load(s, &c->tokens, e);
	if (rc >= 0)
		rc = tokens_file_read(s, &c->before, e);
	return rc < 0 ? rc : fd_steal(&lock);
}

/* Make the random token, and its digest in *t. 0 or -errno. */
static int make(struct token *t, char text[TOKEN_TEXT_BYTES], struct err *e)
{
	uint8_t random[TOKEN_RANDOM_BYTES];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(e, errno, "make a token");
	token_write(random, text);
	sha256_of(text, strlen(text), t->digest);
	explicit_bzero(random, sizeof(random));
	return 0;
}

void request_create_token(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct change c;
	char text[TOKEN_TEXT_BYTES];
	struct token t;
	struct err e;
	if (!change_read_token(fields, &t, r))
		return;
	AUTO_FD lock = begin(s, &c, &e);
	int rc = lock < 0 ? lock : make(&t, text, &e);
	if (rc < 0) {
		reply_err(r, &e);
		return;
	}
	if (tokens_find_name(&c.tokens, t.name)) {
		reply_fail(r, 409, "exists", "there is a token %s already", t.name);
		return;
	}
	tokens_write_with((const uint8_t *)c.before.data, c.before.len, &t, &c.after);
	if (c.after.full || c.tokens.count == LIMIT_TOKENS) {
		reply_fail(r, 409, "full", "there are %d tokens, or %d bytes of them, already",
			   LIMIT_TOKENS, LIMIT_TOKENS_BYTES);
		return;
	}
	if (tokens_file_write(s, &c.after, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	journal_system(s, "create_token", t.name);
	r->status = 201;
	add_token(&t, r);
	msg_add_text(&r->body, TAG_TOKEN, text);
}

void request_drop_token(const struct server *s, struct msg_cursor fields, struct reply *r)
{
	static struct change c;
	char name[LIMIT_ID_BYTES + 1];
	struct err e;
	if (!change_read_token_name(fields, name, r))
		return;
	AUTO_FD lock = begin(s, &c, &e);
	if (lock < 0) {
		reply_err(r, &e);
		return;
	}
	if (!tokens_find_name(&c.tokens, name)) {
		reply_fail(r, 404, "not_found", "there is no token %s", name);
		return;
	}
	tokens_write_without((const uint8_t *)c.before.data, c.before.len, name, &c.after);
	if (tokens_file_write(s, &c.after, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	journal_system(s, "drop_token", name);
	r->status = 204;
}
