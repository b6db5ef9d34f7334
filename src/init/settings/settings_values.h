/* SPDX-License-Identifier: MIT */
/* What each setting is called, what it is by itself, and what makes a value of it. Pure. */
#ifndef SQUASH_INIT_SETTINGS_SETTINGS_VALUES_H
#define SQUASH_INIT_SETTINGS_SETTINGS_VALUES_H

#include "settings.h"

struct settings_value {
	const char *name;
	const char *builtin; /* NULL: none */
	/* Convert text into *out: NULL, or a phrase that follows the setting in a message. NULL for
	 * a number. */
	const char *(*check)(const char *text, struct settings *out);
	size_t offset;                /* in struct settings, of an unsigned or of a text */
	unsigned min, max;            /* of a number */
	const char *noun;             /* what a number is called */
	enum settings_place too_late; /* no file there, or read later, can set it; 0: all can */
	bool for_squashd; /* it is in squashd's environment, too: a number, or the text at offset */
};

/* Those that settings.c treats in a way of their own; they come first. */
enum settings_id {
	SETTING_AUTH_TOKEN,
	SETTING_AUTH_TOKEN_SHA256,
	SETTING_EGRESS_IFACE,
	SETTING_ESP,
};

extern const struct settings_value settings_values[];
extern const size_t settings_values_count;

/* Convert text into *out as the setting's value: as check above, and of numbers, too. */
const char *settings_value_read(const struct settings_value *v, const char *text,
				struct settings *out);

#endif
