/*
 * Signed notes: keys, signatures and the texts of both. Owns how a note is
 * read: strictly, since it may come from anywhere. All of the cryptography is
 * libsodium's.
 *
 * Invariants: a key's id is always that of its name and public key; no two
 * texts are read as the same key, checkpoint or signature.
 */
#include "journal/note.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define KEY_TYPE_ED25519 0x01
#define KEY_TYPE_COSIGNATURE 0x04 /* Ed25519, with a time */
#define TIME_BYTES 8
#define COSIGNATURE_BYTES (SBK_NOTE_ID_BYTES + TIME_BYTES + crypto_sign_BYTES)
#define SIGNATURE_BYTES_MAX COSIGNATURE_BYTES
#define PRIVATE_PREFIX "PRIVATE+KEY+"
#define SIGNATURE_PREFIX "\xe2\x80\x94 " /* U+2014 and a space */
#define ENCODED_KEY_BYTES (1 + SBK_NOTE_PUBLIC_BYTES)

_Static_assert(SBK_NOTE_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES &&
		       SBK_NOTE_PUBLIC_BYTES == crypto_sign_SEEDBYTES &&
		       SBK_NOTE_SECRET_BYTES == crypto_sign_SECRETKEYBYTES &&
		       SBK_NOTE_SIGNATURE_BYTES ==
			       SBK_NOTE_ID_BYTES + crypto_sign_BYTES,
	       "sizes are those of Ed25519");

/* --- base64 --------------------------------------------------------------- */

void sbk_base64_add(struct sbk_buf *out, const void *data, size_t size)
{
	const int variant = sodium_base64_VARIANT_ORIGINAL;
	const size_t room = sodium_base64_encoded_len(size, variant);
	char few[128], *text = room <= sizeof(few) ? few : malloc(room);

	if (text == NULL) {
		out->failure = SBK_E_NOMEM;
		return;
	}
	(void)sodium_bin2base64(text, room, data, size, variant);
	sbk_buf_adds(out, text);
	if (text != few)
		free(text);
}

bool sbk_base64_decode(const char *text, size_t text_size, void *out,
		       size_t size)
{
	size_t got = 0, i;

	/* libsodium (1.0.18) takes some bytes above 0x7f for letters. */
	for (i = 0; i < text_size; i++)
		if ((unsigned char)text[i] > 0x7f)
			return false;
	return sodium_base642bin(out, size, text, text_size, NULL, &got, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       got == size;
}

/* --- keys ----------------------------------------------------------------- */

/* What is in a name of ours: of what a note allows, ASCII. */
static bool is_name(const char *name, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '+')
			return false;
	return size > 0 && size < SBK_NOTE_NAME_MAX;
}

static void hash_id(const struct sbk_note_key *key, unsigned char type,
		    unsigned char id[SBK_NOTE_ID_BYTES])
{
	const unsigned char infix[] = {'\n', type};
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	/* These functions of libsodium cannot fail. */
	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(
		&state, (const unsigned char *)key->name, strlen(key->name));
	(void)crypto_hash_sha256_update(&state, infix, sizeof(infix));
	(void)crypto_hash_sha256_update(&state, key->public_key,
					sizeof(key->public_key));
	(void)crypto_hash_sha256_final(&state, hash);
	memcpy(id, hash, SBK_NOTE_ID_BYTES);
}

static void compute_id(struct sbk_note_key *key)
{
	hash_id(key, KEY_TYPE_ED25519, key->id);
}

static void fill_signer(struct sbk_note_signer *signer,
			const unsigned char *seed)
{
	(void)crypto_sign_seed_keypair(signer->key.public_key, signer->secret,
				       seed); /* cannot fail */
	compute_id(&signer->key);
}

int sbk_note_signer_make(const char *name, struct sbk_note_signer *out,
			 struct sbk_error *err)
{
	unsigned char seed[crypto_sign_SEEDBYTES];

