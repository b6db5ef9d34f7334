# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What scripts/mkiso and scripts/mkusb have in common, to be sourced by them:
#
#   -k KEYS_DIR   as `make keys` makes them; default: keys/ if it is there; '': none. By these, what UEFI boots is signed
#   -s SETTINGS   a file of KEY=value lines for the medium to carry; without a token in it, one is added
#   -t none       no token is added
#   -v VERSION    default: what the Makefile says
#
# A token is random: the medium carries its SHA-256, and it is printed, once. But for it, and for the
# signatures, two runs make the same bytes.

medium_caller=$PWD
# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
# shellcheck disable=SC2034 # for those who source this
efi=$root/build/parts/efi/usr/lib/systemd/boot/efi
build=$root/build
cd "$medium_caller" || exit
export PATH=$PATH:/usr/sbin:/sbin
# Nothing of the user's own configuration.
export MTOOLSRC=/dev/null MKE2FS_CONFIG=$root/config/mke2fs.conf

# Both consoles, as a machine may have either; the last one is what programs write to.
# shellcheck disable=SC2034
medium_command_line='console=tty0 console=ttyS0 quiet panic=10'

# medium_options ARGUMENT...: sets $keys (empty: none), $version, $settings_given, $token_wanted, and
# the array $operands.
medium_options() {
	local option
	keys='' settings_given='' token_wanted=random version=''
	[ ! -d "$root/keys" ] || keys=$root/keys
	while getopts k:s:t:v: option; do
		case $option in
		k) keys=$OPTARG ;;
		s) settings_given=$OPTARG ;;
		t) token_wanted=$OPTARG ;;
		v) version=$OPTARG ;;
		*) usage ;;
		esac
	done
	shift $((OPTIND - 1))
	# shellcheck disable=SC2034 # for those who source this
	operands=("$@")
	version=${version:-$(sed -n 's/^VERSION := //p' "$root/Makefile")}
	case $token_wanted in
	random | none) ;;
	*) die "the token can be random or none; for one of your own, give settings with SQUASH_AUTH_TOKEN_SHA256" ;;
	esac
	[ -z "$settings_given" ] || [ -f "$settings_given" ] || die "there is no file $settings_given"
	for option in vmlinuz initramfs.cpio.zst parts/efi; do
		[ -e "$build/$option" ] || die "build/$option is missing: run make uki"
	done
}

# medium_settings FILE: writes what the medium is to carry; sets $token (empty: none was made).
medium_settings() {
	token=''
	[ -z "$settings_given" ] || cat "$settings_given" || exit
	if [ "$token_wanted" = random ] && ! grep -qsE '^[[:space:]]*SQUASH_AUTH_TOKEN(_SHA256)?=' "$settings_given"; then
		token=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
		# The file given may lack its last newline.
		[ -z "$settings_given" ] || [ -z "$(tail -c 1 "$settings_given")" ] || echo
		printf 'SQUASH_AUTH_TOKEN_SHA256=%s\n' "$(printf %s "$token" | sha256sum | cut -d' ' -f1)"
	fi
} >"$1"

# medium_id NAME [FILE...]: 32 hexadecimal digits that depend on the image and these files.
medium_id() {
	local name=$1
	shift
	{ echo "$name $version"; cat "$build/vmlinuz" "$build/initramfs.cpio.zst" "$@"; } | sha256sum | cut -c1-32
}

# medium_uuid ID: as a UUID of version 8 (RFC 9562, section 5.8), lower case.
medium_uuid() { sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/\1-\2-8\3-8\4-\5/' <<<"$1"; }

# medium_fat IMAGE MB BITS ID [OPTION...]: an empty FAT16 or FAT32.
medium_fat() {
	local image=$1 size_mb=$2 bits=$3 id=$4
	shift 4
	truncate -s "${size_mb}M" "$image"
	mkfs.vfat --invariant -F "$bits" -n SQUASH-ESP -i "${id:0:8}" "$@" "$image" >/dev/null
}

# medium_put IMAGE FILE PATH: a file on it, whose directories are made.
medium_put() {
	local path
	local -a words
	IFS=/ read -ra words <<<"${3#/}"
	for word in "${words[@]:0:${#words[@]}-1}"; do
		path=${path:-}/$word
		mdir -i "$1" "::$path" >/dev/null 2>&1 || mmd -i "$1" "::$path"
	done
	mcopy -i "$1" "$2" "::$3" || die "$(basename "$2") does not fit"
}

# medium_megabytes FILE...: their size, rounded up.
medium_megabytes() { echo $((($(stat -L -c %s "$@" | paste -sd+) + 1048575) / 1048576)); }

# medium_signed PROGRAM OUT: the program, signed if there are keys.
medium_signed() {
	if [ -n "$keys" ]; then
		sbsign --key "$keys/db.key" --cert "$keys/db.crt" --output "$2" "$1" 2>/dev/null || die "cannot sign $1"
	else
		cp "$1" "$2"
	fi
}

# medium_done OUT: what it is, the token, and what to do with it.
medium_done() {
	local bearer=''
	echo
	echo "  $1: $(medium_megabytes "$1") MB, for BIOS and UEFI$([ -z "$keys" ] || echo ", signed by the keys in $keys")."
	if [ -n "$token" ]; then
		bearer=" -H 'Authorization: Bearer $token'"
		cat <<-END

			  ======================================================
			    The token:  $token
			  ======================================================
			  It is shown this once, and kept nowhere: the medium carries only its SHA-256.
			  The next medium that is made has another.
		END
	elif [ "$token_wanted" = none ] && ! grep -qsE '^[[:space:]]*SQUASH_AUTH_TOKEN' "$settings_given"; then
		echo "  It carries no token: the API is open to whoever can reach it."
	else
		echo "  The token is the one of $settings_given."
	fi
	echo
	medium_use "$1"
	cat <<-END
		  Boot it; the console shows the machine's address. Then:
		    curl -k$bearer https://ADDRESS:8443/cgi-bin/health
	END
}
