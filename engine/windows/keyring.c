/* See the header. Owns the locked memory, and that what leaves it is wiped. */
#include "engine/windows/keyring.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/banned.h"

#define BYTES (SBK_KEYRING_MAX * sizeof(struct sbk_keyring_entry))

static struct sbk_keyring_entry *find(const struct sbk_keyring *ring,
				      const char *account)
{
	size_t i;

	for (i = 0; ring->entries != NULL && i < SBK_KEYRING_MAX; i++)
		if (strcmp(ring->entries[i].account, account) == 0)
			return &ring->entries[i];
	return NULL;
}

static int begin(struct sbk_keyring *ring, struct sbk_error *err)
{
	if (ring->entries != NULL)
		return 0;
	/* Before any other call of the library; 1 where it was done. */
	if (sodium_init() >= 0)
		ring->entries = sodium_malloc(BYTES);
	if (ring->entries == NULL)
		return sbk_error_no_memory(err);
	sodium_memzero(ring->entries, BYTES);
	return 0;
}

int sbk_keyring_put(struct sbk_keyring *ring, const char *account,
		    const char *password, struct sbk_error *err)
{
	struct sbk_keyring_entry *entry;
	int rc = begin(ring, err);

	if (rc < 0)
		return rc;
	if (*account == '\0' || strlen(account) >= sizeof(entry->account) ||
	    strlen(password) >= sizeof(entry->password))
		return sbk_error_set(err, SBK_E_INVAL,
				     "an account's name or password is too "
				     "long to be kept");
	entry = find(ring, account);
	if (entry == NULL)
		entry = find(ring, "");
	if (entry == NULL)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d passwords are to be handed "
				     "over at once",
				     SBK_KEYRING_MAX);
	sodium_memzero(entry, sizeof(*entry));
	(void)snprintf(entry->account, sizeof(entry->account), "%s", account);
	(void)snprintf(entry->password, sizeof(entry->password), "%s",
		       password);
	return 0;
}

int sbk_keyring_make(struct sbk_keyring *ring, const char *account,
		     sbk_random_fn *random, struct sbk_error *err)
{
	char password[SBK_PASSWORD_CHARACTERS + 1];
	int rc = sbk_password_make(random, NULL, password, err);

	if (rc == 0)
		rc = sbk_keyring_put(ring, account, password, err);
	sbk_password_wipe(password, sizeof(password));
	return rc;
}

const char *sbk_keyring_look(const struct sbk_keyring *ring,
			     const char *account)
{
	const struct sbk_keyring_entry *entry =
		*account != '\0' ? find(ring, account) : NULL;

	return entry != NULL ? entry->password : NULL;
}

void sbk_keyring_drop(struct sbk_keyring *ring, const char *account)
{
	struct sbk_keyring_entry *entry =
		*account != '\0' ? find(ring, account) : NULL;

	if (entry != NULL)
		sodium_memzero(entry, sizeof(*entry));
}

bool sbk_keyring_take(struct sbk_keyring *ring, const char *account,
		      char out[SBK_PASSWORD_CHARACTERS + 1])
{
	const char *password = sbk_keyring_look(ring, account);

	if (password == NULL)
		return false;
	(void)snprintf(out, SBK_PASSWORD_CHARACTERS + 1, "%s", password);
	sbk_keyring_drop(ring, account);
	return true;
}

void sbk_keyring_release(struct sbk_keyring *ring)
{
	sodium_free(ring->entries); /* wipes; NULL is fine */
	ring->entries = NULL;
}
