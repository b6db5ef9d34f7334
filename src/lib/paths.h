/* SPDX-License-Identifier: MIT */
/* Every path on the appliance that C code names. DATA is the value of SQUASH_DATA, /data at
 * first. */
#ifndef SQUASH_LIB_PATHS_H
#define SQUASH_LIB_PATHS_H

/* What a reboot may forget. */
#define PATH_RUN "/run/squash"
#define PATH_RESOLV_DIR "/run" /* where init puts the appliance's name servers in place, */
#define NAME_RESOLV "resolv.conf"
#define PATH_RESOLV PATH_RESOLV_DIR "/" NAME_RESOLV /* which /etc/resolv.conf is a link to */
#define NAME_EGRESS_RESOLV                                                                         \
	"egress.conf" /* the same for the sandboxes' own card, if they have one */
#define PATH_EGRESS_RESOLV PATH_RESOLV_DIR "/" NAME_EGRESS_RESOLV
#define EGRESS_VRF "egress" /* the VRF that this card is in; what it leaves by is bound to that */
#define PATH_SOCKET PATH_RUN "/squashd.sock" /* made and kept open by init, mode 0660 root:http */

/* Of a boot from a UEFI disk, below PATH_RUN: symbolic links, of which the text counts. */
#define NAME_ESP "esp" /* the ESP's device; only if systemd-boot has booted us from it */
#define PATH_ESP PATH_RUN "/" NAME_ESP
#define NAME_UKI "uki"       /* the file on it that was booted, without its counter */
#define NAME_TRIAL "trial"   /* that file, with its counter; as long as it has not proved itself */
#define NAME_UPDATE "update" /* the version that was put beside it, and boots next */

/* What is on the image. */
#define PATH_UPDATE_KEY "/etc/squash/update.pub" /* what updates are signed by; if any */
#define PATH_BUILTIN_MODULES "/lib/squash/modules"
#define PATH_MANIFEST "/etc/squash/manifest" /* "<size> <path>" a line: init checks the unpacking */
#define PATH_ENV "/etc/squash.env"           /* from an initramfs overlay, if any */
#define PATH_SQUASHD "/sbin/squashd"
#define PATH_BOX_INIT "/sbin/box-init"
#define PATH_BOX_FILES "/sbin/box-files"
#define PATH_MKSQUASHFS "/bin/mksquashfs"
#define PATH_EGRESS "/sbin/egress"
#define PATH_SHIM "/sbin/shim"
#define PATH_SHIM_ROOT PATH_RUN "/shim" /* all that a shim sees of files: SHIM_SOCKET, in it */
#define PATH_EGRESS_ROOT "/srv/egress"  /* empty: all that an egress process sees of files */

/* The root that httpd and api are locked into, and what they see inside it. */
#define PATH_HTTP_ROOT "/srv/http"
#define PATH_HTTPD "/bin/httpd"              /* inside PATH_HTTP_ROOT */
#define PATH_HTTP_SOCKET "/run/squashd.sock" /* inside PATH_HTTP_ROOT: PATH_SOCKET, bound */
#define PATH_HTTP_OPENAPI                                                                          \
	"/openapi.json" /* inside PATH_HTTP_ROOT: the API's description, out of httpd's own reach */

/* The socket that httpd listens on for front, in a directory that those two alone can enter. */
#define PATH_HTTPD_DIR PATH_RUN "/httpd" /* init makes it; it is bound into both roots */
#define NAME_HTTPD_SOCKET "httpd.sock"
#define PATH_HTTP_LISTEN "/listen" /* inside PATH_HTTP_ROOT: PATH_HTTPD_DIR, bound */

/* The root that front is locked into, and what it sees inside it. */
#define PATH_FRONT_ROOT "/srv/front"
#define PATH_FRONT "/bin/front"
#define PATH_MAKE_IDENTITY "/bin/make-identity" /* runs once, in that root, as that user */
#define PATH_ASK_HEALTH "/bin/ask-health"       /* so does this, while a version is on trial */
#define PATH_FRONT_LISTEN "/listen"             /* PATH_HTTPD_DIR, bound */
#define PATH_FRONT_HTTPD PATH_FRONT_LISTEN "/" NAME_HTTPD_SOCKET

/* Below DATA. */
#define NAME_MODULES "modules"
#define NAME_SANDBOXES "sandboxes"
#define NAME_SETTINGS "squash.env"
#define NAME_TLS "tls" /* the private key and the certificates, PEM */
#define NAME_TLS_KEY "key.pem"
#define NAME_TLS_CHAIN "chain.pem"
#define NAME_TOKENS "tokens" /* the named tokens: sandbox/tokens.h */

#define PATH_PROCESSORS "/sys/devices/system/cpu/possible"
#define PATH_CGROUP "/sys/fs/cgroup"
#define PATH_CGROUP_SQUASH PATH_CGROUP "/squash"   /* all sandboxes are below it */
#define PATH_CGROUP_CAPTURE PATH_CGROUP "/capture" /* what captures snapshots */

#endif
