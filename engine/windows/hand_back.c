/*
 * Handing back on Windows (WINDOWS.md part 6, "Hand-back"): by the person's own
 * process and rights. Owns that nothing is planned which the system would not
 * let the person do, so that a run's session can end; what an object becomes is
 * hand_back_rules.c's.
 */
#include "engine/hand_back.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/principals.h"
#include "engine/windows/access.h"
#include "engine/windows/child.h"
#include "engine/windows/hand_back_rules.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* Whether the system lets the caller make `next` of it: asked by opening it. It
 * may be another object by the time of the change, which is compared then. */
static int ask(const char *path, struct sbk_state current,
	       struct sbk_state next, struct sbk_error *err)
{
	struct sbk_nt_access before = SBK_NT_ACCESS_INIT;
	struct sbk_nt_access after = SBK_NT_ACCESS_INIT;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_nt_access_parse(current, &before, err);

	if (rc == 0)
		rc = sbk_nt_access_parse(next, &after, err);
	if (rc == 0)
		rc = sbk_pin_path(path, sbk_nt_access_needs(&before, &after),
				  &pin, err);
	if (rc == SBK_E_DENIED)
		rc = sbk_error_set(err, rc,
				   "you may not take it, and only an "
				   "administrator can give it to you "
				   "('sandbook uninstall')");
	sbk_pin_release(&pin);
	sbk_nt_access_release(&before);
	sbk_nt_access_release(&after);
	return rc;
}

int sbk_hand_back_state(const struct sbk_hand_back *who,
			const struct sbk_hand_back_object *object,
			struct sbk_buf *next, struct sbk_error *err)
{
	struct sbk_state wanted;
	int rc = sbk_nt_hand_back(who->person.id.text, who->account->owner.text,
				  object->above, object->current, next, err);

	if (rc < 0)
		return rc;
	wanted = (struct sbk_state){.data = sbk_buf_text(next),
				    .size = next->size};
	return sbk_state_equal(wanted, object->current)
		       ? 0
		       : ask(object->path, object->current, wanted, err);
}

int sbk_hand_back_accounts(struct sbk_hand_back_account out[2], size_t *count,
			   struct sbk_error *err)
{
	static const enum sbk_principal_role roles[] = {SBK_PRINCIPAL_OFFLINE,
							SBK_PRINCIPAL_ONLINE};
	struct sbk_principals ours = {.items = NULL};
	struct sbk_owner caller;
	size_t i, found = 0;
	int rc = sbk_os_caller_id(&caller, err);

	if (rc == 0)
		rc = sbk_principals_find(&ours, err);
	for (i = 0; rc == 0 && i < 2; i++) {
		const struct sbk_principal *account =
			sbk_principals_get(&ours, roles[i], &caller);

		if (account == NULL)
			continue;
		out[found].owner = account->owner;
		/* A SID is one of both. */
		memcpy(out[found].user, account->id, sizeof(account->id));
		memcpy(out[found++].group, account->id, sizeof(account->id));
	}
	sbk_principals_release(&ours);
	if (rc == 0)
		*count = found;
	return rc;
}

int sbk_hand_back_within(const struct sbk_owner *account,
			 int (*work)(void *arg, void *answer,
				     struct sbk_error *err),
			 void *arg, void *answer, size_t size,
			 struct sbk_error *err)
{
	(void)account;
	(void)size;
	return work(arg, answer, err);
}

/* --- the run's way to it -------------------------------------------------- */

static int start(const char *const *argv, int *exit_code, struct sbk_error *err)
{
	char program[SBK_PATH_MAX];
	const struct sbk_win32_program *calls = sbk_win32->program;
	struct sbk_child_wish wish = {
		.program = program,
		.argv = argv,
		.streams = {NULL, NULL, calls->GetStdHandle(STD_ERROR_HANDLE)}};
	struct sbk_child child = SBK_CHILD_INIT;
	DWORD code = SBK_EXIT_FAILED;
	int rc = sbk_os_executable(program, sizeof(program), err);

	if (rc == 0)
		rc = sbk_child_start(&wish, &child, err);
	if (rc == 0)
		rc = sbk_child_wait(&child, INFINITE, &code, err);
	/* One of the system's is none of ours. */
	if (rc == 0)
		*exit_code = code <= 255 ? (int)code : SBK_EXIT_FAILED;
	return rc;
}

int sbk_hand_back_start(uint64_t session, bool quiet, int *exit_code,
			struct sbk_error *err)
{
	struct sbk_hand_back_account accounts[2];
	const char *argv[6] = {"sandbook", "hand-back"};
	char number[32];
	size_t count, used = 2;

	*exit_code = SBK_EXIT_OK;
	/* What the accounts of a person who left have made is an
	 * administrator's to give. */
	if (sbk_hand_back_accounts(accounts, &count, NULL) == 0 && count == 0)
		return 0;
	if (quiet)
		argv[used++] = "--quiet";
	(void)snprintf(number, sizeof(number), "%" PRIu64, session);
	if (session != 0) {
		argv[used++] = "--session";
		argv[used++] = number;
	}
	return start(argv, exit_code, err);
}
