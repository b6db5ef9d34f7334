/* SPDX-License-Identifier: MIT */
#include "meta.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/jsonw.h"

#define META "meta.json"
#define META_VERSION 1
/* Labels and hosts may need six bytes a byte as JSON; the rest is names and numbers. */
#define META_BYTES                                                                                 \
	(JSONW_TEXT_BYTES(2 * LIMIT_LABEL_BYTES + LIMIT_ALLOW_NET * LIMIT_HOST_BYTES) + 16384)

bool meta_is_id(const char *text, size_t len)
{
	if (len == 0 || len > LIMIT_ID_BYTES || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	return true;
}

static void write_json(struct buf *out, const struct sandbox *sb)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object_begin(&w);
	jsonw_key(&w, "version");
	jsonw_uint(&w, META_VERSION);
	jsonw_key(&w, "id");
	jsonw_string(&w, sb->id);
	jsonw_key(&w, "owner");
	jsonw_string(&w, sb->owner);
	jsonw_key(&w, "task");
	jsonw_string(&w, sb->task);
	jsonw_key(&w, "layers");
	jsonw_array_begin(&w);
	for (size_t i = 0; i < sb->layer_count; i++)
		jsonw_string(&w, sb->layers[i]);
	jsonw_array_end(&w);
	jsonw_key(&w, "cpu_milli");
	jsonw_uint(&w, sb->cpu_milli);
	jsonw_key(&w, "memory_mb");
	jsonw_uint(&w, sb->memory_mb);
	jsonw_key(&w, "max_lifetime_s");
	jsonw_uint(&w, sb->lifetime_s);
	jsonw_key(&w, "allow_net");
	jsonw_array_begin(&w);
	for (size_t i = 0; i < sb->allow_net_count; i++)
		jsonw_string(&w, sb->allow_net[i]);
	jsonw_array_end(&w);
	jsonw_key(&w, "created_ms");
	jsonw_uint(&w, sb->created_ms);
	jsonw_key(&w, "deadline_ms");
	jsonw_uint(&w, sb->deadline_ms);
	jsonw_key(&w, "boot_id");
	jsonw_string(&w, sb->boot_id);
	jsonw_key(&w, "slot");
	jsonw_uint(&w, sb->slot);
	jsonw_object_end(&w);
}

int meta_save(int dir_fd, const struct sandbox *sb, struct err *e)
{
	static char text[META_BYTES];
	struct buf out = {.data = text, .cap = sizeof(text)};
	write_json(&out, sb);
	if (out.full)
		return err_set(e, EFBIG, "write %s", META);
	AUTO_FD fd = openat(dir_fd, META ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "make %s", META ".new");
	int rc = fd_write_all(fd, out.data, out.len);
	if (rc < 0)
		return err_set(e, -rc, "write %s", META);
	if (fsync(fd) < 0 || renameat(dir_fd, META ".new", dir_fd, META) < 0 || fsync(dir_fd) < 0)
		return err_set(e, errno, "save %s", META);
	return 0;
}

static bool read_text(const struct json_value *root, const char *key, char *out, size_t cap)
{
	const struct json_value *v = json_get(root, key);
	if (!v || v->type != JSON_STRING || v->text_len >= cap)
		return false;
	memcpy(out, v->text, v->text_len + 1);
	return true;
}

static bool read_number(const struct json_value *root, const char *key, uint64_t *out)
{
	int64_t n;
	const struct json_value *v = json_get(root, key);
	if (!v || json_integer(v, &n) < 0 || n < 0)
		return false;
	*out = (uint64_t)n;
	return true;
}

/* The strings of an array, each into cap bytes of out, one behind the other. */
static bool read_texts(const struct json_value *root, const char *key, char *out, size_t cap,
		       size_t max, size_t *count)
{
	const struct json_value *v = json_get(root, key);
	if (!v || v->type != JSON_ARRAY || v->count > max)
		return false;
	*count = 0;
	for (const struct json_value *t = v->first; t; t = t->next) {
		if (t->type != JSON_STRING || t->text_len >= cap)
			return false;
		memcpy(out + cap * (*count)++, t->text, t->text_len + 1);
	}
	return true;
}

