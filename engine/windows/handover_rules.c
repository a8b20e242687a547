/*
 * Messages of the handover, in bytes of one size. Owns their form: what is not
 * exactly as written here is refused whole.
 */
#include "engine/windows/handover_rules.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/ntsec/wire.h"

#include "engine/banned.h"

static const uint8_t magic[4] = {'S', 'B', 'K', 'H'};

/* Where things stand. */
enum {
	AT_VERSION = 4,
	AT_TYPE = 8,
	AT_COUNT = 12,
	AT_NONCE = 16,
	AT_ITEMS = AT_NONCE + SBK_HANDOVER_NONCE_BYTES,
	ITEM_ACCOUNT = 0,
	ITEM_SID = 24,
	ITEM_INSTALLATION = ITEM_SID + SBK_SID_BYTES_MAX,
	ITEM_PASSWORD = ITEM_INSTALLATION + 36,
	ITEM_BYTES = ITEM_PASSWORD + 44,
	AT_WHY = AT_NONCE
};

_Static_assert(AT_ITEMS + SBK_HANDOVER_MAX * ITEM_BYTES <= SBK_HANDOVER_BYTES,
	       "the secrets fit");
_Static_assert(AT_WHY + SBK_HANDOVER_WHY_MAX <= SBK_HANDOVER_BYTES,
	       "the words fit");
_Static_assert(SBK_NT_ACCOUNT_NAME_MAX + 1 <= ITEM_SID, "the name fits");
_Static_assert(SBK_PASSWORD_CHARACTERS + 1 <= 44, "the password fits");

bool sbk_handover_name_is_ours(const char *name)
{
	return strlen(name) == SBK_HANDOVER_NAME_SIZE - 1 &&
	       strncmp(name, "sandbook-", 9) == 0 &&
	       strspn(name + 9, "0123456789abcdef") == 32;
}

/* --- writing -------------------------------------------------------------- */

static void write_secrets(const struct sbk_handover_message *message,
			  uint8_t *out)
{
	size_t i;

	memcpy(out + AT_NONCE, message->nonce, SBK_HANDOVER_NONCE_BYTES);
	for (i = 0; i < message->secrets.count; i++) {
		const struct sbk_handover_secret *item =
			&message->secrets.items[i];
		uint8_t *at = out + AT_ITEMS + i * ITEM_BYTES;

		memcpy(at + ITEM_ACCOUNT, item->label.account,
		       strlen(item->label.account));
		memcpy(at + ITEM_SID, item->label.sid.bytes,
		       sbk_sid_size(&item->label.sid));
		memcpy(at + ITEM_INSTALLATION, item->label.installation,
		       strlen(item->label.installation));
		memcpy(at + ITEM_PASSWORD, item->password,
		       strlen(item->password));
	}
}

int sbk_handover_write(const struct sbk_handover_message *message, uint8_t *out,
		       struct sbk_error *err)
{
	const size_t count = message->secrets.count;

	if ((message->type == SBK_HANDOVER_SECRETS ||
	     message->type == SBK_HANDOVER_PROOFS) &&
	    (count == 0 || count > SBK_HANDOVER_MAX))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a handover is of one or two accounts");
	sodium_memzero(out, SBK_HANDOVER_BYTES);
	memcpy(out, magic, sizeof(magic));
	put_u32le(out + AT_VERSION, SBK_HANDOVER_VERSION);
	put_u32le(out + AT_TYPE, (uint32_t)message->type);
	switch (message->type) {
	case SBK_HANDOVER_SECRETS:
		put_u32le(out + AT_COUNT, (uint32_t)count);
		write_secrets(message, out);
		break;
	case SBK_HANDOVER_PROOFS:
		put_u32le(out + AT_COUNT, (uint32_t)count);
		memcpy(out + AT_NONCE, message->proofs,
		       count * SBK_HANDOVER_PROOF_BYTES);
		break;
	case SBK_HANDOVER_REFUSED:
		(void)snprintf((char *)out + AT_WHY, SBK_HANDOVER_WHY_MAX, "%s",
			       message->why);
		break;
	case SBK_HANDOVER_DONE:
		break;
	}
	return 0;
}

/* --- reading -------------------------------------------------------------- */

static int malformed(struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_PARSE,
			     "a malformed message of the handover");
}

/* A text that ends within its room. */
static bool take_text(const uint8_t *at, size_t room, char *out, size_t size)
{
	const uint8_t *end = memchr(at, 0, room);

	if (end == NULL || (size_t)(end - at) >= size)
		return false;
	memcpy(out, at, (size_t)(end - at) + 1);
	return true;
}

