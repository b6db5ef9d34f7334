/* SPDX-License-Identifier: MIT */
/* PID 1: brings the appliance up step by step, then keeps it running and ends it in order.
 *
 * Theory of operation: the kernel starts /init as root in the initramfs. The steps of the table
 * below run one after the other, and none waits for long. Then one loop waits for signals, devices,
 * network events and the services' timers; it never blocks anywhere else, and never ends.
 *
 * Signals: SIGTERM powers off, SIGINT (ctrl-alt-del comes as this one) reboots, SIGCHLD reaps,
 * orphans too; all others are held back for good. Under the name udhcpc-script this same program
 * puts a DHCP lease in place. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "init/boot/arrival.h"
#include "init/boot/console.h"
#include "init/boot/entropy.h"
#include "init/boot/lock.h"
#include "init/boot/modules.h"
#include "init/boot/mounts.h"
#include "init/boot/timekeeping.h"
#include "init/boot/watchdog.h"
#include "init/disk/boot_source.h"
#include "init/disk/data.h"
#include "init/net/lease.h"
#include "init/net/network.h"
#include "init/service/services.h"
#include "init/service/tls_files.h"
#include "init/service/trial.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/paths.h"
#include "shutdown.h"

#define LITTLE_MEMORY_MB 500 /* what a machine sold as having 512 MB shows */

struct init {
	char **environment;
	int signal_fd;
	struct timekeeping timekeeping;
	struct entropy entropy;
	struct modules modules;
	struct watchdog watchdog;
	struct boot_source source;
	struct config config;
	struct settings settings;
	struct data data;
	struct network network;
	struct services services;
	struct trial trial;
	unsigned quiet_ms; /* until no more modules are loaded */
};

static int step_mounts(struct init *self, struct err *e)
{
	(void)self;
	return mounts_make(e);
}

static int step_console(struct init *self, struct err *e)
{
	(void)self;
	(void)e;
	console_open();
	console_say("Squash Sandbox " SQUASH_VERSION " starts.");
	return 0;
}

/* The memory that the kernel manages: what it keeps for itself is not in it. */
static unsigned long memory_mb(void)
{
	struct sysinfo memory;
	return sysinfo(&memory) < 0 ? 0 : memory.totalram / 1048576 * memory.mem_unit;
}

static int step_image(struct init *self, struct err *e)
{
	struct err why = {0};
	(void)self;
	int rc = mounts_check_image(&why);
	if (rc < 0)
		err_say(e, -rc,
			"too little memory to unpack the image: %s; the machine has %lu MB, "
			"give it more",
			why.text, memory_mb());
	return rc;
}

static int step_clock(struct init *self, struct err *e)
{
	int rc = timekeeping_check(e);
	return rc < 0 ? rc : timekeeping_watch(&self->timekeeping, e);
}

static int step_root(struct init *self, struct err *e)
{
	(void)self;
	return mounts_move_root(e);
}

static int step_sysctls(struct init *self, struct err *e)
{
	(void)self;
	return mounts_apply_sysctls(e);
}

static int step_lockdown(struct init *self, struct err *e)
{
	(void)self;
	if (lock_has_secure_boot())
		console_say("Secure Boot is on: the firmware has checked what runs.");
	return lock_kernel(e);
}

/* Our programs have large static buffers of which they mostly touch a little: each first touch
 * would clear 2 MiB. */
static int step_huge_pages(struct init *self, struct err *e)
{
	(void)self;
	return fd_write_file(AT_FDCWD, "/sys/kernel/mm/transparent_hugepage/enabled", "madvise", e);
}

static int step_modules(struct init *self, struct err *e)
{
	return modules_start(&self->modules, e);
}

static int step_watchdog(struct init *self, struct err *e)
{
	(void)e;
	watchdog_start(&self->watchdog, &self->modules);
	return 0;
}

static int step_entropy(struct init *self, struct err *e)
{
	return entropy_check(&self->entropy, e);
}

static int step_network(struct init *self, struct err *e)
{
	return network_start(&self->network, e);
}

static int step_loopback(struct init *self, struct err *e)
{
	(void)self;
	return network_start_loopback(e);
}

static int step_image_settings(struct init *self, struct err *e)
{
	(void)e;
	config_take_environment(&self->config, self->environment);
	config_load_image(&self->config, &self->settings);
	return 0;
}

static int step_source(struct init *self, struct err *e)
{
	return boot_source_find(&self->source, &self->settings, &self->modules, e);
}

static int step_credentials(struct init *self, struct err *e)
{
	(void)e;
	config_load_credentials(&self->config, &self->source, &self->settings);
	return 0;
}

static int step_data(struct init *self, struct err *e)
{
	static char path[SETTINGS_PATH_MAX + 1];
	memcpy(path, self->settings.data, sizeof(path));
	self->services.data_path = path;
	return data_mount(&self->data, path, &self->settings, &self->modules, e);
}

