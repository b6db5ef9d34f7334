/* SPDX-License-Identifier: MIT */
#include "boot_source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "efi_text.h"
#include "gpt_disk.h"
#include "init/boot/arrival.h"
#include "init/boot/console.h"
#include "lib/fd.h"
#include "lib/paths.h"

#define EFI "/sys/firmware/efi"
#define EFI_VARIABLES EFI "/efivars"
#define LOADER_VENDOR "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define LOADER_NAME "systemd-boot"

/* A variable of the boot loader's; out stays empty if there is none. */
static void read_variable(int variables, const char *name, char *out, size_t cap)
{
	char path[64 + sizeof(LOADER_VENDOR)];
	char bytes[4 + 2 * BOOT_TEXT_BYTES + 1];
	snprintf(path, sizeof(path), "%s-" LOADER_VENDOR, name);
	ssize_t n = fd_read_file(variables, path, bytes, sizeof(bytes), NULL);
	if (n > 0)
		efi_text_read((const uint8_t *)bytes, (size_t)n, out, cap);
}

/* The file system of variables is there for a moment: nothing else needs it. */
static int read_variables(struct boot_source *b, struct modules *m, struct err *e)
{
	char loader[BOOT_TEXT_BYTES] = "";
	modules_want(m, "efivarfs");
	modules_load_all(m);
	if (mount("efivarfs", EFI_VARIABLES, "efivarfs",
		  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_set(e, errno, "mount the firmware's variables");
	AUTO_FD variables = open(EFI_VARIABLES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	read_variable(variables, "LoaderInfo", loader, sizeof(loader));
	read_variable(variables, "LoaderDevicePartUUID", b->esp_guid, sizeof(b->esp_guid));
	read_variable(variables, "LoaderEntrySelected", b->entry, sizeof(b->entry));
	read_variable(variables, "LoaderBootCountPath", b->count_path, sizeof(b->count_path));
	fd_close(&variables);
	umount2(EFI_VARIABLES, 0);
	b->has_loader = strncmp(loader, LOADER_NAME, strlen(LOADER_NAME)) == 0;
	for (char *c = b->count_path; (c = strchr(c, '\\')) != NULL;)
		*c = '/';
	for (char *c = b->esp_guid; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

struct search {
	uint8_t guid[GPT_GUID_BYTES];
	char *name;
	struct err why;
};

static bool look(void *context)
{
	struct search *search = context;
	return gpt_disk_find(search->guid, search->name, &search->why) == 0;
}

static void find_esp(struct boot_source *b, unsigned wait_s, struct modules *m)
{
	/* FAT asks for tables of its names' characters, by the kernel's defaults. */
	static const char *const needed[] = {"vfat", "nls_cp437", "nls_ascii", "nls_utf8"};
	struct search search = {.name = b->esp};
	if (!gpt_parse_guid(b->esp_guid, search.guid)) {
		b->esp_guid[0] = '\0';
		return;
	}
	if (!arrival_wait(look, &search, wait_s, m)) {
		console_say("The partition that this machine was booted from (%s) is not found: "
			    "%s.",
			    b->esp_guid, search.why.text);
		return;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		modules_want(m, needed[i]);
	modules_load_all(m);
}

int boot_source_find(struct boot_source *b, const struct settings *settings, struct modules *m,
		     struct err *e)
{
	char device[DISK_PATH_BYTES];
	int rc = 0;
	b->is_uefi = access(EFI, F_OK) == 0;
	if (b->is_uefi)
		rc = read_variables(b, m, e);
	b->esp_is_set = !b->esp_guid[0] && settings->esp[0];
	if (b->esp_is_set)
		memcpy(b->esp_guid, settings->esp, sizeof(b->esp_guid));
	find_esp(b, settings->data_wait_s, m);
	if (rc < 0 || !b->has_loader || !b->esp[0])
		return rc;
	disk_path(b->esp, device);
	return symlink(device, PATH_ESP) < 0 ? err_set(e, errno, "make " PATH_ESP) : 0;
}

bool boot_source_is_counted(void)
{
	/* The kernel loads its module itself, if that has not been done. */
	if (mount("efivarfs", EFI_VARIABLES, "efivarfs",
		  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return false;
	return access(EFI_VARIABLES "/LoaderBootCountPath-" LOADER_VENDOR, F_OK) == 0;
}
