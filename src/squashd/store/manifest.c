/* SPDX-License-Identifier: MIT */
#include "manifest.h"

#include <errno.h>
#include <string.h>

#include "lib/buf.h"
#include "modules.h"
#include "stack.h"

#define MAGIC "squash-module"
#define FORMAT "1"

static int refuse(struct manifest_fault *fault, const char *field, const char *reason)
{
	*fault = (struct manifest_fault){field, reason};
	return -EINVAL;
}

bool manifest_is_claimed(const uint8_t *bytes, size_t len)
{
	return len > strlen(MAGIC) && memcmp(bytes, MAGIC " ", strlen(MAGIC) + 1) == 0;
}

bool manifest_is_version(const char *text, size_t len)
{
	bool good = len > 0 && len <= LIMIT_VERSION_BYTES;
	for (size_t i = 0; good && i < len; i++)
		good = text[i] > ' ' && text[i] <= '~';
	return good;
}

/* What is left of the block. */
struct rest {
	const char *at, *end;
};

/* The value of the next line, if that is the key's. */
static bool take(struct rest *rest, const char *key, const char **value, size_t *len)
{
	size_t key_len = strlen(key), left = (size_t)(rest->end - rest->at);
	if (left <= key_len || memcmp(rest->at, key, key_len) != 0 || rest->at[key_len] != ' ')
		return false;
	const char *newline = memchr(rest->at, '\n', left);
	if (!newline)
		return false;
	*value = rest->at + key_len + 1;
	*len = (size_t)(newline - *value);
	rest->at = newline + 1;
	return true;
}

static bool copy_name(char to[LIMIT_MODULE_BYTES + 1], const char *name, size_t len)
{
	if (!modules_is_name(name, len) || stack_is_snapshot(name))
		return false;
	memcpy(to, name, len);
	to[len] = '\0';
	return true;
}

static int read_needs(struct rest *rest, struct manifest *m, struct manifest_fault *fault)
{
	const char *value;
	size_t len;
	m->needs_count = 0;
	while (take(rest, "needs", &value, &len)) {
		size_t n = m->needs_count;
		if (n == LIMIT_LAYERS)
			return refuse(fault, "needs", "there are more than a stack can have");
		if (!copy_name(m->needs[n], value, len))
			return refuse(fault, "needs", "one is not the name of a module");
		if (n > 0 && strcmp(m->needs[n - 1], m->needs[n]) >= 0)
			return refuse(fault, "needs", "they are not in order, each once");
		m->needs_count++;
	}
	return 0;
}

/* As sha256sum(1) writes it: in lower case. */
static bool read_sha256(const char *text, size_t len, uint8_t sha256[SHA256_BYTES])
{
	char same[SHA256_TEXT_BYTES];
	if (!sha256_read(text, len, sha256))
		return false;
	sha256_write(sha256, same);
	return memcmp(text, same, len) == 0;
}

int manifest_read(const uint8_t *bytes, size_t len, struct manifest *m,
		  struct manifest_fault *fault)
{
	struct rest rest = {(const char *)bytes, (const char *)bytes + len};
	const char *value;
	size_t value_len;
	if (len != MANIFEST_BYTES)
		return refuse(fault, "size", "it is not the last 4096 bytes of the file");
	if (!take(&rest, MAGIC, &value, &value_len) || value_len != strlen(FORMAT) ||
	    memcmp(value, FORMAT, value_len) != 0)
		return refuse(fault, MAGIC, "its format is not 1");
	if (!take(&rest, "name", &value, &value_len) || !copy_name(m->name, value, value_len))
		return refuse(fault, "name", "it is missing, or not the name of a module");
	if (!take(&rest, "version", &value, &value_len) || !manifest_is_version(value, value_len))
		return refuse(fault, "version",
			      "it is missing, or not 1 to 64 printable characters without a space");
	memcpy(m->version, value, value_len);
	m->version[value_len] = '\0';
	int rc = read_needs(&rest, m, fault);
	if (rc < 0)
		return rc;
	if (!take(&rest, "sha256", &value, &value_len) || !read_sha256(value, value_len, m->sha256))
		return refuse(fault, "sha256",
			      "it is missing, or not 64 hexadecimal digits in lower case");
	while (rest.at < rest.end && *rest.at == '\n')
		rest.at++;
	return rest.at == rest.end ? 0 : refuse(fault, "end", "something else is behind sha256");
}

static void add_line(struct buf *b, const char *key, const char *value)
{
	buf_add_text(b, key);
	buf_add_text(b, " ");
	buf_add_text(b, value);
	buf_add_text(b, "\n");
}

int manifest_write(const struct manifest *m, uint8_t bytes[MANIFEST_BYTES])
{
	struct buf b = {.data = (char *)bytes, .cap = MANIFEST_BYTES};
	char sha256[SHA256_TEXT_BYTES];
	sha256_write(m->sha256, sha256);
	add_line(&b, MAGIC, FORMAT);
	add_line(&b, "name", m->name);
	add_line(&b, "version", m->version);
	for (size_t i = 0; i < m->needs_count; i++)
		add_line(&b, "needs", m->needs[i]);
	add_line(&b, "sha256", sha256);
	memset(bytes + b.len, '\n', MANIFEST_BYTES - b.len);
	return b.full ? -EMSGSIZE : 0;
}
