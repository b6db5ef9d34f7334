/* SPDX-License-Identifier: MIT */
#include "seats.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/limits.h"

/* One word, so that it changes as a whole: 0, it is free; else a class, and some of the digest of
 * an id. Two sandboxes whose digests are alike share a bound: no harm. */
#define TAKEN 0x80000000u
#define CLASS_SHIFT 28
#define ID_MASK 0x0fffffffu

struct seats {
	_Atomic uint32_t words[LIMIT_WORKERS];
	_Atomic uint32_t clients[LIMIT_WORKERS]; /* digests; of a seat that is free, anything */
	pid_t pids[LIMIT_WORKERS];               /* squashd's alone */
};

static uint32_t word_of(enum seat_class class, uint32_t id)
{
	return TAKEN | (uint32_t) class << CLASS_SHIFT | (id & ID_MASK);
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv. */
static uint32_t digest(const void *data, size_t len)
{
	uint32_t hash = 2166136261u;
	for (const uint8_t *at = data; len > 0; at++, len--)
		hash = (hash ^ *at) * 16777619u;
	return hash;
}

/* Never 0, which is no sandbox. */
static uint32_t digest_of_id(const char *id)
{
	uint32_t hash = digest(id, strlen(id)) & ID_MASK;
	return id[0] == '\0' ? 0 : hash ? hash : 1;
}

/* Whoever has an IPv6 address has a /64 of them. */
static uint32_t digest_of_client(const struct addr *client)
{
	return digest(client->bytes, client->family == 6 ? 8 : 4);
}

struct seats *seats_make(struct err *e)
{
	void *at = mmap(NULL, sizeof(struct seats), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at != MAP_FAILED)
		return at;
	err_set(e, errno, "map seats");
	return NULL;
}

int seats_take(struct seats *s, enum seat_class class)
{
	if (class != SEAT_OWN && seats_taken(s) >= LIMIT_WORKERS - LIMIT_WORKERS_OWN)
		return -1;
	for (int i = 0; i < LIMIT_WORKERS; i++)
		if (atomic_load(&s->words[i]) == 0) {
			s->pids[i] = 0;
			atomic_store(&s->words[i], word_of(class, 0));
			return i;
		}
	return -1;
}

void seats_give(struct seats *s, int seat, pid_t pid)
{
	s->pids[seat] = pid;
	if (pid < 0)
		atomic_store(&s->words[seat], 0);
}

bool seats_end(struct seats *s, pid_t pid)
{
	for (int i = 0; i < LIMIT_WORKERS; i++)
		if (s->pids[i] == pid && atomic_load(&s->words[i])) {
			s->pids[i] = 0;
			atomic_store(&s->words[i], 0);
			return true;
		}
	return false;
}

unsigned seats_taken(struct seats *s)
{
	unsigned count = 0;
	for (int i = 0; i < LIMIT_WORKERS; i++)
		count += atomic_load(&s->words[i]) != 0;
	return count;
}

unsigned seats_of_class(struct seats *s, enum seat_class class)
{
	unsigned count = 0;
	for (int i = 0; i < LIMIT_WORKERS; i++)
		count += (atomic_load(&s->words[i]) & ~ID_MASK) == word_of(class, 0);
	return count;
}

static unsigned count_word(struct seats *s, uint32_t word)
{
	unsigned count = 0;
	for (int i = 0; i < LIMIT_WORKERS; i++)
		count += atomic_load(&s->words[i]) == word;
	return count;
}

static unsigned count_of_client(struct seats *s, uint32_t client)
{
	unsigned count = 0;
	for (int i = 0; i < LIMIT_WORKERS; i++)
		count += (atomic_load(&s->words[i]) & ~ID_MASK) == word_of(SEAT_LONG, 0) &&
			 atomic_load(&s->clients[i]) == client;
	return count;
}

/* First it is written down, then all are counted: of two that come at once both may be refused, but
 * never are both let in where only one may. */
bool seats_admit(struct seats *s, int seat, enum seat_class class, const char *id,
		 const struct addr *client, struct err *e)
{
	uint32_t word = word_of(class, digest_of_id(id));
	atomic_store(&s->clients[seat], digest_of_client(client));
	atomic_store(&s->words[seat], word);
	unsigned own = class == SEAT_SOON || class == SEAT_LONG ? count_word(s, word) : 0;
	if (class == SEAT_SOON && id[0] != '\0' && own > LIMIT_WORKERS_SOON) {
		err_say(e, EBUSY, "%d requests to sandbox %s are under way already",
			LIMIT_WORKERS_SOON, id);
		return false;
	}
	if (class != SEAT_LONG)
		return true;
	unsigned all = seats_of_class(s, SEAT_LONG);
	unsigned most = LIMIT_WORKERS - LIMIT_WORKERS_KEPT;
	if (all > most) {
		err_say(e, EBUSY, "%u requests that take long are under way already", most);
		return false;
	}
	unsigned of_client = count_of_client(s, digest_of_client(client));
	if (of_client - 1 > most - all) {
		err_say(e, EBUSY,
			"%u requests that take long are under way for this client already, and %u "
			"more would be let in of all others",
			of_client - 1, most - all);
		return false;
	}
	if (id[0] == '\0' || own <= 1 || own - 1 <= (most - all) / 2)
		return true;
	err_say(e, EBUSY,
		"%u requests to sandbox %s are under way already, and %u more would be let in of "
		"all others",
		own - 1, id, most - all);
	return false;
}

void seats_leave(struct seats *s, int seat)
{
	atomic_store(&s->words[seat], 0);
}
