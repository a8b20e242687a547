/*
 * Who may be granted something, and where: principals by name and by SID, the
 * groups of one, and whether a volume keeps access lists as we need them.
 * Names are asked of this machine alone; what they said is a SID from there on.
 */
#include "engine/os_census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/access_rules.h"
#include "engine/windows/pin.h"
#include "engine/windows/root_sid.h"
#include "engine/windows/win32_accounts.h"

#include "engine/banned.h"

#define GROUPS_ROOM 64

/* Of an account or group of a machine or domain: S-1-5-21-a-b-c-rid. What
 * names everybody, or a kind of logon, is nobody to grant anything. */
static bool is_somebody(const struct sbk_sid *sid)
{
	return sbk_sid_authority(sid) == 5 && sbk_sid_sub_count(sid) == 5 &&
	       sbk_sid_sub(sid, 0) == 21;
}

static int refuse_principal(const char *text, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%.200s' is no account or group that was made on "
			     "this machine; name one, as 'sandbook status' "
			     "does",
			     text);
}

int sbk_os_principal(const char *text, char out[SBK_PRINCIPAL_TEXT],
		     struct sbk_error *err)
{
	static const char group[] = "group:";
	struct sbk_buf name = SBK_BUF_INIT;
	struct sbk_sid_text sid_text;
	struct sbk_sid sid;
	int rc = 0;

	if (strncmp(text, "S-", 2) == 0) {
		rc = sbk_nt_principal_parse(text, &sid, err);
		if (rc == 0 && !is_somebody(&sid))
			return refuse_principal(text, err);
		/* It must be there; the name is of no use. */
		if (rc == 0)
			rc = sbk_win32_name_of(&sid, &name, err);
	} else {
		if (strncmp(text, group, sizeof(group) - 1) == 0)
			text += sizeof(group) - 1;
		rc = sbk_win32_sid_of(text, &sid, err);
		if (rc == 0 && !is_somebody(&sid))
			rc = refuse_principal(text, err);
	}
	sbk_buf_release(&name);
	if (rc == SBK_E_NOTFOUND)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "nobody is called '%.200s' on this "
				     "machine; 'sandbook status' names your "
				     "accounts",
				     text);
	if (rc == 0)
		(void)snprintf(out, SBK_PRINCIPAL_TEXT, "%s",
			       sbk_sid_format(&sid, &sid_text));
	return rc;
}

int sbk_os_principal_name(const char *principal, char *out, size_t out_size,
			  struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	struct sbk_sid sid;
	int rc;

	out[0] = '\0';
	if (sbk_root_sid_is(principal)) {
		(void)snprintf(out, out_size, "%s", sbk_root_principal_name);
		return 0;
	}
	rc = sbk_nt_principal_parse(principal, &sid, err);
	if (rc == 0)
		rc = sbk_win32_name_of(&sid, &name, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
	} else if (rc == 0) {
		(void)snprintf(out, out_size, "%s", sbk_buf_text(&name));
	}
	sbk_buf_release(&name);
	return rc;
}

/* --- groups --------------------------------------------------------------- */

struct groups {
	struct sbk_sid member;
	struct sbk_arena *arena;
	const char **items;
	size_t count;
};

static int add_group(struct groups *groups, const char *name,
		     const struct sbk_sid *sid, struct sbk_error *err)
{
	struct sbk_sid_text text;
	bool is_member = false;
	int rc = sbk_win32_is_member(name, &groups->member, &is_member, err);

	if (rc < 0 || !is_member)
		return rc;
	if (groups->count == GROUPS_ROOM)
		return sbk_error_set(err, SBK_E_LIMIT, "in more than %d groups",
				     GROUPS_ROOM);
	groups->items[groups->count] =
		sbk_arena_strdup(groups->arena, sbk_sid_format(sid, &text));
	return groups->items[groups->count++] != NULL
		       ? 0
		       : sbk_error_no_memory(err);
}

/* One of this machine: made by somebody, or Windows' own. */
static int visit_group(void *arg, const char *name, const char *comment,
		       struct sbk_error *err)
{
	struct sbk_sid sid;
	int rc = sbk_win32_sid_of(name, &sid, err);

	(void)comment;
	if (rc == 0)
		rc = add_group(arg, name, &sid, err);
	if (rc == SBK_E_NOTFOUND) { /* gone since it was listed */
		sbk_error_clear(err);
		rc = 0;
	}
	return rc;
}

int sbk_os_groups_of(const char *principal, struct sbk_arena *arena,
		     const char ***groups, size_t *count, struct sbk_error *err)
{
	struct groups found = {.arena = arena};
	int rc = sbk_nt_principal_parse(principal, &found.member, err);

	found.items =
		sbk_arena_alloc(arena, GROUPS_ROOM * sizeof(*found.items));
	if (rc == 0 && found.items == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0 && is_somebody(&found.member))
		rc = sbk_win32_account_list(true, visit_group, &found, err);
	if (rc < 0)
		return rc;
	*groups = found.items;
	*count = found.count;
	return 0;
}

/* --- volumes -------------------------------------------------------------- */

static int check_device(const struct sbk_pin *pin, struct sbk_error *err)
{
	struct sbk_win32_device device;
	int rc = sbk_win32_device(pin->handle, &device, err);

	if (rc == 0 && device.remote)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "it is on another machine's volume, where a "
				   "grant cannot be kept exactly; move it to a "
				   "local disk");
	if (rc == 0 && device.removable)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "it is on a removable volume, which another "
				   "machine may change; move it to a fixed "
				   "disk");
	return rc;
}

static int check_volume(const struct sbk_pin *pin, struct sbk_error *err)
{
	struct sbk_volumes volumes = {.count = 0};
	struct sbk_volume *volume;
	DWORD flags = 0;
	/* Local, with access lists and file ids: what each change asks. */
	int rc = sbk_volume_of(&volumes, pin, &volume, err);

	sbk_volumes_release(&volumes);
	if (rc == 0)
		rc = sbk_win32_volume_flags(pin->handle, &flags, err);
	if (rc == 0 && (flags & FILE_READ_ONLY_VOLUME) != 0)
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "its volume is read-only; make it writable "
				   "to grant anything there");
	return rc;
}

int sbk_os_can_grant(const char *path, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(path, SBK_PIN_LOOK, &pin, err);

	if (rc < 0)
		return rc;
	rc = check_device(&pin, err);
	if (rc == 0)
		rc = check_volume(&pin, err);
	sbk_pin_release(&pin);
	if (rc < 0)
		(void)sbk_error_prefix(err, "'%.300s'", path);
	return rc;
}
