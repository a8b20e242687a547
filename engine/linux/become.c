/*
 * Becoming the account. The person's own ids are in no map of the namespace,
 * so there is no call that leads back.
 */
#include "engine/linux/become.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "engine/linux/error.h"

#include "engine/banned.h"

int sbk_become(const struct sbk_own_account *account, struct sbk_error *err)
{
	uid_t uid = account->person;
	gid_t gid = account->group;

	/* The namespace's names for the account. */
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot become the sandbox account");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot tie the run to its caller");
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return sbk_error_set_errno(err, errno,
					   "cannot open up /proc/self");
	return 0;
}

int sbk_become_check(const struct sbk_own_account *account,
		     struct sbk_error *err)
{
	uid_t uid[3] = {0}, want = account->person;
	gid_t gid[3] = {0}, group = account->group;

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return sbk_error_set_errno(err, errno, "cannot read ids back");
	if (uid[0] != want || uid[1] != want || uid[2] != want ||
	    gid[0] != group || gid[1] != group || gid[2] != group ||
	    getgroups(0, NULL) != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the run was made the sandbox account's "
				     "and is not");
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the first process was guarded and is "
				     "not");
	return 0;
}
