/* See the header. Owns the numbers of the locks and what is said of each. */
#include "engine/windows/front.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "engine/windows/os_storage.h"
#include "engine/windows/secret.h"

#include "engine/banned.h"

#define LOCKS_FROM 1024 /* see SBK_STORE_LOCK_FILE */
#define WAIT_MS 180000

struct sbk_front {
	struct sbk_store *store;
	struct sbk_store_lock *lock;
	bool has[SBK_FRONT_LOCK_COUNT];
};

static const struct {
	const char *waits;  /* what is waited for */
	const char *shared; /* who has it that one wants to share */
	const char *taken;  /* who has it that one wants alone */
} words[SBK_FRONT_LOCK_COUNT] = {
	[SBK_FRONT_OWN_TOKEN] =
		{"another command of this user's, which receives or withholds "
		 "passwords of sandbox accounts",
		 "a setup of this user's receives passwords that a command "
		 "under the user's own token could read: let it end, then try "
		 "again",
		 "a run of this user is at work, and what it started could "
		 "read the password of an account: let it end, then try again"},
	[SBK_FRONT_LOGON] =
		{"another command of this user's, which logs a sandbox account "
		 "on",
		 "",
		 "another command of this user's logs a sandbox account on "
		 "and does not come to its end: let it end, then try "
		 "again"},
	[SBK_FRONT_ACCOUNT] =
		{"another command of this user's, which withholds passwords of "
		 "sandbox accounts",
		 "another command of this user's withholds the passwords of "
		 "sandbox accounts: try again when it has ended",
		 "a run under a sandbox account of this user's is at work, or "
		 "begins: let it end, then try again"},
};

int sbk_front_open(bool make, struct sbk_front **out, struct sbk_error *err)
{
	struct sbk_front *front = calloc(1, sizeof(*front));
	int rc = front == NULL ? sbk_error_no_memory(err) : 0;

	if (rc == 0)
		rc = sbk_secret_store(make ? SBK_STORE_CREATE : SBK_STORE_READ,
				      &front->store, err);
	if (rc == 0)
		rc = sbk_store_lock_open(front->store, SBK_STORE_LOCK_FILE,
					 &front->lock, err);
	if (rc == 0)
		*out = front;
	else
		sbk_front_close(front);
	return rc;
}

void sbk_front_close(struct sbk_front *front)
{
	if (front == NULL)
		return;
	sbk_store_lock_close(front->lock);
	sbk_store_close(front->store);
	free(front);
}

static int enter(struct sbk_front *front, enum sbk_front_lock which,
		 bool exclusive, int64_t wait_ms, struct sbk_error *err)
{
	return exclusive ? sbk_store_lock_take(front->lock, LOCKS_FROM + which,
					       wait_ms, err)
			 : sbk_store_lock_share(front->lock, LOCKS_FROM + which,
						wait_ms, err);
}

static int obtain(struct sbk_front *front, enum sbk_front_lock which,
		  bool exclusive, const struct sbk_front_wait *wait,
		  struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	assert(!front->has[which]);
	rc = enter(front, which, exclusive, 0, &why);
	if (rc == SBK_E_BUSY && wait != NULL) {
		if (wait->tell != NULL)
			wait->tell(wait->arg, words[which].waits);
		rc = enter(front, which, exclusive, WAIT_MS, &why);
	}
	front->has[which] = rc == 0;
	if (rc == SBK_E_BUSY)
		return sbk_error_set(err, rc, "%s",
				     exclusive ? words[which].taken
					       : words[which].shared);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

int sbk_front_share(struct sbk_front *front, enum sbk_front_lock which,
		    const struct sbk_front_wait *wait, struct sbk_error *err)
{
	return obtain(front, which, false, wait, err);
}

int sbk_front_take(struct sbk_front *front, enum sbk_front_lock which,
		   const struct sbk_front_wait *wait, struct sbk_error *err)
{
	return obtain(front, which, true, wait, err);
}

void sbk_front_leave(struct sbk_front *front, enum sbk_front_lock which)
{
	if (!front->has[which])
		return;
	front->has[which] = false;
	(void)sbk_store_lock_release(front->lock, LOCKS_FROM + which, NULL);
}
