/*
 * What is known of the parts of an access check that no specification settles:
 * data read by the check, to be filled in from measurements on Windows. It is
 * the only place from which an answer "undecided" comes, other than conditions
 * that cannot be evaluated here. README.md has the same rows with their sources
 * in full; a test holds the two together.
 */
#ifndef SBK_NTSEC_ACCESS_TABLE_H
#define SBK_NTSEC_ACCESS_TABLE_H

#include "engine/ntsec/rights.h"

/* Per right: which of a restricted token's two passes must grant it. */
enum sbk_knowledge {
	SBK_SECOND_PASS, /* documented: both passes must grant it */
	SBK_FIRST_PASS,	 /* documented: the first one suffices */
	SBK_NOT_SETTLED	 /* no source, or sources contradict each other */
};

enum sbk_access_objects { SBK_ON_FILES = 1, SBK_ON_KEYS = 2 };

struct sbk_access_row {
	unsigned objects; /* files and directories share their rows */
	uint32_t right;	  /* one bit, after generic mapping */
	enum sbk_knowledge restricted;	     /* plain restricting SIDs */
	enum sbk_knowledge write_restricted; /* with WRITE_RESTRICTED */
	const char *source;		     /* page, or who reported what */
};

extern const struct sbk_access_row sbk_access_rows[];
extern const unsigned sbk_access_row_count;

/* A right without a row is for both passes of a plain restricted token, as all
 * are, and not settled for a write-restricted one. */
struct sbk_access_known {
	uint32_t second, first; /* disjoint */
};

struct sbk_access_known sbk_access_known(enum sbk_nt_object object,
					 bool write_restricted);

/* Yes-or-no questions about everything else. */
enum sbk_access_question {
	/* Does a write-restricted token keep an owner's implicit READ_CONTROL
	 * where the owner is none of its restricting SIDs? */
	SBK_ASK_OWNER_READS,
	/* Are the reads of a request that also writes left to the first pass
	 * of a write-restricted token? */
	SBK_ASK_READ_BESIDE_WRITE,
	/* Does a descriptor without owner or group grant anything? */
	SBK_ASK_NO_OWNER,
	/* Do generic bits in an effective entry stand for what they map to? */
	SBK_ASK_GENERIC_IN_ENTRY,
	/* Without an object tree: does an allowing object entry without a GUID
	 * count as a plain one, and a denying one that has a GUID? */
	SBK_ASK_OBJECT_ALLOW,
	SBK_ASK_OBJECT_DENY,
	/* Do callback object entries count at all? */
	SBK_ASK_CALLBACK_OBJECT,
	/* Does a callback entry count whose data is no condition? */
	SBK_ASK_CALLBACK_OTHER,
	/* Does a denying conditional entry count? */
	SBK_ASK_CALLBACK_DENY,
	/* Does an entry of a reserved or unknown type count in a DACL? */
	SBK_ASK_UNKNOWN_TYPE,
	/* Does SeRelabelPrivilege grant WRITE_OWNER? */
	SBK_ASK_RELABEL_OWNS,
	/* Do backup and restore rights pass a mandatory label? */
	SBK_ASK_BACKUP_UPWARD,
	/* Does a label that does not forbid writing leave the rights alone that
	 * no generic right stands for (DELETE, WRITE_DAC, ...)? */
	SBK_ASK_LABEL_OTHERS,
	/* Do trust labels, access filters and central policies limit it? */
	SBK_ASK_SACL_LIMITS,
	/* May a token below medium integrity that is no AppContainer's have
	 * rights where an entry names a package? */
	SBK_ASK_LOW_PACKAGE,
	/* Does a deny entry of a package or capability SID count? */
	SBK_ASK_PACKAGE_DENY,
	/* Does ALL RESTRICTED APPLICATION PACKAGES let in an AppContainer that
	 * is not a less privileged one? */
	SBK_ASK_PACKAGE_ANY,
	/* Does a missing or NULL DACL let an AppContainer in? */
	SBK_ASK_PACKAGE_NO_DACL,
	/* Do labels up to medium leave AppContainers alone? */
	SBK_ASK_PACKAGE_LABEL,
	/* Is a token with a package and restricting SIDs checked by simply
	 * requiring all three passes? */
	SBK_ASK_PACKAGE_RESTRICTED,
	SBK_ASK_COUNT
};

enum sbk_access_known_answer { SBK_NO, SBK_YES, SBK_OPEN };

struct sbk_access_question_row {
	enum sbk_access_question question;
	enum sbk_access_known_answer answer;
	const char *source;
};

extern const struct sbk_access_question_row sbk_access_questions[];

enum sbk_access_known_answer sbk_access_ask(enum sbk_access_question question);

#endif
