/*
 * The access check, by examples from the documentation. Each test names the
 * page and section that it is taken from; titles are those of
 * learn.microsoft.com, numbers those of the open specifications.
 */
#include <string.h>

#include "tests/ntsec/access_try.h"
#include "tests/ntsec/sd_make.h"
#include "tests/support/test.h"

#define READ SBK_FILE_READ_DATA
#define WRITE SBK_FILE_WRITE_DATA
#define RUN SBK_FILE_EXECUTE
#define ENABLED SBK_GROUP_ENABLED

/* "How AccessCheck Works", the figure's two threads. */
#define FIGURE \
	"O:BAG:SYD:(D;;CCDCWP;;;" ANDREW ")(A;;DC;;;" STAFF ")(A;;CCWP;;;WD)"

static void test_access__a_deny_that_comes_first_ends_it(void **state)
{
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_group(&andrew, "S-1-1-0", ENABLED);
	assert_denied(FIGURE, &andrew, READ);
	result = try_access(FIGURE, &andrew, READ | WRITE);
	assert_int_equal(result.reason.cause, SBK_BY_ACE);
	assert_true(result.reason.has_index);
	assert_int_equal(result.reason.index, 0);
	assert_int_equal(result.missing, READ | WRITE);
}

static void test_access__rights_come_from_several_entries(void **state)
{
	struct sbk_access_result result;
	struct try_token jane;

	(void)state;
	try_token(&jane, JANE);
	try_group(&jane, STAFF, ENABLED);
	try_group(&jane, "S-1-1-0", ENABLED);
	assert_granted(FIGURE, &jane, READ | WRITE | RUN);
	result = try_access(FIGURE, &jane, READ | WRITE | RUN);
	assert_int_equal(result.reason.cause, SBK_BY_ACE);
	assert_int_equal(result.reason.index, 2);
	assert_int_equal(result.granted, READ | WRITE | RUN);
	result = try_access(FIGURE, &jane, SBK_RIGHT_DELETE | READ);
	assert_int_equal(result.answer, SBK_ACCESS_DENIED);
	assert_int_equal(result.reason.cause, SBK_BY_NO_ACE);
	assert_int_equal(result.missing, SBK_RIGHT_DELETE);
}

/* "Order of ACEs in a DACL": the system stops where it has its answer, so an
 * allow before a deny wins. */
static void test_access__the_order_of_entries_decides(void **state)
{
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_granted("O:BAG:SYD:(A;;CC;;;" ANDREW ")(D;;CC;;;" ANDREW ")",
		       &andrew, READ);
	assert_denied("O:BAG:SYD:(D;;CC;;;" ANDREW ")(A;;CC;;;" ANDREW ")",
		      &andrew, READ);
}

/* MS-DTYP 2.5.3.2: no DACL and a NULL one are no policy, an empty one lets
 * nobody in but the owner's implied access. */
static void test_access__absent_null_and_empty_differ(void **state)
{
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_granted("O:BAG:SY", &andrew, SBK_FILE_ALL);
	assert_granted("O:BAG:SYD:NO_ACCESS_CONTROL", &andrew, SBK_FILE_ALL);
	assert_denied("O:BAG:SYD:", &andrew, READ);
	result = try_access("O:BAG:SYD:NO_ACCESS_CONTROL", &andrew, READ);
	assert_int_equal(result.reason.cause, SBK_BY_NO_DACL);
	assert_false(result.reason.has_index);
	assert_granted("O:" ANDREW "G:SYD:", &andrew,
		       SBK_RIGHT_READ_CONTROL | SBK_RIGHT_WRITE_DAC);
	assert_denied("O:" ANDREW "G:SYD:", &andrew, SBK_RIGHT_WRITE_OWNER);
}

/* MS-DTYP 2.5.3.2: the owner's rights are taken off the request before the
 * entries are looked at, so no entry denies them. */
