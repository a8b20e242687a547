/*
 * Run by the build: writes the system call filters as C arrays. Default is to
 * allow; what is refused are the ways out that no namespace or Landlock right
 * covers: set-id bits, device nodes, kernel keyrings, calls whose arguments
 * the filter cannot see, socket families beyond the four that programs need,
 * and typing into a terminal.
 *
 * The kernel reads 32 bits of an int argument and the filter sees 64, so a
 * refusal compares under a mask, or with "greater", never with plain equality.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/banned.h"

#define LOW32 0xffffffffULL
#define O_TMPFILE_BIT 020000000

static scmp_filter_ctx filter;

static void check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "seccomp_generate: %s: %s\n", what, strerror(-rc));
	exit(1);
}

/* A call's number; newer ones than libseccomp have one number everywhere. */
static int number(const char *name, int if_unknown)
{
	int found = seccomp_syscall_resolve_name(name);

	return found == __NR_SCMP_ERROR ? if_unknown : found;
}

static void refuse(const char *name, int if_unknown, int error,
		   unsigned int count, const struct scmp_arg_cmp *arguments)
{
	int call = number(name, if_unknown);

	/* Not a call of this architecture (open, chmod on the newer ones). */
	if (call < 0)
		return;
	check(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint16_t)error),
				     call, count, arguments),
	      name);
}

static struct scmp_arg_cmp bits(unsigned int argument, uint64_t mask,
				uint64_t value)
{
	return (struct scmp_arg_cmp){.arg = argument,
				     .op = SCMP_CMP_MASKED_EQ,
				     .datum_a = mask,
				     .datum_b = value};
}

static const struct {
	const char *name;
	int if_unknown;
	int error;
} whole_calls[] = {
	/* Programs fall back to calls that the filter can look into. */
	{"openat2", 437, ENOSYS},
	{"io_uring_setup", 425, ENOSYS},
	{"io_uring_enter", 426, ENOSYS},
	{"io_uring_register", 427, ENOSYS},
	{"add_key", -1, EPERM},
	{"request_key", -1, EPERM},
	{"keyctl", -1, EPERM},
	{"bpf", -1, EPERM},
	{"perf_event_open", -1, EPERM},
	{"userfaultfd", -1, EPERM},
	{"kexec_load", -1, EPERM},
	{"kexec_file_load", -1, EPERM},
	{"init_module", -1, EPERM},
	{"finit_module", -1, EPERM},
	{"delete_module", -1, EPERM},
	{"open_by_handle_at", -1, EPERM},
	{"acct", -1, EPERM},
	{"swapon", -1, EPERM},
	{"swapoff", -1, EPERM},
	{"reboot", -1, EPERM},
	{"quotactl", -1, EPERM},
	{"quotactl_fd", 443, EPERM},
	{"syslog", -1, EPERM},
};

/* Calls with a mode, and which argument it is. */
static const struct {
	const char *name;
	int if_unknown;
	unsigned int mode;
	int flags; /* argument with O_CREAT, without which mode is unused */
} mode_calls[] = {
	{"chmod", -1, 1, -1},	 {"fchmod", -1, 1, -1},
	{"fchmodat", -1, 2, -1}, {"fchmodat2", 452, 2, -1},
	{"creat", -1, 1, -1},	 {"mknod", -1, 1, -1},
	{"mknodat", -1, 2, -1},	 {"open", -1, 2, 1},
	{"openat", -1, 3, 2},
};

static void refuse_modes(void)
{
	static const unsigned int set_ids[] = {S_ISUID, S_ISGID};
	size_t i, j;

	for (i = 0; i < sizeof(mode_calls) / sizeof(mode_calls[0]); i++) {
		const char *name = mode_calls[i].name;
		unsigned int mode = mode_calls[i].mode;

		for (j = 0; j < 2; j++) {
			struct scmp_arg_cmp args[2] = {
				bits(mode, set_ids[j], set_ids[j])};
			unsigned int flags = (unsigned int)mode_calls[i].flags;

			if (mode_calls[i].flags < 0) {
				refuse(name, mode_calls[i].if_unknown, EPERM, 1,
				       args);
				continue;
			}
			args[1] = bits(flags, O_CREAT, O_CREAT);
			refuse(name, -1, EPERM, 2, args);
			args[1] = bits(flags, O_TMPFILE_BIT, O_TMPFILE_BIT);
			refuse(name, -1, EPERM, 2, args);
		}
	}
}

static void refuse_devices(void)
{
	static const unsigned int types[] = {S_IFCHR, S_IFBLK};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct scmp_arg_cmp arg = bits(1, S_IFMT, types[i]);

		refuse("mknod", -1, EPERM, 1, &arg);
		arg = bits(2, S_IFMT, types[i]);
		refuse("mknodat", -1, EPERM, 1, &arg);
	}
}

static void refuse_family(int family)
{
	struct scmp_arg_cmp arg = bits(0, LOW32, (uint64_t)family);

	refuse("socket", -1, EAFNOSUPPORT, 1, &arg);
	refuse("socketpair", -1, EAFNOSUPPORT, 1, &arg);
}

