# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The environment that scripts run in, to be sourced: the root of the tree, the user cache, the version
# lock, messages.

# Scripts run from anywhere; paths below are relative to the root of the tree.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
# shellcheck disable=SC2034 # for those who source this
root=$PWD

# Downloads and built third-party parts outlive `make clean` and a fresh clone here.
cache=${SQUASH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/squash-sandbox}

# One date for everything that records one, so that two builds are bit-identical.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1760000000} KCONFIG_NOTIMESTAMP=1
export LC_ALL=C TZ=UTC
umask 022

say() { printf '  %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# lock_line NAME: its line in config/versions, without "NAME=": PACKAGE VERSION KIND SUITE.
lock_line() {
	local line
	line=$(grep "^$1=" config/versions) || die "$1 is not in config/versions"
	printf '%s\n' "${line#*=}"
}

# cache_publish DIR ENTRY: move the finished DIR (in the cache's file system) to $cache/ENTRY. Rename
# is atomic; if another build was quicker its entry stays, it holds the same.
cache_publish() {
	mkdir -p "$(dirname "$cache/$2")"
	mv -T "$1" "$cache/$2" 2>/dev/null || { [ -d "$cache/$2" ] && rm -rf "$1"; }
}
