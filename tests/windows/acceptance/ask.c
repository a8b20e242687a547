/*
 * What engine/ntsec asks of tokens beyond single rights (access_table.h): each
 * a file with a list, one request, and what the system says of it. An answer
 * counts where the same request by the same token is granted by the control's
 * list, and refused by one that gives nothing.
 *
 * Not asked here: SBK_ASK_NO_OWNER and GENERIC_IN_ENTRY (NTFS stores an owner,
 * and maps what it is given), RELABEL_OWNS (a privilege that nobody holds),
 * SACL_LIMITS (central policies are a domain's).
 */
#include "tests/windows/acceptance/rights.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

#define PACKAGE_SID L"S-1-15-2-17-4-11-2026-1-2-3"
#define TEXT_UNITS 600

/* Whose token asks. */
enum actor {
	RUN,	     /* write-restricted */
	LOW,	     /* low integrity, no package */
	BACKUP,	     /* medium, with backup privileges, of an elevated one */
	PACKAGE,     /* an AppContainer's */
	PACKAGE_RUN, /* an AppContainer's that is restricted, too */
	ACTORS
};

static HANDLE actors[ACTORS];

struct question {
	const char *name; /* behind "question/" */
	bool asks;	  /* access_table.h has it */
	enum actor actor;
	/* {U} the user, {R} the run's SID, {P} the package's. NULL as control:
	 * none is needed. */
	const WCHAR *sddl, *control;
	DWORD asked, yes, no; /* the codes that are an answer */
};

#define BY_BOTH L"(A;;0x1f01ff;;;{U})(A;;0x1f01ff;;;{R})"
#define BY_PACKAGE L"(A;;0x1f01ff;;;{U})(A;;0x1f01ff;;;{P})"
#define DENIED ERROR_ACCESS_DENIED

static const struct question questions[] = {
	{"OWNER_READS", true, RUN, L"O:{U}D:P(A;;0x1;;;{U})(A;;0x1;;;{R})",
	 L"O:{U}D:P" BY_BOTH, READ_CONTROL, 0, DENIED},
	{"OWNER_WRITES", false, RUN, L"O:{U}D:P(A;;0x1;;;{U})(A;;0x1;;;{R})",
	 L"O:{U}D:P" BY_BOTH, WRITE_DAC, 0, DENIED},
	{"READ_BESIDE_WRITE", true, RUN,
	 L"D:P(A;;0x1f01ff;;;{U})(A;;0x2;;;{R})", L"D:P" BY_BOTH,
	 FILE_READ_DATA | FILE_WRITE_DATA, 0, DENIED},
	{"OBJECT_ALLOW", true, RUN,
	 L"D:P(OA;;0x1f01ff;;;{U})(OA;;0x1f01ff;;;{R})", L"D:P" BY_BOTH,
	 FILE_WRITE_DATA, 0, DENIED},
	{"OBJECT_DENY", true, RUN,
	 L"D:P(OD;;0x2;53424b00-0000-0000-0000-000000000001;;WD)" BY_BOTH,
	 L"D:P" BY_BOTH, FILE_WRITE_DATA, DENIED, 0},
	{"CALLBACK_OBJECT", true, RUN,
	 L"D:P(ZA;;0x1f01ff;;;{U};(Member_of{SID(WD)}))"
	 L"(ZA;;0x1f01ff;;;{R};(Member_of{SID(WD)}))",
	 L"D:P" BY_BOTH, FILE_WRITE_DATA, 0, DENIED},
	{"CALLBACK_DENY", true, RUN,
	 L"D:P(XD;;0x2;;;WD;(Member_of{SID(WD)}))" BY_BOTH, L"D:P" BY_BOTH,
	 FILE_WRITE_DATA, DENIED, 0},
	/* Behind S: the label, which is set when the file is there. */
	{"LABEL_OTHERS", true, LOW, L"D:P(A;;0x1f01ff;;;{U})S:(ML;;NR;;;ME)",
	 L"D:P(A;;0x1f01ff;;;{U})S:(ML;;NW;;;LW)", DELETE, 0, DENIED},
	{"LOW_PACKAGE", true, LOW, L"D:P(A;;0x1f01ff;;;{U})(A;;FR;;;{P})",
	 L"D:P(A;;0x1f01ff;;;{U})", FILE_READ_DATA, 0, DENIED},
	{"BACKUP_UPWARD", true, BACKUP, L"D:P(A;;0x1;;;SY)S:(ML;;NWNR;;;HI)",
	 L"D:P(A;;0x1;;;SY)S:(ML;;NW;;;LW)", FILE_READ_DATA, 0, DENIED},
	{"PACKAGE_DENY", true, PACKAGE,
	 L"D:P(D;;0x1;;;{P})" BY_PACKAGE L"(A;;0x1f01ff;;;AC)",
	 L"D:P" BY_PACKAGE, FILE_READ_DATA, DENIED, 0},
	{"PACKAGE_ANY", true, PACKAGE,
	 L"D:P(A;;0x1f01ff;;;{U})(A;;0x1f01ff;;;S-1-15-2-2)", L"D:P" BY_PACKAGE,
	 FILE_READ_DATA, 0, DENIED},
	{"PACKAGE_NO_DACL", true, PACKAGE, L"D:NO_ACCESS_CONTROL",
	 L"D:P" BY_PACKAGE, FILE_READ_DATA, 0, DENIED},
	{"PACKAGE_LABEL", true, PACKAGE, L"D:P" BY_PACKAGE,
	 L"D:P" BY_PACKAGE L"S:(ML;;NW;;;LW)", FILE_WRITE_DATA, 0, DENIED},
};

