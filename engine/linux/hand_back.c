/*
 * The process that hands back: in a user namespace whose maps have two lines,
 * by which the person and the account each are themselves. There it may change
 * owners and modes of files whose owner and group are among these two, and
 * search their directories; of all other files it has what the person has.
 *
 * The maps are written by newuidmap and newgidmap for a child that waits; the
 * parent, who stays outside, reaps all three. Nobody of the three outlives the
 * one that started it, and the work is done in the child alone.
 */
#include "engine/hand_back.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/linux/access_state.h"
#include "engine/linux/account_find.h"
#include "engine/linux/error.h"
#include "engine/linux/idmap.h"

#include "engine/banned.h"

#define CAPABILITY(name) ((uint32_t)1 << (name))

/* FSETID: a directory keeps its set-group-id bit. */
static const uint32_t kept = CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_FOWNER) |
			     CAPABILITY(CAP_DAC_READ_SEARCH) |
			     CAPABILITY(CAP_FSETID);

struct within {
	struct sbk_own_account own;
	struct sbk_idmap map;
	int (*work)(void *arg, void *answer, struct sbk_error *err);
	void *arg, *answer;
	size_t size;
	int ready[2];  /* the child has its namespace */
	int result[2]; /* its error, and then the answer */
	pid_t parent;
};

/* --- states ------------------------------------------------------------- */

int sbk_hand_back_state(const struct sbk_hand_back *who,
			const struct sbk_hand_back_object *object,
			struct sbk_buf *next, struct sbk_error *err)
{
	const uint32_t person = who->person.uid, own = who->person.gid;
	struct sbk_access *access = malloc(sizeof(*access));
	uint32_t account = UINT32_MAX; /* nobody's */
	bool owner, group;
	int rc;

	if (access == NULL)
		return sbk_error_no_memory(err);
	(void)sbk_owner_number(&who->account->owner, &account);
	rc = sbk_access_parse(object->current, access, err);
	owner = rc == 0 && access->uid == account;
	group = rc == 0 && access->gid == account;
	if (rc == 0 && (owner || group) &&
	    ((!owner && access->uid != person) ||
	     (!group && access->gid != own)))
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "a third account or group has a part in "
				   "it, and only root can give it to you");
	if (rc == 0 && (owner || group))
		sbk_access_give(access, owner ? &person : NULL,
				group ? &own : NULL);
	if (rc == 0) {
		sbk_access_format(access, next);
		rc = sbk_buf_failed(next, err);
	}
	free(access);
	return rc;
}

/* Its own group has its number (linux/ACCOUNT.md). */
static void name_account(uint32_t number, struct sbk_hand_back_account *out)
{
	struct sbk_principal_id id = {.is_group = false, .number = number};

	out->owner = sbk_owner_of_number(number);
	sbk_principal_format(id, out->user);
	id.is_group = true;
	sbk_principal_format(id, out->group);
}

int sbk_hand_back_accounts(struct sbk_hand_back_account out[2], size_t *count,
			   struct sbk_error *err)
{
	static const enum sbk_account_role roles[] = {SBK_ACCOUNT_OFFLINE,
						      SBK_ACCOUNT_ONLINE};
	struct sbk_own_account own;
	size_t i;

	*count = 0;
	for (i = 0; i < 2; i++) {
		int rc = sbk_account_find(getuid(), getgid(), roles[i], &own,
					  err);

		if (rc < 0 && rc != SBK_E_NOTFOUND)
			return rc;
		if (rc == 0)
			name_account(own.number, &out[(*count)++]);
		sbk_error_clear(err);
	}
	return 0;
}

/* --- the child ---------------------------------------------------------- */

static int limit_powers(struct sbk_error *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	int capability;

	for (capability = 0;; capability++) {
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* beyond the kernel's last one */
			break;
		return sbk_error_set_errno(
			err, errno, "cannot drop capability %d", capability);
	}
	memset(sets, 0, sizeof(sets));
	sets[0].effective = sets[0].permitted = kept;
	if (syscall(SYS_capset, &header, sets) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set no_new_privs");
	return 0;
}

/* Once more after each change of powers, which may have the kernel forget. */
static int follow_parent(const struct within *w, struct sbk_error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    getppid() != w->parent)
		return sbk_error_set(err, SBK_E_IO, "its caller is gone");
	return 0;
}

static int enter(struct within *w, struct sbk_error *err)
{
	const char byte = 0;
	int rc;

	rc = follow_parent(w, err);
	if (rc < 0)
		return rc;
	if (unshare(CLONE_NEWUSER) < 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "user namespaces are not available: %s",
				     strerror(errno));
	if (write(w->ready[1], &byte, 1) != 1)
		return sbk_error_set_errno(err, errno, "telling the parent");
	(void)close(w->map.say); /* else its end would never come */
	rc = sbk_idmap_await_both(w->map.said, &w->own, err);
	if (rc == 0)
		rc = limit_powers(err);
	return rc < 0 ? rc : follow_parent(w, err);
}

static void write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno != EINTR)
			return; /* the parent hears that something is missing */
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
}

static void run_child(struct within *w)
{
	struct sbk_error err = SBK_ERROR_INIT;
	int rc;

	(void)close(w->ready[0]);
	(void)close(w->result[0]);
	rc = enter(w, &err);
	(void)close(w->ready[1]); /* a failure ends the parent's wait, too */
	if (rc == 0)
		rc = w->work(w->arg, w->answer, &err);
	if (rc == 0)
		sbk_error_clear(&err);
	write_all(w->result[1], &err, sizeof(err));
	write_all(w->result[1], w->answer, w->size);
	_exit(0);
}

