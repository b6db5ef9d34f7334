# SPDX-License-Identifier: MIT
#
# Squash Sandbox. What you can do:
#
#   make                  build/vmlinuz and build/initramfs.cpio.zst: all that a machine needs to boot
#   make ctl              build/bin/squashctl: the operator's command line, for any x86-64 Linux
#   make run              boot it under QEMU, API at 127.0.0.1:8080; ARGS="..." go to QEMU
#   make debug            likewise, for gdb on its programs: docs/testing.md, "A debugger"
#   make shell            a root shell on it, by the tests' agent
#   make modules          build/modules/: Debian, Python, Node, gcc, git, sudo as layers; others are made by
#                         scripts/mkmodule: docs/modules.md
#   make keys             keys/: your own, for Secure Boot and updates; KEYS=DIR elsewhere, here and below
#   make uki              build/squash.efi: both in one EFI program, signed if there are keys
#   make update           build/squash-VERSION.update: that, signed for machines that run
#   make usb              build/squash-usb.img for a stick, with the modules of MODULES="NAME..."
#   make iso              build/squash.iso for a CD or a stick. Both for BIOS and UEFI, each with a token
#                         that is printed; SETTINGS=FILE: what else it is to carry; TOKEN=none
#   make pxe              build/pxe/: a folder to serve, from which machines boot by network. Likewise, but
#                         settings and token that are there stay
#   make test             unit tests, then tests on the booted image. T="NAME..." runs only those tests (T=exec)
#                         and groups (T=egress, T=unit); JUNIT=FILE also writes the results as JUnit XML
#   make test-slow        the tests that make test leaves out: load, exhaustion, media, faults, power cuts
#   make test-all         both. T and JUNIT as above, and with make test-slow and make check
#   make test-fault       every fault, where test-slow tries a sample: half an hour and more
#   make test-powercut    CUTS=50 power cuts under load
#   make test-suites      CPython's and Node.js' own tests, in sandboxes: a quarter of an hour
#   make test-hosts       as root: builds and boots it on Debian 12 and 13, each installed in a directory
#   make check            unit tests alone: seconds, no QEMU
#   make fuzz             the parsers under libFuzzer, FUZZ_SECONDS=600 each; T=json: that one alone
#   make bench            time it against floors and peers, on the booted image: a table
#   make lint             what the compiler and the checkers find in our sources
#   make compile_commands.json
#                         the compiler's flags for each source, for editors and clangd
#   make update-versions  move config/versions to what Debian has now
#   make clean            remove build/; downloads and built parts stay in the user cache
#   make help             print this
#
#   V=1 shows the commands. -j N is right. run and test install missing Debian packages, if they can.
#   SQUASH_CACHE=DIR is where downloads and built parts are kept: ~/.cache/squash-sandbox.
#
# What makes what:
#
#   build/cc, build/sysroot          scripts/build-sysroot         Debian's musl and kernel headers
#   build/parts/busybox              scripts/build-busybox         config/busybox.config
#   build/parts/{mk,un}squashfs      scripts/build-squashfs-tools  config/squashfs-tools.patch
#   build/parts/bearssl/             scripts/build-bearssl
#   build/kernel/                    scripts/build-kernel          config/kernel-modules
#                                    scripts/mk-depmod, scripts/check-doors
#   build/bin/*                      build/cc                      src/ (squashctl by make ctl: not on the image)
#   build/modules/000-base-busybox   scripts/mk-base-busybox       rootfs/base-busybox/
#   build/modules/*                  scripts/mkmodule              config/modules/
#                                    scripts/mkmanifest
#   build/format.image               scripts/mk-format-image
#   build/openapi.json               scripts/mk-openapi            src/api/openapi.json
#   build/initramfs.cpio.zst         scripts/pack-initramfs        initramfs/*.list rootfs/
#   build/squash.efi                 scripts/mkuki                 keys/
#   build/squash-VERSION.update      scripts/mkupdate              keys/
#   keys/                            scripts/mkkeys
#   build/squash.iso                 scripts/mkiso                 keys/
#   build/squash-usb.img             scripts/mkusb                 keys/ build/modules/
#   build/pxe/                       scripts/mkpxe                 initramfs/pxe/
#   build/data.ext4                  scripts/mkdata                build/modules/
#   build/run.ext4                   its copy, for make run, debug and shell to write on
#   build/qemu/run                   scripts/get-qemu
#
# Debian's packages come by scripts/fetch, at the versions in config/versions; third-party parts are
# built or taken from the user cache by scripts/cached.

VERSION := 0.1.0

