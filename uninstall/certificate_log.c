/*
 * A certificate against the log that it is of. The signature on the certificate
 * says who wrote it; the log, whose root stands in it, says what was done. Here
 * the one is held against the other, change by change.
 *
 * The log is read as hostile text (journal.h: sbk_journal_import). It vouches
 * for what its entries say and no more: not for the sweep, nor for what people
 * reported.
 */
#include <stdio.h>
#include <string.h>

#include "engine/json.h"
#include "engine/json_load.h"
#include "uninstall/internal.h"

#include "engine/banned.h"

#define TITLE "the log that was given"

static int differs(const char *what, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_CORRUPT,
			     "it is signed, and not what " TITLE " says: %s",
			     what);
}

/* By its root, which is computed from the entries. */
static int check_root(const struct sbk_certificate *certificate,
		      const struct sbk_buf *log, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf hex = SBK_BUF_INIT;
	unsigned char root[32];
	uint64_t entries = 0;
	int rc = sbk_journal_text_root(log, &entries, root, &why);

	if (rc < 0)
		return sbk_error_set(err, rc, TITLE " is none: %s",
				     why.message);
	sbk_buf_add_hex(&hex, root, sizeof(root));
	if (entries != certificate->size ||
	    strcmp(sbk_buf_text(&hex), certificate->root) != 0)
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   TITLE " has %llu entries with root %s, and "
					 "it is of one of %llu with root %s",
				   (unsigned long long)entries,
				   sbk_buf_text(&hex),
				   (unsigned long long)certificate->size,
				   certificate->root);
	sbk_buf_release(&hex);
	return rc;
}

static int check_changes(struct sbk_journal *journal, const json_t *predicate,
			 struct sbk_error *err)
{
	const struct sbk_journal_filter everything = {.unsettled = false};
	struct sbk_plan *record = sbk_plan_new();
	struct sbk_buf text = SBK_BUF_INIT;
	json_t *said = NULL;
	int rc;

	if (record == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_journal_load(journal, &everything, record, err);
	if (rc == 0) {
		sbk_json_open(&text, '{');
		sbk_certificate_print_changes(record, &text);
		sbk_json_close(&text, '}');
		rc = sbk_buf_failed(&text, err);
	}
	if (rc == 0) {
		said = sbk_json_load(text.data, text.size, 0, NULL);
		if (said == NULL) /* the text is our own */
			rc = sbk_error_no_memory(err);
		else if (!json_equal(json_object_get(said, "changes"),
				     json_object_get(predicate, "changes")))
			rc = differs("its changes are others", err);
	}
	json_decref(said);
	sbk_plan_free(record);
	sbk_buf_release(&text);
	return rc;
}

/* What the machine's log saw of a person's: its newest checkpoint, cosigned. */
static int check_witnessed(struct sbk_journal *journal, const json_t *one,
			   struct sbk_error *err)
{
	struct sbk_owner id = {.text = ""};
	const char *said =
		json_string_value(json_object_get(one, "checkpoint"));
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf note = SBK_BUF_INIT;
	uint64_t seconds;
	int rc;

	/* What is no owner has no note: NOTFOUND, below. */
	(void)sbk_json_load_owner(json_object_get(one, "uid"), &id);
	rc = sbk_journal_witness_note(journal, &id, &note, &seconds, &why);
	/* Where the log has none, or one that is not cosigned, nor has it. */
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_CORRUPT)
		rc = 0;
	if (rc < 0)
		rc = sbk_error_set(err, rc, "%s", why.message);
	else if (strcmp(sbk_buf_text(&note), said != NULL ? said : "") != 0)
		rc = differs("what was witnessed is something else", err);
	sbk_buf_release(&note);
	return rc;
}

int sbk_certificate_check_log(const struct sbk_certificate *certificate,
			      const json_t *predicate,
			      const struct sbk_buf *log, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	const json_t *one;
	size_t i;
	int rc = check_root(certificate, log, err);

	if (rc == 0)
		rc = sbk_journal_import(sbk_buf_text(log), log->size, TITLE, 0,
					&journal, err);
	if (rc == 0)
		rc = check_changes(journal, predicate, err);
	json_array_foreach(json_object_get(predicate, "people_witnessed"), i,
			   one) {
		if (rc == 0)
			rc = check_witnessed(journal, one, err);
	}
	sbk_journal_close(journal);
	return rc;
}