/* Families: UNIX; INET and INET6 but raw; of NETLINK only the routing one. */
static void refuse_sockets(bool internet)
{
	struct scmp_arg_cmp args[2] = {
		{.arg = 0, .op = SCMP_CMP_GT, .datum_a = AF_NETLINK}};
	static const int raw[] = {SOCK_RAW, SOCK_PACKET};
	int family;
	size_t i;

	refuse("socket", -1, EAFNOSUPPORT, 1, args);
	refuse("socketpair", -1, EAFNOSUPPORT, 1, args);
	for (family = 0; family <= AF_NETLINK; family++) {
		bool inet = family == AF_INET || family == AF_INET6;

		if (family == AF_UNIX || family == AF_NETLINK)
			continue;
		if (!inet || !internet)
			refuse_family(family);
		for (i = 0; i < 2 && inet && internet; i++) {
			args[0] = bits(0, LOW32, (uint64_t)family);
			args[1] = bits(1, 0xf, (uint64_t)raw[i]);
			refuse("socket", -1, EPERM, 2, args);
		}
	}
	if (!internet)
		refuse_family(AF_NETLINK);
	args[0] = bits(0, LOW32, AF_NETLINK);
	args[1] = (struct scmp_arg_cmp){
		.arg = 2, .op = SCMP_CMP_NE, .datum_a = 0};
	if (internet)
		refuse("socket", -1, EPERM, 2, args);
}

static void refuse_terminal(void)
{
	static const unsigned int requests[] = {0x5412 /* TIOCSTI */,
						0x541c /* TIOCLINUX */};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct scmp_arg_cmp arg = bits(1, LOW32, requests[i]);

		refuse("ioctl", -1, EPERM, 1, &arg);
	}
}

/*
 * The limit on core files stays what init.c made it, since a crash may start a
 * program of root's outside. Programs that set it to 0 hear that it went well:
 * some refuse to work otherwise.
 */
static void keep_core_limit(void)
{
	struct scmp_arg_cmp args[2] = {
		bits(0, LOW32, RLIMIT_CORE),
		{.arg = 2, .op = SCMP_CMP_NE, .datum_a = 0}};

	refuse("setrlimit", -1, 0, 1, args);
	args[0] = bits(1, LOW32, RLIMIT_CORE);
	refuse("prlimit64", -1, 0, 2, args);
}

static void fill(bool internet)
{
	size_t i;

	filter = seccomp_init(SCMP_ACT_ALLOW);
	check(filter == NULL ? -ENOMEM : 0, "seccomp_init");
	/* A foreign architecture has other numbers: refuse it loudly. */
	check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
			       SCMP_ACT_KILL_PROCESS),
	      "bad architecture");
	for (i = 0; i < sizeof(whole_calls) / sizeof(whole_calls[0]); i++)
		refuse(whole_calls[i].name, whole_calls[i].if_unknown,
		       whole_calls[i].error, 0, NULL);
	refuse_modes();
	refuse_devices();
	refuse_sockets(internet);
	refuse_terminal();
	keep_core_limit();
}

/* libseccomp writes the program to a descriptor, as the kernel takes it. */
static void print(const char *name)
{
	FILE *program = tmpfile();
	struct sock_filter word;

	check(program == NULL ? -errno : 0, "temporary file");
	check(seccomp_export_bpf(filter, fileno(program)), "export");
	seccomp_release(filter);
	rewind(program);
	printf("static const struct filter_words %s[] = {\n", name);
	while (fread(&word, sizeof(word), 1, program) == 1)
		printf("\t{0x%04x, %u, %u, 0x%08x},\n", word.code, word.jt,
		       word.jf, word.k);
	printf("};\n");
	check(fclose(program) != 0 ? -errno : 0, "temporary file");
}

/* What sandbook-mount does once it is the caller, and nothing else. */
static void fill_mount(void)
{
	static const char *const calls[] = {
		"recvmsg", "fstat", "newfstatat", "fstatat64",	"statx",
		"sendto",  "send",  "close",	  "exit_group",
	};
	const struct scmp_arg_cmp itself = bits(2, LOW32, AT_EMPTY_PATH);
	size_t i;
	int call;

	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	check(filter == NULL ? -ENOMEM : 0, "seccomp_init");
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		call = number(calls[i], -1);
		/* Not a call of this architecture. */
		if (call != -1)
			check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0),
			      calls[i]);
	}
	check(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
				     number("mount_setattr", 442), 1, &itself),
	      "mount_setattr");
}

/* seccomp_generate run|mount: the filters of a run, or of sandbook-mount. */
int main(int argc, char **argv)
{
	printf("/* Generated by engine/linux/seccomp_generate.c. */\n"
	       "struct filter_words {\n\tuint16_t code;\n\tuint8_t jt, jf;\n"
	       "\tuint32_t k;\n};\n");
	if (argc == 2 && strcmp(argv[1], "mount") == 0) {
		fill_mount();
		print("filter_mount");
		return fflush(stdout) != 0;
	}
	fill(true);
	print("filter_internet");
	fill(false);
	print("filter_no_internet");
	return fflush(stdout) != 0;
}
