/*
 * Decides whether a run is the account's, and owns what the front end starts
 * for it. Each reason against is looked for before anything is started, where
 * it can be seen; what remains is said by the program that fails.
 *
 * Who owns a file can be seen by the front end alone: in the first process's
 * namespace the person's own files are nobody's.
 */
#include "engine/linux/account_run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/channel.h"
#include "engine/linux/error.h"
#include "engine/linux/mappable.h"
#include "engine/linux/mapped.h"
#include "engine/os.h"
#include "engine/path.h"

#include "engine/banned.h"

#define ANSWER_SECONDS 5

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* the other side sees the end */
	*fd = -1;
}

/* strace and gdb: set-id bits count for nothing then. */
static bool is_traced(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	bool traced = false;

	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		if (strncmp(line, "TracerPid:", 10) == 0) {
			traced = strtol(line + 10, NULL, 10) != 0;
			break;
		}
	if (status != NULL)
		(void)fclose(status); /* only read */
	return traced;
}

/* What keeps set-id programs from working for us; NULL: nothing is seen. */
static const char *find_hindrance(void)
{
	const struct passwd *person;

	if (getuid() != geteuid() || getgid() != getegid())
		return "this process has changed its ids; start it as the "
		       "person";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		return "no_new_privs is set (inside another sandbox or a "
		       "hardened service?), so that newuidmap and "
		       "sandbook-mount cannot work; start it outside of that";
	if (is_traced())
		return "this process is traced, so that newuidmap and "
		       "sandbook-mount cannot work; start it without strace "
		       "or gdb";
	person = getpwuid(getuid());
	if (person == NULL)
		return "the account database does not know your uid";
	if (person->pw_gid != getgid())
		return "your group is not the one of your account (newgrp?); "
		       "start it with that";
	return NULL;
}

static int check_helper(struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	int rc = sbk_mapped_path(path, sizeof(path), err);

	return rc < 0 ? rc : sbk_mapped_check(path, err);
}

/* Root has none. Whoever called sudo may have one, and may not know. */
static void say_of_root(enum sbk_account_role role,
			char missing[SBK_ACCOUNT_MISSING_MAX])
{
	struct sbk_own_account own;
	struct sbk_person person;

	if (sbk_os_invoking_person(&person, NULL) == 0 && person.uid != 0 &&
	    sbk_account_find(person.uid, person.gid, role, &own, NULL) == 0)
		(void)snprintf(missing, SBK_ACCOUNT_MISSING_MAX,
			       "root has none, and the one of '%s' is for what "
			       "'%s' starts; run it without sudo",
			       person.name, person.name);
}

void sbk_account_choose(struct sbk_account_run *run, enum sbk_account_wish wish,
			enum sbk_network network,
			char missing[SBK_ACCOUNT_MISSING_MAX])
{
	struct sbk_error err = SBK_ERROR_INIT;
	const char *hindrance;
	int rc;

	missing[0] = '\0';
	run->wanted = false;
	if (wish == SBK_ACCOUNT_WISH_OFF)
		return;
	run->role = network == SBK_NETWORK_ON ? SBK_ACCOUNT_ONLINE
					      : SBK_ACCOUNT_OFFLINE;
	if (getuid() == 0)
		say_of_root(run->role, missing);
	if (missing[0] != '\0')
		return;
	rc = sbk_account_find(getuid(), getgid(), run->role, &run->own, &err);
	if (rc == SBK_E_NOTFOUND && wish == SBK_ACCOUNT_WISH_AUTO)
		return;
	hindrance = rc == 0 ? find_hindrance() : err.message;
	if (hindrance == NULL && check_helper(&err) < 0)
		hindrance = err.message;
	if (hindrance == NULL)
		run->wanted = true;
	else
		(void)snprintf(missing, SBK_ACCOUNT_MISSING_MAX, "%s",
			       hindrance);
}

static bool is_granted(const struct sbk_scope *scope, const char *path)
{
	size_t i;

	for (i = 0; i < scope->granted_count; i++)
		if (sbk_path_within(path, scope->granted[i]))
			return true;
	return false;
}

/* With ACLs allowed, what cannot be mapped is shown as it is. */
static bool is_plain(const struct sbk_scope *scope,
		     const struct sbk_view_op *op)
{
	return scope->grant == SBK_GRANT_ACL && op->read_only &&
	       sbk_unmappable(op->source, getgid(), false) != NULL;
}

int sbk_account_mark(struct sbk_view *view, const struct sbk_scope *scope,
		     struct sbk_error *err)
{
	const uid_t person = getuid();
	size_t i;

