/*
 * The account database of the simulation (sim.h): local accounts and groups, as
 * the pages that win32_accounts.h names and MS-SAMR have them. Accounts and
 * groups share their names; a RID is never given twice; only an administrator
 * changes anything. What a removed account was a member of keeps its SID.
 */
#ifndef SBK_TEST_SIM_ACCOUNTS_H
#define SBK_TEST_SIM_ACCOUNTS_H

#include "engine/windows/win32_accounts.h"

#define SIM_ACCOUNTS_MAX 16
#define SIM_MEMBERS_MAX 8

struct sim;

struct sim_account {
	bool is_there, is_group;
	WCHAR name[64], comment[300], password[64];
	DWORD flags, password_age_s;
	struct sbk_sid sid;
	struct sbk_sid members[SIM_MEMBERS_MAX]; /* of a group */
	size_t member_count;
};

struct sim_accounts {
	struct sim_account all[SIM_ACCOUNTS_MAX];
	uint32_t next_rid;
	size_t buffers; /* that the caller has not freed */
	/* As Wine: says yes and keeps nothing; keeps no comment; keeps no
	 * flags. */
	bool forgets, loses_comments, keeps_flags;
	/* A list ends with "more", and gives none. */
	bool stops_short;
};

extern const struct sbk_win32_accounts sim_accounts_table;

/* The domain of Windows' own groups, in a language that is not English. */
#define SIM_BUILTIN L"VORDEFINIERT"
bool sim_is_builtin(const struct sbk_sid *sid);

/* The group Users, as each Windows has it. */
void sim_accounts_begin(struct sim_accounts *accounts);
/* The account or group with this name, or SID; NULL. */
struct sim_account *sim_account_named(struct sim *sim, const WCHAR *name);
struct sim_account *sim_account_with(struct sim *sim,
				     const struct sbk_sid *sid);
/* Another program makes an account, with its SID; then any field is the
 * test's to change. */
struct sim_account *sim_make_account(struct sim *sim, const WCHAR *name,
				     bool is_group);
/* Every account, group and membership as one text. */
void sim_print_accounts(struct sim *sim, struct sbk_buf *out);

#endif
