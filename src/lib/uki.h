/* SPDX-License-Identifier: MIT */
/* Versions, and the names of the kernel images (UKIs) in /EFI/Linux of a UEFI disk:
 * squash_<version>.efi, or squash_<version>+<left>[-<done>].efi as long as systemd-boot counts the
 * tries. Pure. Source: The Boot Loader Specification, "Boot Counting". */
#ifndef SQUASH_LIB_UKI_H
#define SQUASH_LIB_UKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UKI_TRIES 3 /* boots that a new version has to prove itself in */

struct uki_version {
	uint32_t part[3]; /* major, minor, patch */
};

#define UKI_VERSION_BYTES 33 /* three numbers of 10 digits, two points, a NUL */
#define UKI_NAME_BYTES 64    /* "squash_", a version, two counters of 10 digits, ".efi", a NUL */

struct uki_name {
	struct uki_version version;
	bool is_counted;
	uint32_t left; /* tries that are left, if they are counted */
};

/* Read "1.2.3": three numbers below 2^32, without zeros in front. False: it is no version. */
bool uki_read_version(const char *text, size_t len, struct uki_version *out);

/* Write it as it is read. Returns text. */
char *uki_write_version(const struct uki_version *v, char text[UKI_VERSION_BYTES]);

/* Below 0, 0 or above 0, as a is lower than b, equal or higher. */
int uki_compare(const struct uki_version *a, const struct uki_version *b);

/* Read a file's name, of either case, as FAT keeps what it was given and firmware may change it.
 * False: it is none of ours. */
bool uki_read_name(const char *text, size_t len, struct uki_name *out);

/* Write the name of that version; tries 0: without a counter. Returns text. */
char *uki_write_name(const struct uki_version *v, unsigned tries, char text[UKI_NAME_BYTES]);

#endif
