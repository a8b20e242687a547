/*
 * Secrets in the user's own directory. Owns how one is written (whole, under
 * its last access list, durable, seen to open), and that the password is in
 * locked memory alone. Refuses to write over one, and to believe a file that
 * the directory's rules do not.
 */
#include "engine/windows/secret_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "engine/limits.h"
#include "engine/os.h"
#include "engine/windows/at_rest.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_check.h"
#include "engine/windows/win32_logon.h"

#include "engine/banned.h"

#define NEW_NAME ".secret-new"
#define REMEDY "; run 'sandbook setup --upgrade' to set it anew"

void sbk_secret_release(struct sbk_secret *secret)
{
	sodium_free(secret->password); /* wipes; NULL is fine */
	secret->password = NULL;
}

int sbk_secret_store(enum sbk_store_mode mode, struct sbk_store **out,
		     struct sbk_error *err)
{
	char directory[SBK_PATH_MAX];
	struct sbk_store_place place = {.directory = directory};
	struct sbk_person caller;
	int rc = sbk_os_caller(&caller, err);

	if (rc == 0)
		rc = sbk_os_person_directory(&caller, directory,
					     sizeof(directory), &place.base,
					     err);
	if (rc < 0)
		return rc;
	place.owner = caller.id;
	return sbk_store_open(&place, mode, out, err);
}

/* --- reading -------------------------------------------------------------- */

/* A whole file; 0 bytes where there is none. */
static int read_file(const struct sbk_store *store, const char *account,
		     char *out, size_t room, size_t *got, struct sbk_error *err)
{
	char name[SBK_SECRET_FILE_NAME_SIZE];
	struct sbk_error why = SBK_ERROR_INIT;
	uint64_t size = 0;
	int rc;

	*got = 0;
	sbk_secret_file_name(account, name);
	rc = sbk_store_look(store, name, false, &size, &why);
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0 && size > room)
		rc = sbk_error_set(&why, SBK_E_CORRUPT,
				   "'%s/%s' is too long for a secret",
				   sbk_store_path(store), name);
	if (rc == 0)
		rc = sbk_store_read(store, name, 0, out, (size_t)size, got,
				    &why);
	if (rc < 0)
		(void)sbk_error_set(err, rc, "%s", why.message);
	return rc;
}

int sbk_secret_look(const struct sbk_store *store, const char *account,
		    struct sbk_buf *out, struct sbk_error *err)
{
	char bytes[SBK_SECRET_FILE_MAX];
	struct sbk_secret_parts parts;
	size_t size = 0;
	int rc = read_file(store, account, bytes, sizeof(bytes), &size, err);

	/* A directory, a link or somebody's file is an answer, too. */
	if (rc == SBK_E_DENIED || rc == SBK_E_CORRUPT) {
		sbk_error_clear(err);
		sbk_buf_adds(out, "other\n");
		return sbk_buf_failed(out, err);
	}
	if (rc < 0 || size == 0)
		return rc;
	if (sbk_secret_file_read(account, bytes, size, &parts, NULL) == 0)
		sbk_buf_add(out, parts.state.data, parts.state.size);
	else
		sbk_buf_adds(out, "other\n");
	return sbk_buf_failed(out, err);
}

/* The password as its state says, or nothing. */
static int unprotect(const struct sbk_secret_parts *parts, const char *head,
		     char *password, struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	size_t got = 0;
	int rc = sbk_win32_unprotect(parts->blob, parts->blob_size, head,
				     parts->head_size, password,
				     SBK_PASSWORD_CHARACTERS, &got, err);

	if (rc == 0) {
		password[got] = '\0';
		rc = sbk_secret_state(&parts->label, password, &state, err);
	}
	if (rc == 0 &&
	    !sbk_state_equal(parts->state,
			     (struct sbk_state){state.data, state.size}))
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "it is not the password that it says");
	sbk_buf_release(&state);
	return rc;
}

static int open_bytes(const char *account, const char *bytes, size_t size,
		      struct sbk_secret *out, struct sbk_error *err)
{
	struct sbk_secret secret = SBK_SECRET_INIT;
	struct sbk_secret_parts parts;
	int rc = sbk_secret_file_read(account, bytes, size, &parts, err);

