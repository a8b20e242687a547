/*
 * What a run was, from the record of its start: whose token, and to which SIDs
 * it was write-restricted. Not among them are the SIDs of the logon and of the
 * run alone, which are given once and stand on nothing that outlives it.
 */
#include "audit/cmd.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "engine/json_load.h"
#include "journal/journal.h"

#include "engine/banned.h"

/* Everyone, Authenticated Users, Users. */
#define EVERYONE "S-1-1-0"
#define GROUPS "+" EVERYONE "+S-1-5-11+S-1-5-32-545"

static int parse_number(const char *text, uint64_t *out, struct sbk_error *err)
{
	const char *digits = text + strlen(SBK_SESSION_WORD);
	char *end = NULL;

	*out = strtoull(digits, &end, 10);
	if (digits[0] >= '1' && digits[0] <= '9' && *end == '\0' &&
	    end - digits < 19)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' is not of the form 'session:N', with the "
			     "number that 'sandbook journal log' gives a run",
			     text);
}

static int load_begin(const struct sbk_person *caller, uint64_t number,
		      struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_journal *journal = NULL;
	struct sbk_journal_place place;
	int rc = sbk_journal_place_user(caller, &place, err);

	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, err);
	if (rc == 0)
		rc = sbk_journal_session(journal, number, out, err);
	sbk_journal_close(journal);
	return rc;
}

int sbk_audit_token_of_session(const struct sbk_buf *entry,
			       const struct sbk_owner *caller,
			       struct sbk_buf *out, struct sbk_error *err)
{
	json_t *root = sbk_json_load(sbk_buf_text(entry), entry->size, 0, NULL);
	json_t *begin = json_object_get(root, "begin"), *item;
	const char *account, *sid;
	size_t i;

	if (begin == NULL) {
		json_decref(root);
		return sbk_error_set(err, SBK_E_CORRUPT,
				     "the record of that session makes no "
				     "sense; see 'sandbook journal verify'");
	}
	account = json_string_value(json_object_get(begin, "account"));
	sbk_buf_printf(out, "%s" GROUPS "/" EVERYONE,
		       account != NULL ? account : caller->text);
	json_array_foreach(json_object_get(begin, "roots"), i, item) {
		sid = json_string_value(json_object_get(item, "principal"));
		if (sid != NULL)
			sbk_buf_printf(out, "+%s", sid);
	}
	json_decref(root);
	return sbk_buf_failed(out, err);
}

int sbk_audit_session_token(const char *text, struct sbk_buf *out,
			    struct sbk_error *err)
{
	struct sbk_buf entry = SBK_BUF_INIT;
	struct sbk_person caller;
	uint64_t number = 0;
	int rc = parse_number(text, &number, err);

	if (rc == 0)
		rc = sbk_os_caller(&caller, err);
	if (rc == 0)
		rc = load_begin(&caller, number, &entry, err);
	if (rc == 0)
		rc = sbk_audit_token_of_session(&entry, &caller.id, out, err);
	sbk_buf_release(&entry);
	return rc;
}
