/*
 * Secrets: the password of an account of ours, in the hands of the user for
 * whom it was made (WINDOWS.md part 6, "Credentials"). One file each in the
 * user's own directory: what it is for, in the clear, then the password under
 * DPAPI, for this user alone, bound to what stands before it.
 *
 *	secret_rules.c   the file's form, its state; portable
 *	secret.c         keeping, opening, removing; secret_list.c: all of them
 *	secret_kind.c    the kind SECRET of the user's journal
 *	keyring.h        where a password is between its making and its keeping
 *
 * How one is kept: its password is put into the backend's keyring, and a change
 * of the kind SECRET, named by the account, from absent to sbk_secret_state, is
 * carried out in the user's journal. Undo removes it. Nothing can make it anew:
 * the journal knows a hash, which says which password it was.
 *
 * Who reads a secret: whoever runs as the user, with any token. So no command
 * runs under the user's own token while one is kept (sbk_secret_withhold).
 */
#ifndef SBK_WINDOWS_SECRET_H
#define SBK_WINDOWS_SECRET_H

#include "engine/buf.h"
#include "engine/error.h"
#include "engine/ntsec/sid.h"
#include "engine/object.h"
#include "engine/os_storage.h"
#include "engine/windows/account_state.h"
#include "engine/windows/password.h"

#define SBK_SECRET_INSTALLATION_DIGITS 32

/* Whose password it is, and of which installation (setup_plan.h). */
struct sbk_secret_label {
	char account[SBK_NT_ACCOUNT_NAME_MAX + 1];
	struct sbk_sid sid;
	char installation[SBK_SECRET_INSTALLATION_DIGITS + 1];
};

/* --- portable ------------------------------------------------------------ */

/* SBK_E_INVAL for a name that no account has, or an installation that is not
 * 32 hexadecimal digits. */
int sbk_secret_label(struct sbk_secret_label *out, const char *account,
		     const struct sbk_sid *sid, const char *installation,
		     struct sbk_error *err);

/*
 * The state of the object SECRET with this password, appended; three lines:
 *
 *	sid S-1-5-21-1-2-3-1005
 *	installation 0123456789abcdef0123456789abcdef
 *	hash <64 hexadecimal digits>
 *
 * The hash is BLAKE2b of the label and the password, of 240 random bits: it
 * says which password it is and helps nobody to find it. SBK_E_INVAL for a
 * password that is not one of sbk_password_make.
 */
int sbk_secret_state(const struct sbk_secret_label *label, const char *password,
		     struct sbk_buf *out, struct sbk_error *err);
/* What a state says; SBK_E_PARSE for any other text. `account` is the object's
 * name. */
int sbk_secret_state_parse(const char *account, struct sbk_state state,
			   struct sbk_secret_label *out, struct sbk_error *err);

/* --- the store, and DPAPI ------------------------------------------------ */

/* An open one. The password lies in memory that is locked, guarded and wiped
 * (sodium_malloc); NULL: none. */
struct sbk_secret {
	struct sbk_secret_label label;
	char *password;
};

#define SBK_SECRET_INIT          \
	{                        \
		.password = NULL \
	}

void sbk_secret_release(struct sbk_secret *secret);

/* The calling user's own directory. Others' are known to them alone. */
int sbk_secret_store(enum sbk_store_mode mode, struct sbk_store **out,
		     struct sbk_error *err);

/*
 * Keeps it: never over another one (SBK_E_EXISTS), durable and seen to open
 * again when it returns. The directory must be there.
 */
int sbk_secret_keep(const struct sbk_store *store,
		    const struct sbk_secret_label *label, const char *password,
		    struct sbk_error *err);
/* The state of what is kept for this account, appended; nothing where nothing
 * is. What is there and is none of ours has a state that no secret has. */
int sbk_secret_look(const struct sbk_store *store, const char *account,
		    struct sbk_buf *out, struct sbk_error *err);
/*
 * SBK_E_NOTFOUND; SBK_E_CORRUPT where it does not open or is not what it says,
 * which is also what an administrator's reset of the user's own password leaves
 * behind. Each with the remedy.
 */
int sbk_secret_open(const struct sbk_store *store, const char *account,
		    struct sbk_secret *out, struct sbk_error *err);
/*
 * Tells of each account of which something is kept here, opened or not, known
 * to the journal or not: what a run under the user's own token could read.
 * `visit` (NULL: only count) returns 0 to go on, < 0 to end it with that.
 */
typedef int sbk_secret_fn(void *arg, const char *account,
			  struct sbk_error *err);
int sbk_secret_list(const struct sbk_store *store, sbk_secret_fn *visit,
		    void *arg, size_t *count, struct sbk_error *err);
/* Removes what a keeping left in the making that was cut short, which no record
 * names. None is 0. */
int sbk_secret_remove_unfinished(struct sbk_error *err);
/* None to remove is 0. */
int sbk_secret_remove(const struct sbk_store *store, const char *account,
		      struct sbk_error *err);

/*
 * Makes the kept password worthless, for everybody and for good, before a run
 * under the user's own token: gives the account another one, which nobody
 * learns. A removal alone would leave the file in shadow copies and backups,
 * which the user reads. The caller then undoes the SECRET in the journal; the
 * way back is `setup --upgrade` (withhold.h). 0 also where the system says that
 * the account has another one already, as after a stop in between.
 * SBK_E_NOTFOUND where none is kept. Where it fails nothing was changed.
 */
int sbk_secret_withhold(const struct sbk_store *store, const char *account,
			struct sbk_error *err);
/* Whether that will be let, as far as it can be told: it opens, the account is
 * its own, no policy keeps the account's password for longer. Else the error of
 * the above; SBK_E_DENIED for the policy. 1: there is no such account any more,
 * so it is worthless already. */
int sbk_secret_withhold_check(const struct sbk_store *store,
			      const char *account, struct sbk_error *err);

/*
 * For setup, elevated: sets the password of an account that exists, after its
 * seal and its SID were compared. It cannot be undone, and no state has it:
 * nobody knew the old one any more, and the SECRET of the user's journal says
 * which one holds. So it comes last, when the new one is kept and proved.
 */
int sbk_secret_reset(const struct sbk_secret_label *label, const char *password,
		     struct sbk_error *err);

#endif