static bool read_sandbox(const struct json_value *root, struct sandbox *sb)
{
	uint64_t version = 0, slot = 0;
	if (!read_number(root, "version", &version) || version != META_VERSION ||
	    !read_text(root, "id", sb->id, sizeof(sb->id)) ||
	    !read_text(root, "owner", sb->owner, sizeof(sb->owner)) ||
	    !read_text(root, "task", sb->task, sizeof(sb->task)) ||
	    !read_texts(root, "layers", sb->layers[0], sizeof(sb->layers[0]), LIMIT_LAYERS,
			&sb->layer_count) ||
	    !read_number(root, "cpu_milli", &sb->cpu_milli) ||
	    !read_number(root, "memory_mb", &sb->memory_mb) ||
	    !read_number(root, "max_lifetime_s", &sb->lifetime_s) ||
	    !read_texts(root, "allow_net", sb->allow_net[0], sizeof(sb->allow_net[0]),
			LIMIT_ALLOW_NET, &sb->allow_net_count) ||
	    !read_number(root, "created_ms", &sb->created_ms) ||
	    !read_number(root, "deadline_ms", &sb->deadline_ms) ||
	    !read_text(root, "boot_id", sb->boot_id, sizeof(sb->boot_id)) ||
	    !read_number(root, "slot", &slot))
		return false;
	sb->slot = (uint32_t)slot;
	return slot < 0x8000;
}

int meta_load(int dir_fd, const char *id, struct sandbox *sb, struct err *e)
{
	static char text[META_BYTES];
	static unsigned char memory[JSON_ARENA_BYTES(16384)] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .cap = sizeof(memory)};
	ssize_t n = fd_read_file(dir_fd, META, text, sizeof(text), e);
	if (n == -ENOENT)
		return err_say(e, ENOENT, "there is no sandbox %s", id);
	if (n < 0)
		return (int)n;
	const struct json_value *root;
	struct json_fault fault;
	if (json_parse((const uint8_t *)text, (size_t)n, &arena, &root, &fault) < 0)
		return err_say(e, EBADMSG, META " is damaged at byte %zu: %s", fault.offset,
			       fault.reason);
	if (!read_sandbox(root, sb) || strcmp(sb->id, id) != 0)
		return err_say(e, EBADMSG, META " is damaged");
	return 0;
}

bool meta_exists(const struct server *s, const char *id)
{
	char path[LIMIT_ID_BYTES + 16];
	snprintf(path, sizeof(path), "%s/" META, id);
	return faccessat(s->sandboxes_fd, path, F_OK, 0) == 0;
}

int meta_remove(int dir_fd, struct err *e)
{
	if (unlinkat(dir_fd, META, 0) < 0)
		return err_set(e, errno, "remove %s", META);
	return 0;
}

int meta_open(const struct server *s, const char *id, struct err *e)
{
	int fd = openat(s->sandboxes_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? err_say(e, ENOENT, "there is no sandbox %s", id)
				       : err_set(e, errno, "open sandbox %s", id);
	return fd;
}

int meta_lock(const struct server *s, const char *id, bool wait, struct err *e)
{
	AUTO_FD fd = meta_open(s, id, e);
	if (fd < 0)
		return fd;
	while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_say(e, EBUSY, "sandbox %s is busy", id);
		if (errno != EINTR)
			return err_set(e, errno, "lock sandbox %s", id);
	}
	return fd_steal(&fd);
}

struct usage meta_read_usage(int dir_fd)
{
	struct usage u = {0, 0};
	AUTO_FD fd = openat(dir_fd, "usage", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fd_read_all(fd, &u, sizeof(u)) != (ssize_t)sizeof(u))
		return (struct usage){0, 0};
	return u;
}

int meta_write_usage(int dir_fd, const struct usage *u, struct err *e)
{
	AUTO_FD fd = openat(dir_fd, "usage", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, errno, "open usage");
	int rc = fd_write_all(fd, u, sizeof(*u));
	return rc < 0 ? err_set(e, -rc, "write usage") : 0;
}
