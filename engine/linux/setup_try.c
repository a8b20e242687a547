/*
 * Whether the accounts can be used, tried for real: a process of the person's
 * in a user namespace of its own, whose ids newuidmap and newgidmap map to an
 * account's, becomes that account. What stands between an entry in /etc/subuid
 * and a run (another source of ids in nsswitch.conf, a helper without its
 * set-id bit, a kernel without user namespaces) shows here and not at the
 * person's first run.
 *
 * Runs as the person. Changes nothing; what it makes ends with it.
 */
#include "engine/plan_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/program.h"
#include "engine/principals.h"

#include "engine/banned.h"

#define HELPER_MS 5000

/* The process that is mapped, and its two pipes. */
struct trial {
	pid_t process;
	int ready, go; /* it has a namespace; its maps are written */
};

static bool read_byte(int fd)
{
	char byte;
	ssize_t got;

	do {
		got = read(fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	return got == 1;
}

/* In the process: 0, or an errno as the exit code. */
static int become_mapped(int ready, int go, uid_t uid, gid_t gid)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    unshare(CLONE_NEWUSER) < 0)
		return errno;
	if (write(ready, "", 1) != 1)
		return EPIPE;
	if (!read_byte(go))
		return ECANCELED;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return errno;
	return 0;
}

static int start_process(struct trial *trial, struct sbk_error *err)
{
	int ready[2], go[2];

	if (pipe2(ready, O_CLOEXEC) < 0)
		return sbk_error_set_errno(err, errno, "making a pipe");
	if (pipe2(go, O_CLOEXEC) < 0) {
		int os_code = errno;

		(void)close(ready[0]); /* nothing was written */
		(void)close(ready[1]);
		return sbk_error_set_errno(err, os_code, "making a pipe");
	}
	trial->process = fork();
	if (trial->process == 0) {
		(void)close(go[1]); /* else its end is never seen */
		_exit(become_mapped(ready[1], go[0], getuid(), getgid()));
	}
	trial->ready = ready[0];
	trial->go = go[1];
	(void)close(ready[1]); /* the process's ends */
	(void)close(go[0]);
	return trial->process < 0 ? sbk_error_set_errno(err, errno, "forking")
				  : 0;
}

/* Ends the process and says how: its exit code, or 128 and more. */
static int end_process(struct trial *trial)
{
	int status = 0;

	(void)close(trial->go); /* pipes: nothing to learn */
	(void)close(trial->ready);
	while (waitpid(trial->process, &status, 0) < 0)
		if (errno != EINTR)
			return 128;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* newuidmap PROCESS INSIDE OUTSIDE 1, or newgidmap. */
static int map(const char *helper, pid_t process, unsigned int inside,
	       unsigned int outside, struct sbk_error *err)
{
	char words[3][16];
	const char *argv[] = {helper, words[0], words[1], words[2], "1", NULL};
	const struct sbk_program program = {.argv = argv,
					    .timeout_ms = HELPER_MS};
	struct sbk_program_result result = SBK_PROGRAM_RESULT_INIT;
	char path[64];
	int rc;

	if (sbk_program_find(helper, path, sizeof(path), NULL) < 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the program '%s' is missing: apt-get "
				     "install uidmap",
				     helper);
	(void)snprintf(words[0], sizeof(words[0]), "%d", (int)process);
	(void)snprintf(words[1], sizeof(words[1]), "%u", inside);
	(void)snprintf(words[2], sizeof(words[2]), "%u", outside);
	rc = sbk_program_run(&program, &result, err);
	if (rc == 0 && result.exit_code != 0)
		rc = sbk_program_failed(&program, &result, SBK_E_UNSUPPORTED,
					err);
	sbk_program_result_release(&result);
	return rc;
}

static int refuse_namespace(int os_code, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;

	(void)sbk_error_set_errno(&why, os_code, "making a user namespace");
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "%s: see 'sysctl user.max_user_namespaces', and "
			     "'kernel.apparmor_restrict_unprivileged_userns' "
			     "on Ubuntu",
			     why.message);
}

static int try_account(const struct sbk_principal *account,
		       struct sbk_error *err)
{
	struct trial trial;
	int rc = start_process(&trial, err), code;

	if (rc < 0)
		return rc;
	if (!read_byte(trial.ready))
		return refuse_namespace(end_process(&trial), err);
	rc = map("newuidmap", trial.process, getuid(), account->number, err);
	if (rc == 0)
		rc = map("newgidmap", trial.process, getgid(), account->number,
			 err);
	if (rc == 0 && write(trial.go, "", 1) != 1)
		rc = sbk_error_set(err, SBK_E_IO, "the mapped process ended");
	code = end_process(&trial);
	if (rc == 0 && code != 0)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the ids of '%s' are mapped, and a process "
				   "cannot become it (error %d)",
				   account->name, code);
	return rc;
}

int sbk_setup_try_account(enum sbk_principal_role role, struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	const struct sbk_owner person = sbk_owner_of_number(getuid());
	const struct sbk_principal *account;
	void (*before)(int);
	int rc = sbk_principals_find(&list, err);

	if (rc < 0)
		return rc;
	account = sbk_principals_get(&list, role, &person);
	/* A helper that fails at once must not end us by a closed pipe. */
	before = signal(SIGPIPE, SIG_IGN);
	rc = account != NULL ? try_account(account, err)
			     : sbk_error_set(err, SBK_E_NOTFOUND,
					     "you are not enrolled");
	(void)signal(SIGPIPE, before);
	sbk_principals_release(&list);
	return rc;
}

int sbk_setup_try(struct sbk_error *err)
{
	int rc = sbk_setup_try_account(SBK_PRINCIPAL_OFFLINE, err);

	return rc < 0 ? rc : sbk_setup_try_account(SBK_PRINCIPAL_ONLINE, err);
}