static void test_access__an_owner_keeps_what_is_implied(void **state)
{
	struct sbk_access_result result;
	struct try_token admin;

	(void)state;
	try_token(&admin, ANDREW);
	try_group(&admin, "S-1-5-32-544", ENABLED);
	assert_granted("O:BAG:SYD:(D;;FA;;;WD)(D;;FA;;;BA)", &admin,
		       SBK_RIGHT_WRITE_DAC);
	result = try_access("O:BAG:SYD:", &admin, SBK_RIGHT_WRITE_DAC);
	assert_int_equal(result.reason.cause, SBK_BY_OWNER);
	/* "SID Attributes in an Access Token": deny-only is not for this. */
	admin.groups[0].attributes = SBK_GROUP_DENY_ONLY;
	assert_denied("O:BAG:SYD:", &admin, SBK_RIGHT_WRITE_DAC);
}

/* "Security identifiers", S-1-3-4: an entry for OWNER RIGHTS says what an
 * owner has; the implied rights are gone. ACE_HEADER: an inherit-only entry
 * does not control access to the object that it is attached to. */
static void test_access__owner_rights_replace_the_implied_ones(void **state)
{
	struct try_token andrew, jane;

	(void)state;
	try_token(&andrew, ANDREW);
	try_token(&jane, JANE);
	assert_granted("O:" ANDREW "G:SYD:(A;;RC;;;OW)", &andrew,
		       SBK_RIGHT_READ_CONTROL);
	assert_denied("O:" ANDREW "G:SYD:(A;;RC;;;OW)", &andrew,
		      SBK_RIGHT_WRITE_DAC);
	assert_denied("O:" ANDREW "G:SYD:(A;;RC;;;OW)", &jane,
		      SBK_RIGHT_READ_CONTROL);
	assert_denied("O:" ANDREW "G:SYD:(D;;WD;;;OW)(A;;FA;;;" ANDREW ")",
		      &andrew, SBK_RIGHT_WRITE_DAC);
	assert_granted("O:" ANDREW "G:SYD:(A;OICIIO;RC;;;OW)", &andrew,
		       SBK_RIGHT_WRITE_DAC);
}

/* ACE_HEADER, INHERIT_ONLY_ACE. */
static void test_access__inherit_only_entries_do_not_count(void **state)
{
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_denied("O:BAG:SYD:(A;OICIIO;FA;;;" ANDREW ")", &andrew, READ);
	assert_granted("O:BAG:SYD:(D;OICIIO;FA;;;" ANDREW ")(A;ID;FA;;;" ANDREW
		       ")",
		       &andrew, READ);
}

/* "SID Attributes in an Access Token". */
static void test_access__attributes_of_groups(void **state)
{
	static const char sddl[] = "O:BAG:SYD:(A;;CC;;;" STAFF ")";
	static const char deny[] =
		"O:BAG:SYD:(D;;CC;;;" STAFF ")(A;;CC;;;" JANE ")";
	struct try_token jane;

	(void)state;
	try_token(&jane, JANE);
	try_group(&jane, STAFF, ENABLED | SBK_GROUP_MANDATORY);
	assert_granted(sddl, &jane, READ);
	assert_denied(deny, &jane, READ);
	jane.groups[0].attributes = SBK_GROUP_DENY_ONLY;
	assert_denied(sddl, &jane, READ);
	assert_denied(deny, &jane, READ);
	jane.groups[0].attributes = 0; /* disabled */
	assert_denied(sddl, &jane, READ);
	assert_granted(deny, &jane, READ);
	/* CreateRestrictedToken: also the user's SID may be deny-only. */
	jane.token.user_deny_only = true;
	assert_denied(deny, &jane, READ);
	assert_denied("O:BAG:SYD:(D;;CC;;;" JANE ")(A;;CC;;;" STAFF ")", &jane,
		      READ);
}

/* "Generic Access Rights"; FILE_GENERIC_*: "File Security and Access Rights";
 * KEY_*: "Registry Key Security and Access Rights". */
