/*
 * What names an account without being one: lists of the registry, user rights,
 * filters, processes; and what a tool leaves at a fixed place. Which tools and
 * where is one table. All of it is looked at, nothing opened for writing.
 */
#include "engine/windows/mentions.h"

#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/sd.h"
#include "engine/os.h"
#include "engine/rule_text.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_census.h"
#include "engine/windows/win32_registry.h"
#include "engine/windows/win32_rights.h"

#include "engine/banned.h"

/* Where the names are that Winlogon does not show, as an object's name. */
#define HIDDEN_NAMES                                             \
	"SOFTWARE/Microsoft/Windows NT/CurrentVersion/Winlogon/" \
	"SpecialAccounts/UserList"
/* Behind a user's SID, below HKEY_USERS. */
#define PACKAGES                                                   \
	"_Classes\\Local Settings\\Software\\Microsoft\\Windows\\" \
	"CurrentVersion\\AppContainer\\Mappings"
#define OUR_RULES "Sandbook" /* how our rules' grouping begins */

/* Keys and directories that other tools keep their state in. */
static const struct {
	const char *tool;
	const WCHAR *key;
	const char *name;
} tool_keys[] = {
	{"codex", L"SOFTWARE\\OpenAI\\Codex\\WindowsSandboxService",
	 "HKLM/SOFTWARE/OpenAI/Codex/WindowsSandboxService"},
	{"srt", L"SOFTWARE\\sandbox-runtime", "HKLM/SOFTWARE/sandbox-runtime"},
};

struct naming {
	const struct sbk_mention_reader *reader;
	HKEY key;		 /* that is listed */
	HKEY packages;		 /* likewise, below a profile */
	const char *right;	 /* that is held */
	struct sbk_buf one, two; /* texts of one entry */
};

/* --- the registry ----------------------------------------------------- */

/* S-1-15-2 and seven more, but not the two that mean all of them. */
static bool is_package(const struct sbk_sid *sid)
{
	return sbk_sid_authority(sid) == 15 && sbk_sid_sub_count(sid) > 2 &&
	       sbk_sid_sub(sid, 0) == 2;
}

