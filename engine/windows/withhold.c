/* See the header. Owns that no password is changed before its intent is
 * durable, and that none which is worthless stays kept. */
#include "engine/windows/withhold.h"

#include <string.h>

#include "engine/backend.h"
#include "engine/os.h"
#include "engine/windows/kept.h"
#include "engine/windows/secret.h"

#include "engine/banned.h"

#define TITLE "run --withhold-passwords"
#define REASON                                                             \
	"its password is changed to one that nobody has, which cannot be " \
	"undone"

/* One call. */
struct work {
	const struct sbk_withholding *asked;
	struct sbk_backend backend;
	struct sbk_store *store;
	struct sbk_kept_names open;	 /* may open an account */
	struct sbk_kept_names worthless; /* opens none */
	bool changed;			 /* `more` was here */
};

/* --- before the first change ---------------------------------------------- */

static int look(struct work *w, struct sbk_error *err)
{
	struct sbk_kept_names kept;
	size_t i;
	int rc = sbk_kept_list(&kept, err);

	if (rc == 0 && kept.count > 0)
		rc = sbk_secret_store(SBK_STORE_READ, &w->store, err);
	for (i = 0; rc >= 0 && i < kept.count; i++) {
		rc = sbk_secret_withhold_check(w->store, kept.accounts[i], err);
		if (rc >= 0)
			(void)sbk_kept_add(rc == 0 ? &w->open : &w->worthless,
					   kept.accounts[i]);
	}
	return rc < 0 ? rc : 0;
}

static int plan_one(struct work *w, const char *account, struct sbk_plan *plan,
		    struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_ACCOUNT, .name = account},
		.reason = REASON};
	int rc = sbk_backend_observe(&w->backend, &change.object, &seen, err);

	change.before = change.after = sbk_observation_state(&seen);
	if (rc == 0)
		rc = sbk_plan_add(plan, &change, err);
	sbk_observation_release(&seen);
	return rc;
}

/* --- changing ------------------------------------------------------------- */

/* The intents are durable. */
static int change_passwords(void *arg, struct sbk_plan *plan,
			    struct sbk_error *err)
{
	struct work *w = arg;
	size_t i;
	int rc = 0;

	(void)plan; /* adds nothing */
	for (i = 0; !w->changed && rc == 0 && i < w->open.count; i++) {
		rc = sbk_secret_withhold(w->store, w->open.accounts[i], err);
		if (rc == 0)
			(void)sbk_kept_add(&w->worthless, w->open.accounts[i]);
	}
	w->changed = true;
	return rc;
}

static int make_worthless(struct work *w, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = w->asked->ledger;
	const struct sbk_transaction_request request = {
		.book = SBK_BOOK_USER,
		.title = TITLE,
		.more = change_passwords,
		.more_arg = w,
		.session = w->asked->session};
	struct sbk_transaction_report report;
	struct sbk_plan *plan = sbk_plan_new();
	size_t i;
	int rc = plan == NULL ? sbk_error_no_memory(err) : 0;

	memset(&report, 0, sizeof(report));
	for (i = 0; rc == 0 && i < w->open.count; i++)
		rc = plan_one(w, w->open.accounts[i], plan, err);
	if (rc == 0 && w->open.count > 0)
		rc = ledger->ops->transact(ledger->self, &w->backend, &request,
					   plan, &report, err);
	sbk_plan_free(plan);
	return rc;
}

/* Also of the first one where the second was refused: what is kept of it is
 * nothing but a password that fails. */
static int withhold(struct work *w, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT, left = SBK_ERROR_INIT;
	int rc = make_worthless(w, &why), removed = 0;

	if (w->worthless.count > 0)
		removed = sbk_kept_take_back(w->asked->ledger, &w->backend,
					     TITLE ": what was kept",
					     &w->worthless, &left);
	if (rc == 0 && removed == 0)
		return 0;
	if (rc == 0)
		return sbk_error_set(err, removed, "%s", left.message);
	if (w->worthless.count == 0)
		return sbk_error_set(err, rc, "%s", why.message);
	return sbk_error_set(
		err, rc,
		"%.300s; '%.64s' was changed before that and needs "
		"'sandbook setup --upgrade'",
		why.message, w->worthless.accounts[0]);
}

static int enter(const struct sbk_withholding *asked, struct sbk_error *err)
{
	int rc =
		sbk_front_take(asked->front, SBK_FRONT_LOGON, asked->wait, err);

	/* Its end may be hours away, and what waits here is a command that is
	 * there already. */
	return rc < 0 ? rc
		      : sbk_front_take(asked->front, SBK_FRONT_ACCOUNT, NULL,
				       err);
}

int sbk_withhold(const struct sbk_withholding *asked, struct sbk_error *err)
{
	struct work w = {.asked = asked};
	int rc = enter(asked, err);

	if (rc == 0)
		rc = look(&w, err);
	if (rc == 0 && w.open.count + w.worthless.count > 0)
		rc = sbk_os_backend(&w.backend, err);
	if (rc == 0 && w.backend.ops != NULL)
		rc = withhold(&w, err);
	sbk_backend_close(&w.backend);
	sbk_store_close(w.store);
	sbk_front_leave(asked->front, SBK_FRONT_ACCOUNT);
	sbk_front_leave(asked->front, SBK_FRONT_LOGON);
	return rc;
}
