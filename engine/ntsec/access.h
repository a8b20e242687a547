/*
 * The access check (MS-DTYP 2.5.3.2, 2.5.3.3 for integrity; MS-FSA 2.1.4.14
 * for files). What restricting SIDs, AppContainers and the entries that no
 * specification covers do is taken from access_table.h, and README.md says
 * where each of its rows comes from.
 *
 * Three answers: granted, denied, undecided. Undecided is a condition that
 * cannot be evaluated, and whatever the table calls open; nothing else. Who
 * asks "is it contained" reads undecided as granted; who asks "will the tool
 * work", as denied.
 *
 * It judges one descriptor. What a parent directory adds (FILE_DELETE_CHILD
 * there gives DELETE here, FILE_LIST_DIRECTORY there FILE_READ_ATTRIBUTES here:
 * MS-FSA 2.1.5.1.2.1) is a second check, made by the caller on the parent.
 */
#ifndef SBK_NTSEC_ACCESS_H
#define SBK_NTSEC_ACCESS_H

#include "engine/ntsec/rights.h"
#include "engine/ntsec/sd.h"
#include "engine/ntsec/token.h"

struct sbk_access_request {
	/* Generic bits are mapped by the object; MAXIMUM_ALLOWED asks for every
	 * right that would be granted if asked for alone (all but
	 * ACCESS_SYSTEM_SECURITY, which must be named; without a DACL, the
	 * rights that the object has). */
	uint32_t desired;
	enum sbk_nt_object object;
	/* Opened for backup or restore (FILE_FLAG_BACKUP_SEMANTICS,
	 * REG_OPTION_BACKUP_RESTORE): the privileges of these names count.
	 * Without it they give nothing. */
	bool backup_intent;
};

enum sbk_access_answer {
	SBK_ACCESS_DENIED,
	SBK_ACCESS_GRANTED,
	SBK_ACCESS_UNDECIDED
};

/* What decided: an entry of the DACL, or one of the rules around it. */
enum sbk_access_cause {
	SBK_BY_ACE,	/* entry `index` */
	SBK_BY_NO_ACE,	/* the end of the DACL was reached */
	SBK_BY_NO_DACL, /* absent or NULL: everybody */
	SBK_BY_OWNER,	/* implicit READ_CONTROL and WRITE_DAC */
	SBK_BY_PRIVILEGE,
	SBK_BY_INTEGRITY,   /* the mandatory label: entry `index` of the SACL
			     * where has_index, else the missing label */
	SBK_BY_RESTRICTING, /* the restricting SIDs' own pass: entry `index`
			     * where has_index, else nothing granted it */
	SBK_BY_PACKAGE,	    /* the AppContainer's own pass; likewise */
	SBK_BY_CONDITION,   /* entry `index` could not be evaluated */
	SBK_BY_NO_SOURCE,   /* the table says that nobody knows; `index` is the
			     * entry in question where has_index */
	SBK_BY_NO_OWNER,    /* a descriptor without owner or group */
	SBK_BY_NOTHING	    /* nothing was asked for */
};

struct sbk_access_reason {
	enum sbk_access_cause cause;
	bool has_index;
	bool in_sacl;	/* where `index` is: else in the DACL */
	uint16_t index; /* of the entry */
	uint32_t mask;	/* the rights that it decided */
};

/* granted, undecided and missing have no bit in common. */
struct sbk_access_result {
	enum sbk_access_answer answer;
	uint32_t granted;   /* of what was asked; for MAXIMUM_ALLOWED: all */
	uint32_t undecided; /* may or may not be granted */
	uint32_t missing;   /* asked for by name and denied */
	struct sbk_access_reason reason; /* of the answer */
};

/*
 * Pure; never fails: an entry that cannot be read was refused by sbk_sd_read.
 * Denied where any right asked for by name is missing, else undecided where any
 * is undecided, else granted. With MAXIMUM_ALLOWED alone: granted where any
 * right is, else undecided where any is. Asking for nothing is granted.
 */
void sbk_access_check(const struct sbk_sd *sd, const struct sbk_token *token,
		      const struct sbk_access_request *request,
		      struct sbk_access_result *out);

/* "an entry of the DACL", "the implicit rights of an owner", ... Static. */
const char *sbk_access_cause_text(enum sbk_access_cause cause);

#endif
