/*
 * A certificate read again, by whoever was given it: it may be anybody's. The
 * signature comes first, over the bytes as they are; only then are they read.
 */
#include "uninstall/uninstall.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"
#include "journal/dsse.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

static int strange(const char *what, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_PARSE,
			     "it is signed, and is no certificate of 'sandbook "
			     "uninstall': %s",
			     what);
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool copy_text(const json_t *object, const char *key, char *out,
		      size_t size)
{
	const char *text = text_at(object, key);

	if (text[0] == '\0' || strlen(text) >= size)
		return false;
	(void)snprintf(out, size, "%s", text);
	return true;
}

static bool is_verdict(const char *text)
{
	int i;

	for (i = SBK_VERDICT_CLEAN; i <= SBK_VERDICT_INCOMPLETE; i++)
		if (strcmp(text, sbk_verdict_text((enum sbk_verdict)i)) == 0)
			return true;
	return false;
}

/* The subject is the log that the predicate speaks of. */
static int read_journal(const json_t *statement, const json_t *journal,
			struct sbk_certificate *out, struct sbk_error *err)
{
	const json_t *subject =
		json_array_get(json_object_get(statement, "subject"), 0);
	const json_t *size = json_object_get(journal, "size");

	if (!copy_text(journal, "root", out->root, sizeof(out->root)) ||
	    !json_is_integer(size) || json_integer_value(size) < 0)
		return strange("it names no journal", err);
	out->size = (uint64_t)json_integer_value(size);
	if (strcmp(text_at(json_object_get(subject, "digest"),
			   "rfc6962-sha256"),
		   out->root) != 0)
		return strange("its subject is not the log that it tells of",
			       err);
	return 0;
}

static int read_predicate(const json_t *statement,
			  const struct sbk_note_key *key,
			  struct sbk_certificate *out, struct sbk_error *err)
{
	const json_t *p = json_object_get(statement, "predicate");
	const json_t *journal = json_object_get(p, "journal");
	const json_t *sweep = json_object_get(p, "sweep");
	struct sbk_note_key named;
	const char *text = text_at(journal, "key");
	int rc = read_journal(statement, journal, out, err);

	if (rc < 0)
		return rc;
	if (sbk_note_key_parse(text, strlen(text), &named, NULL) < 0 ||
	    !sbk_note_key_equal(&named, key))
		return strange("it names another key as its own", err);
	(void)snprintf(out->origin, sizeof(out->origin), "%s", key->name);
	if (!copy_text(p, "verdict", out->verdict, sizeof(out->verdict)) ||
	    !is_verdict(out->verdict) ||
	    !copy_text(p, "begun", out->begun, sizeof(out->begun)) ||
	    !copy_text(p, "ended", out->ended, sizeof(out->ended)) ||
	    !json_is_array(json_object_get(p, "changes")) ||
	    !json_is_array(json_object_get(p, "exceptions")))
		return strange("its verdict, times or changes are missing",
			       err);
	out->changes = json_array_size(json_object_get(p, "changes"));
	out->exceptions = json_array_size(json_object_get(p, "exceptions"));
	out->people = json_array_size(json_object_get(p, "people_reported"));
	out->swept = json_is_object(sweep);
	out->swept_all = json_is_true(json_object_get(sweep, "complete"));
	return 0;
}

static int read_statement(const struct sbk_dsse *envelope,
			  const struct sbk_note_key *key,
			  const struct sbk_buf *log,
			  struct sbk_certificate *out, struct sbk_error *err)
{
	json_error_t why;
	json_t *statement;
	int rc;

	if (strcmp(envelope->type, SBK_CERTIFICATE_PAYLOAD) != 0)
		return strange("its payload is of another type", err);
	statement = sbk_json_load(sbk_buf_text(&envelope->body),
				  envelope->body.size, JSON_REJECT_DUPLICATES,
				  &why);
	if (statement == NULL &&
	    json_error_code(&why) == json_error_out_of_memory)
		return sbk_error_no_memory(err);
	if (statement == NULL)
		return strange("its payload is no JSON", err);
	if (strcmp(text_at(statement, "_type"), SBK_CERTIFICATE_TYPE) != 0 ||
	    strcmp(text_at(statement, "predicateType"),
		   SBK_CERTIFICATE_PREDICATE) != 0)
		rc = strange("it states something else", err);
	else
		rc = read_predicate(statement, key, out, err);
	if (rc == 0 && log != NULL)
		rc = sbk_certificate_check_log(
			out, json_object_get(statement, "predicate"), log, err);
	out->of_log = rc == 0 && log != NULL;
	json_decref(statement);
	return rc;
}

int sbk_certificate_read(const char *text, size_t size, const char *key,
			 const struct sbk_buf *log, struct sbk_certificate *out,
			 struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_note_key signer;
	struct sbk_dsse envelope;
	int rc;

	memset(out, 0, sizeof(*out));
	if (sbk_note_key_parse(key, strlen(key), &signer, &why) < 0)
		return sbk_error_set(err, SBK_E_INVAL, "%s", why.message);
	rc = sbk_dsse_parse(text, size, &envelope, err);
	if (rc == 0 && envelope.count == 0)
		rc = sbk_error_set(err, SBK_E_CORRUPT, "nobody signed it");
	else if (rc == 0 && !sbk_dsse_verify(&envelope, &signer))
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "the key that was given did not sign it, or "
				   "it was changed since");
	if (rc == 0)
		rc = read_statement(&envelope, &signer, log, out, err);
	sbk_dsse_release(&envelope);
	return rc;
}
