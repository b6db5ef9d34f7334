/* SPDX-License-Identifier: MIT */
/* What each setting is called, what it is by itself, and what makes a value of it. Pure. */
#ifndef SQUASH_INIT_SETTINGS_SETTINGS_VALUES_H
#define SQUASH_INIT_SETTINGS_SETTINGS_VALUES_H

#include "settings.h"

struct settings_value {
	const char *name;
	const char *builtin; /* NULL: none */
	/* Convert text into *out: NULL, or a phrase that follows the setting in a message. */
	const char *(*check)(const char *text, struct settings *out);
};

extern const struct settings_value settings_values[SETTING_COUNT];

#endif
