/*
 * The access lists of our own records. Owns who is let in; what is made and
 * asked of the system is os_storage.c's.
 *
 * Administrators and the system are believed as root is on Linux: they can
 * take what they like. Entries that deny take nothing from a verdict, and each
 * that allows counts in full, whatever its condition: also those that only new
 * files inherit, since SQLite makes files with what they inherit.
 */
#include "engine/windows/storage_rules.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "engine/ntsec/sd.h"
#include "engine/ntsec/sddl.h"

#include "engine/banned.h"

/* Read data, attributes, extended attributes; execute, which is to traverse;
 * READ_CONTROL, SYNCHRONIZE; and how inheritable entries may say the same. */
#define READING UINT32_C(0xa01200a9)

/* FILE_DELETE_CHILD, DELETE, WRITE_DAC, WRITE_OWNER; MAXIMUM_ALLOWED and
 * GENERIC_ALL, which hold them. To add a folder beside the next one (everybody
 * may, in the root of a drive) puts none in its place. */
#define REPLACING UINT32_C(0x120d0040)
#define INSTALLER \
	"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

/* Who is let in beside the owner. The last two stand for others: OWNER RIGHTS
 * for the owner, CREATOR OWNER for whoever makes a file below. */
static const char *const trusted[] = {"S-1-5-18", "S-1-5-32-544", "S-1-3-4",
				      "S-1-3-0"};
#define TRUSTED_OWNERS 2 /* the first of them may be owners, too */

static int read_owner(const struct sbk_owner *owner, struct sbk_sid *out,
		      struct sbk_error *err)
{
	if (sbk_sid_parse(owner->text, strlen(owner->text), out, NULL) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL, "'%s' is no SID of an owner",
			     owner->text);
}

int sbk_storage_descriptor(const struct sbk_storage_rule *rule,
			   struct sbk_buf *out, struct sbk_error *err)
{
	const char *below = rule->directory ? "OICI" : "";
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_sid owner;
	int rc = read_owner(rule->owner, &owner, err);

	if (rc < 0)
		return rc;
	sbk_buf_printf(&text, "O:%sD:P(A;%s;FA;;;SY)(A;%s;FA;;;%s)",
		       rule->owner->text, below, below, rule->owner->text);
	/* Not for what is made below: SQLite's files are private. */
	if (rule->readable)
		sbk_buf_adds(&text, "(A;;0x1200a9;;;BU)");
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&text), text.size, NULL, out,
				    err);
	sbk_buf_release(&text);
	return rc;
}

static bool is_among(const struct sbk_sid *sid, const struct sbk_sid *owner,
		     size_t count)
{
	struct sbk_sid_text text;
	const char *name = sbk_sid_format(sid, &text);
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(name, trusted[i]) == 0)
			return true;
	return sbk_sid_equal(sid, owner);
}

/* The first entry that lets a stranger do more than `allowed`, on the object
 * itself or, with `below`, on what is made in it. */
static bool find_stranger(const struct sbk_nt_acl *dacl,
			  const struct sbk_sid *owner, uint32_t allowed,
			  bool below, struct sbk_ace *out)
{
	const size_t count = sizeof(trusted) / sizeof(trusted[0]);
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;

	while (sbk_nt_acl_next(dacl, &at, out)) {
		if (out->is_opaque)
			return true; /* nobody knows what it gives */
		if (!below && (out->flags & SBK_ACE_INHERIT_ONLY) != 0)
			continue;
		if (out->effect == SBK_ACE_ALLOWS &&
		    (out->mask & ~allowed) != 0 &&
		    !is_among(&out->sid, owner, count))
			return true;
	}
	return false;
}

static int refuse(const struct sbk_ace *ace, const char *path,
		  struct sbk_error *err)
{
	struct sbk_sid_text text;

	if (ace->is_opaque)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' has an access entry of the unknown "
				     "type %u; find out who made it, and "
				     "remove it",
				     path, (unsigned int)ace->type);
	(void)sbk_sid_format(&ace->sid, &text);
	return sbk_error_set(err, SBK_E_DENIED,
			     "'%s' lets %s in (mask 0x%08" PRIx32
			     "); after looking who changed it: icacls \"%s\" "
			     "/remove *%s",
			     path, text.text, ace->mask, path, text.text);
}

int sbk_storage_check(const struct sbk_storage_rule *rule,
		      const struct sbk_buf *descriptor, const char *path,
		      struct sbk_error *err)
{
	struct sbk_sid owner = {.bytes = {0}};
	struct sbk_sid_text text;
	struct sbk_ace ace;
	struct sbk_sd sd;
	int rc = read_owner(rule->owner, &owner, err);

	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)descriptor->data,
				 descriptor->size, &sd, err);
	if (rc < 0)
		return rc;
	if (!sd.has_owner || !is_among(&sd.owner, &owner, TRUSTED_OWNERS))
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' belongs to %s and not to %s; "
				     "nothing in it is believed",
				     path,
				     sd.has_owner
					     ? sbk_sid_format(&sd.owner, &text)
					     : "nobody",
				     rule->owner->text);
	if (sd.dacl_is != SBK_ACL_PRESENT)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' has no access list, which lets "
				     "everybody in; find out who took it away",
				     path);
	if (find_stranger(&sd.dacl, &owner, rule->readable ? READING : 0, true,
			  &ace))
		return refuse(&ace, path, err);
	return 0;
}

bool sbk_storage_is_open(const struct sbk_owner *owner,
			 const struct sbk_buf *descriptor)
{
	struct sbk_sid sid = {.bytes = {0}};
	struct sbk_ace ace;
	struct sbk_sd sd;

	return read_owner(owner, &sid, NULL) < 0 ||
	       sbk_sd_read((const uint8_t *)descriptor->data, descriptor->size,
			   &sd, NULL) < 0 ||
	       sd.dacl_is != SBK_ACL_PRESENT ||
	       find_stranger(&sd.dacl, &sid, 0, true, &ace);
}

int sbk_storage_check_program(const struct sbk_buf *descriptor, bool above,
			      const char *path, struct sbk_error *err)
{
	struct sbk_sid installer = {.bytes = {0}};
	struct sbk_sid_text text;
	struct sbk_ace ace;
	struct sbk_sd sd;
	int rc = sbk_sid_parse(INSTALLER, strlen(INSTALLER), &installer, err);

	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)descriptor->data,
				 descriptor->size, &sd, err);
	if (rc < 0)
		return rc;
	if (!sd.has_owner || !is_among(&sd.owner, &installer, TRUSTED_OWNERS))
		return sbk_error_set(
			err, SBK_E_DENIED,
			"'%s' belongs to %s; an elevated program "
			"is run only from where administrators "
			"alone write: install it below 'C:/Program "
			"Files'",
			path,
			sd.has_owner ? sbk_sid_format(&sd.owner, &text)
				     : "nobody");
	if (sd.dacl_is != SBK_ACL_PRESENT)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' has no access list, which lets "
				     "everybody write; install the program "
				     "below 'C:/Program Files'",
				     path);
	if (find_stranger(&sd.dacl, &installer, above ? ~REPLACING : READING,
			  !above, &ace))
		return refuse(&ace, path, err);
	return 0;
}