static void test_access__generic_rights_of_a_request(void **state)
{
	struct sbk_access_request request = {.desired = SBK_RIGHT_GENERIC_READ,
					     .object = SBK_NT_KEY};
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_granted("O:BAG:SYD:(A;;FR;;;" ANDREW ")", &andrew,
		       SBK_RIGHT_GENERIC_READ);
	assert_denied("O:BAG:SYD:(A;;FR;;;" ANDREW ")", &andrew,
		      SBK_RIGHT_GENERIC_WRITE);
	result =
		try_request("O:BAG:SYD:(A;;KR;;;" ANDREW ")", &andrew, request);
	assert_int_equal(result.answer, SBK_ACCESS_GRANTED);
	assert_int_equal(result.granted, 0x20019);
	request.desired = SBK_RIGHT_GENERIC_WRITE;
	result =
		try_request("O:BAG:SYD:(A;;KR;;;" ANDREW ")", &andrew, request);
	assert_int_equal(result.answer, SBK_ACCESS_DENIED);
	assert_int_equal(result.missing, 0x6);
}

/* MS-DTYP 2.5.3.2, MAXIMUM_ALLOWED: every entry is looked at, earlier ones
 * win; for ours each right on its own. */
static void test_access__the_maximum_is_what_each_right_gives(void **state)
{
	static const char sddl[] = "O:BAG:SYD:(A;;CCDC;;;" ANDREW
				   ")(D;;DCWP;;;" ANDREW ")(A;;FA;;;"
				   "WD)";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_group(&andrew, "S-1-1-0", ENABLED);
	result = try_access(sddl, &andrew, SBK_RIGHT_MAXIMUM_ALLOWED);
	assert_int_equal(result.answer, SBK_ACCESS_GRANTED);
	assert_int_equal(result.granted, SBK_FILE_ALL & ~RUN);
	assert_int_equal(result.missing, 0);
	assert_granted(sddl, &andrew, SBK_RIGHT_MAXIMUM_ALLOWED | WRITE);
	assert_denied(sddl, &andrew, SBK_RIGHT_MAXIMUM_ALLOWED | RUN);
	assert_denied("O:BAG:SYD:", &andrew, SBK_RIGHT_MAXIMUM_ALLOWED);
	result = try_access("O:BAG:SYD:NO_ACCESS_CONTROL", &andrew,
			    SBK_RIGHT_MAXIMUM_ALLOWED);
	assert_int_equal(result.granted, SBK_FILE_ALL);
	andrew.token.privileges =
		SBK_PRIVILEGE_TAKE_OWNERSHIP | SBK_PRIVILEGE_SECURITY;
	result = try_access("O:BAG:SYD:", &andrew, SBK_RIGHT_MAXIMUM_ALLOWED);
	assert_int_equal(result.granted, SBK_RIGHT_WRITE_OWNER);
}

/* MS-DTYP 2.5.3.2; "Access Rights and Access Masks" for the SACL's right. */
static void test_access__privileges_give_their_rights(void **state)
{
	static const char sddl[] = "O:BAG:SYD:(A;;0x1ffffff;;;" ANDREW ")";
	struct sbk_access_result result;
	struct try_token andrew, jane;

	(void)state;
	try_token(&andrew, ANDREW);
	try_token(&jane, JANE);
	assert_denied("O:BAG:SYD:", &jane, SBK_RIGHT_WRITE_OWNER);
	jane.token.privileges = SBK_PRIVILEGE_TAKE_OWNERSHIP;
	assert_granted("O:BAG:SYD:(D;;FA;;;" JANE ")", &jane,
		       SBK_RIGHT_WRITE_OWNER);
	result = try_access("O:BAG:SYD:", &jane, SBK_RIGHT_WRITE_OWNER);
	assert_int_equal(result.reason.cause, SBK_BY_PRIVILEGE);
	/* No entry gives ACCESS_SYSTEM_SECURITY. */
	assert_denied(sddl, &andrew, SBK_RIGHT_SYSTEM_SECURITY);
	result = try_access(sddl, &andrew, SBK_RIGHT_SYSTEM_SECURITY);
	assert_int_equal(result.reason.cause, SBK_BY_PRIVILEGE);
	andrew.token.privileges = SBK_PRIVILEGE_SECURITY;
	assert_granted(sddl, &andrew, SBK_RIGHT_SYSTEM_SECURITY | READ);
	assert_granted("O:BAG:SYD:", &andrew, SBK_RIGHT_SYSTEM_SECURITY);
}

