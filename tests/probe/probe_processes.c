/* SPDX-License-Identifier: MIT */
/* Other processes, ids and capabilities, the kernel's administration. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define SHM_KEY 0x50524f42
#define SHM_PATH "/dev/shm/probe"
#define ABSTRACT "probe-victim"

struct status {
	const char *key, *expected;
};

/* A line of /proc/self/status or another's. */
static void probe_status(const char *path, const char *key, const char *expected)
{
	char line[256], name[96], *value = NULL;
	FILE *f = fopen(path, "re");
	while (f && !value && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
			value = line + strlen(key) + 1;
	if (f)
		fclose(f);
	snprintf(name, sizeof(name), "%s of %s", key, path);
	value = value ? value + strspn(value, " \t") : (char[]){"missing"};
	value[strcspn(value, "\n")] = '\0';
	if (strcmp(value, expected) == 0)
		probe_report(true, name, "%s", value);
	else
		probe_report(false, name, "%s, expected %s", value, expected);
}

static void probe_statuses(const char *path, const struct status *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		probe_status(path, all[i].key, all[i].expected);
}

static int attach_init(void)
{
	return ptrace(PTRACE_ATTACH, 1, NULL, NULL) < 0 ? -errno : 0;
}

static int seize_init(void)
{
	return ptrace(PTRACE_SEIZE, 1, NULL, NULL) < 0 ? -errno : 0;
}

/* Pids of the appliance and of other sandboxes: none of them is a number here. */
static void count_processes(void)
{
	int seen = 0, highest = 0;
	for (int pid = 1; pid < 100000; pid++)
		if (kill(pid, 0) == 0 || errno == EPERM) {
			seen++;
			highest = pid;
		}
	/* init, a shell, this; who runs this in a loop has a few more. */
	probe_report(seen <= 4, "processes that a signal finds", "%d, up to pid %d", seen, highest);
}

void probe_processes(void)
{
	static const struct status of_init[] = {{"State", "S (sleeping)"},
						{"CapEff", "0000000000000000"},
						{"CapBnd", "0000000000000000"},
						{"NoNewPrivs", "1"},
						{"Seccomp", "2"}};
	static const int signals[] = {SIGKILL, SIGTERM, SIGSTOP, SIGSEGV, SIGCHLD};
	static char byte;
	const long iov[2] = {ARG(&byte), 1};
	const struct call_probe probes[] = {
		{"reading init's memory",
		 SYS_process_vm_readv,
		 {1, ARG(iov), 1, ARG(iov), 1},
		 EPERM},
		{"writing init's memory",
		 SYS_process_vm_writev,
		 {1, ARG(iov), 1, ARG(iov), 1},
		 EPERM},
		{"kcmp with init", SYS_kcmp, {1, 1, 0}, ENOSYS},
		{"advice on init's memory", SYS_process_madvise, {0, ARG(iov), 1, 4}, ENOSYS},
		{"init's descriptors", SYS_pidfd_getfd, {0, 0, 0}, ENOSYS},
		{"moving init's pages", SYS_move_pages, {1, 0, 0, 0, 0, 0}, ENOSYS},
		{"init's robust list", SYS_get_robust_list, {1, ARG(&byte), ARG(&byte)}, EPERM},
	};
	char name[64];
	for (size_t i = 0; i < COUNT(signals); i++) {
		snprintf(name, sizeof(name), "signal %d for init", signals[i]);
		probe_result(name, kill(1, signals[i]), DONE);
	}
	usleep(100000);
	probe_statuses("/proc/1/status", of_init, COUNT(of_init));
	probe_in_child("tracing init", attach_init, EPERM);
	probe_in_child("seizing init", seize_init, EPERM);
	probe_calls(probes, COUNT(probes));
	count_processes();
	probe_result("a signal for what is outside, by its group", kill(-2, 0), ESRCH);
	probe_result("a signal for pid 0's group alone", kill(0, 0), DONE);
}

static int raise_capability(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &head, data) < 0)
		return -1000;
	data[0].permitted |= 1u << CAP_SYS_ADMIN;
	data[0].effective |= 1u << CAP_SYS_ADMIN;
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int raise_ambient(void)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) < 0 ? -errno : 0;
}

/* 0 if id can be taken on. */
static int take_uid(uid_t id)
{
	return setresuid(id, id, id) < 0 ? -errno : 0;
}

static int take_last_uid(void)
{
	return take_uid(1048575);
}

static int take_first_unmapped(void)
{
	return take_uid(1048576);
}

static int take_outer_root(void)
{
	return take_uid(2097152);
}