static int step_disk_settings(struct init *self, struct err *e)
{
	(void)e;
	config_load_disk(&self->config, &self->data, &self->settings);
	return 0;
}

static int step_hostname(struct init *self, struct err *e)
{
	const char *name = self->settings.hostname;
	return sethostname(name, strlen(name)) < 0 ? err_set(e, errno, "set the host name") : 0;
}

static int step_socket(struct init *self, struct err *e)
{
	self->services.settings = &self->settings;
	return services_listen(&self->services, e);
}

static int step_ports(struct init *self, struct err *e)
{
	return ports_open(&self->services.ports, &self->settings, e);
}

static int step_tls(struct init *self, struct err *e)
{
	return tls_files_provide(self->services.data_path, &self->settings, e);
}

static int step_services(struct init *self, struct err *e)
{
	(void)e;
	services_add(&self->services, SERVICE_SQUASHD, NULL);
	services_add(&self->services, SERVICE_HTTPD, NULL);
	services_add(&self->services, SERVICE_FRONT, NULL);
	if (self->settings.ntp[0][0]) {
		services_add(&self->services, SERVICE_NTP, NULL);
		timekeeping_expect(&self->timekeeping);
	}
	/* By sockets that are bound to it: if it isn't there, they reach nothing. */
	struct err why = {0};
	if (network_make_egress(&self->network, &self->settings, &self->modules, &why) < 0)
		console_say("Sandboxes reach nothing: %s.", why.text);
	network_configure(&self->network, &self->settings, &self->services);
	services_run_due(&self->services);
	return 0;
}

static int step_trial(struct init *self, struct err *e)
{
	return trial_begin(&self->trial, &self->source, &self->services, e);
}

/* All that may take long is done. */
static int step_watch(struct init *self, struct err *e)
{
	(void)e;
	watchdog_set(&self->watchdog, self->settings.watchdog_s);
	watchdog_say(&self->watchdog);
	return 0;
}

static int step_lock(struct init *self, struct err *e)
{
	self->quiet_ms = arrival_is_possible() ? MODULES_QUIET_SLOW_MS : MODULES_QUIET_MS;
	return lock_root(e);
}

/* Who may use the API; named: so may those whom DATA/tokens names. */
static void say_access(const struct settings *s, bool named)
{
	if (s->access == ACCESS_OPEN && !named)
		console_say("No token is set: the API is open to everyone who can reach it, for "
			    "all but what needs an administrator.");
	else if (s->access == ACCESS_OPEN)
		console_say(
			"No SQUASH_AUTH_TOKEN is set: the API is for the tokens of %s/" NAME_TOKENS
			" alone.",
			s->data);
	else if (s->access == ACCESS_LOCKED)
		console_say("The API is locked and refuses %s: %s. "
			    "SQUASH_AUTH_TOKEN on the kernel command line opens it.",
			    named ? "all but named tokens" : "every request", s->lock_reason);
}

static int step_banner(struct init *self, struct err *e)
{
	unsigned long mb = memory_mb();
	uint64_t ms = clock_mono_ms();
	char http[40] = "";
	(void)e;
	if (self->settings.http)
		snprintf(http, sizeof(http), " and, without TLS, %u", self->settings.port);
	console_say("Squash Sandbox " SQUASH_VERSION " is up after %u.%u s, port %u%s.",
		    (unsigned)(ms / 1000), (unsigned)(ms % 1000 / 100), self->settings.tls_port,
		    http);
	if (self->data.state != DATA_DISK)
		console_say("No " DATA_LABEL
			    " disk is in use: all data is in memory, and lost when "
			    "the machine goes off.");
	say_access(&self->settings, data_has_tokens(&self->data));
	if (!network_has_card(&self->network))
		console_say("No network card is found: nobody can reach the API.");
	if (mb < LITTLE_MEMORY_MB)
		console_say("The machine has little memory (%lu MB): only small sandboxes fit.",
			    mb);
	return 0;
}

