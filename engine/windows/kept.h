/*
 * The passwords that the caller keeps, beside the accounts that this machine
 * has: what is kept of an account that is gone goes again, by the caller's own
 * journal.
 *
 * The machine decides, whatever was said over the pipe of the handover: it can
 * be looked at by everybody, after any crash, and gives both sides one answer.
 */
#ifndef SBK_WINDOWS_KEPT_H
#define SBK_WINDOWS_KEPT_H

#include <stdbool.h>

#include "engine/cli.h"
#include "engine/windows/account_state.h"

#define SBK_KEPT_MAX 16 /* accounts that are looked at in one go */

struct sbk_kept_names {
	size_t count;
	char accounts[SBK_KEPT_MAX][SBK_NT_ACCOUNT_NAME_MAX + 1];
};

/* What is kept of the calling user's, whatever the journal knows; none where
 * there are no records. SBK_E_LIMIT where there are too many. */
int sbk_kept_list(struct sbk_kept_names *out, struct sbk_error *err);
/* The same as a text, the names comma separated. */
int sbk_kept_text(char *out, size_t size, struct sbk_error *err);
/* False where there are too many. */
bool sbk_kept_add(struct sbk_kept_names *names, const char *account);
bool sbk_kept_has(const struct sbk_kept_names *names, const char *account);

/*
 * Takes back what is kept of accounts that are gone, by their SIDs, which are
 * given once; and of those in `delivered` (or NULL), which a setup has just
 * delivered, also what is disabled: setup did not come to its end. What cannot
 * be told stays. Each is a line of the command's, and so is what failed: the
 * next setup looks again.
 */
void sbk_kept_settle(struct sbk_cli *cli, const struct sbk_backend *backend,
		     const struct sbk_kept_names *delivered);
/*
 * Takes back what is kept under these names, whatever account it is of: others
 * come in its place. SBK_E_EXISTS where a file stays that no record names.
 */
int sbk_kept_replace(struct sbk_cli *cli, const struct sbk_backend *backend,
		     const struct sbk_kept_names *names, struct sbk_error *err);

/*
 * Takes back by the record what is kept under these names, and what a
 * withholding recorded of their accounts (withhold.h); `title` is the
 * transaction's. SBK_E_EXISTS as above.
 */
int sbk_kept_take_back(const struct sbk_ledger *ledger,
		       const struct sbk_backend *backend, const char *title,
		       struct sbk_kept_names *names, struct sbk_error *err);

#endif
