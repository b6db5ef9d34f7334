/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/env.h"
#include "lib/fd.h"
#include "limits.h"

/* What the environment says, or the config; NULL: nothing. */
struct values {
	const char *url, *token, *fingerprint, *plain;
};

struct config {
	char path[PATH_MAX];
	char text[CTL_CONFIG_BYTES];
	size_t len;
	struct values values;
	char memory[CTL_CONFIG_BYTES]; /* of these */
};

static const char *environment(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] ? value : NULL;
}

int settings_config_path(char path[PATH_MAX], struct err *e)
{
	const char *base = environment("XDG_CONFIG_HOME");
	const char *home = environment("HOME");
	if (!base && !home)
		return err_say(e, ENOENT, "HOME is not set: there is no place for a config");
	int n = snprintf(path, PATH_MAX, "%s%s/squash/config", base ? base : home,
			 base ? "" : "/.config");
	return n < PATH_MAX ? 0 : err_say(e, ENAMETOOLONG, "the path of the config is too long");
}

/* Nobody else may read it, as it has a token, nor write it, as it says where that is sent. */
static int check_rights(int fd, const char *path, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "%s is no file", path);
	if (st.st_uid != geteuid())
		return err_say(e, EACCES, "%s is another user's: it has to be yours", path);
	if (st.st_mode & 077)
		return err_say(e, EACCES, "%s can be read by others. Type: chmod 600 %s", path,
			       path);
	return 0;
}

/* 0, also without a file. */
static int read_file(struct config *c, struct err *e)
{
	AUTO_FD fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "%s", c->path);
	int rc = check_rights(fd, c->path, e);
	ssize_t n = rc < 0 ? rc : fd_read_all(fd, c->text, sizeof(c->text));
	if (rc == 0 && n < 0)
		return err_set(e, (int)-n, "%s", c->path);
	if (rc == 0 && (size_t)n == sizeof(c->text))
		return err_say(e, EFBIG, "%s is longer than %d bytes", c->path, CTL_CONFIG_BYTES);
	c->len = n < 0 ? 0 : (size_t)n;
	return rc;
}

static const char **find_value(struct values *v, const struct env_pair *pair)
{
	const struct {
		const char *name, **value;
	} known[] = {{"SQUASH_URL", &v->url},
		     {"SQUASH_TOKEN", &v->token},
		     {"SQUASH_FINGERPRINT", &v->fingerprint},
		     {"SQUASH_PLAIN", &v->plain}};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == pair->name_len &&
		    memcmp(known[i].name, pair->name, pair->name_len) == 0)
			return known[i].value;
	return NULL;
}

static int read_config(struct config *c, struct err *e)
{
	struct env_reader r;
	struct env_pair pair;
	const char *fault;
	enum env_result result;
	size_t used = 0;
	int rc = settings_config_path(c->path, e);
	if (rc == -ENOENT)
		return 0;
	if (rc == 0)
		rc = read_file(c, e);
	if (rc < 0)
		return rc;
	env_start(&r, (const uint8_t *)c->text, c->len);
	while ((result = env_next(&r, &pair, &fault)) != ENV_END) {
		const char **value = result == ENV_PAIR ? find_value(&c->values, &pair) : NULL;
		if (result == ENV_FAULT)
			return err_say(e, EINVAL, "%s, line %u: %s", c->path, r.line, fault);
		if (!value)
			return err_say(e, EINVAL, "%s, line %u: there is no setting %.*s", c->path,
				       r.line, (int)pair.name_len, pair.name);
		/* With its NUL no longer than the line with its equals sign. */
		memcpy(c->memory + used, pair.value, pair.value_len);
		c->memory[used + pair.value_len] = '\0';
		*value = c->memory + used;
		used += pair.value_len + 1;
	}
	return 0;
}

bool settings_read_fingerprint(const char *text, uint8_t digest[SHA256_BYTES])
{
	char digits[SHA256_TEXT_BYTES];
	size_t n = 0;
	for (const char *at = text; *at; at++) {
		if (*at == ':')
			continue;
		if (n == sizeof(digits) - 1)
			return false;
		/* As the console and openssl write them. */
		digits[n++] = *at >= 'A' && *at <= 'F' ? (char)(*at - 'A' + 'a') : *at;
	}
	return sha256_read(digits, n, digest);
}

const char *settings_write_fingerprint(const uint8_t digest[SHA256_BYTES],
				       char text[FINGERPRINT_TEXT_BYTES])
{
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(text + 3 * i, 4, "%02X%s", digest[i], i + 1 < SHA256_BYTES ? ":" : "");
	return text;
}

static int take_token(const char *token, size_t len, const char *whose,
		      char out[LIMIT_TOKEN_BYTES + 1], struct err *e)
{
	for (size_t i = 0; i < len; i++)
		if (token[i] <= ' ' || token[i] >= 0x7f)
			return err_say(e, EINVAL, "%s has a character that no token has", whose);
	if (len == 0 || len > LIMIT_TOKEN_BYTES)
		return err_say(e, EINVAL, "%s has no token, or one above %d bytes", whose,
			       LIMIT_TOKEN_BYTES);
	memcpy(out, token, len);
	out[len] = '\0';
	return 0;
}