static const struct step {
	const char *name; /* for who reads this list */
	int (*run)(struct init *self, struct err *e);
	bool fatal; /* without it nothing after it can work */
} steps[] = {
	{"mounts", step_mounts, true},                  /* /proc, /sys, /dev, cgroups, /run, /tmp */
	{"console", step_console, false},               /* from here on, messages are seen */
	{"clock", step_clock, false},                   /* it says what can be, and is watched */
	{"image", step_image, true},                    /* did all of it fit into memory? */
	{"root", step_root, true},                      /* one that sandboxes can pivot away from */
	{"sysctls", step_sysctls, false},               /* the kernel's settings */
	{"lockdown", step_lockdown, false},             /* the kernel stays as it is */
	{"huge pages", step_huge_pages, false},         /* for those that ask for them */
	{"modules", step_modules, false},               /* drivers of the devices that are there */
	{"watchdog", step_watchdog, false},             /* it ends a boot that hangs */
	{"entropy", step_entropy, false},               /* have those drivers brought any? */
	{"network", step_network, false},               /* cards on: links come up meanwhile */
	{"loopback", step_loopback, false},             /* 127.0.0.1 */
	{"image settings", step_image_settings, false}, /* command line, /etc/squash.env */
	{"source", step_source, false},                 /* the ESP that was booted from, if any */
	{"credentials", step_credentials, false},       /* the settings that it carries */
	{"data", step_data, true},                      /* SQUASH-DATA, or memory */
	{"disk settings", step_disk_settings, false},   /* squash.env on it: all are known now */
	{"hostname", step_hostname, false},
	{"socket", step_socket, true},      /* squashd's, made once for good */
	{"ports", step_ports, false},       /* front's, made once for good, too */
	{"tls", step_tls, false},           /* its key and certificate, at the first boot */
	{"services", step_services, false}, /* squashd, httpd, front, ntpd, DHCP or an address */
	{"trial", step_trial, false},   /* is this version a new one, to be kept if it answers? */
	{"watch", step_watch, false},   /* from now on the watchdog is quick */
	{"lock", step_lock, false},     /* the root, and soon the list of modules */
	{"banner", step_banner, false}, /* what runs, and what is missing */
};

static void boot(struct init *self)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct err e = {0};
		watchdog_feed(&self->watchdog);
		if (steps[i].run(self, &e) >= 0)
			continue;
		console_say("%s.", e.text);
		if (steps[i].fatal)
			shutdown_after_failure(&self->watchdog, boot_source_is_counted()
									? SHUTDOWN_REBOOT
									: SHUTDOWN_POWER_OFF);
	}
}

static void reap(struct init *self)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (modules_reap(&self->modules, pid))
			modules_load(&self->modules);
		else if (!trial_reap(&self->trial, pid, status))
			services_reap(&self->services, pid, status); /* if not: an orphan */
	}
}

static void read_signals(struct init *self)
{
	struct signalfd_siginfo info;
	while (read(self->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(self);
		else if (info.ssi_signo == SIGTERM)
			shutdown_run(&self->services, &self->watchdog, SHUTDOWN_POWER_OFF);
		else if (info.ssi_signo == SIGINT)
			shutdown_run(&self->services, &self->watchdog, SHUTDOWN_REBOOT);
	}
}

static void run(struct init *self)
{
	for (;;) {
		int timeout_ms = services_run_due(&self->services);
		timeout_ms = clock_sooner(timeout_ms, network_remark(&self->network));
		timeout_ms = clock_sooner(timeout_ms, timekeeping_remark(&self->timekeeping));
		timeout_ms = clock_sooner(timeout_ms, trial_run_due(&self->trial));
		if (self->trial.state == TRIAL_FAILED)
			shutdown_run(&self->services, &self->watchdog, SHUTDOWN_REBOOT);
		timeout_ms = clock_sooner(timeout_ms, watchdog_feed_due(&self->watchdog));
		timeout_ms = clock_sooner(timeout_ms, modules_lock(&self->modules, self->quiet_ms));
		struct pollfd events[] = {
			{.fd = self->signal_fd, .events = POLLIN},
			{.fd = self->modules.event_fd, .events = POLLIN},
			{.fd = self->network.event_fd, .events = POLLIN},
			{.fd = self->timekeeping.event_fd, .events = POLLIN},
			{.fd = self->entropy.event_fd, .events = POLLIN},
		};
		poll(events, sizeof(events) / sizeof(events[0]), timeout_ms);
		read_signals(self);
		modules_read_events(&self->modules, data_notice_disk, &self->data);
		modules_load(&self->modules);
		network_read_events(&self->network);
		timekeeping_read_events(&self->timekeeping);
		entropy_read_events(&self->entropy);
	}
}

/* Before anything else, so that no child's end and no key press is missed. */
static void hold_signals(struct init *self)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	self->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	reboot(RB_DISABLE_CAD); /* ctrl-alt-del sends SIGINT and does not reboot at once */
}

int main(int argc, char **argv, char **environment)
{
	/* Static: its tables would be too much for a stack. */
	static struct init self = {.modules.event_fd = -1,
				   .watchdog.fd = -1,
				   .network.event_fd = -1,
				   .timekeeping.event_fd = -1,
				   .entropy.event_fd = -1};
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	if (slash && strcmp(slash, "/udhcpc-script") == 0)
		return lease_main(argc, argv);
	if (getpid() != 1) {
		dprintf(STDERR_FILENO, "init: this is for PID 1\n");
		return EXIT_FAILURE;
	}
	self.environment = environment;
	hold_signals(&self);
	boot(&self);
	run(&self);
	return EXIT_FAILURE; /* not reached */
}