/* {U}, {R}, {P} by their SIDs. */
static void fill(const WCHAR *sddl, WCHAR out[TEXT_UNITS])
{
	size_t used = 0;

	while (*sddl != L'\0' && used + 200 < TEXT_UNITS) {
		const WCHAR *sid = NULL;

		if (wcsncmp(sddl, L"{U}", 3) == 0)
			sid = user_sid();
		else if (wcsncmp(sddl, L"{R}", 3) == 0)
			sid = RUN_SID;
		else if (wcsncmp(sddl, L"{P}", 3) == 0)
			sid = PACKAGE_SID;
		if (sid == NULL) {
			out[used++] = *sddl++;
			continue;
		}
		used += (size_t)swprintf(out + used, TEXT_UNITS - used, L"%ls",
					 sid);
		sddl += 3;
	}
	out[used] = L'\0';
}

/* The label alone, by a handle that may; no privilege is needed for it. */
static DWORD put_label(const struct subject *subject, const WCHAR *sddl)
{
	typedef LONG(NTAPI * call)(HANDLE, SECURITY_INFORMATION,
				   PSECURITY_DESCRIPTOR);
	const FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
					     "NtSetSecurityObject");
	PSECURITY_DESCRIPTOR sd = descriptor(L"%ls", sddl);
	HANDLE file = NULL;
	DWORD code = ERROR_INVALID_ACL;
	LONG status;
	call set;

	memcpy(&set, &found, sizeof(set));
	if (sd != NULL)
		code = open_exactly(
			subject->name, WRITE_OWNER,
			0x00004000 /* FILE_OPEN_FOR_BACKUP_INTENT */, &file);
	if (code == 0) {
		status = set(file, LABEL_SECURITY_INFORMATION, sd);
		code = status < 0 ? (DWORD)status : 0;
		(void)CloseHandle(file);
	}
	(void)LocalFree(sd);
	return code;
}

/* Text before "S:" is the file's list from the beginning. */
static DWORD make_by(const WCHAR *sddl, struct subject *subject)
{
	WCHAR text[TEXT_UNITS], *label;
	PSECURITY_DESCRIPTOR sd;
	DWORD code = ERROR_INVALID_ACL;

	fill(sddl, text);
	label = wcsstr(text, L"S:(ML");
	memset(subject, 0, sizeof(*subject));
	if (label == NULL) {
		sd = descriptor(L"%ls", text);
	} else {
		*label = L'\0';
		sd = descriptor(L"%ls", text);
		*label = L'S';
	}
	if (sd != NULL)
		code = make_file(subject, sd);
	(void)LocalFree(sd);
	if (code == 0 && label != NULL) {
		code = put_label(subject, label);
		if (code != 0)
			(void)CloseHandle(subject->handle);
	}
	return code;
}

/* What the actor is told; the file goes with its handle. */
static DWORD open_as(HANDLE actor, bool backup, struct subject *subject,
		     DWORD asked, DWORD *granted)
{
	HANDLE handle = NULL;
	DWORD code;

	*granted = 0;
	must(SetThreadToken(NULL, actor), "SetThreadToken");
	code = open_exactly(subject->name, asked, backup ? 0x00004000 : 0,
			    &handle);
	must(SetThreadToken(NULL, NULL), "SetThreadToken");
	if (code == 0) {
		*granted = granted_to(handle);
		(void)CloseHandle(handle);
	}
	return code;
}

/* Whether all that is needed is there; else the reason is a row. */
static bool ask_once(const struct question *question, const WCHAR *sddl,
		     DWORD *code, DWORD *granted, const char *name)
{
	struct subject subject;
	DWORD made = make_by(sddl, &subject);

	if (made != 0) {
		row(name, "a file with this list", SKIPPED, "none: error 0x%lx",
		    made);
		return false;
	}
	*code = open_as(actors[question->actor], question->actor == BACKUP,
			&subject, question->asked, granted);
	(void)CloseHandle(subject.handle);
	return true;
}