static int take_unmapped_group(void)
{
	const gid_t group = 1048576;
	return setgroups(1, &group) < 0 ? -errno : 0;
}

/* The effective uid that a program has which runs as uid 1000: the file's owner's, if its bit
 * counts. 0, or -(1000 + uid). */
static int run_setuid(const char *path, uid_t expected)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		if (setresuid(1000, 1000, 1000) < 0)
			_exit(250);
		execl(path, path, "euid", (char *)NULL);
		_exit(251);
	}
	waitpid(pid, &status, 0);
	int got = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return got == (int)expected ? 0 : -1000 - got;
}

static int run_own_setuid(void)
{
	return run_setuid("/planted/setuid-root", 0);
}

/* Owned by an id that is none of the sandbox's. */
static int run_unmapped_setuid(void)
{
	return run_setuid("/planted/setuid-unmapped", 1000 & 0xff);
}

static int set_file_capability(void)
{
	const struct vfs_ns_cap_data all = {.magic_etc =
						    VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					    .data = {{.permitted = ~0u}, {.permitted = ~0u}}};
	close(creat("/tmp/probe-cap", 0755));
	int rc = setxattr("/tmp/probe-cap", "security.capability", &all, XATTR_CAPS_SZ_2, 0);
	struct vfs_ns_cap_data got;
	ssize_t n = getxattr("/tmp/probe-cap", "security.capability", &got, sizeof(got));
	unlink("/tmp/probe-cap");
	/* As seen from inside it is one of version 2: the sandbox's root's. The kernel keeps for
	 * whom. */
	return rc < 0 || n != XATTR_CAPS_SZ_2 ? -errno : 0;
}

static void probe_owners(void)
{
	struct stat st;
	const char *path = "/tmp/probe-owner";
	close(creat(path, 0644));
	probe_result("chown to the last id", chown(path, 1048575, 1048575), DONE);
	probe_result("chown to an id outside", chown(path, 1048576, 0), EINVAL);
	probe_result("chown to the range's base", chown(path, 1048576, 0), EINVAL);
	probe_result("chgrp to an id outside", chown(path, 0, 1048576), EINVAL);
	unlink(path);
	bool ok = stat("/planted/setuid-unmapped", &st) == 0 && st.st_uid == 65534;
	probe_report(ok, "a layer's file of an id outside is nobody's", "uid %u", st.st_uid);
	probe_result("and can't be taken over", chown("/planted/setuid-unmapped", 0, 0), EPERM);
	probe_result("nor its mode changed", chmod("/planted/setuid-unmapped", 0777), EOVERFLOW);
}

void probe_ids(void)
{
	/* 14 of them: include/uapi/linux/capability.h; the same in DESIGN's and Docker's list. */
	static const char docker[] = "00000000a80425fb";
	static const struct status of_command[] = {
		{"CapPrm", docker}, {"CapEff", docker},
		{"CapBnd", docker}, {"CapInh", "0000000000000000"},
		{"Seccomp", "2"},   {"CapAmb", "0000000000000000"},
		{"Groups", ""},     {"Uid", "0\t0\t0\t0"}};
	probe_statuses("/proc/self/status", of_command, COUNT(of_command));
	probe_in_child("raising CAP_SYS_ADMIN", raise_capability, EPERM);
	probe_in_child("raising an ambient CAP_SYS_ADMIN", raise_ambient, EPERM);
	probe_in_child("the last uid", take_last_uid, DONE);
	probe_in_child("a uid outside of the range", take_first_unmapped, EINVAL);
	probe_in_child("the uid that the sandbox's root has outside", take_outer_root, EINVAL);
	probe_in_child("a group outside of the range", take_unmapped_group, EINVAL);
	probe_in_child("a set-user-ID program of the sandbox's root", run_own_setuid, DONE);
	probe_in_child("a set-user-ID program of an id outside", run_unmapped_setuid, DONE);
	probe_in_child("a file's capabilities are the sandbox's", set_file_capability, DONE);
	probe_owners();
}

static int raise_core(void)
{
	const struct rlimit some = {1, 1};
	return setrlimit(RLIMIT_CORE, &some) < 0 ? -errno : 0;
}

static int raise_files(void)
{
	const struct rlimit more = {65537, 65537};
	return setrlimit(RLIMIT_NOFILE, &more) < 0 ? -errno : 0;
}

static int set_realtime(void)
{
	const struct sched_param first = {.sched_priority = 1};
	return syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first) < 0 ? -errno : 0;
}

