/* SPDX-License-Identifier: MIT */
/* The operator's settings: their names, their sources merged, their values checked. Pure: no I/O.
 *
 * A setting comes from the first of these that has it: kernel command line, credentials on the EFI
 * system partition, squash.env on SQUASH-DATA, /etc/squash.env of an initramfs overlay, built-in. A
 * value that is not valid is
 * said, and the built-in is used; the next source down is not asked, so that what runs is always
 * either what the winning source says or what the manual says.
 *
 * The token is the exception, because its built-in is an open API: where a token was meant but
 * cannot be had (an invalid value; or settings with lines that cannot be read, or on a disk that
 * cannot, and no token elsewhere), the API is locked: it answers 401 to all but the named tokens.
 *
 * SQUASH_AUTH_TOKEN and SQUASH_AUTH_TOKEN_SHA256 are two ways to write that one setting: either
 * takes the place of both from a source further down. One source that has both locks the API: which
 * is meant is not known, and the other may be one that somebody believes to be gone. */
#ifndef SQUASH_INIT_SETTINGS_SETTINGS_H
#define SQUASH_INIT_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpt.h"
#include "lib/hostname.h"
#include "lib/limits.h"
#include "lib/sha256.h"
#include "settings_ip.h"

#define SETTINGS_VALUE_BYTES (LIMIT_TOKEN_BYTES + 1) /* the token is the longest value */
#define SETTINGS_NAME_BYTES 40                       /* with its equals sign */
#define SETTINGS_PATH_MAX 64
#define SETTINGS_IFACE_BYTES 18 /* a name of 15 (IFNAMSIZ), a MAC address of 17, a NUL */
#define SETTINGS_NTP_MAX 4 /* with four, one that is wrong is found out: RFC 8633, section 3.2 */
#define SETTINGS_NTP_BYTES 254 /* a name of 253 (RFC 1035), a NUL */
#define SETTINGS_DATA_WAIT_MAX_S 300
#define SETTINGS_WATCHDOG_MIN_S 5
#define SETTINGS_WATCHDOG_MAX_S 600
#define SETTINGS_FAULT_BYTES 96
#define SETTINGS_FORMAT_MAX 128 /* a disk's name or serial number; a worldwide id has some 70 */

#define SETTINGS_MAX 32 /* settings_values.c has no more rows */

/* Values as they were written, not yet checked. Start from all zeroes. */
struct settings_raw {
	struct {
		const char *source; /* NULL: not set. A string constant for messages */
		bool too_long;      /* text holds only the beginning */
		char text[SETTINGS_VALUE_BYTES];
	} value[SETTINGS_MAX];  /* in the order of settings_values.c */
	const char *unreadable; /* NULL, or why a token may have been missed; a string constant */
};

enum settings_access {
	ACCESS_OPEN,   /* no token was asked for */
	ACCESS_TOKEN,  /* token_sha256 holds what is kept of it */
	ACCESS_LOCKED, /* nobody may in by it: lock_reason says why */
};

/* Values checked and converted. */
struct settings {
	enum settings_access access;
	const char *lock_reason; /* string constant */
	uint8_t token_sha256[SHA256_BYTES];
	bool http; /* plain HTTP is served, too */
	uint16_t port;
	uint16_t tls_port; /* goes before port, should that be the same */
	char data[SETTINGS_PATH_MAX + 1];
	unsigned data_wait_s;
	char format[SETTINGS_FORMAT_MAX + 1]; /* empty: none */
	char iface[SETTINGS_IFACE_BYTES];     /* the management's card; empty: all cards are */
	struct settings_ip ip;
	char egress_iface[SETTINGS_IFACE_BYTES]; /* the sandboxes'; empty: the management's */
	struct settings_ip egress_ip;            /* of that */
	char hostname[HOSTNAME_BYTES + 1];
	unsigned max_sandboxes;
	char egress_private[SETTINGS_VALUE_BYTES];      /* networks, commas between; empty: none */
	char ntp[SETTINGS_NTP_MAX][SETTINGS_NTP_BYTES]; /* servers; empty: none, nor after it */
	char esp[GPT_GUID_TEXT_BYTES];                  /* lower case; empty: none */
	unsigned watchdog_s;                            /* 0: none */
	char fault[SETTINGS_FAULT_BYTES]; /* room for what is wrong with one of several things */
};

/* Where the settings' faults are told: one line of text each, no newline. */
struct settings_report {
	void (*say)(void *context, const char *line);
	void *context;
};

/* Merge one value over what is there. source is a string constant. False: no such setting. */
bool settings_put(struct settings_raw *raw, const char *name, size_t name_len, const char *value,
		  size_t value_len, const char *source);

/* Where a settings file lies, by when it is read: what is needed before that it cannot say. */
enum settings_place {
	SETTINGS_IMAGE,
	SETTINGS_ESP,  /* not where the ESP is */
	SETTINGS_DISK, /* nor where and how long to look for SQUASH-DATA, nor what to make it of */
};

/* Merge a settings file's text over what is there. Faults are reported with their line number, and
 * the good lines count. */
void settings_put_file(struct settings_raw *raw, const uint8_t *text, size_t len,
		       const char *source, enum settings_place place,
		       const struct settings_report *report);

/* Merge all values that over has over what is there. */
void settings_merge(struct settings_raw *raw, const struct settings_raw *over);

/* Check and convert everything. Faults are reported with the setting's name. The token is never
 * part of a report. */
void settings_check(const struct settings_raw *raw, struct settings *out,
		    const struct settings_report *report);

/* The settings that squashd has, as the environment of its process. */
struct settings_environment {
	char text[SETTINGS_MAX][SETTINGS_NAME_BYTES + SETTINGS_VALUE_BYTES]; /* NAME=value */
	char *list[SETTINGS_MAX + 1];                                        /* then NULL */
};

/* Fills *out with what *settings has. */
void settings_for_squashd(const struct settings *settings, struct settings_environment *out);

#endif