	if (!is_name(name, strlen(name)))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' cannot be the name of a key", name);
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->key.name, sizeof(out->key.name), "%s", name);
	randombytes_buf(seed, sizeof(seed));
	fill_signer(out, seed);
	sodium_memzero(seed, sizeof(seed));
	return 0;
}

void sbk_note_signer_erase(struct sbk_note_signer *signer)
{
	sodium_memzero(signer, sizeof(*signer));
}

/* Splits "name+id+base64"; the decoded key without its type to `bytes`. */
static bool split_key(const char *text, size_t size, struct sbk_note_key *out,
		      unsigned char bytes[SBK_NOTE_PUBLIC_BYTES])
{
	unsigned char encoded[ENCODED_KEY_BYTES];
	const char *plus = memchr(text, '+', size);
	const size_t name_size = plus != NULL ? (size_t)(plus - text) : 0;
	const size_t id_size = 2 * SBK_NOTE_ID_BYTES;
	char id[2 * SBK_NOTE_ID_BYTES + 1];
	bool good;

	if (plus == NULL || !is_name(text, name_size) ||
	    size < name_size + 1 + id_size + 1 || plus[1 + id_size] != '+')
		return false;
	(void)snprintf(out->name, sizeof(out->name), "%.*s", (int)name_size,
		       text);
	memcpy(id, plus + 1, id_size);
	id[id_size] = '\0';
	if (strspn(id, "0123456789abcdef") != id_size ||
	    !sbk_hex_decode(id, out->id, sizeof(out->id)))
		return false;
	good = sbk_base64_decode(plus + 2 + id_size,
				 size - name_size - 2 - id_size, encoded,
				 sizeof(encoded)) &&
	       encoded[0] == KEY_TYPE_ED25519;
	memcpy(bytes, encoded + 1, SBK_NOTE_PUBLIC_BYTES);
	sodium_memzero(encoded, sizeof(encoded));
	return good;
}

int sbk_note_key_parse(const char *text, size_t size, struct sbk_note_key *out,
		       struct sbk_error *err)
{
	unsigned char id[SBK_NOTE_ID_BYTES];

	if (!split_key(text, size, out, out->public_key))
		return sbk_error_set(err, SBK_E_PARSE,
				     "'%.*s' is no public key of the form "
				     "name+id+base64",
				     (int)(size < 200 ? size : 200), text);
	memcpy(id, out->id, sizeof(id));
	compute_id(out);
	if (memcmp(id, out->id, sizeof(id)) != 0)
		return sbk_error_set(err, SBK_E_PARSE,
				     "the public key of '%s' does not have the "
				     "id that stands in it; it was copied "
				     "wrongly, or changed",
				     out->name);
	return 0;
}

int sbk_note_signer_parse(const char *text, size_t size,
			  struct sbk_note_signer *out, struct sbk_error *err)
{
	const size_t prefix = strlen(PRIVATE_PREFIX);
	unsigned char seed[SBK_NOTE_PUBLIC_BYTES], id[SBK_NOTE_ID_BYTES];
	bool good;

	memset(out, 0, sizeof(*out));
	if (size > 0 && text[size - 1] == '\n')
		size--;
	good = size > prefix && memcmp(text, PRIVATE_PREFIX, prefix) == 0 &&
	       split_key(text + prefix, size - prefix, &out->key, seed);
	if (good) {
		memcpy(id, out->key.id, sizeof(id));
		fill_signer(out, seed);
		good = memcmp(id, out->key.id, sizeof(id)) == 0;
	}
	sodium_memzero(seed, sizeof(seed));
	if (good)
		return 0;
	sbk_note_signer_erase(out);
	return sbk_error_set(err, SBK_E_PARSE,
			     "it is no private key of the form "
			     "PRIVATE+KEY+name+id+base64");
}