static int be_nicer(void)
{
	return setpriority(PRIO_PROCESS, 0, -20) < 0 ? -errno : 0;
}

static int set_adjtimex(void)
{
	struct timex t = {.modes = ADJ_FREQUENCY};
	return adjtimex(&t) < 0 ? -errno : 0;
}

static int make_alarm(void)
{
	timer_t timer;
	struct sigevent none = {.sigev_notify = SIGEV_NONE};
	return timer_create(CLOCK_BOOTTIME_ALARM, &none, &timer) < 0 ? -errno : 0;
}

/* On a terminal of its own, as a session's leader. */
static int on_terminal(unsigned long request, const void *arg)
{
	int number = 0, unlock = 0;
	char path[32];
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || probe_ioctl(master, TIOCGPTN, &number) < 0 ||
	    ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -1000;
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	setsid();
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -2000;
	return probe_ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static int type_ahead(void)
{
	return on_terminal(TIOCSTI, "x");
}

static int type_ahead_64(void)
{
	const long args[6] = {0, (long)(TIOCSTI | 1UL << 40), ARG("x")};
	return syscall(SYS_ioctl, args[0], args[1], args[2]) < 0 ? -errno : 0;
}

static int use_selection(void)
{
	return on_terminal(TIOCLINUX, "\2");
}

static int set_discipline(void)
{
	int n_hdlc = 13;
	return on_terminal(TIOCSETD, &n_hdlc);
}

static int take_console(void)
{
	return on_terminal(TIOCCONS, NULL);
}

/* One that another session has: a child's child takes it from its parent. */
static int steal_terminal(void)
{
	int status, rc = on_terminal(TIOCGPTPEER + 1, NULL); /* an ioctl that none knows */
	if (rc != -ENOTTY)
		return rc;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	pid_t pid = tty < 0 ? -1 : fork();
	if (pid == 0)
		_exit(setsid() < 0 || probe_ioctl(tty, TIOCSCTTY, (const void *)1) < 0 ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1000;
	return -WEXITSTATUS(status);
}

static void probe_limits(void)
{
	struct rlimit core;
	getrlimit(RLIMIT_CORE, &core);
	probe_report(core.rlim_max == 0, "RLIMIT_CORE", "%lu", (unsigned long)core.rlim_max);
	probe_in_child("raising RLIMIT_CORE", raise_core, EPERM);
	probe_in_child("raising RLIMIT_NOFILE", raise_files, EPERM);
	probe_in_child("real-time priority", set_realtime, EPERM);
	probe_in_child("a higher priority", be_nicer, EACCES);
	probe_in_child("adjusting the clock", set_adjtimex, EPERM);
	probe_in_child("a timer that wakes the machine", make_alarm, EPERM);
	probe_in_child("TIOCSTI", type_ahead, EPERM);
	probe_in_child("TIOCSTI, with a bit of the upper half", type_ahead_64, EPERM);
	probe_in_child("TIOCLINUX", use_selection, EPERM);
	probe_in_child("another line discipline", set_discipline, EPERM);
	probe_in_child("TIOCCONS", take_console, EPERM);
	probe_in_child("stealing a terminal", steal_terminal, EPERM);
}

void probe_kernel(void)
{
	static const char text[] = "x";
	static struct timespec now;
	static char params[256];
	const struct call_probe probes[] = {
		{"init_module", SYS_init_module, {ARG(text), 1, ARG("")}, EPERM},
		{"finit_module", SYS_finit_module, {0, ARG(""), 0}, EPERM},
		{"delete_module", SYS_delete_module, {ARG("overlay"), 0}, EPERM},
		{"kexec_load", SYS_kexec_load, {0, 0, 0, 0}, EPERM},
		{"reboot", SYS_reboot, {(long)0xfee1dead, 672274793, 0x1234567}, EPERM},
		{"swapon", SYS_swapon, {ARG("/tmp/x"), 0}, EPERM},
		{"swapoff", SYS_swapoff, {ARG("/tmp/x")}, EPERM},
		{"acct", SYS_acct, {0}, EPERM},
		{"sethostname", SYS_sethostname, {ARG(text), 1}, EPERM},
		{"setdomainname", SYS_setdomainname, {ARG(text), 1}, EPERM},
		{"settimeofday", SYS_settimeofday, {ARG(&now), 0}, EPERM},
		{"clock_settime", SYS_clock_settime, {CLOCK_REALTIME, ARG(&now)}, EPERM},
		{"the kernel's log", SYS_syslog, {3, ARG(params), sizeof(params)}, EPERM},
		{"I/O ports", SYS_iopl, {3}, EPERM},
		{"I/O ports, one by one", SYS_ioperm, {0x60, 1, 1}, EPERM},
		{"quotactl", SYS_quotactl, {(long)0x80000100, 0, 0, ARG(params)}, EPERM},
		{"bpf, a map", SYS_bpf, {0, ARG(params), 64}, EPERM},
		{"bpf, a program", SYS_bpf, {5, ARG(params), 64}, EPERM},
		{"perf_event_open", SYS_perf_event_open, {ARG(params), 0, -1, -1, 0}, EPERM},
		{"userfaultfd", SYS_userfaultfd, {0}, EPERM},
		{"userfaultfd, user mode only", SYS_userfaultfd, {1}, EPERM},
		{"io_uring_setup", SYS_io_uring_setup, {8, ARG(params)}, ENOSYS},
		{"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}, ENOSYS},
		{"a key", SYS_add_key, {ARG("user"), ARG("x"), ARG(text), 1, -3}, EPERM},
		{"the session's keyring", SYS_keyctl, {0, -3, 0}, EPERM},
		{"a new session keyring", SYS_keyctl, {1, 0}, EPERM},
		{"the user's keyring", SYS_request_key, {ARG("user"), ARG("x"), 0, -4}, EPERM},
		{"fanotify", SYS_fanotify_init, {0, 0}, EPERM},
		{"old asynchronous I/O", SYS_io_setup, {1, ARG(params)}, ENOSYS},
		{"secret memory", 447, {0}, ENOSYS},
		{"a local descriptor table", SYS_modify_ldt, {1, ARG(params), 16}, ENOSYS},
		{"address 0", SYS_mmap, {0, 4096, 3, 0x32, -1, 0}, EPERM},
		{"a huge page without a reserve",
		 SYS_mmap,
		 {0, 2 << 20, 3, 0x40022, -1, 0},
		 ENOMEM},
		{"no address randomization", SYS_personality, {0x40000}, EPERM},
		{"readable means executable", SYS_personality, {0x400000}, EPERM},
		{"a filter of its own that is told", SYS_seccomp, {1, 8, ARG(params)}, EINVAL},
	};
	probe_calls(probes, COUNT(probes));
	probe_limits();
}

/* What the sandbox beside this one holds, in victim below: of that nothing is to be found. */
void probe_neighbour(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0" ABSTRACT};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(ABSTRACT));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	probe_result("its abstract socket", connect(fd, (struct sockaddr *)&address, len),
		     ECONNREFUSED);
	close(fd);
	probe_result("its System V memory", shmget(SHM_KEY, 0, 0), ENOENT);
	probe_open(SHM_PATH, O_RDONLY, ENOENT);
	probe_open("/tmp/probe-victim", O_RDONLY, ENOENT);
	const long args[6] = {ARG("probe-victim"), O_RDONLY};
	struct outcome o = probe_try(ABI_X86_64, SYS_mq_open, args, DONE);
	probe_outcome("its message queue", &o, ENOENT);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct {
		unsigned short family, port;
		unsigned address;
		char zero[8];
	} to = {AF_INET, 0x3930, 0x0100007f, {0}}; /* 127.0.0.1:12345 */
	probe_result("its port", connect(tcp, (struct sockaddr *)&to, sizeof(to)), ECONNREFUSED);
	close(tcp);
	for (int pid = 2; pid < 65536; pid++) {
		char path[64], name[64] = "";
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		FILE *f = fopen(path, "re");
		if (!f)
			continue;
		bool is_victim = fgets(name, sizeof(name), f) && strstr(name, "victim");
		fclose(f);
		if (is_victim) {
			probe_report(false, "its processes", "pid %d", pid);
			return;
		}
	}
	probe_report(true, "its processes", "none to be seen");
}

void probe_victim(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0" ABSTRACT};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(ABSTRACT));
	struct {
		unsigned short family, port;
		unsigned address;
		char zero[8];
	} at = {AF_INET, 0x3930, 0, {0}};
	prctl(PR_SET_NAME, "victim");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 1) == 0 &&
		  bind(tcp, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(tcp, 1) == 0 &&
		  shmget(SHM_KEY, 4096, IPC_CREAT | 0666) >= 0 && creat(SHM_PATH, 0666) >= 0 &&
		  syscall(SYS_mq_open, "probe-victim", O_CREAT | O_RDWR, 0666, NULL) >= 0;
	if (!ok) {
		perror("victim");
		exit(1);
	}
	close(creat("/tmp/probe-victim", 0666));
	for (;;)
		pause();
}
