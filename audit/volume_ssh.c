/*
 * Keys that OpenSSH for Windows refuses. Its rules are those of its function
 * check_secure_file_permission (PowerShell/openssh-portable,
 * contrib/win32/win32compat/w32-sshfileperm.c; described in the Win32-OpenSSH
 * wiki, "Security protection of various files in Win32 OpenSSH"): the owner is
 * the user, SYSTEM, Administrators or TrustedInstaller, and there is a DACL;
 * others have no plain allowing entry in that of a private key, and in that of
 * configuration and authorized keys none with a right to write. Conditional
 * entries and denying ones are not looked at there, nor is the order. The mask
 * is that of newer releases; older ones overlook DELETE, WRITE_DAC and
 * WRITE_OWNER. Keys of the server are SYSTEM's: no other person is trusted.
 */
#include "audit/volume.h"

#include <string.h>

#include "engine/json.h"
#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

#define WRITES                                                                \
	(SBK_FILE_WRITE_DATA | SBK_FILE_APPEND_DATA | SBK_FILE_WRITE_EA |     \
	 SBK_FILE_WRITE_ATTRIBUTES | SBK_RIGHT_DELETE | SBK_RIGHT_WRITE_DAC | \
	 SBK_RIGHT_WRITE_OWNER)

struct key {
	uint32_t record;
	const char *name;
	bool is_private; /* others may not even read it */
	bool is_server;	 /* of sshd, in ProgramData */
	bool has_person;
	struct sbk_sid person; /* whose profile it is in */
};

/* Whether the file is one that ssh or sshd checks, and how. */
static bool is_checked(const char *name, bool *is_private)
{
	size_t size = strlen(name);
	bool is_public = size > 4 && strcmp(name + size - 4, ".pub") == 0;

	*is_private = (strncmp(name, "id_", 3) == 0 ||
		       (strncmp(name, "ssh_host_", 9) == 0 && size > 4 &&
			strcmp(name + size - 4, "_key") == 0)) &&
		      !is_public;
	return *is_private || strcmp(name, "config") == 0 ||
	       strcmp(name, "authorized_keys") == 0 ||
	       strcmp(name, "administrators_authorized_keys") == 0;
}

static bool is_trusted(const struct key *key, const struct sbk_sid *sid)
{
	static const struct {
		uint32_t subs[6];
		unsigned count;
	} always[] = {
		{{18}, 1},	/* SYSTEM */
		{{32, 544}, 2}, /* Administrators */
		/* NT SERVICE\TrustedInstaller */
		{{80, 956008885, 3418522649, 1831038044, 1853292631,
		  2271478464},
		 6},
	};
	struct sbk_sid known;
	size_t i;

	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		known = sbk_sid_make(5, always[i].subs, always[i].count);
		if (sbk_sid_equal(sid, &known))
			return true;
	}
	return key->has_person && sbk_sid_equal(sid, &key->person);
}

/* The entry because of which it is refused; false where it is not. */
static bool find_refusal(const struct key *key, const struct sbk_sd *sd,
			 const struct sbk_sddl_options *options,
			 struct sbk_buf *why)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_sid_text text;
	struct sbk_ace ace;

	if (sd->has_owner && !is_trusted(key, &sd->owner)) {
		sbk_buf_printf(why, "its owner is %s",
			       sbk_sid_format(&sd->owner, &text));
		return true;
	}
	if (sd->dacl_is != SBK_ACL_PRESENT) {
		sbk_buf_adds(why, "it has no DACL");
		return true;
	}
	while (sbk_nt_acl_next(&sd->dacl, &at, &ace)) {
		if (ace.is_opaque || ace.type != SBK_ACE_ALLOW ||
		    is_trusted(key, &ace.sid) ||
		    (!key->is_private && (ace.mask & WRITES) == 0))
			continue;
		sbk_buf_adds(why, "of the entry ");
		sbk_sddl_describe_ace(&ace, options, why);
		return true;
	}
	return false;
}

/* The account whose profile is above the directory of keys. */
static void find_person(struct sbk_volume_audit *audit, struct key *key)
{
	const struct sbk_volume_tree *tree = &audit->tree;
	uint32_t at = tree->parent[key->record];

	if (key->is_server)
		return;
	if (at != SBK_VOLUME_NONE && tree->parent[at] != SBK_VOLUME_NONE)
		key->has_person = sbk_volume_person_of(audit, tree->parent[at],
						       &key->person);
}

static int tell(struct sbk_volume_audit *audit, const struct key *key,
		const struct sbk_buf *why, struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = "volume.ssh-key",
				      .objects = 1};
	int rc = sbk_volume_path(&audit->tree, key->record, &path, err);

	sbk_buf_printf(&text, "OpenSSH for Windows refuses it, because %s",
		       sbk_buf_text(why));
	finding.object = sbk_buf_text(&path);
	finding.text = sbk_buf_text(&text);
	if (rc == 0)
		rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_report_add(audit->report, &finding, err);
	sbk_buf_release(&path);
	sbk_buf_release(&text);
	return rc;
}

static int check(struct sbk_volume_audit *audit, uint32_t record,
		 bool is_server, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	struct sbk_sddl_options options = {.domains = audit->directory.domains};
	struct sbk_buf name = SBK_BUF_INIT, bytes = SBK_BUF_INIT;
	struct sbk_buf why = SBK_BUF_INIT;
	struct key key = {.record = record, .is_server = is_server};
	struct sbk_sd sd;
	int rc = sbk_volume_name(tree, record, &name, err);

	if (rc < 0 || !is_checked(sbk_buf_text(&name), &key.is_private) ||
	    (tree->flags[record] & SBK_VOLUME_DIRECTORY) != 0 ||
	    tree->descriptor[record] == SBK_VOLUME_NONE)
		goto out;
	find_person(audit, &key);
	/* Damaged ones were counted. */
	if (sbk_volume_descriptor(tree, tree->descriptor[record], &bytes,
				  NULL) == 0 &&
	    sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd, NULL) ==
		    0 &&
	    find_refusal(&key, &sd, &options, &why))
		rc = tell(audit, &key, &why, err);
out:
	sbk_buf_release(&name);
	sbk_buf_release(&bytes);
	sbk_buf_release(&why);
	return rc;
}

int sbk_volume_ssh(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	const struct sbk_volume_tree *tree = &audit->tree;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < tree->candidate_count; i++) {
		const struct sbk_volume_name *name =
			&sbk_volume_names[tree->candidates[i].name];

		if (name->meaning == SBK_VOLUME_KEY)
			rc = check(audit, tree->candidates[i].record,
				   strcmp(name->what, "SSH server") == 0, err);
	}
	return rc;
}