static bool read_secret(const uint8_t *at, struct sbk_handover_secret *out)
{
	char account[SBK_NT_ACCOUNT_NAME_MAX + 1];
	char installation[SBK_SECRET_INSTALLATION_DIGITS + 1];
	struct sbk_sid sid;

	return take_text(at + ITEM_ACCOUNT, ITEM_SID, account,
			 sizeof(account)) &&
	       sbk_sid_read(at + ITEM_SID, SBK_SID_BYTES_MAX, &sid, NULL) ==
		       0 &&
	       take_text(at + ITEM_INSTALLATION,
			 ITEM_PASSWORD - ITEM_INSTALLATION, installation,
			 sizeof(installation)) &&
	       take_text(at + ITEM_PASSWORD, ITEM_BYTES - ITEM_PASSWORD,
			 out->password, sizeof(out->password)) &&
	       strlen(out->password) == SBK_PASSWORD_CHARACTERS &&
	       sbk_secret_label(&out->label, account, &sid, installation,
				NULL) == 0;
}

static bool read_body(const uint8_t *bytes, struct sbk_handover_message *out)
{
	const uint32_t count = get_u32le(bytes + AT_COUNT);
	bool good = true;
	size_t i;

	switch (out->type) {
	case SBK_HANDOVER_SECRETS:
		good = count >= 1 && count <= SBK_HANDOVER_MAX;
		memcpy(out->nonce, bytes + AT_NONCE, SBK_HANDOVER_NONCE_BYTES);
		for (i = 0; good && i < count; i++)
			good = read_secret(bytes + AT_ITEMS + i * ITEM_BYTES,
					   &out->secrets.items[i]);
		out->secrets.count = count;
		break;
	case SBK_HANDOVER_PROOFS:
		good = count >= 1 && count <= SBK_HANDOVER_MAX;
		if (good)
			memcpy(out->proofs, bytes + AT_NONCE,
			       count * SBK_HANDOVER_PROOF_BYTES);
		out->secrets.count = count;
		break;
	case SBK_HANDOVER_REFUSED:
		good = take_text(bytes + AT_WHY, SBK_HANDOVER_WHY_MAX, out->why,
				 sizeof(out->why));
		break;
	case SBK_HANDOVER_DONE:
		break;
	}
	return good;
}

int sbk_handover_read(const uint8_t *bytes, struct sbk_handover_message *out,
		      struct sbk_error *err)
{
	struct sbk_handover_message message;
	uint8_t again[SBK_HANDOVER_BYTES];
	const uint32_t type = get_u32le(bytes + AT_TYPE);
	int rc = 0;

	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return malformed(err);
	if (get_u32le(bytes + AT_VERSION) != SBK_HANDOVER_VERSION)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the handover speaks another version; "
				     "install sandbook and sandbook-setup of "
				     "one build");
	if (type < SBK_HANDOVER_SECRETS || type > SBK_HANDOVER_DONE)
		return malformed(err);
	sodium_memzero(&message, sizeof(message));
	message.type = (enum sbk_handover_type)type;
	if (!read_body(bytes, &message))
		rc = malformed(err);
	/* One form: written again it is the same, what is not used too. */
	if (rc == 0)
		rc = sbk_handover_write(&message, again, err);
	if (rc == 0 && memcmp(again, bytes, sizeof(again)) != 0)
		rc = malformed(err);
	if (rc == 0)
		*out = message;
	sodium_memzero(&message, sizeof(message));
	sodium_memzero(again, sizeof(again));
	return rc;
}

int sbk_handover_proof(const uint8_t nonce[SBK_HANDOVER_NONCE_BYTES],
		       const struct sbk_secret_label *label,
		       const char *password,
		       uint8_t out[SBK_HANDOVER_PROOF_BYTES],
		       struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	crypto_generichash_state hash;
	int rc = sbk_secret_state(label, password, &state, err);

	if (rc == 0) {
		/* These cannot fail with these sizes. */
		(void)crypto_generichash_init(&hash, nonce,
					      SBK_HANDOVER_NONCE_BYTES,
					      SBK_HANDOVER_PROOF_BYTES);
		(void)crypto_generichash_update(
			&hash, (const unsigned char *)state.data, state.size);
		(void)crypto_generichash_update(&hash,
						(const unsigned char *)password,
						strlen(password));
		(void)crypto_generichash_final(&hash, out,
					       SBK_HANDOVER_PROOF_BYTES);
		sodium_memzero(&hash, sizeof(hash));
	}
	sbk_buf_release(&state);
	return rc;
}