/* "Privilege Constants", SE_BACKUP_NAME and SE_RESTORE_NAME; CreateFile,
 * FILE_FLAG_BACKUP_SEMANTICS: without it they give nothing. */
static void test_access__backup_rights_need_the_intent(void **state)
{
	struct sbk_access_request request = {.desired = READ,
					     .object = SBK_NT_FILE};
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	andrew.token.privileges = SBK_PRIVILEGE_BACKUP | SBK_PRIVILEGE_RESTORE;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_DENIED);
	request.backup_intent = true;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_GRANTED);
	andrew.token.privileges = SBK_PRIVILEGE_BACKUP;
	request.desired =
		SBK_RIGHT_GENERIC_READ | RUN | SBK_RIGHT_SYSTEM_SECURITY;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_GRANTED);
	request.desired = WRITE;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_DENIED);
	andrew.token.privileges = SBK_PRIVILEGE_RESTORE;
	request.desired = SBK_RIGHT_GENERIC_WRITE | SBK_RIGHT_DELETE |
			  SBK_RIGHT_WRITE_DAC | SBK_RIGHT_WRITE_OWNER |
			  SBK_RIGHT_SYSTEM_SECURITY;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_GRANTED);
	request.desired = READ;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_DENIED);
}

/* RegCreateKeyEx, REG_OPTION_BACKUP_RESTORE: KEY_READ and
 * ACCESS_SYSTEM_SECURITY; KEY_WRITE, DELETE and ACCESS_SYSTEM_SECURITY. */
static void test_access__backup_rights_of_a_key(void **state)
{
	struct sbk_access_request request = {
		.desired = SBK_RIGHT_GENERIC_READ | SBK_RIGHT_SYSTEM_SECURITY,
		.object = SBK_NT_KEY,
		.backup_intent = true};
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	andrew.token.privileges = SBK_PRIVILEGE_BACKUP;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_GRANTED);
	andrew.token.privileges = SBK_PRIVILEGE_RESTORE;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_DENIED);
	request.desired = SBK_RIGHT_GENERIC_WRITE | SBK_RIGHT_DELETE;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_GRANTED);
	request.desired = SBK_RIGHT_WRITE_DAC;
	assert_int_equal(try_request("O:BAG:SYD:", &andrew, request).answer,
			 SBK_ACCESS_DENIED);
}

/* "Mandatory Integrity Control": a low principal cannot write to a medium
 * object even if its DACL allows it; an object without a label is medium. */
static void test_access__no_write_up(void **state)
{
	static const char open[] = "O:BAG:SYD:(A;;FA;;;WD)";
	static const char low[] = "O:BAG:SYD:(A;;FA;;;WD)S:(ML;;NW;;;LW)";
	static const char high[] = "O:BAG:SYD:(A;;FA;;;WD)S:(ML;;NW;;;HI)";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_group(&andrew, "S-1-1-0", ENABLED);
	assert_granted(open, &andrew, WRITE);
	assert_denied(high, &andrew, WRITE);
	assert_granted(high, &andrew, READ);
	andrew.token.integrity = SBK_INTEGRITY_LOW;
	assert_denied(open, &andrew, WRITE);
	assert_denied(open, &andrew, SBK_RIGHT_DELETE);
	assert_denied(open, &andrew, SBK_FILE_DELETE_CHILD);
	assert_denied(open, &andrew, SBK_RIGHT_WRITE_DAC);
	assert_granted(open, &andrew,
		       SBK_RIGHT_GENERIC_READ | SBK_RIGHT_GENERIC_EXECUTE);
	assert_granted(low, &andrew, SBK_FILE_ALL);
	result = try_access(open, &andrew, READ | WRITE);
	assert_int_equal(result.reason.cause, SBK_BY_INTEGRITY);
	assert_false(result.reason.has_index);
	assert_int_equal(result.reason.mask, WRITE);
	andrew.token.integrity = SBK_INTEGRITY_MEDIUM;
	result = try_access(high, &andrew, WRITE);
	assert_true(result.reason.has_index);
	assert_int_equal(result.reason.index, 0);
	/* MS-DTYP 2.5.3.3: without its policy a token is not limited. */
	andrew.token.no_write_up = false;
	assert_granted(high, &andrew, WRITE);
}

