/*
 * The table of what a write-restricted token may do, right by right: for the
 * rows that engine/ntsec/README.md has as open.
 *
 * Each object is made four times: its list lets in the user alone, the user and
 * the run's SID, the run's SID alone, and the user again for our own token.
 */
#ifndef SBK_ACCEPTANCE_RIGHTS_H
#define SBK_ACCEPTANCE_RIGHTS_H

#include <windows.h>

#include "tests/windows/acceptance/tokens.h"

/* One object, as a type makes it. */
struct subject {
	HANDLE handle;
	struct process process; /* of a process, thread or token */
	WCHAR name[400];
};

struct right_name {
	DWORD right;
	const char *name;
};

struct object_type {
	const char *name;
	DWORD all;	     /* every right there is */
	DWORD read_x, write; /* READ and EXECUTE; WRITE: 0 if no page says */
	bool used_up;	     /* opened once: made anew for each try */
	const struct right_name *rights;
	/* Both return the system's code, 0 if it was done. */
	DWORD (*make)(struct subject *subject, PSECURITY_DESCRIPTOR sd);
	DWORD (*open)(const struct subject *subject, DWORD right, HANDLE *out);
	void (*close)(HANDLE handle);
	void (*unmake)(struct subject *subject);
};

/* Ends with one without a name. */
extern const struct object_type object_types[];

/* A directory in which the user may make things, and neither list nor delete
 * them: with these rights, an object's own list would not be what decides. */
void objects_begin(void);
void objects_end(void);
/* An object below it: NtCreateFile takes the rights as they are, and
 * CreateFile asks for two more. */
DWORD open_exactly(const WCHAR *name, DWORD right, DWORD options, HANDLE *out);
DWORD make_file(struct subject *subject, PSECURITY_DESCRIPTOR sd);
DWORD make_directory(struct subject *subject, PSECURITY_DESCRIPTOR sd);
/* In a directory that was made so. */
DWORD make_file_in(const struct subject *parent, struct subject *subject,
		   PSECURITY_DESCRIPTOR sd);
/* That directory's own path, for programs. */
const WCHAR *objects_place(void);

/* What a handle holds. */
DWORD granted_to(HANDLE handle);

/* All of them; without `filter` each type, with it that one. */
void measure_rights(const char *filter);
/* What engine/ntsec asks beyond single rights. */
void measure_questions(void);

#endif
