/* SPDX-License-Identifier: MIT */
/* What a boot loader says in an EFI variable. Pure: no I/O, no allocation. */
#ifndef SQUASH_INIT_DISK_EFI_TEXT_H
#define SQUASH_INIT_DISK_EFI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read what efivarfs has of a variable that holds a text: 4 bytes of attributes, then UTF-16LE up
 * to a NUL, or to the end. False, and text empty: it is none, is not visible ASCII, or takes more
 * than cap bytes with its NUL. Source: Documentation/filesystems/efivarfs.rst; systemd, Boot Loader
 * Interface. */
bool efi_text_read(const uint8_t *bytes, size_t len, char *text, size_t cap);

#endif
