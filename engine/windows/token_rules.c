/*
 * The restricted token decided. Owns which SIDs restrict it and who may use
 * what it makes; holds that no SID but ours, the logon's and Everyone restricts
 * it, and that without an account its default DACL names neither of these two;
 * with one, that nothing which it makes lets in the account as such.
 */
#include "engine/windows/token_rules.h"

#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

static bool lists(const struct sbk_sid *sids, size_t count,
		  const struct sbk_sid *sid)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (sbk_sid_equal(&sids[i], sid))
			return true;
	return false;
}

static int add_root(struct sbk_token_plan *plan, const struct sbk_sid *root,
		    struct sbk_error *err)
{
	struct sbk_sid_text text;

	if (!sbk_synthetic_parse(root, NULL, NULL))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no SID of a writable root",
				     sbk_sid_format(root, &text));
	if (lists(plan->restricting, plan->count, root))
		return sbk_error_set(err, SBK_E_INVAL,
				     "the SID '%s' is given for two roots",
				     sbk_sid_format(root, &text));
	plan->restricting[plan->count++] = *root;
	return 0;
}

static void let_in(struct sbk_buf *sddl, const char *mask,
		   const struct sbk_sid *sid)
{
	struct sbk_sid_text text;

	if (sid != NULL)
		sbk_buf_printf(sddl, "(A;;%s;;;%s)", mask,
			       sbk_sid_format(sid, &text));
}

/*
 * For the system, for whom the first pass is to let in, and for `run`, which
 * the second pass is to (NULL: nobody of the run). An owner without an entry of
 * its own has WRITE_DAC; with OW it has what that says.
 *
 * First come we, and the run. Without an account that is the user, as which
 * every other program of the user passes, too. The account is no such answer:
 * each of its other runs would pass, whatever its roots are.
 */
static int make_guard(const struct sbk_token_base *base, const char *mask,
		      const struct sbk_sid *run, struct sbk_buf *out,
		      struct sbk_error *err)
{
	struct sbk_buf sddl = SBK_BUF_INIT;
	int rc;

	sbk_buf_printf(&sddl, "D:P(A;;%s;;;SY)", mask);
	let_in(&sddl, mask, base->under_account ? &base->logon : &base->user);
	let_in(&sddl, mask, base->under_account ? &base->person : NULL);
	let_in(&sddl, mask, run);
	sbk_buf_adds(&sddl, "(A;;RC;;;OW)");
	rc = sbk_buf_failed(&sddl, err);
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&sddl), sddl.size, NULL, out,
				    err);
	sbk_buf_release(&sddl);
	return rc;
}

static int make_guards(struct sbk_token_plan *plan, const struct sbk_sid *run,
		       struct sbk_error *err)
{
	/* PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, TOKEN_ALL_ACCESS: what GA
	 * becomes, so that they read back as they are. A program changes its
	 * own token. */
	int rc = make_guard(&plan->base, "0x1fffff", NULL, &plan->guard, err);

	if (rc == 0)
		rc = make_guard(&plan->base, "GA", run, &plan->run_guard, err);
	if (rc == 0)
		rc = make_guard(&plan->base, "0xf01ff", run, &plan->token_guard,
				err);
	return rc;
}

/* The same entries as those of what the run may write. */
static int make_default_dacl(struct sbk_token_plan *plan, struct sbk_error *err)
{
	struct sbk_sd sd;
	int rc = sbk_sd_read((const uint8_t *)plan->run_guard.data,
			     plan->run_guard.size, &sd, err);

	if (rc < 0)
		return rc;
	sbk_buf_add(&plan->default_dacl, sd.dacl.bytes, sd.dacl.size);
	return sbk_buf_failed(&plan->default_dacl, err);
}

int sbk_token_plan(const struct sbk_token_base *base, const struct sbk_sid *run,
		   const struct sbk_sid *roots, size_t root_count,
		   struct sbk_token_plan *out, struct sbk_error *err)
{
	static const uint32_t nobody[] = {0};
	struct sbk_token_plan plan = {.base = *base};
	int rc = 0;
	size_t i;

	if (root_count > SBK_SYNTHETIC_TOKEN_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "%zu writable roots, and one token holds "
				     "%d; name a directory above them",
				     root_count, SBK_SYNTHETIC_TOKEN_MAX);
	if (!sbk_synthetic_is_run(run))
		return sbk_error_set(err, SBK_E_INVAL, "no SID of a run");
	plan.restricting[plan.count++] = *run;
	for (i = 0; rc == 0 && i < root_count; i++)
		rc = add_root(&plan, &roots[i], err);
	plan.restricting[plan.count++] = base->logon;
	plan.restricting[plan.count++] = sbk_sid_make(1, nobody, 1);
	if (rc == 0)
		rc = make_guards(&plan, run, err);
	if (rc == 0)
		rc = make_default_dacl(&plan, err);
	if (rc == 0)
		*out = plan;
	else
		sbk_token_plan_release(&plan);
	return rc;
}

void sbk_token_plan_release(struct sbk_token_plan *plan)
{
	sbk_buf_release(&plan->default_dacl);
	sbk_buf_release(&plan->guard);
	sbk_buf_release(&plan->run_guard);
	sbk_buf_release(&plan->token_guard);
}

static bool same_set(const struct sbk_token_plan *plan,
		     const struct sbk_token_seen *seen)
{
	size_t i;

	if (plan->count != seen->count)
		return false;
	/* Those of the plan are all different: then so are these. */
	for (i = 0; i < plan->count; i++)
		if (!lists(seen->restricting, seen->count,
			   &plan->restricting[i]))
			return false;
	return true;
}

int sbk_token_check(const struct sbk_token_plan *plan,
		    const struct sbk_token_seen *seen, struct sbk_error *err)
{
	const char *what = NULL;

	if (!seen->is_restricted)
		what = "it is not restricted, though the system said so";
	else if (!same_set(plan, seen))
		what = "its restricting SIDs are not those that were asked for";
	else if (seen->privileges > 0)
		what = "it still holds privileges";
	else if (seen->has_administrators)
		what = "it is an administrator's; run without elevation";
	else if (!sbk_sid_equal(&plan->base.user, &seen->user))
		what = "it is somebody else's";
	if (what == NULL)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "the token of the command was read back: %s; the "
			     "command was not started",
			     what);
}