static void print_key(const struct sbk_note_key *key,
		      const unsigned char *bytes, struct sbk_buf *out)
{
	unsigned char encoded[ENCODED_KEY_BYTES];

	encoded[0] = KEY_TYPE_ED25519;
	memcpy(encoded + 1, bytes, SBK_NOTE_PUBLIC_BYTES);
	sbk_buf_adds(out, key->name);
	sbk_buf_addc(out, '+');
	sbk_buf_add_hex(out, key->id, sizeof(key->id));
	sbk_buf_addc(out, '+');
	sbk_base64_add(out, encoded, sizeof(encoded));
	sodium_memzero(encoded, sizeof(encoded));
}

void sbk_note_key_print(const struct sbk_note_key *key, struct sbk_buf *out)
{
	print_key(key, key->public_key, out);
}

void sbk_note_signer_print(const struct sbk_note_signer *signer,
			   struct sbk_buf *out)
{
	unsigned char seed[crypto_sign_SEEDBYTES];

	(void)crypto_sign_ed25519_sk_to_seed(seed, signer->secret);
	sbk_buf_adds(out, PRIVATE_PREFIX);
	print_key(&signer->key, seed, out);
	sbk_buf_addc(out, '\n');
	sodium_memzero(seed, sizeof(seed));
}

bool sbk_note_key_equal(const struct sbk_note_key *a,
			const struct sbk_note_key *b)
{
	return strcmp(a->name, b->name) == 0 &&
	       memcmp(a->public_key, b->public_key, sizeof(a->public_key)) == 0;
}

/* --- notes ---------------------------------------------------------------- */

void sbk_note_sign(const struct sbk_note_signer *signer, const char *text,
		   size_t size,
		   unsigned char signature[SBK_NOTE_SIGNATURE_BYTES])
{
	memcpy(signature, signer->key.id, SBK_NOTE_ID_BYTES);
	(void)crypto_sign_detached(signature + SBK_NOTE_ID_BYTES, NULL,
				   (const unsigned char *)text, size,
				   signer->secret); /* cannot fail */
}

static void add_line(struct sbk_buf *note, size_t text_size, const char *name,
		     const void *signature, size_t size)
{
	if (note->size == text_size)
		sbk_buf_addc(note, '\n');
	sbk_buf_adds(note, SIGNATURE_PREFIX);
	sbk_buf_adds(note, name);
	sbk_buf_addc(note, ' ');
	sbk_base64_add(note, signature, size);
	sbk_buf_addc(note, '\n');
}

void sbk_note_add_signature(struct sbk_buf *note, size_t text_size,
			    const struct sbk_note_signer *signer)
{
	unsigned char signature[SBK_NOTE_SIGNATURE_BYTES];

	if (note->failure != 0)
		return; /* what there is of it is not to be signed */
	sbk_note_sign(signer, sbk_buf_text(note), text_size, signature);
	add_line(note, text_size, signer->key.name, signature,
		 sizeof(signature));
}

/* What a cosignature signs. */
static void print_cosigned(uint64_t seconds, const char *text, size_t size,
			   struct sbk_buf *out)
{
	sbk_buf_printf(out, "cosignature/v1\ntime %llu\n",
		       (unsigned long long)seconds);
	sbk_buf_add(out, text, size);
}

void sbk_note_add_cosignature(struct sbk_buf *note, size_t text_size,
			      const struct sbk_note_signer *signer,
			      uint64_t seconds)
{
	unsigned char line[COSIGNATURE_BYTES];
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i;

	if (note->failure != 0)
		return; /* what there is of it is not to be signed */
	print_cosigned(seconds, sbk_buf_text(note), text_size, &text);
	if (text.failure != 0) {
		note->failure = text.failure;
		sbk_buf_release(&text);
		return;
	}
	hash_id(&signer->key, KEY_TYPE_COSIGNATURE, line);
	for (i = 0; i < TIME_BYTES; i++)
		line[SBK_NOTE_ID_BYTES + i] =
			(unsigned char)(seconds >> (8 * (TIME_BYTES - 1 - i)));
	(void)crypto_sign_detached(line + SBK_NOTE_ID_BYTES + TIME_BYTES, NULL,
				   (const unsigned char *)text.data, text.size,
				   signer->secret); /* cannot fail */
	add_line(note, text_size, signer->key.name, line, sizeof(line));
	sbk_buf_release(&text);
}

