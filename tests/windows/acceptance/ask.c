/*
 * What engine/ntsec asks of a write-restricted token beyond single rights:
 * each a file with a list, one request, and what the system says of it.
 */
#include "tests/windows/acceptance/rights.h"

#include <string.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

static HANDLE actor;

struct question {
	const char *name, *options;
	const WCHAR *sddl; /* of the user and of the run's SID */
	bool owned;	   /* by the user, who is then named first */
	DWORD asked;
};

/* The code for the restricted token, and for ourselves. */
static DWORD open_both(const struct subject *subject, DWORD asked, DWORD *ours,
		       DWORD *granted)
{
	HANDLE handle = NULL;
	DWORD code;

	*granted = 0;
	*ours = open_exactly(subject->name, asked, 0, &handle);
	if (*ours == 0)
		(void)CloseHandle(handle);
	must(SetThreadToken(NULL, actor), "SetThreadToken");
	code = open_exactly(subject->name, asked, 0, &handle);
	must(SetThreadToken(NULL, NULL), "SetThreadToken");
	if (code == 0) {
		*granted = granted_to(handle);
		(void)CloseHandle(handle);
	}
	return code;
}

static void ask(const struct question *question)
{
	PSECURITY_DESCRIPTOR sd;
	struct subject subject;
	DWORD code = ERROR_INVALID_ACL, ours, granted;

	memset(&subject, 0, sizeof(subject));
	sd = question->owned ? descriptor(question->sddl, user_sid(),
					  user_sid(), RUN_SID)
			     : descriptor(question->sddl, user_sid(), RUN_SID);
	if (sd != NULL)
		code = make_file(&subject, sd);
	(void)LocalFree(sd);
	if (code != 0) {
		row(question->name, question->options, SKIPPED,
		    "no such file: error %lu", code);
		return;
	}
	code = open_both(&subject, question->asked, &ours, &granted);
	row(question->name, question->options,
	    rows_restricted() ? MEASURED : NOT_RESTRICTED,
	    "asked 0x%lx: restricted %lu 0x%lx, ourselves %lu", question->asked,
	    code, granted, ours);
	(void)CloseHandle(subject.handle);
}

static const struct question questions[] = {
	{"question/OWNER_READS", "0: an owner keeps READ_CONTROL",
	 L"O:%lsD:P(A;;0x1;;;%ls)(A;;0x1;;;%ls)", true, READ_CONTROL},
	{"question/OWNER_WRITES", "5: an owner has no WRITE_DAC",
	 L"O:%lsD:P(A;;0x1;;;%ls)(A;;0x1;;;%ls)", true, WRITE_DAC},
	{"question/READ_BESIDE_WRITE", "0: only the write is asked twice",
	 L"D:P(A;;0x1f01ff;;;%ls)(A;;0x2;;;%ls)", false,
	 FILE_READ_DATA | FILE_WRITE_DATA},
	{"question/GENERIC_IN_ENTRY", "0: mapped when assigned",
	 L"D:P(A;;GA;;;%ls)(A;;GA;;;%ls)", false, FILE_WRITE_DATA},
	{"question/OBJECT_ALLOW", "0: as a plain entry",
	 L"D:P(OA;;0x1f01ff;;;%ls)(OA;;0x1f01ff;;;%ls)", false,
	 FILE_WRITE_DATA},
	{"question/OBJECT_DENY", "0: no node, no effect",
	 L"D:P(OD;;0x2;53424b00-0000-0000-0000-000000000001;;WD)"
	 L"(A;;0x1f01ff;;;%ls)(A;;0x1f01ff;;;%ls)",
	 false, FILE_WRITE_DATA},
	{"question/CALLBACK_DENY", "5: a condition that holds denies",
	 L"D:P(XD;;0x2;;;WD;(Member_of{SID(WD)}))(A;;0x1f01ff;;;%ls)"
	 L"(A;;0x1f01ff;;;%ls)",
	 false, FILE_WRITE_DATA},
};

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
		code = open_both(&file, DELETE, &ours, &granted);
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

	actor = to_act_as(token);
	objects_begin();
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		ask(&questions[i]);
	for (i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		ask_parent(&parents[i]);
	objects_end();
	(void)CloseHandle(actor);
	(void)CloseHandle(token);
}
