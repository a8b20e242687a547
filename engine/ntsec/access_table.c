/*
 * The table of access_table.h, and nothing else. Whoever measures on Windows
 * changes a word here and the same word in README.md.
 *
 * Invariants, held by tests: one row per object and right; each question once
 * and at its place; each row has a source.
 */
#include "engine/ntsec/access_table.h"

#include "engine/banned.h"

#define BOTH (SBK_ON_FILES | SBK_ON_KEYS)

/* Sources that many rows share; README.md tells each in full. */
#define TWO_PASSES "Restricted Tokens: both checks must allow the right"
#define IS_WRITE "CreateRestrictedToken: a write, by the generic mapping"
#define IS_READ "CreateRestrictedToken: no write, by the generic mapping"
#define CONTRADICTED "reports contradict each other; awaits a measurement"
#define NO_GENERIC "no generic right but ALL has it; awaits a measurement"

const struct sbk_access_row sbk_access_rows[] = {
	{BOTH, SBK_RIGHT_DELETE, SBK_SECOND_PASS, SBK_NOT_SETTLED,
	 CONTRADICTED},
	{BOTH, SBK_RIGHT_READ_CONTROL, SBK_SECOND_PASS, SBK_FIRST_PASS,
	 IS_READ},
	{BOTH, SBK_RIGHT_WRITE_DAC, SBK_SECOND_PASS, SBK_NOT_SETTLED,
	 CONTRADICTED},
	{BOTH, SBK_RIGHT_WRITE_OWNER, SBK_SECOND_PASS, SBK_NOT_SETTLED,
	 CONTRADICTED},
	{SBK_ON_FILES, SBK_RIGHT_SYNCHRONIZE, SBK_SECOND_PASS, SBK_FIRST_PASS,
	 IS_READ},
	{SBK_ON_KEYS, SBK_RIGHT_SYNCHRONIZE, SBK_SECOND_PASS, SBK_NOT_SETTLED,
	 "keys have no such right; nobody asked"},

	{SBK_ON_FILES, SBK_FILE_READ_DATA, SBK_SECOND_PASS, SBK_FIRST_PASS,
	 IS_READ},
	{SBK_ON_FILES, SBK_FILE_WRITE_DATA, SBK_SECOND_PASS, SBK_SECOND_PASS,
	 IS_WRITE},
	{SBK_ON_FILES, SBK_FILE_APPEND_DATA, SBK_SECOND_PASS, SBK_SECOND_PASS,
	 IS_WRITE},
	{SBK_ON_FILES, SBK_FILE_READ_EA, SBK_SECOND_PASS, SBK_FIRST_PASS,
	 IS_READ},
	{SBK_ON_FILES, SBK_FILE_WRITE_EA, SBK_SECOND_PASS, SBK_SECOND_PASS,
	 IS_WRITE},
	{SBK_ON_FILES, SBK_FILE_EXECUTE, SBK_SECOND_PASS, SBK_FIRST_PASS,
	 IS_READ},
	{SBK_ON_FILES, SBK_FILE_DELETE_CHILD, SBK_SECOND_PASS, SBK_NOT_SETTLED,
	 CONTRADICTED},
	{SBK_ON_FILES, SBK_FILE_READ_ATTRIBUTES, SBK_SECOND_PASS,
	 SBK_FIRST_PASS, IS_READ},
	{SBK_ON_FILES, SBK_FILE_WRITE_ATTRIBUTES, SBK_SECOND_PASS,
	 SBK_SECOND_PASS, IS_WRITE},

	{SBK_ON_KEYS, 0x01 /* query value */, SBK_SECOND_PASS, SBK_FIRST_PASS,
	 IS_READ},
	{SBK_ON_KEYS, 0x02 /* set value */, SBK_SECOND_PASS, SBK_SECOND_PASS,
	 IS_WRITE},
	{SBK_ON_KEYS, 0x04 /* create subkey */, SBK_SECOND_PASS,
	 SBK_SECOND_PASS, IS_WRITE},
	{SBK_ON_KEYS, 0x08 /* enumerate subkeys */, SBK_SECOND_PASS,
	 SBK_FIRST_PASS, IS_READ},
	{SBK_ON_KEYS, 0x10 /* notify */, SBK_SECOND_PASS, SBK_FIRST_PASS,
	 IS_READ},
	{SBK_ON_KEYS, 0x20 /* create link */, SBK_SECOND_PASS, SBK_NOT_SETTLED,
	 NO_GENERIC},
};