static int take_package(void *arg, const char *name, struct sbk_error *err)
{
	struct naming *naming = arg;
	struct sbk_mention mention = {.place = SBK_MENTION_PACKAGE};
	struct sbk_buf wide = SBK_BUF_INIT, data = SBK_BUF_INIT;
	HKEY key = NULL;
	DWORD type = 0;
	struct sbk_sid sid;
	int rc;

	if (sbk_sid_parse(name, strlen(name), &sid, NULL) < 0 ||
	    !is_package(&sid))
		return 0;
	if (sbk_wide_of(&wide, name) == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_win32_open_key(naming->packages, sbk_wide_text(&wide), 0,
				KEY_QUERY_VALUE, &key, err);
	if (rc == 0)
		rc = sbk_win32_query_value(key, L"Moniker", &type, &data, err);
	sbk_win32_close_key(&key);
	sbk_buf_clear(&naming->two);
	if (rc == 0 && sbk_win32_value_text(type, &data, &naming->two)) {
		mention.object = sbk_buf_text(&naming->two);
		rc = sbk_mention_sid(naming->reader, &mention, &sid, err);
	}
	sbk_buf_release(&wide);
	sbk_buf_release(&data);
	return rc == SBK_E_NOTFOUND ? 0 : rc; /* it went, or has none */
}

/*
 * The AppContainers of a user whose registry is loaded, each with its moniker:
 * where "DeriveAppContainerSidFromAppContainerName" hashes a name to a SID,
 * this alone leads back. Of who is not signed in they have no names.
 */
static int find_packages(struct naming *naming, const char *user,
			 struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (sbk_wide_of(&path, user) == NULL ||
	    sbk_wide_of(&path, PACKAGES) == NULL)
		rc = sbk_error_set(&why, SBK_E_NOMEM, "out of memory");
	else
		rc = sbk_win32_open_key(HKEY_USERS, sbk_wide_text(&path), 0,
					KEY_QUERY_VALUE |
						KEY_ENUMERATE_SUB_KEYS,
					&naming->packages, &why);
	if (rc == 0)
		rc = sbk_win32_each_key(naming->packages, take_package, naming,
					&why);
	sbk_win32_close_key(&naming->packages);
	sbk_buf_release(&path);
	return rc == SBK_E_NOTFOUND
		       ? 0
		       : sbk_mention_part(naming->reader, rc,
					  "names of AppContainers", &why, err);
}

static int take_profile(void *arg, const char *name, struct sbk_error *err)
{
	struct naming *naming = arg;
	struct sbk_mention mention = {.place = SBK_MENTION_PROFILE};
	struct sbk_buf wide = SBK_BUF_INIT, data = SBK_BUF_INIT;
	HKEY key = NULL;
	DWORD type = 0;
	struct sbk_sid sid;
	size_t i;
	int rc;

	/* Windows puts ".bak" behind one that could not be loaded. */
	if (sbk_sid_parse(name, strcspn(name, "."), &sid, NULL) < 0)
		return 0;
	if (sbk_wide_of(&wide, name) == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_win32_open_key(naming->key, sbk_wide_text(&wide), 0,
				KEY_QUERY_VALUE, &key, err);
	if (rc == 0)
		rc = sbk_win32_query_value(key, L"ProfileImagePath", &type,
					   &data, err);
	sbk_win32_close_key(&key);
	sbk_buf_clear(&naming->one);
	if (rc == 0 && sbk_win32_value_text(type, &data, &naming->one))
		for (i = 0; i < naming->one.size; i++)
			if (naming->one.data[i] == '\\')
				naming->one.data[i] = '/';
	mention.object = sbk_buf_text(&naming->one);
	if (rc == 0 || rc == SBK_E_NOTFOUND)
		rc = sbk_mention_sid(naming->reader, &mention, &sid, err);
	if (rc == 0)
		rc = find_packages(naming, name, err);
	sbk_buf_release(&wide);
	sbk_buf_release(&data);
	return rc;
}

/* 0: not shown at sign-in. */
static int take_hidden(void *arg, const char *name, DWORD type,
		       const struct sbk_buf *data, struct sbk_error *err)
{
	static const char zero[sizeof(DWORD)];
	struct naming *naming = arg;
	struct sbk_mention mention = {.place = SBK_MENTION_HIDDEN,
				      .object = name,
				      .removable_kind = SBK_KIND_REGISTRY};

	sbk_buf_clear(&naming->one);
	sbk_buf_printf(&naming->one, "HKLM/" HIDDEN_NAMES ":%s", name);
	mention.removable = sbk_buf_text(&naming->one);
	if (sbk_buf_failed(&naming->one, err) < 0)
		return SBK_E_NOMEM;
	if (type != REG_DWORD || data->size != sizeof(zero) ||
	    memcmp(data->data, zero, sizeof(zero)) != 0)
		return 0;
	return naming->reader->found(naming->reader->arg, &mention, err);
}

static int take_rule(void *arg, const char *name, DWORD type,
		     const struct sbk_buf *data, struct sbk_error *err)
{
	struct naming *naming = arg;
	struct sbk_mention mention = {.place = SBK_MENTION_RULE};
	struct sbk_buf rule = SBK_BUF_INIT, group = SBK_BUF_INIT;
	struct sbk_sid sid, last = {.bytes = {0}};
	size_t at = 0;
	int rc = 0;

	if (!sbk_win32_value_text(type, data, &rule))
		return 0;
	sbk_buf_clear(&naming->one);
	sbk_buf_clear(&naming->two);
	sbk_rule_text_name(sbk_buf_text(&rule), name, &naming->one);
	sbk_rule_text_describe(sbk_buf_text(&rule), &naming->two);
	mention.is_ours =
		sbk_rule_text_part(sbk_buf_text(&rule), "EmbedCtxt", &group) &&
		strncmp(sbk_buf_text(&group), OUR_RULES, strlen(OUR_RULES)) ==
			0;
	mention.object = sbk_buf_text(&naming->one);
	mention.detail = sbk_buf_text(&naming->two);
	/* What else must hold is seen when it is looked at (firewall.c). */
	if (!mention.is_ours && sbk_rule_text_is_plain(sbk_buf_text(&rule))) {
		mention.removable = mention.object;
		mention.removable_kind = SBK_KIND_FIREWALL;
	}
	if (sbk_buf_failed(&naming->one, err) < 0 ||
	    sbk_buf_failed(&naming->two, err) < 0 ||
	    sbk_buf_failed(&rule, err) < 0)
		rc = SBK_E_NOMEM;
	while (rc == 0 &&
	       sbk_sid_find(sbk_buf_text(&rule), rule.size, &at, &sid)) {
		if (sbk_sid_equal(&sid, &last))
			continue;
		last = sid;
		rc = sbk_mention_sid(naming->reader, &mention, &sid, err);
	}
	sbk_buf_release(&rule);
	sbk_buf_release(&group);
	return rc;
}

/* One key: what is in it, by keys or by values. None is nothing to tell. */
static int list_key(struct naming *naming, const WCHAR *path,
		    sbk_win32_key_fn *keys, sbk_win32_value_fn *values,
		    const char *place, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_win32_open_key(HKEY_LOCAL_MACHINE, path, 0,
				    KEY_QUERY_VALUE | KEY_ENUMERATE_SUB_KEYS,
				    &naming->key, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == 0 && keys != NULL)
		rc = sbk_win32_each_key(naming->key, keys, naming, &why);
	if (rc == 0 && values != NULL)
		rc = sbk_win32_each_value(naming->key, values, naming, &why);
	sbk_win32_close_key(&naming->key);
	return sbk_mention_part(naming->reader, rc, place, &why, err);
}

static int find_keys(struct naming *naming, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	HKEY key = NULL;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(tool_keys) / sizeof(tool_keys[0]);
	     i++) {
		const struct sbk_mention mention = {.place = SBK_MENTION_KEY,
						    .object = tool_keys[i].name,
						    .detail =
							    tool_keys[i].tool};

		rc = sbk_win32_open_key(HKEY_LOCAL_MACHINE, tool_keys[i].key, 0,
					KEY_QUERY_VALUE, &key, &why);
		sbk_win32_close_key(&key);
		/* One that may not be opened is there. */
		if (rc == 0 || rc == SBK_E_DENIED)
			rc = naming->reader->found(naming->reader->arg,
						   &mention, err);
		else if (rc == SBK_E_NOTFOUND)
			rc = 0;
		else
			rc = sbk_mention_part(naming->reader, rc,
					      tool_keys[i].name, &why, err);
	}
	return rc;
}

static int find_rules(struct naming *naming, struct sbk_error *err)
{
	return list_key(naming,
			L"SYSTEM\\CurrentControlSet\\Services\\"
			L"SharedAccess\\Parameters\\FirewallPolicy\\"
			L"FirewallRules",
			NULL, take_rule, "firewall rules", err);
}

int sbk_mentions_in_rules(const struct sbk_mention_reader *reader,
			  struct sbk_error *err)
{
	struct naming naming = {.reader = reader};
	int rc = find_rules(&naming, err);

	sbk_buf_release(&naming.one);
	sbk_buf_release(&naming.two);
	return rc;
}

int sbk_mentions_in_registry(const struct sbk_mention_reader *reader,
			     struct sbk_error *err)
{
	struct naming naming = {.reader = reader};
	int rc = list_key(&naming,
			  L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\"
			  L"ProfileList",
			  take_profile, NULL, "profiles", err);

	if (rc == 0)
		rc = list_key(&naming,
			      L"SOFTWARE\\Microsoft\\Windows NT\\"
			      L"CurrentVersion\\Winlogon\\SpecialAccounts\\"
			      L"UserList",
			      NULL, take_hidden, "names hidden at sign-in",
			      err);
	if (rc == 0)
		rc = find_rules(&naming, err);
	if (rc == 0)
		rc = find_keys(&naming, err);
	sbk_buf_release(&naming.one);
	sbk_buf_release(&naming.two);
	return rc;
}

/* --- rights, filters, processes --------------------------------------- */

/* Those that setup gives, and those by which an account is of use. */
static const struct {
	const WCHAR *wide;
	const char *name;
} rights[] = {
	{L"SeDenyNetworkLogonRight", "SeDenyNetworkLogonRight"},
	{L"SeDenyRemoteInteractiveLogonRight",
	 "SeDenyRemoteInteractiveLogonRight"},
	{L"SeDenyBatchLogonRight", "SeDenyBatchLogonRight"},
	{L"SeDenyServiceLogonRight", "SeDenyServiceLogonRight"},
	{L"SeDenyInteractiveLogonRight", "SeDenyInteractiveLogonRight"},
	{L"SeInteractiveLogonRight", "SeInteractiveLogonRight"},
	{L"SeNetworkLogonRight", "SeNetworkLogonRight"},
	{L"SeBatchLogonRight", "SeBatchLogonRight"},
	{L"SeServiceLogonRight", "SeServiceLogonRight"},
};

static int take_holder(void *arg, const struct sbk_sid *sid,
		       struct sbk_error *err)
{
	const struct naming *naming = arg;
	char name[sizeof(struct sbk_sid_text) + SBK_NAME_MAX];
	struct sbk_sid_text text;
	struct sbk_mention mention = {.place = SBK_MENTION_RIGHT,
				      .object = naming->right,
				      .removable = name,
				      .removable_kind = SBK_KIND_RIGHT};

	(void)snprintf(name, sizeof(name), "%s:%s", sbk_sid_format(sid, &text),
		       naming->right);
	return sbk_mention_sid(naming->reader, &mention, sid, err);
}

static int find_rights(struct naming *naming, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	LSA_HANDLE policy = NULL;
	size_t i;
	int rc = sbk_win32_open_policy(POLICY_LOOKUP_NAMES |
					       POLICY_VIEW_LOCAL_INFORMATION,
				       &policy, &why);

	for (i = 0; rc == 0 && i < sizeof(rights) / sizeof(rights[0]); i++) {
		naming->right = rights[i].name;
		rc = sbk_win32_each_holder(policy, rights[i].wide, take_holder,
					   naming, &why);
	}
	sbk_win32_close_policy(&policy);
	return sbk_mention_part(naming->reader, rc, "user rights", &why, err);
}

/* Of ours, and of nobody: a provider, a sublayer, or a filter that others made
 * so. */
static int tell_bare(const struct naming *naming,
		     const struct sbk_win32_named_filter *filter,
		     struct sbk_error *err)
{
	static const char *const whats[] = {[SBK_WIN32_FILTER] = "filter",
					    [SBK_WIN32_PROVIDER] = "provider",
					    [SBK_WIN32_SUBLAYER] = "sublayer"};
	const char *flaw = sbk_filter_flaw_word(filter->flaw);
	char object[SBK_GUID_TEXT], detail[48];
	const struct sbk_mention mention = {.place = SBK_MENTION_FILTER,
					    .object = object,
					    .detail = detail,
					    .is_ours = true};

	sbk_guid_format(&filter->key, object);
	(void)snprintf(detail, sizeof(detail), "%s%s%s", whats[filter->what],
		       *flaw != '\0' ? ", " : "", flaw);
	return naming->reader->found(naming->reader->arg, &mention, err);
}

static int take_filter(void *arg, const struct sbk_win32_named_filter *filter,
		       struct sbk_error *err)
{
	const struct naming *naming = arg;
	struct sbk_mention mention = {
		.place = SBK_MENTION_FILTER,
		.object = filter->name,
		.detail = sbk_filter_flaw_word(filter->flaw),
		.is_ours = filter->is_of_ours};
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	struct sbk_sd sd;
	int rc = 0;

	/* One that cannot be read names nobody whom we could tell. */
	if (filter->user->size == 0 ||
	    sbk_sd_read((const uint8_t *)sbk_buf_text(filter->user),
			filter->user->size, &sd, NULL) < 0 ||
	    sd.dacl_is != SBK_ACL_PRESENT)
		return filter->is_of_ours ? tell_bare(naming, filter, err) : 0;
	while (rc == 0 && sbk_nt_acl_next(&sd.dacl, &at, &ace))
		if (!ace.is_opaque)
			rc = sbk_mention_sid(naming->reader, &mention, &ace.sid,
					     err);
	return rc;
}

static int take_process(void *arg, const char *name, DWORD id,
			const struct sbk_sid *user, struct sbk_error *err)
{
	const struct naming *naming = arg;
	char object[SBK_NAME_MAX + 32];
	struct sbk_mention mention = {.place = SBK_MENTION_PROCESS,
				      .object = object};

	(void)snprintf(object, sizeof(object), "process %lu (%.*s)",
		       (unsigned long)id, SBK_NAME_MAX - 1, name);
	return sbk_mention_sid(naming->reader, &mention, user, err);
}

/* A directory of ours, or of a tool beside it. */
static int find_directory(struct naming *naming, const char *path,
			  const char *tool, struct sbk_error *err)
{
	const struct sbk_mention mention = {.place = SBK_MENTION_FILE,
					    .object = path,
					    .detail = tool,
					    .is_ours = tool == NULL};
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_file file;
	int rc = sbk_os_look(path, &file, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	return rc == 0 ? naming->reader->found(naming->reader->arg, &mention,
					       err)
		       : sbk_mention_part(naming->reader, rc, path, &why, err);
}

static int find_files(struct naming *naming, struct sbk_error *err)
{
	const char *machine = sbk_os_machine_directory();
	char path[SBK_PATH_MAX];
	struct sbk_person person;
	size_t base;
	int rc;

	if (machine == NULL || strrchr(machine, '/') == NULL)
		return naming->reader->missed(naming->reader->arg,
					      "the machine's directory",
					      "it is not known", err);
	rc = find_directory(naming, machine, NULL, err);
	(void)snprintf(path, sizeof(path), "%.*s/sandbox-runtime",
		       (int)(strrchr(machine, '/') - machine), machine);
	if (rc == 0)
		rc = find_directory(naming, path, "srt", err);
	if (rc == 0 && !naming->reader->no_homes &&
	    sbk_os_caller(&person, NULL) == 0 &&
	    sbk_os_person_directory(&person, path, sizeof(path), &base, NULL) ==
		    0)
		rc = find_directory(naming, path, NULL, err);
	return rc;
}

int sbk_mentions_elsewhere(const struct sbk_mention_reader *reader,
			   struct sbk_error *err)
{
	struct naming naming = {.reader = reader};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = find_rights(&naming, err);

	if (rc == 0)
		rc = sbk_mention_part(
			reader,
			sbk_win32_each_filter(take_filter, &naming, &why),
			"network filters", &why, err);
	if (rc == 0)
		rc = sbk_mention_part(
			reader,
			sbk_win32_each_process(take_process, &naming, &why),
			"processes", &why, err);
	return rc < 0 ? rc : find_files(&naming, err);
}
