/*
 * Which account is a person's. Owns no more than that: what a line of ours
 * looks like is account_state.c's, how a file is split accountfile.c's.
 *
 * Only root writes the two files, but people choose what stands in some fields
 * of their own line (chfn), and a file may be damaged. So the answer is given
 * only where nothing contradicts it: exactly one line, of the group of ours,
 * with a number that no other line has, and as a gid its own group alone. A
 * number that two names share would be somebody else's rights.
 */
#include "engine/linux/account_find.h"

#include <stdbool.h>

#include "engine/banned.h"

/* The gid of our group; false where there is none. */
static bool group_of_ours(struct sbk_slice rest, unsigned int *gid)
{
	struct sbk_slice line;

	while (sbk_accountfile_next(&rest, &line))
		if (sbk_slice_is(sbk_accountfile_field(line, 0),
				 SBK_GROUP_NAME))
			return sbk_slice_number(sbk_accountfile_field(line, 2),
						gid);
	return false;
}

/* How many lines have this number; `last` is the last of them. */
static unsigned int count_number(struct sbk_slice rest, unsigned int number,
				 struct sbk_slice *last)
{
	struct sbk_slice line;
	unsigned int other, count = 0;

	while (sbk_accountfile_next(&rest, &line)) {
		if (!sbk_slice_number(sbk_accountfile_field(line, 2), &other) ||
		    other != number)
			continue;
		*last = line;
		count++;
	}
	return count;
}

/*
 * The number is the account's alone: one line of each file has it, the group's
 * is of the account's name, and nobody was made a member of it.
 */
static int check_number(struct sbk_slice passwd, struct sbk_slice groups,
			const struct sbk_account *account,
			struct sbk_error *err)
{
	struct sbk_slice line;

	if (account->uid < SBK_ACCOUNT_NUMBER_MIN ||
	    account->uid == (uid_t)-1 || account->uid == account->person)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'/etc/passwd' gives the account '%s' the "
				     "number %u, which is not Sandbook's",
				     account->name, account->uid);
	if (count_number(passwd, account->uid, &line) != 1)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "the number %u of the account '%s' is "
				     "another account's as well",
				     account->uid, account->name);
	if (count_number(groups, account->uid, &line) != 1 ||
	    !sbk_slice_is(sbk_accountfile_field(line, 0), account->name) ||
	    sbk_accountfile_field(line, 3).size != 0)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "'/etc/group' does not have the number %u "
				     "once, as the group '%s' without a "
				     "member; run 'sandbook setup --upgrade'",
				     account->uid, account->name);
	return 0;
}

/* How many lines are the account; `out` is the last one. */
static unsigned int count_accounts(struct sbk_slice rest, uid_t person,
				   enum sbk_account_role role, unsigned int gid,
				   struct sbk_account *out)
{
	struct sbk_account account;
	struct sbk_slice line;
	unsigned int count = 0;

	while (sbk_accountfile_next(&rest, &line)) {
		if (!sbk_account_parse(line, &account) ||
		    account.person != person || account.role != role ||
		    account.gid != gid)
			continue;
		*out = account;
		count++;
	}
	return count;
}

int sbk_account_find_in(struct sbk_slice passwd, struct sbk_slice groups,
			uid_t person, enum sbk_account_role role, uid_t *number,
			struct sbk_error *err)
{
	struct sbk_account account;
	unsigned int gid, count = 0;
	int rc;

	/* Root's own files need no account's rights, and give none. */
	if (person != 0 && group_of_ours(groups, &gid))
		count = count_accounts(passwd, person, role, gid, &account);
	if (count == 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "uid %u has no %s sandbox account; enrol "
				     "it with 'sandbook setup'",
				     (unsigned int)person,
				     sbk_account_role_name(role));
	if (count > 1)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "'/etc/passwd' has the account '%s' more "
				     "than once; mend it with 'pwck'",
				     account.name);
	rc = check_number(passwd, groups, &account, err);
	if (rc == 0)
		*number = account.uid;
	return rc;
}

static struct sbk_slice text_of(const struct sbk_buf *buf)
{
	return (struct sbk_slice){sbk_buf_text(buf), buf->size};
}

int sbk_account_find(uid_t person, gid_t group, enum sbk_account_role role,
		     struct sbk_own_account *out, struct sbk_error *err)
{
	struct sbk_buf passwd = SBK_BUF_INIT, groups = SBK_BUF_INIT;
	uid_t number = 0;
	int rc = sbk_accountfile_read("/etc/passwd", &passwd, NULL, NULL, NULL,
				      err);

	if (rc == 0)
		rc = sbk_accountfile_read("/etc/group", &groups, NULL, NULL,
					  NULL, err);
	if (rc == 0)
		rc = sbk_account_find_in(text_of(&passwd), text_of(&groups),
					 person, role, &number, err);
	if (rc == 0)
		*out = (struct sbk_own_account){person, group, number};
	sbk_buf_release(&passwd);
	sbk_buf_release(&groups);
	return rc;
}