/* SYSTEM_MANDATORY_LABEL_ACE: the three policies; 2.5.3.3 for what two generic
 * rights share, and for SeRelabelPrivilege. */
static void test_access__no_read_up_and_no_execute_up(void **state)
{
	static const char sealed[] =
		"O:BAG:SYD:(A;;FA;;;WD)S:(ML;;NWNRNX;;;HI)";
	static const char unread[] = "O:BAG:SYD:(A;;FA;;;WD)S:(ML;;NR;;;HI)";
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_group(&andrew, "S-1-1-0", ENABLED);
	assert_denied(sealed, &andrew, READ);
	assert_denied(sealed, &andrew, RUN);
	assert_denied(sealed, &andrew, SBK_RIGHT_WRITE_OWNER);
	andrew.token.privileges = SBK_PRIVILEGE_RELABEL;
	assert_granted(sealed, &andrew, SBK_RIGHT_WRITE_OWNER);
	andrew.token.privileges = 0;
	assert_denied(unread, &andrew, READ);
	assert_granted(unread, &andrew, WRITE);
	assert_granted(unread, &andrew, SBK_RIGHT_READ_CONTROL);
	assert_undecided(unread, &andrew, SBK_RIGHT_DELETE);
	andrew.token.integrity = SBK_INTEGRITY_SYSTEM;
	assert_granted(sealed, &andrew, SBK_FILE_ALL);
	/* An inherit-only label is for children. */
	andrew.token.integrity = SBK_INTEGRITY_MEDIUM;
	assert_granted("O:BAG:SYD:(A;;FA;;;WD)S:(ML;OICIIO;NWNR;;;HI)", &andrew,
		       READ | WRITE);
}

/* AccessCheck: ERROR_INVALID_SECURITY_DESCR without owner or group. Whether a
 * file system asks for them is nowhere said, so what the list denies is denied,
 * and the rest is undecided. */
static void test_access__owner_and_group_may_be_needed(void **state)
{
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_undecided("O:BAD:(A;;FA;;;" ANDREW ")", &andrew, READ);
	assert_undecided("G:BAD:(A;;FA;;;" ANDREW ")", &andrew, READ);
	assert_undecided("G:BA", &andrew, READ);
	assert_denied("D:", &andrew, READ);
	assert_denied("D:(A;;FR;;;" ANDREW ")", &andrew, WRITE);
	assert_denied("G:BAD:(A;;FA;;;OW)", &andrew, READ);
	assert_int_equal(try_access("D:(A;;FA;;;" ANDREW ")", &andrew, READ)
				 .reason.cause,
			 SBK_BY_NO_OWNER);
	assert_granted("O:BAG:BAD:(A;;FA;;;" ANDREW ")", &andrew, READ);
}

/* MS-FSA 2.1.4.14 passes no PrincipalSelfSubst and no object tree; MS-DTYP
 * 2.5.3.2: an object entry speaks of nodes of the tree. */
