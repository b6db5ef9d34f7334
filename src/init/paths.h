/* SPDX-License-Identifier: MIT */
/* Paths that only PID 1 names; those shared with other programs are in lib/paths.h. */
#ifndef SQUASH_INIT_PATHS_H
#define SQUASH_INIT_PATHS_H

#define PATH_BUSYBOX "/bin/busybox"
#define PATH_SYSCTLS "/etc/squash/sysctls"
#define PATH_INIT "/init"
#define PATH_FORMAT_IMAGE "/lib/squash/format.image" /* for a blank disk */
#define PATH_CONSOLES "/sys/class/tty/console/active"
#define PATH_LEASE PATH_RUN "/udhcpc-script" /* a link to PATH_INIT, made at boot */

/* Settings from the EFI system partition. */
#define PATH_EXTRA "/.extra"                 /* where systemd's stub has the kernel unpack it */
#define PATH_ESP_MOUNT PATH_RUN "/esp.mount" /* for a moment */
#define NAME_CREDENTIAL "squash.env.cred"

#endif
