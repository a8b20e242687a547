/*
 * sandbook setup --remove-user: takes back exactly one person's part, in
 * transactions of their own. First the person's own objects, as an undo of what
 * enrolled them; then what is everybody's (the firewall table, its unit) goes
 * forward to what it is without the person. In this order no account is left
 * without its rule, and whichever moment it ends at, the same command goes on
 * there.
 *
 * Where accounts have logons of their own (Windows), these go before all else,
 * and with them the profiles that a logon made and no journal knows: as long
 * as the accounts are there they say whose those are.
 *
 * The person's journal, and what grants left in files, stay the person's.
 */
#include "engine/cmd_setup.h"

#include <stdio.h>
#include <string.h>

#include "engine/limits.h"

#include "engine/banned.h"

#define TITLE_MAX (SBK_NAME_MAX + 32)

/* By name; by number or SID, too, since the person may be gone from this
 * machine. */
static int find_person(struct sbk_setup_call *call, struct sbk_error *err)
{
	const char *name = call->options.remove_user;
	struct sbk_owner id;
	int rc = sbk_os_person_by_name(name, &call->person, err);

	if (rc != SBK_E_NOTFOUND || !sbk_owner_parse(name, &id))
		return rc;
	sbk_error_clear(err);
	memset(&call->person, 0, sizeof(call->person));
	call->person.id = id;
	call->person.uid = UINT32_MAX;
	(void)sbk_owner_number(&id, &call->person.uid); /* where it is one */
	(void)snprintf(call->person.name, sizeof(call->person.name), "%s",
		       name);
	return 0;
}

struct removal {
	struct sbk_setup_call *call;
	bool first;    /* logons and profiles alone */
	size_t untold; /* accounts whose profiles could not be told */
	char title[TITLE_MAX];
};

static bool is_wanted(void *arg, const struct sbk_change *change)
{
	const struct removal *removal = arg;
	const struct sbk_setup_call *call = removal->call;

	return (!removal->first || change->object.kind == SBK_KIND_LOGON ||
		change->object.kind == SBK_KIND_FOLDER) &&
	       sbk_setup_is_of(change, &call->now, &call->person.id);
}

/* What cannot be told of one account is no reason to keep the rest. */
static int plan_profile(struct removal *removal, const char *id,
			struct sbk_plan *taken, struct sbk_plan *plan,
			struct sbk_error *err)
{
	struct sbk_setup_call *call = removal->call;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_plan_made_by_system(&call->backend, id, taken, plan, &why);

	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0) {
		removal->untold++;
		(void)fprintf(call->cli->err,
			      "%s: which profiles '%s' has could not be told: "
			      "%s\n",
			      call->cli->program, id, why.message);
	}
	return 0;
}

static int plan_profiles(void *arg, struct sbk_plan *taken,
			 struct sbk_plan *plan, struct sbk_error *err)
{
	struct removal *removal = arg;
	const struct sbk_setup_call *call = removal->call;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < call->now.count; i++)
		if (sbk_principal_is_account(&call->now.items[i]) &&
		    sbk_owner_equal(&call->now.items[i].person,
				    &call->person.id))
			rc = plan_profile(removal, call->now.items[i].id, taken,
					  plan, err);
	return rc;
}

static struct sbk_take_back_request make_request(struct removal *removal,
						 struct sbk_setup_call *call)
{
	*removal = (struct removal){.call = call};
	(void)snprintf(removal->title, TITLE_MAX, "setup --remove-user %s",
		       call->person.name);
	return (struct sbk_take_back_request){
		.book = SBK_BOOK_MACHINE,
		.title = removal->title,
		.is_wanted = is_wanted,
		.arg = removal,
	};
}

/* What is everybody's, from what stands now. */
static int plan_rest(struct sbk_setup_call *call, struct sbk_error *err)
{
	sbk_plan_free(call->plan);
	call->plan = sbk_plan_new();
	if (call->plan == NULL)
		return sbk_error_no_memory(err);
	return sbk_plan_without(&call->backend, &call->person.id, call->plan,
				err);
}

static void print_plans(struct sbk_setup_call *call, struct sbk_plan *own,
			struct sbk_buf *out)
{
	if (call->options.json) {
		sbk_buf_adds(out, "{\"taken_back\":");
		sbk_plan_print_json(own, out);
		sbk_buf_adds(out, ",\"changed\":");
		sbk_plan_print_json(call->plan, out);
		sbk_buf_adds(out, "}\n");
		return;
	}
	if (sbk_plan_count(own) + sbk_plan_count(call->plan) == 0) {
		sbk_buf_printf(out,
			       "Nothing to change: '%s' is not "
			       "enrolled.\n",
			       call->person.name);
		return;
	}
	sbk_buf_printf(out,
		       "Taking back the part of '%s' changes this "
		       "machine:\n",
		       call->person.name);
	sbk_plan_print(own, out);
	if (sbk_plan_count(call->plan) > 0) {
		sbk_buf_adds(out, "And for those who stay enrolled:\n");
		sbk_plan_print(call->plan, out);
	}
	sbk_buf_printf(out,
		       "Processes of the accounts are ended. What '%s' granted "
		       "in files is not looked at: 'sandbook undo' by that "
		       "person, before, or 'sandbook uninstall' of all.\n",
		       call->person.name);
}

