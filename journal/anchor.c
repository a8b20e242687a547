/*
 * Checkpoints handed to somebody else: to the command that a policy names, and
 * to the system's log. Owns who may name it and as whom it runs.
 *
 * The machine's log is told of by the machine's policy alone, which only root
 * can write, and by a program that only root can write; a person's log by that
 * person's own policy file at its fixed place, and by nobody's rights but that
 * person's. A project's file cannot name one: a sandboxed command may have
 * written it, and the command runs outside of every sandbox.
 */
#include "journal/signing.h"

#include "engine/os.h"
#include "engine/policy.h"

#include "engine/banned.h"

#define COMMAND_MS 10000

/* NULL: the machine's file. SBK_E_NOTFOUND where nobody's is to be read. */
static int find_owner(const struct sbk_journal *journal,
		      struct sbk_person *caller,
		      const struct sbk_person **owner, struct sbk_error *err)
{
	*owner = NULL;
	if (journal->book == SBK_BOOK_MACHINE)
		return sbk_os_elevated() ? 0 : SBK_E_NOTFOUND;
	*owner = caller;
	return sbk_os_caller(caller, err);
}

int sbk_journal_anchor(struct sbk_journal *journal, struct sbk_error *err)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	const char *const *words = NULL;
	const struct sbk_person *owner;
	struct sbk_buf note = SBK_BUF_INIT;
	struct sbk_person caller;
	int rc = find_owner(journal, &caller, &owner, err);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = sbk_policy_anchor(owner, &arena, &words, err);
	if (rc == 0 && words != NULL)
		rc = sbk_checkpoint_read(journal, 0, &note, err);
	if (rc == 0 && words != NULL)
		rc = sbk_os_run_command(words,
					owner != NULL ? owner->home : NULL,
					&note, COMMAND_MS, owner == NULL, err);
	sbk_buf_release(&note);
	sbk_arena_release(&arena);
	return rc;
}
