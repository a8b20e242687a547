/*
 * The table, as rights.h tells. Owns what is read out of the four tries, and
 * that a right is called "first" or "both" only where the same right was given
 * when both passes had an entry, and refused when the first had none.
 */
#include "tests/windows/acceptance/rights.h"

#include <stdio.h>
#include <string.h>
#include <winternl.h>

#include "tests/windows/acceptance/rows.h"

#include "engine/banned.h"

enum let_in { USER, USER_AND_RUN, RUN, LISTS };
enum actor { OURSELVES, WRITE_RESTRICTED_ONE, RESTRICTED_ONE, ACTORS };
#define RIGHTS_MAX 33

struct
try {
	DWORD code, granted;
};

struct table {
	const struct object_type *type;
	DWORD rights[RIGHTS_MAX];
	size_t count;
	struct try tries[RIGHTS_MAX][LISTS][ACTORS];
	DWORD made[LISTS];
	const char *owner;
};

static HANDLE actors[ACTORS];

DWORD granted_to(HANDLE handle)
{
	PUBLIC_OBJECT_BASIC_INFORMATION basic;

	memset(&basic, 0, sizeof(basic));
	return NtQueryObject(handle, ObjectBasicInformation, &basic,
			     sizeof(basic), NULL) < 0
		       ? 0
		       : basic.GrantedAccess;
}

static void try_right(struct table *table, size_t right, enum let_in list,
		      const struct subject *subject)
{
	HANDLE handle;
	int a;

	for (a = 0; a < ACTORS; a++) {
		struct try *try = &table->tries[right][list][a];

		handle = NULL;
		must(SetThreadToken(NULL, actors[a]), "SetThreadToken");
		try->code = table->type->open(subject, table->rights[right],
					      &handle);
		must(SetThreadToken(NULL, NULL), "SetThreadToken");
		if (try->code == 0) {
			try->granted = granted_to(handle);
			table->type->close(handle);
		}
		if (table->type->used_up)
			return;
	}
}

static PSECURITY_DESCRIPTOR list_of(const struct table *table, enum let_in list)
{
	const DWORD all = table->type->all;

	if (list == USER)
		return descriptor(L"%hsD:P(A;;0x%lx;;;%ls)", table->owner, all,
				  user_sid());
	if (list == RUN)
		return descriptor(L"%hsD:P(A;;0x%lx;;;%ls)", table->owner, all,
				  RUN_SID);
	return descriptor(L"%hsD:P(A;;0x%lx;;;%ls)(A;;0x%lx;;;%ls)",
			  table->owner, all, user_sid(), all, RUN_SID);
}

/* One that is used up serves one actor: it is made for each. */
static void try_anew(struct table *table, size_t right, enum let_in list,
		     PSECURITY_DESCRIPTOR sd)
{
	const HANDLE first = actors[0];
	struct subject subject;
	struct try tries[ACTORS];
	int a;

	for (a = 0; a < ACTORS; a++) {
		memset(&subject, 0, sizeof(subject));
		table->made[list] = table->type->make(&subject, sd);
		if (table->made[list] != 0)
			return;
		actors[0] = a == 0 ? first : actors[a];
		try_right(table, right, list, &subject);
		tries[a] = table->tries[right][list][0];
		actors[0] = first;
		table->type->unmake(&subject);
	}
	memcpy(table->tries[right][list], tries, sizeof(tries));
}

static void try_list(struct table *table, enum let_in list)
{
	PSECURITY_DESCRIPTOR sd = list_of(table, list);
	struct subject subject;
	size_t r;

	memset(&subject, 0, sizeof(subject));
	if (table->type->used_up) {
		for (r = 0; r < table->count; r++)
			try_anew(table, r, list, sd);
	} else {
		table->made[list] = table->type->make(&subject, sd);
		for (r = 0; table->made[list] == 0 && r < table->count; r++)
			try_right(table, r, list, &subject);
		if (table->made[list] == 0)
			table->type->unmake(&subject);
	}
	(void)LocalFree(sd);
}

static const char *name_of(const struct object_type *type, DWORD right)
{
	static const struct right_name standard[] = {
		{DELETE, "DELETE"},
		{READ_CONTROL, "READ_CONTROL"},
		{WRITE_DAC, "WRITE_DAC"},
		{WRITE_OWNER, "WRITE_OWNER"},
		{SYNCHRONIZE, "SYNCHRONIZE"},
		{MAXIMUM_ALLOWED, "MAXIMUM_ALLOWED"},
		{0, "?"}};
	const struct right_name *name;

	for (name = type->rights; name->right != 0; name++)
		if (name->right == right)
			return name->name;
	for (name = standard; name->right != 0 && name->right != right; name++)
		;
	return name->name;
}

static const char *documented(const struct object_type *type, DWORD right)
{
	if ((right & type->read_x) != 0)
		return "first";
	return (right & type->write) != 0 ? "both" : "open";
}

/* What the tries of one restricted token say: "first", "both", or why not. */
static const char *passes(const struct try tries[LISTS][ACTORS],
			  enum actor actor)
{
	if (tries[USER][OURSELVES].code != 0)
		return "not given to the user";
	if (tries[USER_AND_RUN][actor].code != 0)
		return "not given by both";
	if (tries[RUN][actor].code == 0)
		return "given without the user";
	return tries[USER][actor].code == 0 ? "first" : "both";
}