static bool has_control_bytes(const char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if ((unsigned char)bytes[i] < 0x20 && bytes[i] != '\n')
			return true;
	return false;
}

/* Each line begins as a signature does. */
static bool are_signatures(const char *lines, size_t size)
{
	const size_t prefix = strlen(SIGNATURE_PREFIX);

	while (size > 0) {
		const char *end = memchr(lines, '\n', size);

		if (end == NULL || (size_t)(end - lines) <= prefix ||
		    memcmp(lines, SIGNATURE_PREFIX, prefix) != 0)
			return false;
		size -= (size_t)(end + 1 - lines);
		lines = end + 1;
	}
	return true;
}

int sbk_note_parse(const char *bytes, size_t size, struct sbk_note *out,
		   struct sbk_error *err)
{
	size_t split = size;

	if (size > SBK_NOTE_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a signed note has at most %zu bytes",
				     SBK_NOTE_BYTES_MAX);
	/* The last empty line parts text and signatures. */
	while (split >= 2 &&
	       (bytes[split - 1] != '\n' || bytes[split - 2] != '\n'))
		split--;
	if (split < 2 || split == size || has_control_bytes(bytes, size) ||
	    !are_signatures(bytes + split, size - split))
		return sbk_error_set(err, SBK_E_PARSE,
				     "it is no signed note: a text, an empty "
				     "line, and lines of signatures");
	*out = (struct sbk_note){
		.text = bytes,
		.text_size = split - 1,
		.signatures = bytes + split,
		.signatures_size = size - split,
	};
	return 0;
}

static int verify_signature(const char *text, size_t size,
			    const unsigned char *signature,
			    const struct sbk_note_key *key)
{
	return crypto_sign_verify_detached(signature,
					   (const unsigned char *)text, size,
					   key->public_key) == 0
		       ? 1
		       : SBK_E_CORRUPT;
}

/* What signatures a reader looks for, and how many bytes each has. */
struct wanted {
	const struct sbk_note *note;
	const struct sbk_note_key *key;
	unsigned char id[SBK_NOTE_ID_BYTES];
	size_t size;
	int (*verify)(struct wanted *w, const unsigned char *signature);
	uint64_t seconds; /* of the last cosignature that holds */
};

/* One line without its newline: as sbk_note_verify. */
static int verify_line(struct wanted *w, const char *line, size_t size)
{
	const size_t prefix = strlen(SIGNATURE_PREFIX);
	const size_t name = strlen(w->key->name);
	unsigned char signature[SIGNATURE_BYTES_MAX];

	if (size < prefix + name + 1 ||
	    memcmp(line + prefix, w->key->name, name) != 0 ||
	    line[prefix + name] != ' ')
		return 0;
	line += prefix + name + 1;
	size -= prefix + name + 1;
	if (!sbk_base64_decode(line, size, signature, w->size) ||
	    memcmp(signature, w->id, SBK_NOTE_ID_BYTES) != 0)
		return 0;
	return w->verify(w, signature + SBK_NOTE_ID_BYTES);
}

