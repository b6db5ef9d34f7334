/* SPDX-License-Identifier: MIT */
#include "files_wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "limits.h"

#define ERRNO_MAX 4095 /* MAX_ERRNO of include/linux/err.h */

int files_wire_head(const uint8_t bytes[sizeof(struct files_head)], struct files_head *head)
{
	memcpy(head, bytes, sizeof(*head));
	if (head->kind != FILES_ALIVE && head->kind != FILES_ANSWER)
		return -EBADMSG;
	if (head->error > ERRNO_MAX || head->mode > 07777 || head->size > INT64_MAX ||
	    head->count > INT64_MAX || head->text_len > FILES_TEXT_BYTES)
		return -EBADMSG;
	if ((head->kind == FILES_ALIVE || head->error == 0) && head->text_len > 0)
		return -EBADMSG;
	return 0;
}

static bool is_good_name(const uint8_t *name, size_t len)
{
	if (len == 0 || memchr(name, 0, len) || memchr(name, '/', len))
		return false;
	return name[0] != '.' || (len != 1 && (len != 2 || name[1] != '.'));
}

static bool is_good_head(const struct files_entry_head *h)
{
	static const uint16_t none[3];
	return h->type >= FILES_FILE && h->type <= FILES_DEVICE && h->mode <= 07777 &&
	       h->size <= INT64_MAX && h->mtime <= FILES_TIME_MAX &&
	       h->name_len <= FILES_NAME_BYTES && h->target_len <= LIMIT_PATH_BYTES &&
	       (h->type == FILES_LINK) == (h->target_len > 0) &&
	       memcmp(h->unused, none, sizeof(none)) == 0;
}

ssize_t files_wire_entry(const uint8_t *data, size_t len, struct files_entry *entry)
{
	struct files_entry_head *h = &entry->head;
	if (len < sizeof(*h))
		return 0;
	memcpy(h, data, sizeof(*h));
	if (!is_good_head(h))
		return -EBADMSG;
	size_t whole = sizeof(*h) + h->name_len + h->target_len;
	if (len < whole)
		return 0;
	entry->name = data + sizeof(*h);
	entry->target = entry->name + h->name_len;
	if (!is_good_name(entry->name, h->name_len) || memchr(entry->target, 0, h->target_len))
		return -EBADMSG;
	return (ssize_t)whole;
}