int settings_read_token(const char *path, char token[LIMIT_TOKEN_BYTES + 1], struct err *e)
{
	char text[LIMIT_TOKEN_BYTES + 16];
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "%s", path);
	ssize_t n = fd_read_all(fd, text, sizeof(text));
	if (n < 0)
		return err_set(e, (int)-n, "%s", path);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]))
		n--;
	return take_token(text, (size_t)n, path, token, e);
}

static int take_url(struct settings *s, const char *url, struct err *e)
{
	if (!url)
		return err_say(e, EDESTADDRREQ,
			       "which appliance? Type squashctl pin HOST, or set SQUASH_URL");
	const char *fault = url_parse(url, &s->url);
	return fault ? err_say(e, EINVAL, "the URL %s %s", url, fault) : 0;
}

static int take_fingerprint(struct settings *s, const char *text, struct err *e)
{
	s->has_fingerprint = text != NULL;
	if (text && !settings_read_fingerprint(text, s->fingerprint))
		return err_say(e, EINVAL,
			       "the fingerprint is not the 64 hexadecimal digits of a SHA-256");
	return 0;
}

/* What stands beside the URL of another appliance is its own. */
static void forget_other(struct values *v, const struct settings *s)
{
	struct url own;
	if (v->url && !url_parse(v->url, &own) && own.is_tls == s->url.is_tls &&
	    own.port == s->url.port && strcmp(own.host, s->url.host) == 0)
		return;
	if (v->url)
		v->token = v->fingerprint = v->plain = NULL;
}

static const char *first(const char *a, const char *b, const char *c)
{
	return a ? a : b ? b : c;
}

int settings_load(struct settings *s, const struct settings_options *o, struct err *e)
{
	static struct config c;
	struct values env = {environment("SQUASH_URL"), environment("SQUASH_TOKEN"),
			     environment("SQUASH_FINGERPRINT"), environment("SQUASH_PLAIN")};
	*s = (struct settings){.has_fingerprint = false};
	int rc = read_config(&c, e);
	if (rc == 0)
		rc = take_url(s, first(o->url, env.url, c.values.url), e);
	if (rc < 0)
		return rc;
	forget_other(&env, s);
	forget_other(&c.values, s);
	rc = take_fingerprint(s, first(o->fingerprint, env.fingerprint, c.values.fingerprint), e);
	const char *token = first(NULL, env.token, c.values.token);
	if (rc == 0 && o->token_file)
		rc = settings_read_token(o->token_file, s->token, e);
	else if (rc == 0 && token)
		rc = take_token(token, strlen(token), "SQUASH_TOKEN", s->token, e);
	const char *plain = first(o->plain ? "1" : NULL, env.plain, c.values.plain);
	s->is_plain_fine = plain && strcmp(plain, "1") == 0;
	return rc;
}

static bool is_replaced(const struct settings *s, const char *line, size_t len)
{
	static const char *const names[] = {"SQUASH_URL", "SQUASH_FINGERPRINT", "SQUASH_TOKEN"};
	size_t name = 0;
	while (name < len && !strchr(" \t=", line[name]))
		name++;
	for (size_t i = 0; i < 3; i++)
		if (strlen(names[i]) == name && memcmp(names[i], line, name) == 0)
			return i < 2 || s->token[0] != '\0';
	return false;
}

static void write_config(const struct settings *s, const struct config *c, struct buf *out)
{
	char authority[URL_TEXT_BYTES], fingerprint[FINGERPRINT_TEXT_BYTES];
	for (size_t at = 0; at < c->len;) {
		const char *end = memchr(c->text + at, '\n', c->len - at);
		size_t len = end ? (size_t)(end - c->text) - at : c->len - at;
		if (!is_replaced(s, c->text + at, len)) {
			buf_add(out, c->text + at, len);
			buf_add_text(out, "\n");
		}
		at += len + 1;
	}
	buf_printf(out, "SQUASH_URL=https://%s\nSQUASH_FINGERPRINT=%s\n",
		   url_authority(&s->url, authority),
		   settings_write_fingerprint(s->fingerprint, fingerprint));
	if (s->token[0])
		buf_printf(out, "SQUASH_TOKEN=%s\n", s->token);
}

/* The two directories, if they aren't there. */
static void make_parents(char *path)
{
	char *last = strrchr(path, '/');
	*last = '\0';
	char *before = strrchr(path, '/');
	*before = '\0';
	mkdir(path, 0700);
	*before = '/';
	mkdir(path, 0700);
	*last = '/';
}

int settings_save(const struct settings *s, struct err *e)
{
	static struct config c;
	static char memory[CTL_CONFIG_BYTES + 2048];
	char temporary[PATH_MAX + 8];
	struct buf out = {.data = memory, .cap = sizeof(memory)};
	int rc = settings_config_path(c.path, e);
	if (rc == 0)
		rc = read_file(&c, e);
	if (rc < 0)
		return rc;
	write_config(s, &c, &out);
	make_parents(c.path);
	snprintf(temporary, sizeof(temporary), "%s.new", c.path);
	unlink(temporary); /* of one that was cut off */
	AUTO_FD fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "%s", temporary);
	rc = out.full ? -EFBIG : fd_write_all(fd, out.data, out.len);
	if (rc == 0 && rename(temporary, c.path) < 0)
		rc = -errno;
	if (rc < 0) {
		unlink(temporary);
		return err_set(e, -rc, "write %s", c.path);
	}
	return 0;
}
