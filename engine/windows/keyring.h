/*
 * The passwords that this process holds between making an account and handing
 * its secret over, or between receiving one and keeping it. In locked memory,
 * wiped. The backend has one (engine/windows/host.h):
 *
 *	setup, elevated   account.c puts the password of each account that it
 *	                  makes; the handover takes it
 *	the user's side   the handover puts it; secret_kind.c uses it
 */
#ifndef SBK_WINDOWS_KEYRING_H
#define SBK_WINDOWS_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/backend.h"
#include "engine/windows/account_state.h"
#include "engine/windows/password.h"

#define SBK_KEYRING_MAX 4 /* accounts of one setup, twice */

struct sbk_keyring_entry {
	char account[SBK_NT_ACCOUNT_NAME_MAX + 1]; /* "": free */
	char password[SBK_PASSWORD_CHARACTERS + 1];
};

/* Zeroed it is empty. */
struct sbk_keyring {
	struct sbk_keyring_entry *entries; /* sodium_malloc */
};

/* In place of one that it has of this account. SBK_E_INVAL for a name or a
 * password that is too long, SBK_E_LIMIT where it is full. */
int sbk_keyring_put(struct sbk_keyring *ring, const char *account,
		    const char *password, struct sbk_error *err);
/* A new password (password.h), in place of one that it has. */
int sbk_keyring_make(struct sbk_keyring *ring, const char *account,
		     sbk_random_fn *random, struct sbk_error *err);
/* Borrowed until the next call; NULL where it has none. */
const char *sbk_keyring_look(const struct sbk_keyring *ring,
			     const char *account);
/* Copies it to `out` and forgets it: false where it has none. The caller wipes
 * `out`. */
bool sbk_keyring_take(struct sbk_keyring *ring, const char *account,
		      char out[SBK_PASSWORD_CHARACTERS + 1]);
/* Forgets one. */
void sbk_keyring_drop(struct sbk_keyring *ring, const char *account);
/* Forgets all, wiped. */
void sbk_keyring_release(struct sbk_keyring *ring);

/* The one of Windows' backend; NULL of any other. Made in backend.c. */
struct sbk_keyring *sbk_host_keyring(const struct sbk_backend *backend);

#endif