	if (rc == 0 && sodium_init() >= 0)
		secret.password = sodium_malloc(SBK_PASSWORD_CHARACTERS + 1);
	if (rc == 0 && secret.password == NULL)
		return sbk_error_no_memory(err);
	if (rc == 0)
		rc = unprotect(&parts, bytes, secret.password, err);
	if (rc == 0) {
		secret.label = parts.label;
		*out = secret;
	} else {
		sbk_secret_release(&secret);
	}
	return rc;
}

int sbk_secret_open(const struct sbk_store *store, const char *account,
		    struct sbk_secret *out, struct sbk_error *err)
{
	char bytes[SBK_SECRET_FILE_MAX];
	struct sbk_error why = SBK_ERROR_INIT;
	size_t size = 0;
	int rc = read_file(store, account, bytes, sizeof(bytes), &size, err);

	if (rc < 0)
		return rc;
	if (size == 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "no password is kept here for the account "
				     "'%s'" REMEDY,
				     account);
	rc = open_bytes(account, bytes, size, out, &why);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "the kept password of '%s' is of no use: "
				     "%s" REMEDY,
				     account, why.message);
	return 0;
}

/* --- writing -------------------------------------------------------------- */

static int write_file(const struct sbk_store *store, const char *account,
		      struct sbk_state state, const char *password,
		      struct sbk_error *err)
{
	char name[SBK_SECRET_FILE_NAME_SIZE];
	struct sbk_buf file = SBK_BUF_INIT;
	size_t head;
	int rc;

	sbk_secret_file_head(account, state, &file);
	head = file.size;
	rc = sbk_buf_failed(&file, err);
	if (rc == 0) {
		struct sbk_buf blob = SBK_BUF_INIT;

		rc = sbk_win32_protect(password, strlen(password), file.data,
				       head, &blob, err);
		sbk_buf_add(&file, blob.data, blob.size);
		sbk_buf_release(&blob);
	}
	if (rc == 0)
		rc = sbk_buf_failed(&file, err);
	if (rc == 0 && file.size > SBK_SECRET_FILE_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "CryptProtectData gave %zu bytes",
				   file.size);
	/* Of a keeping that was cut short. */
	if (rc == 0)
		rc = sbk_store_unlink(store, NEW_NAME, err);
	if (rc == 0)
		rc = sbk_store_write(store, NEW_NAME, file.data, file.size,
				     err);
	sbk_secret_file_name(account, name);
	if (rc == 0)
		rc = sbk_store_rename(store, NEW_NAME, name, err);
	sbk_buf_release(&file);
	return rc;
}

/* Read back: it opens to this password. */
static int check_kept(const struct sbk_store *store, const char *account,
		      const char *password, struct sbk_error *err)
{
	struct sbk_secret secret = SBK_SECRET_INIT;
	int rc = sbk_secret_open(store, account, &secret, err);

	if (rc == 0 && strcmp(secret.password, password) != 0)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the kept password of '%s' reads back as "
				   "another",
				   account);
	sbk_secret_release(&secret);
	return rc == 0 ? 0 : SBK_E_IO;
}

int sbk_secret_keep(const struct sbk_store *store,
		    const struct sbk_secret_label *label, const char *password,
		    struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT, now = SBK_BUF_INIT;
	int rc = sbk_secret_state(label, password, &state, err);

	if (rc == 0)
		rc = sbk_secret_look(store, label->account, &now, err);
	if (rc == 0 && now.size > 0)
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "a password of '%s' is kept already",
				   label->account);
	if (rc < 0)
		goto out;
	rc = write_file(store, label->account,
			(struct sbk_state){state.data, state.size}, password,
			err);
	if (rc == 0)
		rc = check_kept(store, label->account, password, err);
	if (rc < 0) {
		/* The first failure is the one to report. */
		(void)sbk_store_unlink(store, NEW_NAME, NULL);
		if (rc != SBK_E_EXISTS)
			(void)sbk_secret_remove(store, label->account, NULL);
	}
out:
	sbk_buf_release(&state);
	sbk_buf_release(&now);
	return rc;
}

int sbk_secret_remove(const struct sbk_store *store, const char *account,
		      struct sbk_error *err)
{
	char name[SBK_SECRET_FILE_NAME_SIZE];
	int rc = sbk_store_unlink(store, NEW_NAME, err);