.PHONY: all ctl run debug shell compile_commands.json modules keys uki update pxe iso usb test test-slow test-all test-fault test-powercut test-suites test-hosts check bench fuzz fuzz-merge lint update-versions clean help
.DELETE_ON_ERROR:
ifneq ($(words $(CURDIR)),1)
$(error The path of this directory has a space in it, which make can't take: $(CURDIR))
endif
MAKEFLAGS += --no-builtin-rules
all: build/vmlinuz build/initramfs.cpio.zst

# One date for everything that records one: two builds are bit-identical.
export SOURCE_DATE_EPOCH := 1760000000

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' $(1) $(2))
# Steps that call make again use all processors, unless told otherwise by -j.
SUBMAKE = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
# In a call of several lines, where a + would have make -n run them all.
SUBMAKE_IN_CALL = MAKEFLAGS= $(MAKE) --no-print-directory $(or $(filter -j%,$(MAKEFLAGS)),-j$(shell nproc)) $(if $(V),V=$(V))

# ---- Our programs ----

WARNINGS := $(shell grep -v '^\#' config/warnings)
CFLAGS := -std=c11 -D_GNU_SOURCE -DSQUASH_VERSION='"$(VERSION)"' \
	-DSQUASH_BUILD_TIME=$(SOURCE_DATE_EPOCH) -iquote src -isystem build/parts/bearssl/include $(WARNINGS) -MMD -MP -ffile-prefix-map=$(CURDIR)/=
# Static PIE on musl comes from build/cc itself.
TARGET_CFLAGS := -Os -g -fstack-protector-strong -ffunction-sections -fdata-sections
TARGET_LDFLAGS := -s -Wl,--gc-sections
HOST_CFLAGS := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -Itests/unit

# Each program, and the file that has its main.
MAIN_init := src/init/init.c
MAIN_squashd := src/squashd/squashd.c
MAIN_box-init := src/box_init/box_init.c
MAIN_box-files := src/files/box_files.c
MAIN_api := src/api/api.c
MAIN_egress := src/egress/egress.c
MAIN_shim := src/shim/shim.c
MAIN_front := src/front/front.c
MAIN_make-identity := src/front/identity/make_identity.c
MAIN_ask-health := src/front/identity/ask_health.c
MAIN_squashctl := src/ctl/squashctl.c
# squashctl is the operator's, not the appliance's.
PROGRAMS := init squashd box-init box-files api egress shim front make-identity ask-health
MAINS := $(foreach program,$(PROGRAMS) squashctl,$(MAIN_$(program)))

BIN := $(PROGRAMS:%=build/bin/%)
BEARSSL := build/parts/bearssl/libbearssl.a

# An object, by the compiler $2 with the flags $3. The build calls that step $1.
define compile
	$(call say,$1,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$2 $(CFLAGS) $3 -c -o $@ $<
endef

build/obj/%.o: %.c build/cc Makefile config/warnings $(BEARSSL)
	$(call compile,CC,build/cc,$(TARGET_CFLAGS))

# The other sources of src/NAME make NAME.a, and from an archive the linker takes what a program calls. So a
# program is linked from its main, its directory's archive and lib.a, and so are tests that call a part of it.
objects = $(patsubst %.c,%.o,$(filter-out $(MAINS),$(wildcard src/$1/*.c src/$1/*/*.c)))
# The archive of a main's directory: src/front/identity/ask_health.c is linked with front.a.
archive = $(word 2,$(subst /, ,$(MAIN_$1))).a

ARCHIVES := $(patsubst src/%,%.a,$(wildcard src/*))

.SECONDEXPANSION:
$(ARCHIVES:%=build/lib/%): build/lib/%.a: $$(addprefix build/obj/,$$(call objects,$$*))
	$(ar)

# Thin: it names the objects, by path, as those of two directories may share a name.
define ar
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D) && rm -f $@
	$(Q)ar rcsD --thin $@ $^
endef

# In whatever order they are named.
group = -Wl,--start-group $1 -Wl,--end-group

define link
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)build/cc $(TARGET_LDFLAGS) -o $@ $(filter %.o,$^) $(call group,$(filter %.a,$^) $(BEARSSL))
	$(Q)scripts/check-static $@
endef

CTL := build/bin/squashctl

$(BIN) $(CTL): build/bin/%: build/obj/$$(MAIN_$$*:.c=.o) build/lib/$$(call archive,$$*) \
		build/lib/lib.a scripts/check-static
	$(link)

ctl: $(CTL)

# The same once more, with their symbols, for gdb. (objcopy --only-keep-debug would leave out .eh_frame, by
# which gdb finds a function's caller.)
DEBUG := $(BIN:build/bin/%=build/debug/%)

$(DEBUG): TARGET_LDFLAGS := $(filter-out -s,$(TARGET_LDFLAGS))
$(DEBUG): build/debug/%: build/obj/$$(MAIN_$$*:.c=.o) build/lib/$$(call archive,$$*) \
		build/lib/lib.a scripts/check-static
	$(link)

# ---- Third-party parts ----

ENV := scripts/env.sh scripts/fetch config/versions
TOOLCHAIN := musl-dev linux-libc-dev
CACHED := scripts/cached scripts/check-static

# What the host lacks is said once, before anything fails for it.
build/host.ok:
	$(Q)mkdir -p build
	$(Q)scripts/host-packages --check build
	$(Q)touch $@

build/cc: scripts/build-sysroot $(ENV) | build/host.ok
	$(call say,TOOLS,$@)
	$(Q)scripts/build-sysroot

build/parts/busybox: scripts/build-busybox config/busybox.config config/busybox.patch build/cc $(CACHED)
	$(call say,PART,$@)
	$(Q)scripts/cached build/parts "busybox $(TOOLCHAIN)" scripts/build-busybox \
		config/busybox.config config/busybox.patch scripts/build-sysroot
	$(Q)scripts/check-static $@

build/parts/mksquashfs build/parts/unsquashfs &: scripts/build-squashfs-tools \
		config/squashfs-tools.patch build/cc $(CACHED)
	$(call say,PART,$@)
	$(Q)scripts/cached build/parts "squashfs-tools zlib lz4 libzstd $(TOOLCHAIN)" \
		scripts/build-squashfs-tools config/squashfs-tools.patch scripts/build-sysroot
	$(Q)scripts/check-static build/parts/mksquashfs build/parts/unsquashfs

$(BEARSSL): scripts/build-bearssl build/cc $(CACHED)
	$(call say,PART,$@)
	$(Q)scripts/cached build/parts/bearssl "bearssl $(TOOLCHAIN)" scripts/build-bearssl scripts/build-sysroot
	$(Q)touch $@

# build/kernel/version is written last, so it stands for all of build/kernel.
build/kernel/version: scripts/build-kernel config/kernel-modules scripts/cached $(ENV) | build/host.ok
	$(call say,KERNEL,build/kernel)
	$(Q)rm -rf build/kernel
	$(Q)scripts/cached build/kernel linux-image-amd64 scripts/build-kernel config/kernel-modules
	$(Q)touch $@

build/kernel/depmod: scripts/mk-depmod scripts/check-doors config/kernel-doors \
		build/kernel/version build/parts/busybox
	$(call say,DEPMOD,build/kernel)
	$(Q)scripts/check-doors
	$(Q)scripts/mk-depmod
	$(Q)touch $@

# ---- The image ----

build/vmlinuz: build/kernel/version
	$(call say,COPY,$@)
	$(Q)cp build/kernel/vmlinuz $@

build/modules/000-base-busybox.squashfs: scripts/mk-base-busybox scripts/mkmanifest build/parts/busybox \
		build/parts/mksquashfs $(wildcard rootfs/base-busybox/etc/*)
	$(call say,MODULE,$@)
	$(Q)scripts/mk-base-busybox

build/format.image: scripts/mk-format-image config/mke2fs.conf | build/host.ok
	$(call say,DISK,$@)
	$(Q)scripts/mk-format-image $@

build/openapi.json: scripts/mk-openapi src/api/openapi.json Makefile | build/host.ok
	$(call say,OPENAPI,$@)
	$(Q)scripts/mk-openapi src/api/openapi.json $(VERSION) $@

# Two archives, which the kernel unpacks one after the other: the modules take half a minute to compress,
# the rest two seconds. No long-range mode: it would save 0.7 %, for 64 MB of memory at boot.
LISTS := initramfs/modules.list initramfs/system.list

build/modules.cpio: initramfs/modules.list build/kernel/depmod scripts/pack-initramfs
	$(call say,PACK,$@)
	$(Q)scripts/pack-initramfs $< $@

build/system.cpio: $(LISTS) build/kernel/depmod scripts/pack-initramfs $(BIN) build/parts/busybox \
		build/parts/mksquashfs build/parts/unsquashfs build/modules/000-base-busybox.squashfs \
		build/format.image build/openapi.json config/sysctls $(wildcard rootfs/etc/* rootfs/www/*)
	$(call say,PACK,$@)
	$(Q)scripts/pack-initramfs initramfs/system.list $@ initramfs/modules.list

build/%.cpio.zst: build/%.cpio
	$(call say,ZSTD,$@)
	$(Q)zstd -q -f -19 --no-progress -o $@ $<

# init and the manifest first: with too little memory for the rest, init is there to say so.
build/initramfs.cpio.zst: build/system.cpio.zst build/modules.cpio.zst
	$(call say,JOIN,$@)
	$(Q)cat $^ >$@

# ---- Media ----

# An operator's own, never made anew; what is made is signed if they are there, or another place is named.
KEYS := keys
WITH_KEYS = $(if $(or $(wildcard $(KEYS)),$(filter-out keys,$(KEYS))),-k $(KEYS))

keys:
	$(Q)scripts/host-packages keys
	$(Q)scripts/mkkeys $(KEYS)

# By whose keys, if any; changed only when that does, so that nothing stays signed by others.
build/signed-by: always
	$(Q)mkdir -p build
	$(Q)echo "$(WITH_KEYS)" | cmp -s - $@ || echo "$(WITH_KEYS)" >$@

.PHONY: always

# systemd's boot manager, and the stub that makes an EFI program of kernel and initramfs.
build/parts/efi: $(ENV) | build/host.ok
	$(call say,PART,$@)
	$(Q)rm -rf $@
	$(Q)scripts/fetch --unpack $@ systemd-boot-efi
	$(Q)touch $@

build/squash.efi: scripts/mkuki build/vmlinuz build/initramfs.cpio.zst build/parts/efi Makefile build/signed-by \
		$(wildcard $(addprefix $(KEYS)/,db.key db.crt update.pub))
	$(call say,UKI,$@)
	$(Q)scripts/mkuki $(WITH_KEYS) -v $(VERSION) $@

uki:
	$(Q)scripts/host-packages build media
	+$(Q)$(SUBMAKE) build/squash.efi

build/squash-$(VERSION).update: scripts/mkupdate build/squash.efi $(wildcard $(KEYS)/update.key)
	$(call say,UPDATE,$@)
	$(Q)scripts/mkupdate $(WITH_KEYS) build/squash.efi $@

update:
	$(Q)scripts/host-packages build media
	+$(Q)$(SUBMAKE) build/squash-$(VERSION).update

# What a stick holds: names as in build/modules, or paths. Not those from outside that happen to be set.
MODULES := 000-base-debian 100-python313
SETTINGS :=
TOKEN :=
ON_STICK = $(foreach name,$(MODULES),$(if $(filter %.squashfs,$(name)),$(name),build/modules/$(name).squashfs))
MEDIUM = $(WITH_KEYS) $(if $(SETTINGS),-s '$(SETTINGS)') $(if $(TOKEN),-t '$(TOKEN)') -v $(VERSION)

# Made anew each time: each has a token of its own.
iso:
	$(Q)scripts/host-packages build media
	+$(Q)$(SUBMAKE) all build/parts/efi
	$(Q)scripts/mkiso $(MEDIUM) build/squash.iso

usb:
	$(Q)scripts/host-packages build media $(if $(MODULES),modules)
	+$(Q)$(SUBMAKE) all build/parts/efi $(ON_STICK)
	$(Q)scripts/mkusb $(MEDIUM) build/squash-usb.img $(ON_STICK)

# What machines load by network, before they load us.
build/parts/ipxe: $(ENV) | build/host.ok
	$(call say,PART,$@)
	$(Q)rm -rf $@
	$(Q)scripts/fetch --unpack $@ ipxe
	$(Q)touch $@

# Not made anew without being asked for: what is in it may be served, and has the machines' settings.
WITH_PXE := all build/parts/efi build/parts/ipxe

pxe:
	$(Q)scripts/host-packages build media
	+$(Q)$(SUBMAKE) $(WITH_PXE)
	$(call say,PXE,build/pxe)
	$(Q)scripts/mkpxe $(MEDIUM) build/pxe

# ---- Modules, and a disk that holds them ----

DELTAS := 100-nodejs22 100-python313 101-nodejs 110-gcc 120-git 121-admin
# What tests need inside: not among those that make modules makes.
TEST_DELTAS := 127-runtimes 128-stress 129-clients
SUITE_DELTAS := 127-suite-python
ALL_MODULES := 000-base-debian $(DELTAS) $(TEST_DELTAS) $(SUITE_DELTAS)
PRESETS := $(patsubst %,build/modules/%.squashfs,000-base-debian $(DELTAS))

modules: $(PRESETS)

# scripts/mkmodule leaves a module alone that comes out the same, and so is the disk then: what a user
# has on it is lost when it is made anew. The stamp says that the module has been looked at.
$(ALL_MODULES:%=build/modules/%.squashfs): build/modules/%.squashfs: build/modules/.%.made ;

$(patsubst %,build/modules/.%.made,$(DELTAS) $(TEST_DELTAS) $(SUITE_DELTAS)): build/modules/000-base-debian.squashfs
build/modules/.127-suite-python.made: build/modules/100-python313.squashfs
$(ALL_MODULES:%=build/modules/.%.made): build/modules/.%.made: config/modules/% \
		$$(shell find config/modules/$$*.d -type f 2>/dev/null) $(wildcard scripts/mkmodule* scripts/mkmanifest scripts/npm-global) config/versions \
		build/parts/busybox build/parts/mksquashfs build/parts/unsquashfs
	$(call say,MODULE,build/modules/$*.squashfs)
	$(Q)scripts/mkmodule $*
	$(Q)touch $@

# Sparse: it takes what is on it.
DATA_MB := 4096

build/data.ext4: scripts/mkdata config/mke2fs.conf $(PRESETS)
	$(call say,DISK,$@)
	$(Q)scripts/mkdata $@ $(DATA_MB) $(PRESETS)

build/qemu/run: scripts/get-qemu $(ENV)
	$(call say,QEMU,$@)
	$(Q)scripts/get-qemu

# The disk of the three below: what is done on it is nothing to the tests.
RUN := all build/run.ext4 build/qemu/run

build/run.ext4: build/data.ext4
	$(call say,DISK,$@)
	$(Q)cp --sparse=always $< $@

run:
	$(Q)scripts/host-packages build modules run
	+$(Q)$(SUBMAKE) $(RUN)
	$(Q)scripts/run-qemu $(ARGS)

# gdb's stub listens on this host alone. Programs are where gdb.py expects them.
debug:
	$(Q)scripts/host-packages build modules run debug
	+$(Q)$(SUBMAKE) $(RUN) $(DEBUG)
	$(Q)SQUASH_RUN_KERNEL=norandmaps SQUASH_RUN_GDB=$${SQUASH_RUN_GDB:-1234} scripts/run-qemu $(ARGS)

shell:
	$(Q)scripts/host-packages build modules run
	+$(Q)$(SUBMAKE) $(RUN) build/test/agent
	$(Q)scripts/shell-qemu $(ARGS)

# ---- Tests ----

UNIT := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/test_*.c))
# The programs that a test calls are those whose headers it includes: test_ctl.c has #include "ctl/url.h".
CALLS := $(shell grep -oE '^.include "[a-z_]+/' $(wildcard tests/unit/test_*.c tests/fuzz/fuzz_*.c) | \
	sed -E 's/^.*\/(.*)\.c:.include "(.*)\/$$/\1:\2/' | sort -u)
# Their archives below the directory $1, for the test $2.
archives = $(patsubst $2:%,$1/%.a,$(filter-out %:lib,$(filter $2:%,$(CALLS)))) $1/lib.a

build/unit/obj/%.o: %.c Makefile config/warnings $(BEARSSL)
	$(call compile,HOSTCC,gcc,$(HOST_CFLAGS))

$(ARCHIVES:%=build/unit/lib/%): build/unit/lib/%.a: $$(addprefix build/unit/obj/,$$(call objects,$$*))
	$(ar)

define hostlink
	$(call say,HOSTLINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(HOST_CFLAGS) $(WRAP) -o $@ $(filter %.o,$^) $(call group,$(filter %.a,$^) $(BEARSSL)) -lm
endef

$(UNIT): build/unit/%: build/unit/obj/tests/unit/%.o $$(call archives,build/unit/lib,$$*)
	$(hostlink)

FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# That of tls has a client beside front, which pins as squashctl does; its socket is made of memory, and its random numbers are none.
build/unit/fuzz_tls: build/unit/obj/tests/front/trusting.o build/unit/lib/ctl.a
build/fuzz/tls: build/fuzz/obj/tests/front/trusting.o build/fuzz/lib/ctl.a
build/unit/fuzz_tls build/fuzz/tls: WRAP := -Wl,--wrap=getrandom

# In check, each is fed the inputs that are kept.
REPLAY := $(FUZZ:%=build/unit/fuzz_%)

$(REPLAY): build/unit/%: build/unit/obj/tests/fuzz/%.o build/unit/obj/tests/fuzz/replay.o \
		$$(call archives,build/unit/lib,$$*)
	$(hostlink)

# Says what front makes of a key and certificates.
build/test/load-identity: build/unit/obj/tests/front/load_identity.o build/unit/lib/front.a \
		build/unit/lib/lib.a
	$(hostlink)

build/test/agent: $(patsubst %.c,build/obj/%.o,$(wildcard tests/agent/*.c)) build/lib/lib.a scripts/check-static
	$(link)

# What runs inside a sandbox and tries what it must not be able to do.
build/test/probe: $(patsubst %.c,build/obj/%.o,$(wildcard tests/probe/*.c)) scripts/check-static
	$(link)

# The CGI program behind front in its own tests.
build/test/cgi: build/obj/tests/front/cgi.o build/lib/lib.a scripts/check-static
	$(link)

# A TLS client that sends what others don't.
build/test/odd-client: $(patsubst %,build/obj/tests/front/%.o,odd_client trusting trusting_io) build/lib/ctl.a build/lib/lib.a \
		scripts/check-static
	$(link)

# squashd, with tests/fault/fault.c between it and the C library.
FAULT_WRAP := $(shell sed -nE 's/^(WRAPPED|POINT).[^,]*, ([a-z0-9_]+),.*/-Wl,--wrap=\2/p' tests/fault/fault.c)

build/test/squashd-fault: TARGET_LDFLAGS += $(FAULT_WRAP)
build/test/squashd-fault: $(patsubst %.c,build/obj/%.o,tests/fault/fault.c $(MAIN_squashd)) \
		build/lib/squashd.a build/lib/lib.a scripts/check-static
	$(link)

# The package isn't installed: it would start a server.
build/test/prometheus: $(ENV)
	$(call say,FETCH,$@)
	$(Q)rm -rf $@ $@.new && scripts/fetch --unpack $@.new prometheus
	$(Q)mv $@.new/usr/bin $@ && rm -rf $@.new && touch $@

# How many programs run side by side. tests/seconds is the order of a tree's first run.
JOBS := $(shell nproc)
TAP = tests/tap --jobs $(JOBS) --seconds build/test/seconds
# The names of tests and groups, or of fuzz targets. Only from the command line: it is a short name.
T :=
JUNIT ?=

# All tests. A line `# tap: slow` in a program leaves it to test-slow.
TESTS := $(wildcard $(patsubst %,tests/%/test_*.py,lint tap-test signing flash modules front egress squashctl qemu/*))
SLOW = $(shell grep -lx '\# tap:.*\bslow\b.*' $(TESTS))
QUICK = $(filter-out $(SLOW),$(TESTS))
UNITS := $(UNIT) $(REPLAY)

# What T=NAME says: a path or a file's name, with or without its ending.
below = $(patsubst tests/%,%,$(patsubst build/%,%,$(patsubst $(CURDIR)/%,%,$(abspath $(1)))))
stem = $(patsubst %.py,%,$(patsubst unit/%.c,unit/%,$(patsubst fuzz/%.c,unit/%,$(call below,$(1)))))
# Of $(2), the programs of that stem, and those of that group: a folder.
named = $(filter $(addprefix %/,$(1) $(1).py test_$(1) test_$(1).py fuzz_$(1)),$(2))
in_group = $(if $(filter unit,$(1)),$(filter build/%,$(2))) $(filter tests/$(1)/% tests/qemu/$(1)/%,$(2))
groups_of = $(if $(filter build/%,$(1)),unit) $(sort $(if $(filter tests/qemu/%,$(1)),qemu) \
	$(notdir $(patsubst %/,%,$(dir $(filter tests/%,$(1))))))
names_of = $(sort $(patsubst fuzz_%,%,$(patsubst test_%,%,$(basename $(notdir $(1))))))
no_name = $(error make $@ has no test or group $(1). Groups: $(strip $(call groups_of,$(3))). \
	Tests: $(call names_of,$(2)))
# What T=$(1) stands for: tests of $(2), or the tests of a group that are in $(3). % would match any.
pick = $(or $(if $(findstring %,$(1)),,$(strip $(call named,$(call stem,$(1)),$(2)) \
	$(call in_group,$(call stem,$(1)),$(3)))),$(call no_name,$(1),$(2),$(3)))
# The programs to run: those of $(2), or what T names.
picked = $(sort $(if $(T),$(foreach name,$(T),$(call pick,$(name),$(1),$(2))),$(2)))

$(if $(T),$(foreach goal,$(filter test-fault test-powercut test-suites test-hosts bench lint,$(MAKECMDGOALS)), \
	$(error make $(goal) takes no T)))

# What the programs of each folder need.
NEEDS_front := $(addprefix build/,bin/front bin/make-identity bin/ask-health parts/busybox) \
	$(addprefix build/test/,cgi odd-client load-identity)
NEEDS_egress := build/bin/egress
NEEDS_squashctl := build/bin/squashctl
NEEDS_modules := build/parts/mksquashfs build/parts/unsquashfs
NEEDS_signing := all build/parts/efi
IN_QEMU := all ctl build/parts/efi build/qemu/run build/test/agent build/test/probe build/test/prometheus \
	build/test/squashd-fault build/debug/squashd
NEEDS_qemu := $(IN_QEMU) build/data.ext4 build/run.ext4 $(WITH_PXE) $(TEST_DELTAS:%=build/modules/%.squashfs)
needs = $(sort $(filter build/%,$(1)) $(foreach folder,$(word 2,$(subst /, ,$(1))),$(NEEDS_$(folder))))

WALK := tests/qemu/api/test_walk.py

# For the shell, which reads what is between quotes as it stands.
TO_JUNIT = $(if $(JUNIT),--junit '$(subst ','\'',$(JUNIT))')

# run_tests PROGRAMS: units, then the walk, then the rest.
define run_tests
	$(Q)scripts/host-packages build $(if $(filter tests/%,$(1)),test) $(if $(filter tests/qemu/%,$(1)),modules)
	$(if $(JUNIT),$(Q)mkdir -p build && tests/tap $(TO_JUNIT) --try)
	$(Q)$(SUBMAKE_IN_CALL) build/host.ok $(sort $(foreach program,$(1),$(call needs,$(program))))
	$(Q)[ -e build/test/seconds ] || install -D -m 644 tests/seconds build/test/seconds
	$(Q)$(TAP) $(TO_JUNIT) $(filter build/%,$(1)) \
		--timeout 600 --then $(filter $(WALK),$(1)) --then $(filter-out build/% $(WALK),$(1))
endef

check:
	$(call run_tests,$(call picked,$(UNITS),$(UNITS)))

test:
	$(call run_tests,$(call picked,$(UNITS) $(TESTS),$(UNITS) $(QUICK)))

# Media on all firmware, not a sample of it.
test-slow test-all: export MEDIA_ALL := 1

test-slow:
	$(call run_tests,$(call picked,$(UNITS) $(TESTS),$(SLOW)))

test-all:
	$(call run_tests,$(call picked,$(UNITS) $(TESTS),$(UNITS) $(QUICK) $(SLOW)))

test-fault:
	$(Q)scripts/host-packages build test
	+$(Q)$(SUBMAKE) $(IN_QEMU)
	$(Q)FAULT_ALL=1 tests/tap --timeout 7200 tests/qemu/recovery/test_fault.py

CUTS := 50

test-powercut:
	$(Q)scripts/host-packages build test
	+$(Q)$(SUBMAKE) $(IN_QEMU)
	$(Q)CUTS=$(CUTS) tests/tap --timeout 7200 tests/qemu/recovery/test_powercut.py

# CPython's tests come as a package, by a preset; Node.js' only as source.
SUITES := $(patsubst %,build/modules/127-suite-%.squashfs,python node)

build/modules/127-suite-node.squashfs: tests/suites/pack tests/suites/node.list config/versions build/parts/mksquashfs
	$(call say,MODULE,$@)
	$(Q)tests/suites/pack node

test-suites:
	$(Q)scripts/host-packages build modules test
	+$(Q)$(SUBMAKE) $(IN_QEMU) $(PRESETS) $(SUITES)
	$(Q)tests/tap tests/suites/test_suites.py

test-hosts:
	$(Q)scripts/host-packages build modules
	$(Q)tests/tap tests/hosts/test_hosts.py

FUZZ_SECONDS := 600
# gcc has warned already.
FUZZ_CFLAGS := -w -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZED = $(or $(T),$(FUZZ))

# BearSSL once more, so that what happens in it is seen. (It shifts and reads as it likes: not undefined.)
FUZZ_BEARSSL := build/fuzz/bearssl/libbearssl.a

$(FUZZ_BEARSSL): scripts/build-bearssl
	$(call say,FUZZPART,$@)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)scripts/build-bearssl $(@D) clang "-w -g -O1 -fsanitize=fuzzer-no-link,address" >$(@D)/log 2>&1

build/fuzz/obj/%.o: %.c Makefile config/warnings $(BEARSSL)
	$(call compile,FUZZCC,clang,$(FUZZ_CFLAGS))

$(ARCHIVES:%=build/fuzz/lib/%): build/fuzz/lib/%.a: $$(addprefix build/fuzz/obj/,$$(call objects,$$*))
	$(ar)

$(FUZZ:%=build/fuzz/%): build/fuzz/%: build/fuzz/obj/tests/fuzz/fuzz_%.o \
		$$(call archives,build/fuzz/lib,fuzz_$$*) $(FUZZ_BEARSSL)
	$(call say,FUZZLINK,$@)
	$(Q)clang $(FUZZ_CFLAGS) $(WRAP) -o $@ $(filter %.o,$^) $(call group,$(filter %.a,$^)) -lm

# Two at a time; -j 1 for one.
fuzz:
	$(Q)scripts/host-packages fuzz
	$(Q)$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j2) $(FUZZED:%=fuzz-%)

$(FUZZ:%=fuzz-%): fuzz-%: build/fuzz/%
	$(Q)scripts/fuzz $* $(FUZZ_SECONDS)

# What the runs found, as few and small inputs as reach the same, becomes what check replays.
fuzz-merge: $$(addprefix build/fuzz/,$$(FUZZED))
	$(Q)for name in $(FUZZED); do scripts/fuzz --merge $$name || exit; done

# What the benchmark needs inside: the peers, our timer and the floors. The base has their libraries.
BENCH := build/bench/timer build/bench/floor build/bench/pump build/bench/filter build/bench/tlsload
build/bench/filter: build/lib/squashd.a
build/bench/tlsload: build/obj/tests/front/trusting.o build/obj/tests/front/trusting_io.o build/lib/ctl.a
# The kernel modules of the path that egress is measured against; the appliance has none of them.
BENCH_KERNEL := veth libcrc32c nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack nf_nat x_tables ip_tables \
	iptable_nat iptable_filter xt_MASQUERADE xt_conntrack

$(BENCH): build/bench/%: build/obj/tests/bench/%.o build/lib/lib.a scripts/check-static
	$(link)

build/bench/tools.squashfs: $(BENCH) build/parts/mksquashfs $(ENV)
	$(call say,DISK,$@)
	$(Q)rm -rf build/bench/tools
	$(Q)scripts/fetch --unpack build/bench/tools bubblewrap crun runc libyajl2 iptables libxtables12 \
		libip4tc2 libip6tc2 openssl libssl3t64
	$(Q)install -D -t build/bench/tools/bench $(BENCH)
	$(Q)rm -rf build/bench/kernel && scripts/fetch --unpack build/bench/kernel linux-image-amd64
	$(Q)mkdir build/bench/tools/bench/modules
	$(Q)for name in $(BENCH_KERNEL); do \
		xz -dc $$(find build/bench/kernel -name $$name.ko.xz) >build/bench/tools/bench/modules/$$name.ko || exit; \
	done
	$(Q)rm -rf build/bench/kernel
	$(Q)build/parts/mksquashfs build/bench/tools $@ -comp zstd -noappend -all-root -no-progress -quiet

bench:
	$(Q)scripts/host-packages build modules run
	+$(Q)$(SUBMAKE) all build/data.ext4 build/qemu/run build/test/agent build/bench/tools.squashfs
	$(Q)tests/bench/bench.py $(ARGS)

lint:
	$(Q)scripts/host-packages build lint
	+$(Q)$(SUBMAKE) $(BEARSSL)
	$(Q)scripts/lint

# ---- The rest ----

# Each source with its command: one from tests/unit or tests/fuzz is the host compiler's.
comma := ,
entry = {"directory": "$(CURDIR)", "file": "$1", "command": "$(subst ",\",$2) -c $1"}
sources = $(wildcard $(addsuffix /*.c,$1 $(addsuffix /*,$1)))
define \n


endef

compile_commands.json:
	$(call say,WRITE,$@)
	$(file >$@,[$(subst } {,}$(comma)$(\n){,$(strip \
		$(foreach file,$(call sources,$(filter-out tests/unit tests/fuzz,$(wildcard src/* tests/*))), \
			$(call entry,$(file),build/cc $(CFLAGS) $(TARGET_CFLAGS))) \
		$(foreach file,$(call sources,tests/unit tests/fuzz), \
			$(call entry,$(file),gcc $(CFLAGS) $(HOST_CFLAGS)))))])

update-versions:
	$(Q)scripts/update-versions

clean:
	rm -rf build

help:
	@sed -n '3,/^# What makes what/{/^# What makes what/d;s/^# \{0,1\}//;p;}' Makefile

-include $(shell [ ! -d build ] || find build/obj build/unit build/fuzz -name '*.d' 2>/dev/null)
