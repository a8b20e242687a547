/*
 * What a secret's file and its state say. Owns the one form of each, and the
 * hash; calls nothing of the system.
 */
#include "engine/windows/secret_rules.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "engine/banned.h"

#define MAGIC "sandbook secret 1\n"

static bool is_installation(const char *text)
{
	return strlen(text) == SBK_SECRET_INSTALLATION_DIGITS &&
	       strspn(text, "0123456789abcdef") ==
		       SBK_SECRET_INSTALLATION_DIGITS;
}

int sbk_secret_label(struct sbk_secret_label *out, const char *account,
		     const struct sbk_sid *sid, const char *installation,
		     struct sbk_error *err)
{
	struct sbk_secret_label label;
	int rc = sbk_nt_name_check(account, false, err);

	if (rc < 0)
		return rc;
	if (!is_installation(installation))
		return sbk_error_set(err, SBK_E_INVAL,
				     "an installation's number is not 32 "
				     "hexadecimal digits");
	memset(&label, 0, sizeof(label));
	(void)snprintf(label.account, sizeof(label.account), "%s", account);
	(void)snprintf(label.installation, sizeof(label.installation), "%s",
		       installation);
	label.sid = *sid;
	*out = label;
	return 0;
}

static void add_label(const struct sbk_secret_label *label, struct sbk_buf *out)
{
	struct sbk_sid_text text;

	sbk_buf_printf(out, "sid %s\ninstallation %s\n",
		       sbk_sid_format(&label->sid, &text), label->installation);
}

/* Over the label, too: the same password under another one is another. */
static int hash_of(const struct sbk_secret_label *label, const char *password,
		   uint8_t out[SBK_SECRET_HASH_BYTES], struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	crypto_generichash_state state;
	int rc;

	sbk_buf_printf(&text, MAGIC "account %s\n", label->account);
	add_label(label, &text);
	rc = sbk_buf_failed(&text, err);
	if (rc == 0) {
		/* These cannot fail with these sizes. */
		(void)crypto_generichash_init(&state, NULL, 0,
					      SBK_SECRET_HASH_BYTES);
		(void)crypto_generichash_update(
			&state, (const unsigned char *)text.data, text.size);
		(void)crypto_generichash_update(&state,
						(const unsigned char *)password,
						strlen(password));
		(void)crypto_generichash_final(&state, out,
					       SBK_SECRET_HASH_BYTES);
		sodium_memzero(&state, sizeof(state));
	}
	sbk_buf_release(&text);
	return rc;
}

int sbk_secret_state(const struct sbk_secret_label *label, const char *password,
		     struct sbk_buf *out, struct sbk_error *err)
{
	uint8_t hash[SBK_SECRET_HASH_BYTES];
	int rc;

	if (strlen(password) != SBK_PASSWORD_CHARACTERS)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a secret is not a password of ours");
	rc = hash_of(label, password, hash, err);
	if (rc < 0)
		return rc;
	add_label(label, out);
	sbk_buf_adds(out, "hash ");
	sbk_buf_add_hex(out, hash, sizeof(hash));
	sbk_buf_addc(out, '\n');
	return sbk_buf_failed(out, err);
}

/* --- reading -------------------------------------------------------------- */

/* The value of the line "NAME value\n" at `*at`, moved behind it. False where
 * another line stands there. */
static bool take_line(const char **at, const char *end, const char *name,
		      char *out, size_t size)
{
	const size_t length = strlen(name);
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	const char *value = *at + length + 1;

	if (stop == NULL || (size_t)(stop - *at) <= length + 1 ||
	    memcmp(*at, name, length) != 0 || (*at)[length] != ' ' ||
	    (size_t)(stop - value) >= size ||
	    memchr(value, '\0', (size_t)(stop - value)) != NULL)
		return false;
	memcpy(out, value, (size_t)(stop - value));
	out[stop - value] = '\0';
	*at = stop + 1;
	return true;
}

static int malformed(struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_PARSE, "it is no secret's state");
}

/* What was read is written again, so that it has one form. */
static bool is_same_text(const struct sbk_secret_label *label, const char *hash,
			 struct sbk_state state)
{
	struct sbk_buf text = SBK_BUF_INIT;
	bool same;

	add_label(label, &text);
	sbk_buf_printf(&text, "hash %s\n", hash);
	same = sbk_buf_failed(&text, NULL) == 0 &&
	       sbk_state_equal(state, (struct sbk_state){text.data, text.size});
	sbk_buf_release(&text);
	return same;
}

int sbk_secret_state_parse(const char *account, struct sbk_state state,
			   struct sbk_secret_label *out, struct sbk_error *err)
{
	const char *at = state.data, *end = state.data + state.size;
	char sid_text[SBK_SID_TEXT_MAX], hash[2 * SBK_SECRET_HASH_BYTES + 1];
	char installation[SBK_SECRET_INSTALLATION_DIGITS + 1];
	struct sbk_secret_label label;
	struct sbk_sid sid;

	if (!take_line(&at, end, "sid", sid_text, sizeof(sid_text)) ||
	    !take_line(&at, end, "installation", installation,
		       sizeof(installation)) ||
	    !take_line(&at, end, "hash", hash, sizeof(hash)) || at != end ||
	    strlen(hash) != 2 * SBK_SECRET_HASH_BYTES ||
	    strspn(hash, "0123456789abcdef") != strlen(hash) ||
	    sbk_sid_parse(sid_text, strlen(sid_text), &sid, NULL) < 0 ||
	    sbk_secret_label(&label, account, &sid, installation, NULL) < 0 ||
	    !is_same_text(&label, hash, state))
		return malformed(err);
	*out = label;
	return 0;
}

/* --- the file ------------------------------------------------------------- */

void sbk_secret_file_head(const char *account, struct sbk_state state,
			  struct sbk_buf *out)
{
	sbk_buf_printf(out, MAGIC "account %s\n", account);
	sbk_buf_add(out, state.data, state.size);
}

int sbk_secret_file_read(const char *account, const char *data, size_t size,
			 struct sbk_secret_parts *out, struct sbk_error *err)
{
	const size_t magic = sizeof(MAGIC) - 1;
	const char *at = data + magic, *end = data + size, *state;
	char text[SBK_SID_TEXT_MAX];
	struct sbk_secret_parts file;

	if (size < magic || memcmp(data, MAGIC, magic) != 0 ||
	    !take_line(&at, end, "account", text, sizeof(text)) ||
	    strcmp(text, account) != 0)
		return malformed(err);
	state = at;
	if (!take_line(&at, end, "sid", text, sizeof(text)) ||
	    !take_line(&at, end, "installation", text, sizeof(text)) ||
	    !take_line(&at, end, "hash", text, sizeof(text)))
		return malformed(err);
	memset(&file, 0, sizeof(file));
	file.state = (struct sbk_state){state, (size_t)(at - state)};
	file.head_size = (size_t)(at - data);
	file.blob = (const uint8_t *)at;
	file.blob_size = (size_t)(end - at);
	if (file.blob_size == 0)
		return malformed(err);
	if (sbk_secret_state_parse(account, file.state, &file.label, err) < 0)
		return SBK_E_PARSE;
	*out = file;
	return 0;
}

void sbk_secret_file_name(const char *account,
			  char out[SBK_SECRET_FILE_NAME_SIZE])
{
	(void)snprintf(out, SBK_SECRET_FILE_NAME_SIZE, "secret-%s", account);
}