static void say(const char *name, const char *asks,
		const struct question *question, DWORD code, DWORD granted,
		DWORD control)
{
	enum verdict verdict = MEASURED;

	if (!rows_restricted())
		verdict = NOT_RESTRICTED;
	else if (control != 0 ||
		 (code != question->yes && code != question->no))
		verdict = NOT_MEASURED;
	if (verdict == MEASURED && asks != NULL)
		row_answers(asks, code == question->yes ? "yes" : "no", NULL);
	row(name, question->yes == 0 ? "0: yes; 5: no" : "5: yes; 0: no",
	    verdict, "asked 0x%lx: %lu 0x%lx, by the control's list %lu",
	    question->asked, code, granted, control);
}

static void ask(const struct question *question)
{
	char name[80];
	DWORD code = 0, granted = 0, control = 0, unused;

	(void)snprintf(name, sizeof(name), "question/%s", question->name);
	if (actors[question->actor] == NULL) {
		row(name, "a token", SKIPPED,
		    question->actor == BACKUP
			    ? "an administrator's; run this group elevated"
			    : "none of this kind could be made");
		return;
	}
	if (ask_once(question, question->control, &control, &unused, name) &&
	    ask_once(question, question->sddl, &code, &granted, name))
		say(name, question->asks ? name : NULL, question, code, granted,
		    control);
}

/* --- entries that SDDL has no word for ------------------------------------ */

/* One entry each for the user and the run, of a type and with data behind. */
static const struct raw {
	const char *name;
	BYTE type;
} raws[] = {
	/* Data that is no condition: "artx" would begin one. */
	{"question/CALLBACK_OTHER", ACCESS_ALLOWED_CALLBACK_ACE_TYPE},
	{"question/UNKNOWN_TYPE", 0x40},
};

static BOOL add_raw(ACL *acl, BYTE type, const WCHAR *text)
{
	PSECURITY_DESCRIPTOR sd = descriptor(L"O:%ls", text);
	BYTE room[sizeof(ACE_HEADER) + 4 + SECURITY_MAX_SID_SIZE + 4];
	ACE_HEADER *header = (ACE_HEADER *)(void *)room;
	const DWORD mask = 0x1f01ff;
	BOOL by_default, done;
	DWORD size;
	PSID sid;

	must(sd != NULL && GetSecurityDescriptorOwner(sd, &sid, &by_default),
	     "a SID");
	size = GetLengthSid(sid);
	memset(room, 0, sizeof(room));
	header->AceType = type;
	header->AceSize = (WORD)(sizeof(*header) + 4 + size + 4);
	memcpy(room + sizeof(*header), &mask, 4);
	memcpy(room + sizeof(*header) + 4, sid, size);
	memcpy(room + sizeof(*header) + 4 + size, "none", 4);
	done = AddAce(acl, ACL_REVISION, MAXDWORD, room, header->AceSize);
	(void)LocalFree(sd);
	return done;
}

static void ask_raw(const struct raw *raw)
{
	static const struct question about = {
		.actor = RUN,
		.asked = FILE_WRITE_DATA,
		.yes = 0,
		.no = ERROR_ACCESS_DENIED,
		.control = L"D:P" BY_BOTH,
	};
	DWORD room[300], code = 0, granted = 0, control = 0;
	SECURITY_DESCRIPTOR sd;
	struct subject subject;
	ACL *acl = (ACL *)(void *)room;

	must(InitializeAcl(acl, sizeof(room), ACL_REVISION) &&
		     InitializeSecurityDescriptor(&sd,
						  SECURITY_DESCRIPTOR_REVISION),
	     "InitializeAcl");
	must(SetSecurityDescriptorDacl(&sd, TRUE, acl, FALSE) &&
		     SetSecurityDescriptorControl(&sd, SE_DACL_PROTECTED,
						  SE_DACL_PROTECTED),
	     "SetSecurityDescriptorDacl");
	memset(&subject, 0, sizeof(subject));
	code = add_raw(acl, raw->type, user_sid()) &&
			       add_raw(acl, raw->type, RUN_SID)
		       ? make_file(&subject, &sd)
		       : GetLastError();
	if (code != 0) {
		row(raw->name, "a file with this list", SKIPPED,
		    "none: error %lu", code);
		return;
	}
	code = open_as(actors[RUN], false, &subject, about.asked, &granted);
	(void)CloseHandle(subject.handle);
	if (ask_once(&about, about.control, &control, &granted, raw->name))
		say(raw->name, raw->name, &about, code, granted, control);
}

/* --- three passes --------------------------------------------------------- */

/* An AppContainer's token that is restricted, too: each of the three must give
 * the right, and all three suffice. */
