/*
 * See the header. Owns that the lock is held exactly as long as the user's
 * lists may have an entry of the account's. What a front end leaves that is
 * ended in between, the next one takes out, since it goes by the account's SID;
 * an entry of a logon's own SID that stays names nobody: a logon session ends
 * with its processes, and none gets its number again before the next start of
 * the system, which makes the lists anew.
 */
#include "engine/windows/runner_logon.h"

#include "engine/windows/pipe_end.h"
#include "engine/windows/station.h"

#include "engine/banned.h"

/* No token to ask for the logon's SID: nothing of it is alive. */
static int shut_account(const struct sbk_sid *account, struct sbk_error *err)
{
	struct sbk_sid own;
	int rc = sbk_pipe_own_user(&own, err);

	if (rc < 0 || sbk_sid_equal(&own, account))
		return rc;
	return sbk_station_shut(account, 1, err);
}

static int log_on(const struct sbk_runner_wish *wish, struct sbk_runner **out,
		  struct sbk_error *open, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_runner_start(wish, out, &why);

	sbk_error_clear(open);
	if (rc == 0) {
		(void)sbk_runner_shut_station(*out, wish->sid, open);
		return 0;
	}
	if (shut_account(wish->sid, open) == 0)
		(void)sbk_error_set(err, rc, "%s", why.message);
	else
		(void)sbk_error_set(err, rc,
				    "%.250s; and the account may be in the "
				    "list of this user's windows until the "
				    "next run: %.150s",
				    why.message, open->message);
	if (err != NULL)
		err->os_code = why.os_code;
	return rc;
}

int sbk_runner_log_on(struct sbk_front *front,
		      const struct sbk_front_wait *wait,
		      const struct sbk_runner_wish *wish,
		      struct sbk_runner **out, struct sbk_error *open,
		      struct sbk_error *err)
{
	int rc = front != NULL
			 ? sbk_front_take(front, SBK_FRONT_LOGON, wait, err)
			 : 0;

	if (rc < 0)
		return rc;
	rc = log_on(wish, out, open, err);
	if (front != NULL)
		sbk_front_leave(front, SBK_FRONT_LOGON);
	return rc;
}