static void test_access__entries_that_need_what_files_lack(void **state)
{
	static const char guid[] = "bf967aba-0de6-11d0-a285-00aa003049e2";
	struct try_token andrew;
	char sddl[256];

	(void)state;
	try_token(&andrew, ANDREW);
	assert_denied("O:BAG:SYD:(A;;FA;;;PS)", &andrew, READ);
	(void)snprintf(sddl, sizeof(sddl), "O:BAG:SYD:(OA;;FA;%s;;%s)", guid,
		       ANDREW);
	assert_denied(sddl, &andrew, READ);
	(void)snprintf(sddl, sizeof(sddl),
		       "O:BAG:SYD:(OD;;CC;%s;;%s)(A;;FA;;;%s)", guid, ANDREW,
		       ANDREW);
	assert_undecided(sddl, &andrew, READ);
	assert_granted(sddl, &andrew, WRITE);
	assert_int_equal(try_access(sddl, &andrew, READ).reason.cause,
			 SBK_BY_NO_SOURCE);
	assert_int_equal(try_access(sddl, &andrew, READ).reason.index, 0);
}

static enum sbk_access_answer try_object(uint8_t type,
					 const struct try_token *it)
{
	struct sbk_access_request request = {.desired = READ,
					     .object = SBK_NT_FILE};
	struct sbk_access_result result;
	struct sd_make make;

	sd_make_init(&make, &it->groups[0].sid, &it->groups[0].sid);
	sd_make_dacl(&make, type, 0, SBK_FILE_ALL, &it->token.user);
	sd_make_dacl(&make, SBK_ACE_ALLOW, 0, WRITE, &it->token.user);
	sbk_access_check(sd_make_done(&make), &it->token, &request, &result);
	sd_make_release(&make);
	return result.answer;
}

/* Object entries without a GUID, which SDDL reads as plain ones. */
static void test_access__object_entries_without_guid(void **state)
{
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_group(&andrew, "S-1-5-32-544", 0);
	assert_int_equal(try_object(SBK_ACE_ALLOW, &andrew),
			 SBK_ACCESS_GRANTED);
	assert_int_equal(try_object(SBK_ACE_ALLOW_OBJECT, &andrew),
			 SBK_ACCESS_UNDECIDED);
	assert_int_equal(try_object(SBK_ACE_DENY_OBJECT, &andrew),
			 SBK_ACCESS_DENIED);
	assert_int_equal(try_object(SBK_ACE_ALLOW_CALLBACK_OBJECT, &andrew),
			 SBK_ACCESS_UNDECIDED);
	/* A callback without a condition; entries of a SACL in a DACL. */
	assert_int_equal(try_object(SBK_ACE_ALLOW_CALLBACK, &andrew),
			 SBK_ACCESS_UNDECIDED);
	assert_int_equal(try_object(SBK_ACE_AUDIT, &andrew), SBK_ACCESS_DENIED);
}