static bool is_settled(const char *seen)
{
	return strcmp(seen, "first") == 0 || strcmp(seen, "both") == 0;
}

static enum verdict judge(const char *expected, const char *seen,
			  const char *fully)
{
	if (!rows_restricted())
		return NOT_RESTRICTED;
	if (!is_settled(seen))
		return NOT_MEASURED;
	/* A fully restricted token needs both for everything: else what was
	 * seen is not what the lists say. */
	if (strcmp(fully, "first") == 0)
		return FAILED;
	if (strcmp(expected, "open") == 0)
		return MEASURED;
	return strcmp(expected, seen) == 0 ? PASSED : FAILED;
}

static void print_right(const struct table *table, size_t r)
{
	const struct object_type *type = table->type;
	const DWORD right = table->rights[r];
	const struct try(*tries)[ACTORS] =
		(const struct try(*)[ACTORS])table->tries[r];
	const char *expected = documented(type, right);
	const char *seen = passes(tries, WRITE_RESTRICTED_ONE);
	const char *fully = passes(tries, RESTRICTED_ONE);
	char name[100], asks[60];

	(void)snprintf(name, sizeof(name), "right/%s/0x%08lx %s", type->name,
		       right, name_of(type, right));
	(void)snprintf(asks, sizeof(asks), "right/%s/0x%08lx", type->name,
		       right);
	if (is_settled(seen))
		row_answers(asks, seen, is_settled(fully) ? fully : NULL);
	row(name, expected, judge(expected, seen, fully),
	    "write-restricted %s; fully restricted %s; first pass alone %lu "
	    "0x%lx, second alone %lu 0x%lx, both %lu 0x%lx",
	    rows_restricted() ? seen : "-", rows_restricted() ? fully : "-",
	    tries[USER][WRITE_RESTRICTED_ONE].code,
	    tries[USER][WRITE_RESTRICTED_ONE].granted,
	    tries[RUN][WRITE_RESTRICTED_ONE].code,
	    tries[RUN][WRITE_RESTRICTED_ONE].granted,
	    tries[USER_AND_RUN][WRITE_RESTRICTED_ONE].code,
	    tries[USER_AND_RUN][WRITE_RESTRICTED_ONE].granted);
}

/* All that the first pass gives at once, read from the handle: the same table,
 * seen in another way. */
static void print_maximum(const struct table *table, size_t r)
{
	const struct try(*tries)[ACTORS] =
		(const struct try(*)[ACTORS])table->tries[r];
	char name[100];

	(void)snprintf(name, sizeof(name), "right/%s/MAXIMUM_ALLOWED",
		       table->type->name);
	row(name, "open", rows_restricted() ? MEASURED : NOT_RESTRICTED,
	    "user alone 0x%lx, run alone 0x%lx, both 0x%lx, ourselves 0x%lx",
	    tries[USER][WRITE_RESTRICTED_ONE].granted,
	    tries[RUN][WRITE_RESTRICTED_ONE].granted,
	    tries[USER_AND_RUN][WRITE_RESTRICTED_ONE].granted,
	    tries[USER][OURSELVES].granted);
}

static void measure_type(const struct object_type *type, const char *owner)
{
	static struct table table;
	char name[100];
	DWORD bit;
	size_t r;
	int list;

	memset(&table, 0, sizeof(table));
	table.type = type;
	table.owner = owner;
	for (bit = 1; bit <= SYNCHRONIZE; bit <<= 1)
		if ((bit & type->all) != 0)
			table.rights[table.count++] = bit;
	table.rights[table.count++] = MAXIMUM_ALLOWED;
	for (list = 0; list < LISTS; list++)
		try_list(&table, (enum let_in)list);
	for (list = 0; list < LISTS; list++) {
		if (table.made[list] == 0)
			continue;
		(void)snprintf(name, sizeof(name), "right/%s", type->name);
		row(name, "an object to try", SKIPPED,
		    "none could be made: error %lu", table.made[list]);
		return;
	}
	for (r = 0; r + 1 < table.count; r++)
		print_right(&table, r);
	print_maximum(&table, r);
}

void measure_rights(const char *filter)
{
	/* An owner has READ_CONTROL and WRITE_DAC beside the list: so the
	 * system owns them all, where we may say so. */
	const char *owner = enable_privilege(SE_RESTORE_NAME) ? "O:SYG:SY" : "";
	HANDLE partly = restricted_token(AS_SANDBOOK, BY_ALL_OF_A_RUN);
	HANDLE fully = restricted_token(FULLY, BY_ALL_OF_A_RUN);
	const struct object_type *type;

	actors[WRITE_RESTRICTED_ONE] = to_act_as(partly);
	actors[RESTRICTED_ONE] = to_act_as(fully);
	row("right/owner", "open", MEASURED, "objects belong to %s",
	    owner[0] != '\0' ? "the system" : "the user");
	objects_begin();
	for (type = object_types; type->name != NULL; type++)
		if (filter == NULL || strcmp(filter, type->name) == 0)
			measure_type(type, owner);
	objects_end();
	(void)CloseHandle(partly);
	(void)CloseHandle(fully);
}
