/*
 * DSSE envelopes. Owns how one is read: strictly, since it may come from
 * anywhere, but in both alphabets of base64, as the protocol has it.
 */
#include "journal/dsse.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/json_load.h"

#include "engine/banned.h"

_Static_assert(SBK_DSSE_SIGNATURE_BYTES == crypto_sign_BYTES,
	       "a signature is Ed25519's");

/* What is signed: "DSSEv1 LEN(type) type LEN(body) body". */
static void print_encoding(const char *type, const struct sbk_buf *body,
			   struct sbk_buf *out)
{
	sbk_buf_printf(out, "DSSEv1 %zu %s %zu ", strlen(type), type,
		       body->size);
	sbk_buf_add(out, body->data, body->size);
	if (body->failure != 0)
		out->failure = body->failure;
}

static void add_signature(const char *type, const struct sbk_buf *body,
			  const struct sbk_note_signer *signer,
			  struct sbk_buf *out)
{
	unsigned char signature[SBK_DSSE_SIGNATURE_BYTES];
	struct sbk_buf text = SBK_BUF_INIT, id = SBK_BUF_INIT;

	print_encoding(type, body, &text);
	if (text.failure != 0) {
		out->failure = text.failure;
		sbk_buf_release(&text);
		return;
	}
	(void)crypto_sign_detached(signature, NULL,
				   (const unsigned char *)text.data, text.size,
				   signer->secret); /* cannot fail */
	sbk_buf_release(&text);
	sbk_buf_add_hex(&id, signer->key.id, sizeof(signer->key.id));
	sbk_json_open(out, '{');
	sbk_json_string(out, "keyid", sbk_buf_text(&id));
	sbk_json_key(out, "sig");
	sbk_buf_addc(out, '"'); /* base64 needs no escaping */
	sbk_base64_add(out, signature, sizeof(signature));
	sbk_buf_addc(out, '"');
	sbk_json_close(out, '}');
	if (id.failure != 0)
		out->failure = id.failure;
	sbk_buf_release(&id);
}

void sbk_dsse_print(const char *type, const struct sbk_buf *body,
		    const struct sbk_note_signer *signer, struct sbk_buf *out)
{
	if (body->failure != 0) {
		out->failure = body->failure;
		return; /* what there is of it is not to be signed */
	}
	sbk_json_open(out, '{');
	sbk_json_key(out, "payload");
	sbk_buf_addc(out, '"');
	sbk_base64_add(out, body->data, body->size);
	sbk_buf_addc(out, '"');
	sbk_json_string(out, "payloadType", type);
	sbk_json_open_key(out, "signatures", '[');
	if (signer != NULL)
		add_signature(type, body, signer, out);
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
	sbk_buf_addc(out, '\n');
}

/* --- reading ------------------------------------------------------------- */

/* Into `out` of `room` bytes; false for no base64 of either alphabet. */
static bool decode(const char *text, size_t size, unsigned char *out,
		   size_t room, size_t *got)
{
	const int variant = memchr(text, '-', size) != NULL ||
					    memchr(text, '_', size) != NULL
				    ? sodium_base64_VARIANT_URLSAFE
				    : sodium_base64_VARIANT_ORIGINAL;
	size_t i;

	/* libsodium (1.0.18) takes some bytes above 0x7f for letters. */
	for (i = 0; i < size; i++)
		if ((unsigned char)text[i] > 0x7f)
			return false;
	return sodium_base642bin(out, room, text, size, NULL, got, NULL,
				 variant) == 0;
}

static int decode_body(const json_t *value, struct sbk_buf *out,
		       struct sbk_error *err)
{
	const size_t size = json_string_length(value), room = size / 4 * 3 + 3;
	unsigned char *bytes = malloc(room);
	size_t got = 0;
	bool good;

	if (bytes == NULL)
		return sbk_error_no_memory(err);
	good = decode(json_string_value(value), size, bytes, room, &got);
	if (good)
		sbk_buf_add(out, bytes, got);
	free(bytes);
	return good ? sbk_buf_failed(out, err)
		    : sbk_error_set(err, SBK_E_PARSE,
				    "its payload is no base64");
}

static void take_signature(const json_t *item, struct sbk_dsse *out)
{
	const json_t *value = json_object_get(item, "sig");
	size_t got = 0;

	if (json_is_string(value) &&
	    decode(json_string_value(value), json_string_length(value),
		   out->signatures[out->count], SBK_DSSE_SIGNATURE_BYTES,
		   &got) &&
	    got == SBK_DSSE_SIGNATURE_BYTES)
		out->count++;
}

static int take_parts(const json_t *root, struct sbk_dsse *out,
		      struct sbk_error *err)
{
	const json_t *payload = json_object_get(root, "payload");
	const json_t *type = json_object_get(root, "payloadType");
	const json_t *list = json_object_get(root, "signatures");
	size_t i;

	if (!json_is_string(payload) || !json_is_string(type) ||
	    !json_is_array(list) ||
	    strlen(json_string_value(type)) != json_string_length(type) ||
	    json_string_length(type) >= sizeof(out->type))
		return sbk_error_set(err, SBK_E_PARSE,
				     "it is no DSSE envelope: an object with "
				     "payload, payloadType and signatures");
	if (json_array_size(list) > SBK_DSSE_SIGNATURES_MAX)
		return sbk_error_set(err, SBK_E_PARSE,
				     "it has more than %d signatures",
				     SBK_DSSE_SIGNATURES_MAX);
	(void)snprintf(out->type, sizeof(out->type), "%s",
		       json_string_value(type));
	for (i = 0; i < json_array_size(list); i++)
		take_signature(json_array_get(list, i), out);
	return decode_body(payload, &out->body, err);
}

int sbk_dsse_parse(const char *text, size_t size, struct sbk_dsse *out,
		   struct sbk_error *err)
{
	json_error_t why;
	json_t *root = sbk_json_load(text, size, JSON_REJECT_DUPLICATES, &why);
	int rc;

	*out = (struct sbk_dsse){.body = SBK_BUF_INIT};
	if (root == NULL && json_error_code(&why) == json_error_out_of_memory)
		return sbk_error_no_memory(err);
	if (root == NULL)
		return sbk_error_set(err, SBK_E_PARSE, "line %d, column %d: %s",
				     why.line, why.column, why.text);
	rc = take_parts(root, out, err);
	json_decref(root);
	return rc;
}

bool sbk_dsse_verify(const struct sbk_dsse *envelope,
		     const struct sbk_note_key *key)
{
	struct sbk_buf text = SBK_BUF_INIT;
	bool found = false;
	size_t i;

	print_encoding(envelope->type, &envelope->body, &text);
	for (i = 0; text.failure == 0 && i < envelope->count; i++)
		found |= crypto_sign_verify_detached(
				 envelope->signatures[i],
				 (const unsigned char *)text.data, text.size,
				 key->public_key) == 0;
	sbk_buf_release(&text);
	return found;
}

void sbk_dsse_release(struct sbk_dsse *envelope)
{
	sbk_buf_release(&envelope->body);
}
