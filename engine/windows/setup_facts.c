/*
 * How the machine is, for setup_check.h. Reads it, and judges nothing but where
 * the program lies, folder by folder.
 */
#include <string.h>

#include "engine/windows/pin.h"
#include "engine/windows/setup_check.h"
#include "engine/windows/setup_plan.h"
#include "engine/windows/storage_rules.h"
#include "engine/windows/trial_run.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_check.h"
#include "engine/windows/win32_firewall.h"
#include "engine/windows/win32_rights.h"

#include "engine/banned.h"

/* --- who, and which policies ---------------------------------------------- */

static int read_token(struct sbk_setup_facts *facts, struct sbk_error *err)
{
	HANDLE token = NULL;
	int rc = sbk_win32_open_token(sbk_win32->program->GetCurrentProcess(),
				      TOKEN_QUERY, &token, err);

	if (rc == 0)
		rc = sbk_win32_token_elevated(token, &facts->elevated, err);
	if (rc == 0)
		rc = sbk_win32_token_sids(token, &facts->caller,
					  &facts->restricting, err);
	sbk_win32_close(&token);
	return rc;
}

/* The group of our accounts, where there is one by now. */
static int read_ours(struct sbk_setup_facts *facts, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sid group;
	int rc = sbk_win32_sid_of(SBK_NT_GROUP_NAME, &group, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message)
		      : sbk_sid_list_add(&facts->ours, &group, err);
}

static int read_rights(struct sbk_setup_facts *facts, struct sbk_error *err)
{
	LSA_HANDLE policy = NULL;
	int rc = sbk_win32_open_policy(POLICY_LOOKUP_NAMES |
					       POLICY_VIEW_LOCAL_INFORMATION,
				       &policy, err);

	if (rc == 0)
		rc = sbk_win32_holders(policy, SE_INTERACTIVE_LOGON_NAME,
				       &facts->logon, err);
	if (rc == 0)
		rc = sbk_win32_holders(policy, SE_DENY_INTERACTIVE_LOGON_NAME,
				       &facts->denied, err);
	sbk_win32_close_policy(&policy);
	return rc;
}

static int read_firewall(struct sbk_setup_facts *facts, struct sbk_error *err)
{
	struct sbk_firewall firewall;
	int rc = sbk_win32_firewall_open(&firewall, err);

	if (rc == 0)
		rc = sbk_win32_firewall_look(&firewall, &facts->firewall, err);
	sbk_win32_firewall_close(&firewall);
	return rc;
}

static int read_facts(struct sbk_setup_facts *facts, struct sbk_error *err)
{
	static int (*const reads[])(struct sbk_setup_facts *,
				    struct sbk_error *) = {
		read_token, read_ours, read_rights, read_firewall};
	struct sbk_win32_password_policy passwords = {.min_length = 0};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(reads) / sizeof(reads[0]); i++)
		rc = reads[i](facts, err);
	if (rc == 0)
		rc = sbk_win32_password_policy(&passwords, err);
	facts->password_min = passwords.min_length;
	if (rc == 0)
		rc = sbk_win32_is_domain_controller(&facts->domain_controller,
						    err);
	return rc;
}

/* --- where the program lies ----------------------------------------------- */

/* One part of the way, opened anew from the root, through no reparse point. */
static int check_part(struct sbk_volumes *volumes, const char *path, bool above,
		      struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	struct sbk_buf descriptor = SBK_BUF_INIT;
	struct sbk_volume *volume;
	int rc = sbk_pin_path(path, SBK_PIN_LOOK, &pin, err);

	if (rc == 0)
		rc = sbk_volume_of(volumes, &pin, &volume, err);
	if (rc == 0)
		rc = sbk_win32_query_security(pin.handle, &descriptor, err);
	if (rc == 0)
		rc = sbk_storage_check_program(&descriptor, above, path, err);
	sbk_pin_release(&pin);
	sbk_buf_release(&descriptor);
	return rc;
}

/* What this program starts as the accounts (trial_run.h), beside it. */
static int check_runner(struct sbk_volumes *volumes, const char *path,
			struct sbk_error *err)
{
	const char *slash = strrchr(path, '/');
	struct sbk_buf runner = SBK_BUF_INIT;
	int rc;

	sbk_buf_add(&runner, path, slash == NULL ? 0 : (size_t)(slash - path));
	sbk_buf_adds(&runner, "/" SBK_RUNNER_NAME);
	rc = sbk_buf_failed(&runner, err);
	if (rc == 0)
		rc = check_part(volumes, sbk_buf_text(&runner), false, err);
	sbk_buf_release(&runner);
	return rc;
}

/* The file, the runner beside it where that is asked for, their folder, and
 * each one above. */
static int check_way(char *path, bool runner, struct sbk_error *err)
{
	struct sbk_volumes volumes = {.count = 0};
	unsigned depth;
	char *slash;
	int rc = check_part(&volumes, path, false, err);

	if (rc == 0 && runner)
		rc = check_runner(&volumes, path, err);
	for (depth = 0; rc == 0; depth++) {
		slash = strrchr(path, '/');
		/* "C:/" is the last one, with its separator. */
		if (slash == NULL || slash[1] == '\0')
			break;
		slash[strchr(path, '/') == slash] = '\0';
		rc = check_part(&volumes, path, depth > 0, err);
	}
	sbk_volumes_release(&volumes);
	return rc;
}

int sbk_setup_check_place(char *path, struct sbk_error *err)
{
	return check_way(path, false, err);
}

static int check_program(struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT, path = SBK_BUF_INIT;
	size_t i;
	int rc = sbk_win32_own_file(&wide, err);

	if (rc == 0) {
		sbk_narrow_add(&path, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
		rc = sbk_buf_failed(&path, err);
	}
	for (i = 0; rc == 0 && i < path.size; i++)
		if (path.data[i] == '\\')
			path.data[i] = '/';
	if (rc == 0)
		rc = check_way(path.data, true, err);
	sbk_buf_release(&wide);
	sbk_buf_release(&path);
	return rc;
}

int sbk_nt_setup_check(enum sbk_setup_refusal *which, struct sbk_error *err)
{
	struct sbk_setup_facts facts = {.elevated = false};
	int rc = read_facts(&facts, err);

	*which = SBK_SETUP_LOOK;
	if (rc == 0)
		rc = sbk_setup_judge(&facts, which, err);
	if (rc == 0) {
		*which = SBK_SETUP_PLACE;
		rc = check_program(err);
	}
	sbk_setup_facts_release(&facts);
	return rc;
}

int sbk_nt_uninstall_check(enum sbk_setup_refusal *which, struct sbk_error *err)
{
	struct sbk_setup_facts facts = {.elevated = false};
	int rc = read_token(&facts, err);

	*which = SBK_SETUP_LOOK;
	if (rc == 0)
		rc = read_ours(&facts, err);
	if (rc == 0)
		rc = sbk_setup_judge_caller(&facts, which, err);
	if (rc == 0) {
		*which = SBK_SETUP_PLACE;
		rc = check_program(err);
	}
	sbk_setup_facts_release(&facts);
	return rc;
}