	for (i = 0; i < view->count; i++) {
		struct sbk_view_op *op = &view->ops[i];
		struct stat st;

		/* What is gone by now is told by who takes it. */
		if (op->kind != SBK_VIEW_BIND || op->device ||
		    lstat(op->source, &st) < 0)
			continue;
		op->granted = is_granted(scope, op->source);
		op->own = !op->granted && st.st_uid == person &&
			  (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) &&
			  !is_plain(scope, op);
		if (!op->own && !op->granted && !op->read_only)
			return sbk_error_set(err, SBK_E_UNSUPPORTED,
					     "'%s' is to be written and is not "
					     "your own, and the account gets "
					     "what is yours alone",
					     op->source);
	}
	return 0;
}

int sbk_account_prepare(struct sbk_account_run *run, struct sbk_error *err)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	int ends[2], rc = sbk_channel_pair(ends, err);

	if (rc < 0)
		return rc;
	run->mounts = ends[0];
	run->other = ends[1];
	/* Before anybody else can send anything: it waits in the socket. */
	rc = sbk_mapped_role(run->mounts, run->role, err);
	if (rc == 0)
		rc = sbk_idmap_prepare(&run->map, err);
	if (rc < 0)
		return rc;
	if (setsockopt(run->mounts, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot set up a pair of sockets");
	return 0;
}

int sbk_account_start(struct sbk_account_run *run, pid_t process,
		      struct sbk_error *err)
{
	int rc = sbk_idmap_start(&run->own, process, &run->map, err);

	if (rc == 0)
		rc = sbk_mapped_start(run->other, &run->helper, err);
	/* A stray end would turn the helper's death into a wait. */
	close_fd(&run->other);
	close_fd(&run->mounts);
	return rc;
}

int sbk_account_finish(struct sbk_account_run *run, struct sbk_error *err)
{
	return sbk_idmap_finish(&run->map, err);
}

void sbk_account_end(struct sbk_account_run *run, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int status = 0;

	close_fd(&run->other);
	close_fd(&run->mounts);
	sbk_idmap_abandon(&run->map);
	if (run->helper <= 0)
		return;
	if (err == NULL)
		(void)kill(run->helper, SIGKILL); /* gone is as good */
	while (waitpid(run->helper, &status, 0) < 0 && errno == EINTR)
		continue;
	run->helper = -1;
	/* It ended by itself: it says why. Killed, the run has failed. */
	if (err != NULL && err->code == SBK_E_IO && WIFEXITED(status) &&
	    sbk_mapped_ended(status, &why) < 0)
		*err = why;
}

void sbk_account_open_pipes(uid_t person)
{
	static const mode_t wanted[] = {S_IROTH, S_IWOTH, S_IWOTH};
	static const mode_t other[] = {S_IWOTH, S_IROTH, S_IROTH};
	static const int direction[] = {O_RDONLY, O_WRONLY, O_WRONLY};
	struct statfs fs;
	struct stat st;
	int fd;

	for (fd = 0; fd < 3; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || (flags & O_ACCMODE) != direction[fd] ||
		    fstatfs(fd, &fs) < 0 || fs.f_type != PIPEFS_MAGIC ||
		    fstat(fd, &st) < 0 || st.st_uid != person ||
		    (st.st_mode & other[fd]) != 0)
			continue;
		/* Without it the name cannot be opened, the pipe be used. */
		(void)fchmod(fd, (st.st_mode & 0777) | wanted[fd]);
	}
}

int sbk_account_map(int mounts, const struct sbk_view *view,
		    const struct sbk_sources *sources, struct sbk_error *err)
{
	const struct sbk_source *source;
	size_t i;
	int rc = 0;

	for (i = 0; i < view->count && rc == 0; i++) {
		source = view->ops[i].own ? sbk_sources_of(sources, i) : NULL;
		if (source != NULL)
			rc = sbk_mapped_send(mounts, source->tree, err);
	}
	for (i = 0; i < view->count && rc == 0; i++) {
		source = view->ops[i].own ? sbk_sources_of(sources, i) : NULL;
		if (source == NULL)
			continue;
		rc = sbk_mapped_receive(mounts, err);
		if (rc < 0)
			(void)sbk_error_prefix(err, "'%s'",
					       view->ops[i].source);
	}
	(void)close(mounts); /* that is the helper's end, too */
	return rc;
}

int sbk_account_has(const struct sbk_view *view,
		    const struct sbk_sources *sources, uid_t person,
		    struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < view->count; i++) {
		const struct sbk_source *source =
			view->ops[i].own ? sbk_sources_of(sources, i) : NULL;
		struct stat st;

		if (source == NULL)
			continue;
		if (fstat(source->tree, &st) < 0)
			return sbk_error_set_errno(err, errno,
						   "cannot examine '%s'",
						   view->ops[i].source);
		if (st.st_uid != person)
			return sbk_error_set(err, SBK_E_UNSUPPORTED,
					     "'%s' was mapped to the sandbox "
					     "account and is not its own",
					     view->ops[i].source);
	}
	return 0;
}
