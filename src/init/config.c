/* SPDX-License-Identifier: MIT */
/* Collects the settings from their sources. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/boot/console.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "paths.h"

#define FILE_BYTES (64 * 1024) /* a settings file is a screenful */
#define PREFIX "SQUASH_"

static void say(void *context, const char *line)
{
	(void)context;
	console_say("%s", line);
}

static void say_nothing(void *context, const char *line)
{
	(void)context;
	(void)line;
}

static const struct settings_report loud = {.say = say};
static const struct settings_report silent = {.say = say_nothing};

void config_take_environment(struct config *c, char **environment)
{
	static const char source[] = "kernel command line";
	for (; *environment; environment++) {
		char *text = *environment;
		const char *equals = strchr(text, '=');
		size_t name_len = equals ? (size_t)(equals - text) : 0;
		if (name_len && strncmp(text, PREFIX, strlen(PREFIX)) == 0 &&
		    !settings_put(&c->command_line, text, name_len, equals + 1, strlen(equals + 1),
				  source))
			console_say("There is no setting %.*s (%s).",
				    name_len < 40 ? (int)name_len : 40, text, source);
		explicit_bzero(text, strlen(text));
		*environment = NULL;
	}
}

static void merge(struct config *c, struct settings *out, const struct settings_report *report)
{
	struct settings_raw all = c->files;
	settings_merge(&all, &c->credentials);
	settings_merge(&all, &c->command_line);
	settings_check(&all, out, report);
	explicit_bzero(&all, sizeof(all));
}

/* Add the settings of the file dir_fd/path, if it is there, to raw, as one of that place. source
 * and missing are string constants: what the file is called, and what its absence by an error
 * means. */
static void load_file(struct settings_raw *raw, int dir_fd, const char *path, const char *source,
		      enum settings_place place, const char *missing)
{
	static char text[FILE_BYTES];
	struct err e = {0};
	ssize_t n = fd_read_file(dir_fd, path, text, sizeof(text), &e);
	if (n >= 0) {
		settings_put_file(raw, (const uint8_t *)text, (size_t)n, source, place, &loud);
	} else if (n != -ENOENT && n != -ENOTDIR) {
		console_say("Settings are missing: %s.", e.text);
		raw->unreadable = missing;
	}
	explicit_bzero(text, sizeof(text));
}

void config_load_image(struct config *c, struct settings *out)
{
	load_file(&c->files, AT_FDCWD, PATH_ENV, PATH_ENV, SETTINGS_IMAGE,
		  PATH_ENV " cannot be read");
	merge(c, out, &silent);
}

/* A file below dir_fd; source, a string constant, is what it is called. */
static void load_credential(struct config *c, int dir_fd, const char *path, const char *source)
{
	load_file(&c->credentials, dir_fd, path, source, SETTINGS_ESP,
		  "credentials cannot be read");
}

/* What the stub has unpacked beside the image: all of it is the initramfs's, and so writable. */
static void load_unpacked(struct config *c)
{
	static const struct {
		const char *path;
		const char *source;
	} files[] = {
		{"global_credentials/" NAME_CREDENTIAL, NAME_CREDENTIAL " on the ESP"},
		{"credentials/" NAME_CREDENTIAL, NAME_CREDENTIAL " of this image"},
	};
	AUTO_FD extra = open(PATH_EXTRA, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (extra < 0)
		return; /* there are none */
	fchmod(extra, 0700);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		load_credential(c, extra, files[i].path, files[i].source);
		unlinkat(extra, files[i].path, 0);
	}
}

static void load_from_esp(struct config *c, const char *esp)
{
	char device[DISK_PATH_BYTES];
	disk_path(esp, device);
	mkdir(PATH_ESP_MOUNT, 0700);
	if (mount(device, PATH_ESP_MOUNT, "vfat", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "umask=077") < 0) {
		console_say("Settings are missing: mount %s: %s.", esp, strerror(errno));
		c->credentials.unreadable = "credentials cannot be read";
	} else {
		load_credential(c, AT_FDCWD, PATH_ESP_MOUNT "/loader/credentials/" NAME_CREDENTIAL,
				NAME_CREDENTIAL " on the ESP");
		umount2(PATH_ESP_MOUNT, 0);
	}
	rmdir(PATH_ESP_MOUNT);
}

void config_load_credentials(struct config *c, const struct boot_source *source,
			     struct settings *out)
{
	load_unpacked(c);
	if (source->esp_is_set && source->esp[0])
		load_from_esp(c, source->esp);
	else if (source->esp_is_set)
		c->credentials.unreadable = "credentials cannot be read";
	merge(c, out, &silent);
}

/* The digest of a token that nobody can know: every request is refused. */
static void lock(struct settings *settings)
{
	size_t have = 0;
	while (have < sizeof(settings->token_sha256)) {
		ssize_t n = getrandom(settings->token_sha256 + have,
				      sizeof(settings->token_sha256) - have, 0);
		if (n > 0)
			have += (size_t)n;
	}
}

void config_load_disk(struct config *c, const struct data *data, struct settings *out)
{
	static char text[FILE_BYTES];
	struct err e = {0};
	ssize_t n = data_read_settings(data, text, sizeof(text), &e);
	if (n < 0) {
		console_say("Settings are missing: %s.", e.text);
		c->files.unreadable = NAME_SETTINGS " on " DATA_LABEL " cannot be read";
	} else {
		settings_put_file(&c->files, (const uint8_t *)text, (size_t)n,
				  NAME_SETTINGS " on " DATA_LABEL, SETTINGS_DISK, &loud);
	}
	/* A disk that holds the settings may hold a token: not having been able to read it must
	 * not open the API. */
	if (data->state == DATA_UNUSABLE)
		c->files.unreadable = "a token may lie on " DATA_LABEL ", which cannot be used";
	explicit_bzero(text, sizeof(text));
	merge(c, out, &loud);
	if (out->access == ACCESS_LOCKED)
		lock(out);
	explicit_bzero(c, sizeof(*c)); /* the token is nowhere now, its digest in *out */
}
