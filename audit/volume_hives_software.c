/*
 * SOFTWARE of a volume: profiles, and accounts that are hidden at sign-in.
 */
#include "audit/volume_hives.h"

#include <stdlib.h>
#include <string.h>

#include "engine/banned.h"

#define PROFILES "Microsoft\\Windows NT\\CurrentVersion\\ProfileList"
#define HIDDEN                                              \
	"Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\" \
	"SpecialAccounts\\UserList"

/* Of the SAM. */
struct sbk_volume_account {
	const char *name;
	struct sbk_sid sid;
};

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '\\');

	return slash != NULL ? slash + 1 : path;
}

/* A profile's account exists unless the SAM says otherwise; of one that does
 * not, the name may still say whose it was. */
static int learn_profile(struct sbk_volume_hive *reading,
			 const struct sbk_sid *sid, const char *directory,
			 struct sbk_error *err)
{
	struct sbk_sid_owner owner = {.sid = *sid,
				      .origin = SBK_SID_ACCOUNT,
				      .name = last_part(directory)};
	struct sbk_volume_audit *audit = reading->audit;

	if (!sbk_volume_is_account_sid(sid))
		return 0;
	if (sbk_volume_is_deleted(audit, sid)) {
		if (!sbk_volume_is_codex(owner.name))
			return 0;
		owner.origin = SBK_SID_OTHER_TOOL;
		owner.tool = "codex";
	}
	return sbk_volume_known_add(audit, &owner, reading->path, err);
}

static int take_profile(void *arg, const struct sbk_hive_key *key,
			struct sbk_error *err)
{
	struct sbk_volume_hive *reading = arg;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_hive_value value;
	struct sbk_sid sid;
	int rc;

	/* Windows puts ".bak" behind one that could not be loaded. */
	if (sbk_sid_parse(key->name, strcspn(key->name, "."), &sid, NULL) < 0)
		return 0;
	rc = sbk_hive_value_find(&reading->hive, key, "ProfileImagePath",
				 &value, NULL);
	if (rc == 0)
		rc = sbk_hive_value_text(&reading->hive, &value, &text, NULL);
	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (rc < 0)
		rc = 0; /* a list without it, or damage, which is counted */
	if (rc == 0)
		rc = sbk_volume_fact_add(reading, &sid, SBK_VOLUME_PROFILE,
					 sbk_buf_text(&text), "", err);
	if (rc == 0)
		rc = learn_profile(reading, &sid, sbk_buf_text(&text), err);
	sbk_buf_release(&text);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	const struct sbk_volume_account *one = a, *two = b;

	return sbk_volume_name_compare(one->name, two->name);
}

/* Those that the SAM has, for find_name: there may be as many names to look
 * for as there are accounts. */
static int sort_accounts(struct sbk_volume_hive *reading, struct sbk_error *err)
{
	const struct sbk_volume_audit *audit = reading->audit;
	struct sbk_volume_account *accounts =
		calloc(audit->fact_count + 1, sizeof(*accounts));
	size_t count = 0, i;

	if (accounts == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < audit->fact_count; i++)
		if (audit->facts[i].kind == SBK_VOLUME_ACCOUNT)
			accounts[count++] = (struct sbk_volume_account){
				audit->facts[i].text, audit->facts[i].sid};
	qsort(accounts, count, sizeof(*accounts), by_name);
	reading->accounts = accounts;
	reading->account_count = count;
	return 0;
}

/* The account of this name; of several any. */
static const struct sbk_sid *find_name(const struct sbk_volume_hive *reading,
				       const char *name)
{
	const struct sbk_volume_account wanted = {.name = name};
	const struct sbk_volume_account *found =
		bsearch(&wanted, reading->accounts, reading->account_count,
			sizeof(wanted), by_name);

	return found != NULL ? &found->sid : NULL;
}

/* 0: not shown at sign-in. */
static int take_hidden(void *arg, const struct sbk_hive_value *value,
		       struct sbk_error *err)
{
	struct sbk_volume_hive *reading = arg;
	uint32_t shown;

	if (sbk_hive_value_number(&reading->hive, value, &shown, NULL) < 0 ||
	    shown != 0)
		return 0;
	return sbk_volume_fact_add(reading, find_name(reading, value->name),
				   SBK_VOLUME_HIDDEN, value->name, "", err);
}

int sbk_volume_hive_software(struct sbk_volume_hive *reading,
			     struct sbk_error *err)
{
	struct sbk_hive_key key;
	int rc = sbk_hive_find(&reading->hive, NULL, PROFILES, &key, err);

	if (rc == 0)
		rc = sbk_hive_each_key(&reading->hive, &key, take_profile,
				       reading, err);
	if (rc == 0)
		rc = sbk_hive_find(&reading->hive, NULL, HIDDEN, &key, err);
	else
		return rc;
	if (rc == 0)
		rc = sort_accounts(reading, err);
	if (rc == 0)
		rc = sbk_hive_each_value(&reading->hive, &key, take_hidden,
					 reading, err);
	free(reading->accounts);
	return sbk_volume_hive_absent(rc, err);
}
