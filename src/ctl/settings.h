/* SPDX-License-Identifier: MIT */
/* Where the appliance is, how it is known, and the token. An option comes before the environment,
 * and that before the config. Where one of the two has a URL, its token, its fingerprint and its
 * SQUASH_PLAIN count only for that: another appliance isn't told them. */
#ifndef SQUASH_CTL_SETTINGS_H
#define SQUASH_CTL_SETTINGS_H

#include <limits.h>
#include <stdbool.h>

#include "lib/err.h"
#include "lib/limits.h"
#include "lib/sha256.h"
#include "url.h"

struct settings {
	struct url url;
	bool is_plain_fine; /* http:// to other machines */
	bool has_fingerprint;
	uint8_t fingerprint[SHA256_BYTES];
	char token[LIMIT_TOKEN_BYTES + 1]; /* empty: none */
};

/* What the options say; NULL: nothing. */
struct settings_options {
	const char *url, *token_file, *fingerprint;
	bool plain;
};

/* Fill s. 0, or -errno with e filled: a line that says what to do. */
int settings_load(struct settings *s, const struct settings_options *o, struct err *e);

/* The same for a token alone. */
int settings_read_token(const char *path, char token[LIMIT_TOKEN_BYTES + 1], struct err *e);

/* Read a SHA-256 as the console, openssl or sha256sum write it: with colons or without. */
bool settings_read_fingerprint(const char *text, uint8_t digest[SHA256_BYTES]);

/* With colons, as the console shows it. */
#define FINGERPRINT_TEXT_BYTES (3 * SHA256_BYTES)
const char *settings_write_fingerprint(const uint8_t digest[SHA256_BYTES],
				       char text[FINGERPRINT_TEXT_BYTES]);

/* The path of the config: $XDG_CONFIG_HOME/squash/config, or ~/.config/squash/config. */
int settings_config_path(char path[PATH_MAX], struct err *e);

/* Write URL, fingerprint and, unless it is empty, the token into the config; its other lines stay.
 * 0 or -errno with e filled. */
int settings_save(const struct settings *s, struct err *e);

#endif