/* Prints what would be done; *nothing where there is nothing to do. */
static int propose(struct sbk_setup_call *call, bool *nothing,
		   struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &call->cli->ledger;
	struct removal removal;
	struct sbk_take_back_request request = make_request(&removal, call);
	struct sbk_plan *own = sbk_plan_new();
	struct sbk_buf out = SBK_BUF_INIT;
	int rc = own == NULL ? sbk_error_no_memory(err) : 0;

	request.plan_more = plan_profiles;
	if (rc == 0)
		rc = ledger->ops->plan_take_back(ledger->self, &call->backend,
						 &request, own, err);
	if (rc == 0)
		rc = plan_rest(call, err);
	if (rc == 0) {
		*nothing =
			sbk_plan_count(own) + sbk_plan_count(call->plan) == 0;
		print_plans(call, own, &out);
		rc = sbk_buf_failed(&out, err);
	}
	if (rc == 0)
		rc = sbk_cli_announce(call->cli, sbk_buf_text(&out), err);
	sbk_buf_release(&out);
	sbk_plan_free(own);
	return rc;
}

static int take_part(struct sbk_setup_call *call,
		     const struct sbk_take_back_request *request,
		     struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &call->cli->ledger;
	struct sbk_transaction_report *report = &call->report;
	int rc = ledger->ops->take_back(ledger->self, &call->backend, request,
					report, err);

	if (report->recovered > 0)
		sbk_setup_print_recovered(call, report->recovered);
	sbk_cli_tell_record(call->cli, SBK_BOOK_MACHINE, report);
	return rc;
}

/* The person's own part; what could not be taken back is an error. */
static int take_own_back(struct sbk_setup_call *call, struct sbk_error *err)
{
	const struct sbk_transaction_report *report = &call->report;
	struct removal removal;
	struct sbk_take_back_request request = make_request(&removal, call);
	size_t stay;
	int rc;

	removal.first = true;
	request.plan_more = plan_profiles;
	rc = take_part(call, &request, err);
	if (rc < 0)
		return rc;
	/* What else is owed is among the rest, and counted there. */
	stay = report->made.owed + removal.untold;
	removal.first = false;
	request.plan_more = NULL;
	rc = take_part(call, &request, err);
	stay += report->undone.owed + report->undone.conflicts;
	if (rc == 0 && stay > 0)
		rc = sbk_error_set(err, SBK_E_INCOMPLETE,
				   "%zu changes could not be taken back: "
				   "'sandbook journal log' says what stays and "
				   "why; mend it and run this again",
				   stay);
	return rc;
}

static int change_rest(struct sbk_setup_call *call, struct sbk_error *err)
{
	const struct sbk_ledger *ledger = &call->cli->ledger;
	struct removal removal;
	const struct sbk_take_back_request named = make_request(&removal, call);
	const struct sbk_transaction_request request = {
		.book = SBK_BOOK_MACHINE, .title = named.title};
	struct sbk_transaction_report report;
	int rc = plan_rest(call, err);

	if (rc == 0)
		rc = ledger->ops->transact(ledger->self, &call->backend,
					   &request, call->plan, &report, err);
	if (rc == 0 && report.transaction != 0)
		sbk_cli_tell_anchor(call->cli, SBK_BOOK_MACHINE);
	return rc;
}

int sbk_setup_remove(struct sbk_setup_call *call, struct sbk_error *err)
{
	bool nothing = false;
	int rc = find_person(call, err);

	if (rc == 0)
		rc = sbk_principals_find(&call->now, err);
	if (rc == 0)
		rc = propose(call, &nothing, err);
	if (rc < 0 || nothing || call->options.dry_run)
		return rc;
	rc = sbk_cli_ask(call->cli, "Carry this out?", call->options.yes, err);
	if (rc == 0) {
		/* Once more, while that person is still one of them. */
		sbk_setup_witness(call);
		rc = take_own_back(call, err);
	}
	if (rc == 0)
		rc = change_rest(call, err);
	if (rc < 0)
		return rc;
	sbk_setup_tell_manager(call);
	if (!call->options.json)
		(void)fprintf(call->cli->out,
			      "Done: '%s' is not enrolled any more.\n",
			      call->person.name);
	return 0;
}