/* --- the parent --------------------------------------------------------- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* a pipe's end */
	*fd = -1;
}

/* Whether all of it came. */
static bool read_all(int fd, void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = read(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static int write_maps(struct within *w, pid_t child, struct sbk_error *err)
{
	char byte;
	int rc;

	if (!read_all(w->ready[0], &byte, 1))
		return 0; /* it says itself why */
	rc = sbk_idmap_start(&w->own, child, &w->map, err);
	return rc < 0 ? rc : sbk_idmap_finish(&w->map, err);
}

static int hear(struct within *w, struct sbk_error *err)
{
	struct sbk_error heard;

	if (!read_all(w->result[0], &heard, sizeof(heard)) ||
	    !read_all(w->result[0], w->answer, w->size))
		return sbk_error_set(err, SBK_E_IO,
				     "the process that hands back was ended");
	if (heard.code < 0 && err != NULL)
		*err = heard;
	return heard.code < 0 ? heard.code : 0;
}

static int attend(struct within *w, pid_t child, struct sbk_error *err)
{
	int rc;

	close_fd(&w->ready[1]);
	close_fd(&w->result[1]);
	rc = write_maps(w, child, err);
	sbk_idmap_abandon(&w->map);
	if (rc == 0)
		rc = hear(w, err);
	else
		(void)kill(child, SIGKILL); /* it waits for its maps */
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return rc;
}

static int find_own(const struct sbk_owner *owner, struct sbk_own_account *own,
		    struct sbk_error *err)
{
	uint32_t account = UINT32_MAX; /* nobody's */
	int rc;

	(void)sbk_owner_number(owner, &account);
	rc = sbk_account_find(getuid(), getgid(), SBK_ACCOUNT_OFFLINE, own,
			      err);

	if (rc < 0 || own->number != account)
		rc = sbk_account_find(getuid(), getgid(), SBK_ACCOUNT_ONLINE,
				      own, err);
	if (rc == 0 && own->number != account)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "account %s is not yours (any more)",
				   owner->text);
	return rc;
}

int sbk_hand_back_within(const struct sbk_owner *account,
			 int (*work)(void *arg, void *answer,
				     struct sbk_error *err),
			 void *arg, void *answer, size_t size,
			 struct sbk_error *err)
{
	struct within w = {.map = SBK_IDMAP_INIT,
			   .work = work,
			   .arg = arg,
			   .answer = answer,
			   .size = size,
			   .ready = {-1, -1},
			   .result = {-1, -1},
			   .parent = getpid()};
	pid_t child;
	int rc = find_own(account, &w.own, err);

	w.map.both = true;
	if (rc == 0)
		rc = sbk_idmap_prepare(&w.map, err);
	if (rc == 0 &&
	    (pipe2(w.ready, O_CLOEXEC) < 0 || pipe2(w.result, O_CLOEXEC) < 0))
		rc = sbk_error_set_errno(err, errno, "making a pipe");
	if (rc == 0) {
		(void)signal(SIGCHLD, SIG_DFL); /* ignored, it reaps for us */
		child = fork();
		if (child == 0)
			run_child(&w);
		rc = child < 0 ? sbk_error_set_errno(err, errno, "forking")
			       : attend(&w, child, err);
	}
	sbk_idmap_abandon(&w.map);
	close_fd(&w.ready[0]);
	close_fd(&w.ready[1]);
	close_fd(&w.result[0]);
	close_fd(&w.result[1]);
	return rc;
}

/* --- the run's way to it ------------------------------------------------ */

static void become(int program, uint64_t session, bool quiet, pid_t parent)
{
	char name[] = "sandbook", command[] = "hand-back", silent[] = "--quiet";
	char option[] = "--session", number[32];
	char *argv[6] = {name, command};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), count = 2;
	sigset_t none;

	if (quiet)
		argv[count++] = silent;
	if (session != 0) {
		argv[count++] = option;
		argv[count++] = number;
	}
	(void)snprintf(number, sizeof(number), "%llu",
		       (unsigned long long)session);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    dup2(null, STDOUT_FILENO) >= 0 &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	    getppid() == parent)
		(void)fexecve(program, argv, environ);
	_exit(SBK_EXIT_FAILED);
}

int sbk_hand_back_start(uint64_t session, bool quiet, int *exit_code,
			struct sbk_error *err)
{
	int program = open("/proc/self/exe", O_PATH | O_CLOEXEC), status = 0;
	pid_t parent = getpid(), child;
	struct sbk_hand_back_account accounts[2];
	size_t count;
	int rc = 0;

	*exit_code = SBK_EXIT_OK;
	if (program < 0)
		return sbk_error_set_errno(err, errno, "opening '%s'",
					   "/proc/self/exe");
	/* What the accounts of a person who left have made is root's to give.
	 */
	if (sbk_hand_back_accounts(accounts, &count, NULL) == 0 && count == 0) {
		(void)close(program); /* O_PATH */
		return 0;
	}
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it reaps for us */
	child = fork();
	if (child == 0)
		become(program, session, quiet, parent);
	if (child < 0)
		rc = sbk_error_set_errno(err, errno, "forking");
	(void)close(program); /* O_PATH */
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	*exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : SBK_EXIT_FAILED;
	return rc;
}