	sbk_secret_file_name(account, name);
	if (rc == 0)
		rc = sbk_store_unlink(store, name, err);
	return rc;
}

int sbk_secret_remove_unfinished(struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_store *store = NULL;
	int rc = sbk_secret_store(SBK_STORE_READ, &store, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = sbk_store_unlink(store, NEW_NAME, &why);
	sbk_store_close(store);
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

/* --- another password ----------------------------------------------------- */

/* The account is the label's own, whatever has its name by now. */
static int check_account(const struct sbk_secret_label *label, bool sealed,
			 struct sbk_error *err)
{
	struct sbk_win32_account account = SBK_WIN32_ACCOUNT_INIT;
	int rc = sbk_win32_account_find(label->account, false, &account, err);

	if (rc == 0 &&
	    (!sbk_sid_equal(&account.sid, &label->sid) ||
	     (sealed && !sbk_nt_comment_is_of(sbk_buf_text(&account.comment),
					      label->account, &label->sid))))
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "the account '%s' is not the one that "
				   "Sandbook made; its password is left",
				   label->account);
	sbk_win32_account_release(&account);
	return rc;
}

#define NOT_WORTHLESS                                                      \
	"the password of '%s' cannot be made worthless, so no command is " \
	"run that could read it"

/* "A day" as policies count. */
#define DAY_S 86400

static int check_age(const char *account, struct sbk_error *err)
{
	struct sbk_win32_account found = SBK_WIN32_ACCOUNT_INIT;
	struct sbk_win32_password_policy policy = {.min_age_s = 0};
	int rc = sbk_win32_account_find(account, false, &found, err);

	if (rc == 0)
		rc = sbk_win32_password_policy(&policy, err);
	if (rc == 0 && found.password_age_s < policy.min_age_s)
		rc = sbk_error_set(
			err, SBK_E_DENIED,
			"the password policy of this machine lets nobody "
			"change a password that is younger than %lu days "
			"(this one is %lu): wait, or have an administrator "
			"take it back ('sandbook setup --remove-user')",
			(unsigned long)(policy.min_age_s / DAY_S),
			(unsigned long)(found.password_age_s / DAY_S));
	sbk_win32_account_release(&found);
	return rc;
}

int sbk_secret_withhold_check(const struct sbk_store *store,
			      const char *account, struct sbk_error *err)
{
	struct sbk_secret secret = SBK_SECRET_INIT;
	enum sbk_account_standing standing = SBK_ACCOUNT_ENABLED;
	int rc = sbk_secret_open(store, account, &secret, err);

	if (rc == 0)
		rc = sbk_account_standing(&secret.label.sid, &standing, err);
	if (rc == 0 && standing == SBK_ACCOUNT_GONE)
		rc = 1;
	if (rc == 0)
		rc = check_account(&secret.label, false, err);
	if (rc == 0)
		rc = check_age(account, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, NOT_WORTHLESS, account);
	sbk_secret_release(&secret);
	return rc;
}

int sbk_secret_withhold(const struct sbk_store *store, const char *account,
			struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_secret secret = SBK_SECRET_INIT;
	char *next = NULL;
	int rc = sbk_secret_open(store, account, &secret, err);

	if (rc < 0)
		return rc;
	next = sodium_malloc(SBK_PASSWORD_CHARACTERS + 1);
	if (next == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = check_account(&secret.label, false, err);
	if (rc == 0)
		rc = sbk_password_make(sbk_win32_random, NULL, next, err);
	if (rc == 0)
		rc = sbk_win32_change_password(account, secret.password, next,
					       &why);
	/* Whoever has what is kept has nothing. */
	if (rc < 0 && why.os_code == ERROR_INVALID_PASSWORD)
		rc = 0;
	else if (rc < 0 && why.code < 0)
		(void)sbk_error_set(err, rc, "%s", why.message);
	if (rc < 0)
		(void)sbk_error_prefix(err, NOT_WORTHLESS, account);
	sodium_free(next);
	sbk_secret_release(&secret);
	return rc;
}

int sbk_secret_reset(const struct sbk_secret_label *label, const char *password,
		     struct sbk_error *err)
{
	int rc = check_account(label, true, err);

	if (rc == 0)
		rc = sbk_win32_set_password(label->account, password, err);
	return rc;
}
