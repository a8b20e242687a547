/*
 * The changes of setup to the account files: groups, accounts, subordinate
 * ids, and the copies that the tools leave. Changes nothing itself.
 */
#include "engine/linux/setup_plan.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/linux/kept.h"

#include "engine/banned.h"

/* Adds a change from *absent* to what `state` holds. */
static int add_change(struct sbk_setup *s, enum sbk_kind kind, const char *name,
		      const char *identity, const char *reason,
		      const struct sbk_buf *state, struct sbk_error *err)
{
	const struct sbk_change change = {
		.object = {.kind = kind, .name = name, .identity = identity},
		.before = SBK_STATE_ABSENT,
		.after = {sbk_buf_text(state), state->size},
		.reason = reason,
	};
	int rc = sbk_buf_failed(state, err);

	return rc < 0 ? rc : sbk_plan_add(s->plan, &change, err);
}

static int plan_group(struct sbk_setup *s, const char *name, unsigned int gid,
		      const char *nonce, const char *reason,
		      struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	char identity[32];
	int rc;

	(void)snprintf(identity, sizeof(identity), "gid:%u", gid);
	sbk_group_encode(&state, name, gid, nonce);
	rc = add_change(s, SBK_KIND_GROUP, name, identity, reason, &state, err);
	sbk_buf_release(&state);
	return rc;
}

static const char *choose_shell(void)
{
	return access("/usr/sbin/nologin", X_OK) == 0 ? "/usr/sbin/nologin"
						      : "/bin/false";
}

/* A reason: what is done for the account, and whose it is. */
static void describe(const struct sbk_setup *s,
		     const struct sbk_setup_part *part, const char *what,
		     char out[256])
{
	const char *role = sbk_account_role_name(part->account.role);

	if (s->person != NULL)
		(void)snprintf(out, 256, "%s: %s account of '%s'", what, role,
			       s->person->name);
	else
		(void)snprintf(out, 256, "%s: %s account of uid %u", what, role,
			       part->account.person);
}

static int plan_account(struct sbk_setup *s, const struct sbk_setup_part *part,
			struct sbk_error *err)
{
	const struct sbk_account *account = &part->account;
	struct sbk_buf state = SBK_BUF_INIT;
	char identity[32], reason[256];
	int rc;

	(void)snprintf(identity, sizeof(identity), "uid:%u", account->uid);
	describe(s, part, "what runs are made as", reason);
	sbk_account_encode(&state, account, choose_shell());
	rc = add_change(s, SBK_KIND_ACCOUNT, account->name, identity, reason,
			&state, err);
	sbk_buf_release(&state);
	return rc;
}

static int plan_private_group(struct sbk_setup *s,
			      const struct sbk_setup_part *part,
			      struct sbk_error *err)
{
	char reason[256];

	describe(s, part, "a group that nobody shares", reason);
	return plan_group(s, part->account.name, part->account.uid,
			  part->group_nonce, reason, err);
}

/* --- subordinate ids -------------------------------------------------- */

static int plan_subid(struct sbk_setup *s, const char *name, const char *reason,
		      struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	int rc;

	sbk_subid_encode(&state, name);
	rc = add_change(s, SBK_KIND_SUBID, name, NULL, reason, &state, err);
	sbk_buf_release(&state);
	return rc;
}

static int plan_line(struct sbk_setup *s, const struct sbk_setup_part *part,
		     size_t file, struct sbk_error *err)
{
	const struct sbk_subid subid = {.file = sbk_subid_files[file],
					.person = part->account.person,
					.number = part->account.uid};
	char name[SBK_SUBID_NAME_MAX], reason[256];

	sbk_subid_name(name, &subid);
	describe(s, part, "lets runs use it", reason);
	return plan_subid(s, name, reason, err);
}

static int plan_subids(struct sbk_setup *s, struct sbk_error *err)
{
	size_t file, i;
	int rc = 0;

	for (file = 0; rc == 0 && file < SBK_SUBID_FILES; file++) {
		if (s->add_file[file])
			rc = plan_subid(s, sbk_subid_files[file],
					"holds the subordinate ids", err);
		for (i = 0; rc == 0 && i < s->part_count; i++)
			if (s->parts[i].add_line[file])
				rc = plan_line(s, &s->parts[i], file, err);
	}
	return rc;
}

/* --- kept copies ------------------------------------------------------ */

/* What each copy is now is what it shall be: see kept.c. */
static int plan_kept_file(struct sbk_setup *s, const char *path,
			  const char *ours, struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_change change = {
		.object = {.kind = SBK_KIND_KEPT, .name = path},
		.ours = ours,
		.reason = "the account tools overwrite it; it is put back",
	};
	bool is_lock_file = path[strlen(path) - 1] != '-';
	int rc = sbk_backend_observe(s->backend, &change.object, &seen, err);

	change.before = change.after = sbk_observation_state(&seen);
	/* A lock file that stands is left alone. */
	if (rc == 0 && !(is_lock_file && !sbk_state_absent(change.before)))
		rc = sbk_plan_add(s->plan, &change, err);
	sbk_observation_release(&seen);
	return rc;
}

/* The lines of ours that a copy may come to hold (kept.c). */
static void list_ours(const struct sbk_setup *s, struct sbk_buf *out)
{
	size_t i;

	if (!s->group_exists)
		sbk_buf_adds(out, "name " SBK_GROUP_NAME "\n");
	for (i = 0; i < s->part_count; i++) {
		const struct sbk_setup_part *part = &s->parts[i];

		if (part->add_account || part->add_group)
			sbk_buf_printf(out, "name %s\n", part->account.name);
		if (part->add_line[0] || part->add_line[1])
			sbk_buf_printf(out, "line %u:%u:1\n",
				       part->account.person, part->account.uid);
	}
}

static int plan_kept(struct sbk_setup *s, struct sbk_error *err)
{
	struct sbk_buf ours = SBK_BUF_INIT;
	const char *const *path = sbk_kept_files;
	int rc;

	list_ours(s, &ours);
	rc = sbk_buf_failed(&ours, err);
	for (; rc == 0 && ours.size > 0 && *path != NULL; path++)
		rc = plan_kept_file(s, *path, sbk_buf_text(&ours), err);
	sbk_buf_release(&ours);
	return rc;
}

int sbk_setup_plan_accounts(struct sbk_setup *s, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	if (!s->group_exists)
		rc = plan_group(s, SBK_GROUP_NAME, s->gid, s->nonce,
				"the group of all sandbox accounts; no person "
				"joins",
				err);
	for (i = 0; rc == 0 && i < s->part_count; i++)
		if (s->parts[i].add_group)
			rc = plan_private_group(s, &s->parts[i], err);
	for (i = 0; rc == 0 && i < s->part_count; i++)
		if (s->parts[i].add_account)
			rc = plan_account(s, &s->parts[i], err);
	if (rc == 0)
		rc = plan_subids(s, err);
	if (rc == 0)
		rc = plan_kept(s, err);
	return rc;
}