static void ask_three(void)
{
	static const WCHAR *const lists[] = {
		L"D:P" BY_BOTH L"(A;;0x1f01ff;;;{P})", L"D:P" BY_PACKAGE,
		L"D:P" BY_BOTH};
	struct question about = {.actor = PACKAGE_RUN,
				 .asked = FILE_WRITE_DATA};
	DWORD codes[3] = {0}, granted;
	bool as_expected;
	size_t i;

	if (actors[PACKAGE_RUN] == NULL) {
		row("question/PACKAGE_RESTRICTED", "a token", SKIPPED,
		    "none of this kind could be made");
		return;
	}
	for (i = 0; i < 3; i++)
		if (!ask_once(&about, lists[i], &codes[i], &granted,
			      "question/PACKAGE_RESTRICTED"))
			return;
	as_expected = codes[0] == 0 && codes[1] == ERROR_ACCESS_DENIED &&
		      codes[2] == ERROR_ACCESS_DENIED;
	if (rows_restricted())
		row_answers("question/PACKAGE_RESTRICTED",
			    as_expected ? "yes" : "no", NULL);
	row("question/PACKAGE_RESTRICTED", "yes: 0, 5 and 5",
	    rows_restricted() ? MEASURED : NOT_RESTRICTED,
	    "all three %lu, without the run's %lu, without the package's %lu",
	    codes[0], codes[1], codes[2]);
}

/* --- the parent's FILE_DELETE_CHILD --------------------------------------- */

/* A file whose own list gives the right to nobody, below a directory that may
 * give it: FILE_DELETE_CHILD is DELETE of what is in it. */
static const struct parent {
	const char *name, *options;
	const WCHAR *sddl;
} parents[] = {
	{"parent/no FILE_DELETE_CHILD", "5 and 5",
	 L"D:P(A;;0x1f00a6;;;%ls)(A;;0x1f00a6;;;%ls)"},
	{"parent/FILE_DELETE_CHILD for the user", "0 or 5, ourselves 0",
	 L"D:P(A;;0x1f00e6;;;%ls)(A;;0x1f00a6;;;%ls)"},
	{"parent/FILE_DELETE_CHILD for both", "0 and 0",
	 L"D:P(A;;0x1f00e6;;;%ls)(A;;0x1f00e6;;;%ls)"},
};

static void ask_parent(const struct parent *parent)
{
	PSECURITY_DESCRIPTOR above =
		descriptor(parent->sddl, user_sid(), RUN_SID);
	PSECURITY_DESCRIPTOR own = descriptor(
		L"D:P(A;;0x1;;;%ls)(A;;0x1;;;%ls)", user_sid(), RUN_SID);
	struct subject directory, file;
	DWORD code, ours = 0, granted = 0;

	memset(&directory, 0, sizeof(directory));
	memset(&file, 0, sizeof(file));
	code = make_directory(&directory, above);
	if (code == 0) {
		code = make_file_in(&directory, &file, own);
		if (code != 0)
			(void)CloseHandle(directory.handle);
	}
	if (code != 0) {
		row(parent->name, parent->options, SKIPPED,
		    "no such file: error %lu", code);
	} else {
		ours = open_as(NULL, false, &file, DELETE, &granted);
		code = open_as(actors[RUN], false, &file, DELETE, &granted);
		row(parent->name, parent->options,
		    rows_restricted() ? MEASURED : NOT_RESTRICTED,
		    "DELETE: restricted %lu, ourselves %lu", code, ours);
		(void)CloseHandle(file.handle);
		(void)CloseHandle(directory.handle);
	}
	(void)LocalFree(above);
	(void)LocalFree(own);
}

void measure_questions(void)
{
	HANDLE token = restricted_token(AS_SANDBOOK, BY_ALL_OF_A_RUN);
	size_t i;

	actors[RUN] = to_act_as(token);
	actors[LOW] = token_of_level(SECURITY_MANDATORY_LOW_RID);
	actors[PACKAGE] = package_token(NULL, PACKAGE_SID);
	actors[PACKAGE_RUN] = package_token(token, PACKAGE_SID);
	if (enable_privilege(SE_BACKUP_NAME) &&
	    enable_privilege(SE_RESTORE_NAME))
		actors[BACKUP] = token_of_level(SECURITY_MANDATORY_MEDIUM_RID);
	objects_begin();
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		ask(&questions[i]);
	for (i = 0; i < sizeof(raws) / sizeof(raws[0]); i++)
		ask_raw(&raws[i]);
	ask_three();
	for (i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		ask_parent(&parents[i]);
	objects_end();
	for (i = 0; i < ACTORS; i++)
		if (actors[i] != NULL)
			(void)CloseHandle(actors[i]);
	(void)CloseHandle(token);
}