const unsigned sbk_access_row_count =
	sizeof(sbk_access_rows) / sizeof(sbk_access_rows[0]);

#define BOOK "Forshaw, Windows Security Internals, chapter 7, listings"

const struct sbk_access_question_row sbk_access_questions[] = {
	{SBK_ASK_OWNER_READS, SBK_OPEN,
	 "CreateRestrictedToken: only writes; " BOOK ": any restricted token"},
	{SBK_ASK_READ_BESIDE_WRITE, SBK_OPEN,
	 "CreateRestrictedToken: only writes; " BOOK ": the whole request"},
	{SBK_ASK_NO_OWNER, SBK_OPEN,
	 "AccessCheck: no; SeAccessCheck, MS-DTYP 2.5.3.2: nothing of it"},
	{SBK_ASK_GENERIC_IN_ENTRY, SBK_OPEN,
	 "MS-DTYP 2.5.3.2: taken as they are; Wine: mapped"},
	{SBK_ASK_OBJECT_ALLOW, SBK_OPEN,
	 "ACCESS_ALLOWED_OBJECT_ACE: a plain entry; " BOOK ": without effect"},
	{SBK_ASK_OBJECT_DENY, SBK_OPEN,
	 "MS-DTYP 2.5.3.2: without effect; " BOOK ": a plain entry"},
	{SBK_ASK_CALLBACK_OBJECT, SBK_OPEN,
	 "MS-DTYP 2.4.4.17.3: yes; Microsoft Q&A 398948: seen without effect"},
	{SBK_ASK_CALLBACK_OTHER, SBK_OPEN, "no source"},
	{SBK_ASK_CALLBACK_DENY, SBK_OPEN,
	 "MS-DTYP 2.5.3.2: yes; " BOOK ": not in the kernel"},
	{SBK_ASK_UNKNOWN_TYPE, SBK_OPEN,
	 "no source; " BOOK ": compound entries count"},
	{SBK_ASK_RELABEL_OWNS, SBK_OPEN, "MS-DTYP 2.5.3.2: no; " BOOK ": yes"},
	{SBK_ASK_BACKUP_UPWARD, SBK_OPEN, "no source"},
	{SBK_ASK_LABEL_OTHERS, SBK_OPEN, "no source"},
	{SBK_ASK_SACL_LIMITS, SBK_OPEN,
	 "undocumented for a token that is only described; " BOOK ": yes"},
	{SBK_ASK_LOW_PACKAGE, SBK_OPEN, "MS-DTYP: yes; " BOOK ": no"},
	{SBK_ASK_PACKAGE_DENY, SBK_OPEN, "no source; " BOOK ": without effect"},
	{SBK_ASK_PACKAGE_ANY, SBK_YES, BOOK},
	{SBK_ASK_PACKAGE_NO_DACL, SBK_NO, BOOK},
	{SBK_ASK_PACKAGE_LABEL, SBK_YES, BOOK},
	{SBK_ASK_PACKAGE_RESTRICTED, SBK_YES, BOOK},
};

struct sbk_access_known sbk_access_known(enum sbk_nt_object object,
					 bool write_restricted)
{
	unsigned on = object == SBK_NT_KEY ? SBK_ON_KEYS : SBK_ON_FILES;
	/* "Restricted Tokens" speaks of whatever rights are requested. */
	struct sbk_access_known known = {.second = write_restricted ? 0 : ~0u};
	unsigned i;

	for (i = 0; i < sbk_access_row_count; i++) {
		const struct sbk_access_row *row = &sbk_access_rows[i];
		enum sbk_knowledge what = write_restricted
						  ? row->write_restricted
						  : row->restricted;

		if (!(row->objects & on))
			continue;
		known.second &= ~row->right;
		if (what == SBK_SECOND_PASS)
			known.second |= row->right;
		else if (what == SBK_FIRST_PASS)
			known.first |= row->right;
	}
	return known;
}

enum sbk_access_known_answer sbk_access_ask(enum sbk_access_question question)
{
	return sbk_access_questions[question].answer;
}