/* An entry of a reserved type, before and after what decides. */
static void test_access__an_unknown_entry_leaves_all_open(void **state)
{
	static const uint8_t before[] = {
		2,    0, 36, 0, 2, 0, 0, 0, /* the list's header */
		0x77, 0, 8,  0, 1, 2, 3, 4, /* nobody knows what */
		0,    0, 20, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
	uint8_t after[sizeof(before)];
	struct sbk_access_request request = {.desired = READ,
					     .object = SBK_NT_FILE};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_access_result result;
	struct try_token andrew;
	struct sbk_sd sd;

	(void)state;
	try_token(&andrew, ANDREW);
	try_group(&andrew, "S-1-1-0", ENABLED);
	sd = *try_sd("O:BAG:SYD:");
	assert_ok(sbk_nt_acl_read(before, sizeof(before), &sd.dacl, &err),
		  &err);
	sbk_access_check(&sd, &andrew.token, &request, &result);
	assert_int_equal(result.answer, SBK_ACCESS_UNDECIDED);
	assert_int_equal(result.reason.cause, SBK_BY_NO_SOURCE);
	assert_int_equal(result.reason.index, 0);
	memcpy(after, before, 8);
	memcpy(after + 8, before + 16, 20);
	memcpy(after + 28, before + 8, 8);
	assert_ok(sbk_nt_acl_read(after, sizeof(after), &sd.dacl, &err), &err);
	sbk_access_check(&sd, &andrew.token, &request, &result);
	assert_int_equal(result.answer, SBK_ACCESS_GRANTED);
	request.desired = READ | WRITE;
	sbk_access_check(&sd, &andrew.token, &request, &result);
	assert_int_equal(result.answer, SBK_ACCESS_UNDECIDED);
	assert_int_equal(result.granted, READ);
}

/* Trust labels, filters and central policies limit what a token has; by how
 * much is not written down. */
static void test_access__other_limits_of_a_sacl(void **state)
{
	static const char policy[] =
		"O:BAG:SYD:(A;;FA;;;WD)S:(SP;;;;;S-1-17-1)";
	static const char trust[] =
		"O:BAG:SYD:(A;;FA;;;WD)S:(TL;;CC;;;S-1-19-512-4096)";
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	try_group(&andrew, "S-1-1-0", ENABLED);
	assert_undecided(policy, &andrew, READ);
	assert_granted(trust, &andrew, READ);
	assert_undecided(trust, &andrew, READ | WRITE);
	result = try_access(trust, &andrew, READ | WRITE);
	assert_int_equal(result.reason.cause, SBK_BY_NO_SOURCE);
	assert_int_equal(result.reason.mask, WRITE);
	assert_true(result.reason.has_index && result.reason.in_sacl);
	assert_int_equal(result.reason.index, 0);
	/* A denial stays one. */
	assert_denied("O:BAG:SYD:S:(SP;;;;;S-1-17-1)", &andrew, READ);
}

/* Generic bits in an entry: the table says that nobody settles them. */
static void test_access__generic_bits_of_an_entry(void **state)
{
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_undecided("O:BAG:SYD:(A;;GR;;;" ANDREW ")", &andrew, READ);
	assert_denied("O:BAG:SYD:(A;;GR;;;" ANDREW ")", &andrew, WRITE);
	assert_undecided("O:BAG:SYD:(D;;GR;;;" ANDREW ")(A;;FA;;;" ANDREW ")",
			 &andrew, READ);
	result = try_access("O:BAG:SYD:(A;;GA;;;BA)(A;;GXDC;;;" ANDREW ")",
			    &andrew, RUN | WRITE);
	assert_int_equal(result.answer, SBK_ACCESS_UNDECIDED);
	assert_int_equal(result.undecided, RUN);
	assert_int_equal(result.granted, WRITE);
	assert_int_equal(result.reason.index, 1);
	assert_granted("O:BAG:SYD:(A;OICIIO;GA;;;" ANDREW ")(A;;FA;;;" ANDREW
		       ")",
		       &andrew, READ);
}

/* MS-DTYP 2.4.4.17.3: TRUE applies, FALSE does not; UNKNOWN denies and does not
 * allow; what needs claims of a token is undecided. */
static void test_access__conditional_entries(void **state)
{
	struct sbk_access_result result;
	struct try_token jane;

	(void)state;
	try_token(&jane, JANE);
	try_group(&jane, STAFF, ENABLED);
	try_group(&jane, "S-1-1-0", ENABLED);
	assert_granted("O:BAG:SYD:(XA;;FX;;;WD;(Member_of{SID(" STAFF ")}))",
		       &jane, RUN);
	assert_denied("O:BAG:SYD:(XA;;FX;;;WD;(Member_of{SID(BA)}))", &jane,
		      RUN);
	/* The kernel may know no denying ones (SBK_ASK_CALLBACK_DENY). */
	result = try_access("O:BAG:SYD:(XD;;FX;;;WD;(Member_of{SID(" STAFF
			    ")}))(A;;FA;;;WD)",
			    &jane, RUN);
	assert_int_equal(result.answer, SBK_ACCESS_UNDECIDED);
	assert_int_equal(result.reason.cause, SBK_BY_NO_SOURCE);
	assert_int_equal(result.reason.index, 0);
	assert_denied("O:BAG:SYD:(XD;;FX;;;WD;(Member_of{SID(" STAFF
		      ")}))(A;;FR;;;WD)",
		      &jane, RUN);
	assert_granted("O:BAG:SYD:(XD;;FX;;;WD;(Member_of{SID(BA)}))(A;;FA;;;"
		       "WD)",
		       &jane, RUN);
	/* The first example of "SDDL for Conditional ACEs". */
	result = try_access("O:BAG:SYD:(XA;;FX;;;WD;(@User.Title==\"PM\" && "
			    "(@User.Division==\"Finance\" || "
			    "@User.Division ==\"Sales\")))",
			    &jane, RUN);
	assert_int_equal(result.answer, SBK_ACCESS_UNDECIDED);
	assert_int_equal(result.reason.cause, SBK_BY_CONDITION);
	assert_int_equal(result.reason.index, 0);
	/* An attribute that the object lacks is UNKNOWN, and this is known. */
	assert_denied("O:BAG:SYD:(XA;;FX;;;WD;(@Resource.dept==\"Sales\"))",
		      &jane, RUN);
	assert_undecided("O:BAG:SYD:(XD;;FX;;;WD;(@Resource.dept==\"Sales\"))"
			 "(A;;FA;;;WD)",
			 &jane, RUN);
	assert_granted("O:BAG:SYD:(XA;;FX;;;WD;(@Resource.dept==\"sales\"))"
		       "S:(RA;;;;;WD;(\"dept\",TS,0,\"Sales\"))",
		       &jane, RUN);
}

/* What nobody asks for is nobody's to deny. */
static void test_access__an_empty_request(void **state)
{
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	assert_granted("D:", &andrew, 0);
	assert_int_equal(try_access("D:", &andrew, 0).reason.cause,
			 SBK_BY_NOTHING);
}

/* The first reason for what is missing, also behind entries about others. */
static void test_access__the_reason_is_about_what_is_missing(void **state)
{
	struct sbk_access_result result;
	struct try_token andrew;

	(void)state;
	try_token(&andrew, ANDREW);
	result = try_access("O:BAG:SYD:(D;;WP;;;" ANDREW ")(A;;CC;;;" ANDREW
			    ")(D;;DC;;;" ANDREW ")(A;;FA;;;" ANDREW ")",
			    &andrew, READ | WRITE);
	assert_int_equal(result.reason.cause, SBK_BY_ACE);
	assert_int_equal(result.reason.index, 2);
	assert_int_equal(result.reason.mask, WRITE);
	assert_int_equal(result.granted, READ);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access__a_deny_that_comes_first_ends_it),
		cmocka_unit_test(test_access__rights_come_from_several_entries),
		cmocka_unit_test(test_access__the_order_of_entries_decides),
		cmocka_unit_test(test_access__absent_null_and_empty_differ),
		cmocka_unit_test(test_access__an_owner_keeps_what_is_implied),
		cmocka_unit_test(
			test_access__owner_rights_replace_the_implied_ones),
		cmocka_unit_test(
			test_access__inherit_only_entries_do_not_count),
		cmocka_unit_test(test_access__attributes_of_groups),
		cmocka_unit_test(test_access__generic_rights_of_a_request),
		cmocka_unit_test(
			test_access__the_maximum_is_what_each_right_gives),
		cmocka_unit_test(test_access__privileges_give_their_rights),
		cmocka_unit_test(test_access__backup_rights_need_the_intent),
		cmocka_unit_test(test_access__backup_rights_of_a_key),
		cmocka_unit_test(test_access__no_write_up),
		cmocka_unit_test(test_access__no_read_up_and_no_execute_up),
		cmocka_unit_test(test_access__owner_and_group_may_be_needed),
		cmocka_unit_test(
			test_access__entries_that_need_what_files_lack),
		cmocka_unit_test(test_access__object_entries_without_guid),
		cmocka_unit_test(test_access__an_unknown_entry_leaves_all_open),
		cmocka_unit_test(test_access__other_limits_of_a_sacl),
		cmocka_unit_test(test_access__generic_bits_of_an_entry),
		cmocka_unit_test(test_access__conditional_entries),
		cmocka_unit_test(test_access__an_empty_request),
		cmocka_unit_test(
			test_access__the_reason_is_about_what_is_missing),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