static int verify_lines(struct wanted *w)
{
	const char *line = w->note->signatures;
	size_t left = w->note->signatures_size;
	int found = 0;

	while (left > 0) {
		const char *end = memchr(line, '\n', left);
		int rc = verify_line(w, line, (size_t)(end - line));

		if (rc < 0)
			return rc;
		found = found > 0 || rc > 0;
		left -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	return found;
}

static int verify_plain(struct wanted *w, const unsigned char *signature)
{
	return verify_signature(w->note->text, w->note->text_size, signature,
				w->key);
}

int sbk_note_verify(const struct sbk_note *note, const struct sbk_note_key *key)
{
	struct wanted w = {.note = note,
			   .key = key,
			   .size = SBK_NOTE_SIGNATURE_BYTES,
			   .verify = verify_plain};

	memcpy(w.id, key->id, sizeof(w.id));
	return verify_lines(&w);
}

static int verify_timed(struct wanted *w, const unsigned char *signature)
{
	struct sbk_buf text = SBK_BUF_INIT;
	uint64_t seconds = 0;
	size_t i;
	int rc;

	for (i = 0; i < TIME_BYTES; i++)
		seconds = seconds << 8 | signature[i];
	print_cosigned(seconds, w->note->text, w->note->text_size, &text);
	rc = text.failure != 0
		     ? text.failure
		     : verify_signature(text.data, text.size,
					signature + TIME_BYTES, w->key);
	sbk_buf_release(&text);
	if (rc == 1)
		w->seconds = seconds;
	return rc;
}

int sbk_note_verify_cosignature(const struct sbk_note *note,
				const struct sbk_note_key *key,
				uint64_t *seconds)
{
	struct wanted w = {.note = note,
			   .key = key,
			   .size = COSIGNATURE_BYTES,
			   .verify = verify_timed};
	int rc;

	hash_id(key, KEY_TYPE_COSIGNATURE, w.id);
	rc = verify_lines(&w);
	if (rc == 1)
		*seconds = w.seconds;
	return rc;
}

int sbk_note_verify_text(const char *text, size_t size, const char *base64,
			 const struct sbk_note_key *key)
{
	unsigned char signature[SBK_NOTE_SIGNATURE_BYTES];

	if (!sbk_base64_decode(base64, strlen(base64), signature,
			       sizeof(signature)) ||
	    memcmp(signature, key->id, SBK_NOTE_ID_BYTES) != 0)
		return SBK_E_CORRUPT;
	return verify_signature(text, size, signature + SBK_NOTE_ID_BYTES, key);
}

/* --- checkpoints ---------------------------------------------------------- */

void sbk_checkpoint_print(const struct sbk_checkpoint *checkpoint,
			  struct sbk_buf *out)
{
	sbk_buf_printf(out, "%s\n%llu\n", checkpoint->origin,
		       (unsigned long long)checkpoint->size);
	sbk_base64_add(out, checkpoint->root, sizeof(checkpoint->root));
	sbk_buf_addc(out, '\n');
}

/* Decimal digits without a leading zero, below 2^63. */
static bool parse_size(const char *text, size_t size, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (size == 0 || size > 18 || (text[0] == '0' && size > 1))
		return false;
	for (i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	*out = value;
	return true;
}

int sbk_checkpoint_parse(const struct sbk_note *note,
			 struct sbk_checkpoint *out, struct sbk_error *err)
{
	const char *lines[3] = {NULL, NULL, NULL}, *next = note->text;
	size_t sizes[3] = {0, 0, 0}, left = note->text_size, i;

	for (i = 0; i < 3 && left > 0; i++) {
		const char *end = memchr(next, '\n', left);

		lines[i] = next;
		sizes[i] = (size_t)(end - next);
		left -= sizes[i] + 1;
		next = end + 1;
	}
	if (lines[2] == NULL || left > 0 || !is_name(lines[0], sizes[0]) ||
	    !parse_size(lines[1], sizes[1], &out->size) ||
	    !sbk_base64_decode(lines[2], sizes[2], out->root,
			       sizeof(out->root)))
		return sbk_error_set(err, SBK_E_PARSE,
				     "it is no checkpoint of a log: origin, "
				     "size and root, one a line");
	(void)snprintf(out->origin, sizeof(out->origin), "%.*s", (int)sizes[0],
		       lines[0]);
	return 0;
}
