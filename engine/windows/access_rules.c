/*
 * The arithmetic of grants on DACLs.
 *
 * Taking a grant out of a state that others changed:
 *
 *  1. An entry of ours goes where more equal ones stand there than before the
 *     grant; so many as we added, never one that was there before.
 *  2. One that is ours but for the mark "inherited" is ours: the security page
 *     of Windows turns inherited entries into explicit ones, and back.
 *  3. One that is gone is gone; but where another entry of the principal came
 *     instead, others altered it: SBK_E_CONFLICT.
 *  4. Everything else of the list keeps its bytes and its order; control bits,
 *     owner and group are as they are now.
 *
 * Refuses to know what a descriptor is worth to anybody: that is ntsec's.
 */
#include "engine/windows/access_rules.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/inherit.h"
#include "engine/windows/access_state.h"
#include "engine/windows/take_back_rules.h"

#include "engine/banned.h"

#define KEYS_MAX 4 /* entries of one grant on one object */

#define TO_BELOW (SBK_ACE_OBJECT_INHERIT | SBK_ACE_CONTAINER_INHERIT)
#define GENERIC_RX 0x001200a9u	/* FILE_GENERIC_READ and _EXECUTE */
#define GENERIC_RWX 0x001201bfu /* and FILE_GENERIC_WRITE */
#define PASS_THROUGH \
	(SBK_FILE_EXECUTE | SBK_FILE_READ_ATTRIBUTES | SBK_RIGHT_SYNCHRONIZE)
/* What FILE_GENERIC_WRITE has beside READ_CONTROL and SYNCHRONIZE (which to
 * deny would stop reading, too), and the rights to undo the denial. */
#define EVERY_WRITE                                                       \
	(SBK_FILE_WRITE_DATA | SBK_FILE_APPEND_DATA | SBK_FILE_WRITE_EA | \
	 SBK_FILE_DELETE_CHILD | SBK_FILE_WRITE_ATTRIBUTES |              \
	 SBK_RIGHT_DELETE | SBK_RIGHT_WRITE_DAC | SBK_RIGHT_WRITE_OWNER)

/* The entries on the root of a grant. A root itself is never deleted or
 * renamed by who was granted it, so DELETE is for what is below. */
static const struct root_entry {
	enum sbk_rights rights;
	bool on_files; /* also where the root is a file, without inheritance */
	uint8_t type, flags;
	uint32_t mask;
} root_entries[] = {
	{SBK_RIGHTS_READ, true, SBK_ACE_ALLOW, TO_BELOW, GENERIC_RX},
	{SBK_RIGHTS_WRITE, true, SBK_ACE_ALLOW, 0, GENERIC_RWX},
	{SBK_RIGHTS_WRITE, false, SBK_ACE_ALLOW,
	 TO_BELOW | SBK_ACE_INHERIT_ONLY, GENERIC_RWX | SBK_RIGHT_DELETE},
	{SBK_RIGHTS_SEARCH, false, SBK_ACE_ALLOW, 0, PASS_THROUGH},
	{SBK_RIGHTS_PROTECT, true, SBK_ACE_DENY, TO_BELOW, EVERY_WRITE},
	{SBK_RIGHTS_TAKE_BACK, false, SBK_ACE_ALLOW,
	 TO_BELOW | SBK_ACE_INHERIT_ONLY, SBK_NT_TAKE_BACK},
};

struct keys {
	struct sbk_ace_key items[KEYS_MAX];
	size_t count;
};

int sbk_nt_principal_parse(const char *text, struct sbk_sid *out,
			   struct sbk_error *err)
{
	struct sbk_sid_text again;

	if (sbk_sid_parse(text, strlen(text), out, NULL) == 0 &&
	    strcmp(sbk_sid_format(out, &again), text) == 0)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%.100s' is no principal; it must be a SID like "
			     "S-1-5-21-1-2-3-1001",
			     text);
}

static void root_keys(const struct sbk_sid *sid, bool is_directory,
		      enum sbk_rights rights, struct keys *out)
{
	size_t i;

	out->count = 0;
	for (i = 0; i < sizeof(root_entries) / sizeof(root_entries[0]); i++) {
		const struct root_entry *entry = &root_entries[i];

		if (entry->rights != rights ||
		    (!is_directory && !entry->on_files))
			continue;
		out->items[out->count++] = (struct sbk_ace_key){
			.type = entry->type,
			.flags = is_directory ? entry->flags : 0,
			.mask = entry->mask,
			.sid = *sid,
		};
	}
}

/* The keys as a list of their own, for what inherits from it. */
static int list_of(const struct keys *keys, struct sbk_buf *out,
		   struct sbk_error *err)
{
	struct sbk_buf entries = SBK_BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < keys->count; i++) {
		struct sbk_ace_parts parts = {.type = keys->items[i].type,
					      .flags = keys->items[i].flags,
					      .mask = keys->items[i].mask,
					      .sid = keys->items[i].sid};

		rc = sbk_ace_write(&entries, &parts, err);
	}
	if (rc == 0)
		rc = sbk_nt_acl_write(out, SBK_NT_ACL_REVISION, &entries,
				      (uint16_t)keys->count, err);
	sbk_buf_release(&entries);
	return rc;
}

/* What an object below a root with these keys inherits from them. */
static int keys_below(const struct keys *root, bool is_directory,
		      struct keys *out, struct sbk_error *err)
{
	struct sbk_inherit_child child = {
		.is_container = is_directory,
		.is_marked = true,
		.mapping = sbk_nt_mapping(is_directory ? SBK_NT_DIRECTORY
						       : SBK_NT_FILE)};
	struct sbk_buf list = SBK_BUF_INIT, entries = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	uint16_t count = 0;
	size_t at = 0;
	int rc;

	out->count = 0;
	rc = list_of(root, &list, err);
	if (rc == 0)
		rc = sbk_nt_acl_read((const uint8_t *)list.data, list.size,
				     &acl, err);
	if (rc == 0)
		rc = sbk_inherit_entries(&acl, &child, &entries, &count, err);
	while (rc == 0 && at < entries.size) {
		struct sbk_ace ace;

		rc = sbk_ace_read((const uint8_t *)entries.data + at,
				  entries.size - at, &ace, err);
		if (rc == 0 && out->count == KEYS_MAX)
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "a grant of more than %d entries",
					   KEYS_MAX);
		if (rc < 0)
			break;
		out->items[out->count++] = (struct sbk_ace_key){
			ace.type, ace.flags, ace.mask, ace.sid};
		at += ace.size;
	}
	sbk_buf_release(&list);
	sbk_buf_release(&entries);
	return rc;
}

/* The same entry, were it inherited or were it not. */
static struct sbk_ace_key twin_of(struct sbk_ace_key key)
{
	key.flags ^= SBK_ACE_INHERITED;
	return key;
}

/* Puts `changed` in the place of the state's list. */
static void take_list(struct sbk_nt_access *access, struct sbk_buf *changed)
{
	sbk_buf_release(&access->dacl);
	access->dacl = *changed;
	*changed = (struct sbk_buf)SBK_BUF_INIT;
}

/* `acl` with these entries; what stands behind them, and the header's bytes
 * that no reader looks at, stay. */
static int rewrite_list(const struct sbk_nt_acl *acl, struct sbk_buf *entries,
			uint16_t count, struct sbk_buf *out,
			struct sbk_error *err)
{
	int rc;

	sbk_buf_add(entries, acl->bytes + acl->used, acl->size - acl->used);
	rc = sbk_nt_acl_write(out, acl->revision, entries, count, err);
	if (rc == 0) {
		out->data[1] = (char)acl->bytes[1];
		memcpy(out->data + 6, acl->bytes + 6, 2);
	}
	return rc;
}

/*
 * An inherited denial goes before every other inherited entry: it comes from
 * nearer than any of them may, and behind one that allows it would deny
 * nothing. sbk_nt_acl_add, which knows no distances, puts it last.
 */
static int add_inherited_denial(const struct sbk_nt_acl *acl,
				const struct sbk_ace_key *key,
				struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_ace_parts parts = {.type = key->type,
				      .flags = key->flags,
				      .mask = key->mask,
				      .sid = key->sid};
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_buf entries = SBK_BUF_INIT;
	struct sbk_ace ace;
	bool placed = false;
	int rc = 0;

	while (rc == 0 && sbk_nt_acl_next(acl, &at, &ace)) {
		if (!placed && (ace.flags & SBK_ACE_INHERITED) != 0) {
			rc = sbk_ace_write(&entries, &parts, err);
			placed = true;
		}
		sbk_buf_add(&entries, ace.bytes, ace.size);
	}
	if (rc == 0 && !placed)
		rc = sbk_ace_write(&entries, &parts, err);
	if (rc == 0)
		rc = rewrite_list(acl, &entries, (uint16_t)(acl->count + 1),
				  out, err);
	sbk_buf_release(&entries);
	return rc;
}

static int add_key(struct sbk_nt_access *access, const struct sbk_ace_key *key,
		   struct sbk_buf *ours, struct sbk_error *err)
{
	const struct sbk_ace_key twin = twin_of(*key);
	struct sbk_buf changed = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	int rc = sbk_nt_access_dacl(access, &acl, err);

	if (rc < 0 || sbk_nt_acl_count(&acl, key) > 0 ||
	    sbk_nt_acl_count(&acl, &twin) > 0)
		return rc;
	if (acl.count >= SBK_ACL_ENTRIES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "a DACL of more than %d entries",
				     SBK_ACL_ENTRIES_MAX);
	if (key->type == SBK_ACE_DENY && (key->flags & SBK_ACE_INHERITED) != 0)
		rc = add_inherited_denial(&acl, key, &changed, err);
	else
		rc = sbk_nt_acl_add(&acl, key, &changed, err);
	if (rc == 0) {
		take_list(access, &changed);
		sbk_nt_ace_format(key, ours);
	}
	sbk_buf_release(&changed);
	return rc;
}

static int grant(struct sbk_nt_access *access, const struct sbk_sid *sid,
		 enum sbk_rights rights, struct sbk_buf *ours,
		 struct sbk_error *err)
{
	const bool below = (rights & SBK_RIGHTS_BELOW) != 0;
	struct keys root, keys;
	bool stands = false;
	size_t i;
	int rc = 0;

	rights &= ~(unsigned)SBK_RIGHTS_BELOW;
	if (access->dacl_is != SBK_ACL_PRESENT)
		return rights != SBK_RIGHTS_PROTECT
			       ? 0
			       : sbk_error_set(err, SBK_E_UNSUPPORTED,
					       "it has no DACL, so everybody "
					       "may write it; give it one, as "
					       "with icacls /reset");
	if (below && (access->control & SBK_SD_DACL_PROTECTED) != 0)
		return 0;
	if (rights == SBK_RIGHTS_TAKE_BACK && !below && access->is_directory)
		rc = sbk_nt_take_back_stands(access, sid, &stands, err);
	if (rc < 0 || stands)
		return rc;
	root_keys(sid, access->is_directory || below, rights, &root);
	keys = root;
	if (below)
		rc = keys_below(&root, access->is_directory, &keys, err);
	for (i = 0; rc == 0 && i < keys.count; i++)
		rc = add_key(access, &keys.items[i], ours, err);
	return rc;
}

int sbk_nt_access_add_grant(struct sbk_state current, bool is_directory,
			    const char *principal, enum sbk_rights rights,
			    struct sbk_buf *next, struct sbk_buf *ours,
			    struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct sbk_sid sid;
	int rc;

	(void)is_directory; /* the state says it too */
	rc = sbk_nt_principal_parse(principal, &sid, err);
	if (rc == 0)
		rc = sbk_nt_access_parse(current, &access, err);
	if (rc == 0)
		rc = grant(&access, &sid, rights, ours, err);
	if (rc == 0 && ours->size == 0)
		sbk_buf_add(next, current.data, current.size);
	else if (rc == 0)
		rc = sbk_nt_access_format(&access, next, err);
	if (rc == 0)
		rc = sbk_buf_failed(ours, err);
	sbk_nt_access_release(&access);
	return rc < 0 ? rc : sbk_buf_failed(next, err);
}

/* Before the grant, as the grant left it, and now. */
struct versions {
	struct sbk_nt_access before, after, now;
};

static size_t count_in(const struct sbk_nt_access *access,
		       const struct sbk_ace_key *key)
{
	struct sbk_nt_acl acl;

	if (access->dacl_is != SBK_ACL_PRESENT ||
	    sbk_nt_access_dacl(access, &acl, NULL) < 0)
		return 0;
	return sbk_nt_acl_count(&acl, key);
}

/* Takes up to `wanted` of the entries that came since out of `now`. */
static int take_equal(struct versions *v, const struct sbk_ace_key *key,
		      size_t wanted, size_t *taken, struct sbk_error *err)
{
	const size_t old = count_in(&v->before, key);
	const size_t count = count_in(&v->now, key);
	struct sbk_buf changed = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	size_t removed = 0;
	int rc;

	*taken = 0;
	if (count <= old)
		return 0;
	if (wanted > count - old)
		wanted = count - old;
	rc = sbk_nt_access_dacl(&v->now, &acl, err);
	if (rc == 0)
		rc = sbk_nt_acl_remove(&acl, key, wanted, &changed, &removed,
				       err);
	if (rc == 0) {
		take_list(&v->now, &changed);
		*taken = removed;
	}
	sbk_buf_release(&changed);
	return rc;
}

/* Whether the principal has an entry now that we did not leave there. */
static bool has_new_entry(const struct versions *v, const struct sbk_sid *sid)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_nt_acl acl;
	struct sbk_ace ace;

	if (v->now.dacl_is != SBK_ACL_PRESENT ||
	    sbk_nt_access_dacl(&v->now, &acl, NULL) < 0)
		return false;
	while (sbk_nt_acl_next(&acl, &at, &ace)) {
		struct sbk_ace_key key = {ace.type, ace.flags, ace.mask,
					  ace.sid};
		struct sbk_ace_key twin = twin_of(key);

		if (!ace.is_opaque && sbk_sid_equal(&ace.sid, sid) &&
		    count_in(&v->after, &key) == 0 &&
		    count_in(&v->after, &twin) == 0)
			return true;
	}
	return false;
}

static int take_ours(struct versions *v, const struct sbk_ace_key *key,
		     struct sbk_error *err)
{
	const struct sbk_ace_key twin = twin_of(*key);
	size_t taken;
	int rc = take_equal(v, key, 1, &taken, err);

	if (rc == 0 && taken == 0)
		rc = take_equal(v, &twin, 1, &taken, err);
	if (rc < 0 || taken > 0 || !has_new_entry(v, &key->sid))
		return rc;
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "our entry has other rights than this change gave "
			     "it, by others or by a later grant of yours");
}

static int take_all_ours(struct versions *v, const char *ours,
			 struct sbk_error *err)
{
	static const char word[] = "ace ";
	const size_t prefix = sizeof(word) - 1;
	int rc = 0;

	while (rc == 0 && *ours != '\0') {
		size_t length = strcspn(ours, "\n");
		struct sbk_ace_key key;

		if (strncmp(ours, word, prefix) != 0 ||
		    !sbk_nt_ace_parse(ours + prefix, length - prefix, &key))
			return sbk_error_set(err, SBK_E_PARSE,
					     "an entry of ours is malformed");
		rc = take_ours(v, &key, err);
		ours += length + (ours[length] == '\n');
	}
	return rc;
}

int sbk_nt_access_subtract(const struct sbk_change *change,
			   struct sbk_state current, struct sbk_buf *next,
			   struct sbk_error *err)
{
	struct versions v = {SBK_NT_ACCESS_INIT, SBK_NT_ACCESS_INIT,
			     SBK_NT_ACCESS_INIT};
	int rc;

	if (change->ours == NULL)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "the whole of its access was ours, and "
				     "others changed it");
	rc = sbk_nt_access_parse(change->before, &v.before, err);
	if (rc == 0)
		rc = sbk_nt_access_parse(change->after, &v.after, err);
	if (rc == 0)
		rc = sbk_nt_access_parse(current, &v.now, err);
	if (rc == 0)
		rc = take_all_ours(&v, change->ours, err);
	if (rc == 0)
		rc = sbk_nt_access_format(&v.now, next, err);
	sbk_nt_access_release(&v.before);
	sbk_nt_access_release(&v.after);
	sbk_nt_access_release(&v.now);
	return rc;
}

/* Whose entries go: all of somebody's, or those of taking back. */
struct stripped {
	struct sbk_sid_pattern who;
	struct sbk_sid person;
	bool takes_back;
};

static bool names_one_of(const struct sbk_ace *ace,
			 const struct stripped *principals, size_t count)
{
	size_t i;

	for (i = 0; !ace->is_opaque && i < count; i++)
		if (principals[i].takes_back
			    ? sbk_nt_take_back_is(ace, &principals[i].person)
			    : sbk_sid_pattern_has(&principals[i].who,
						  &ace->sid))
			return true;
	return false;
}

static int parse_stripped(const char *text, struct stripped *out,
			  struct sbk_error *err)
{
	out->takes_back = sbk_nt_take_back_parse(text, &out->person);
	return out->takes_back ? 0
			       : sbk_sid_pattern_parse(text, &out->who, err);
}

/* The list without the entries of the principals. */
static int strip_list(struct sbk_nt_access *access,
		      const struct stripped *principals, size_t count,
		      bool *found, struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_buf entries = SBK_BUF_INIT, changed = SBK_BUF_INIT;
	struct sbk_nt_acl acl;
	struct sbk_ace ace;
	uint16_t kept = 0;
	int rc = sbk_nt_access_dacl(access, &acl, err);

	while (rc == 0 && sbk_nt_acl_next(&acl, &at, &ace)) {
		if (names_one_of(&ace, principals, count))
			continue;
		sbk_buf_add(&entries, ace.bytes, ace.size);
		kept++;
	}
	*found = rc == 0 && kept < acl.count;
	if (*found) {
		rc = rewrite_list(&acl, &entries, kept, &changed, err);
		if (rc == 0)
			take_list(access, &changed);
	}
	sbk_buf_release(&entries);
	sbk_buf_release(&changed);
	return rc;
}

#define STRIP_AT_ONCE 64

int sbk_nt_access_strip(struct sbk_state current, const char *const *principals,
			size_t count, struct sbk_buf *next,
			struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	struct stripped sids[STRIP_AT_ONCE];
	bool changed = false;
	size_t done = 0;
	int rc = sbk_nt_access_parse(current, &access, err);

	while (rc == 0 && done < count && access.dacl_is == SBK_ACL_PRESENT) {
		size_t n = 0;
		bool found = false;

		while (rc == 0 && n < STRIP_AT_ONCE && done < count)
			rc = parse_stripped(principals[done++], &sids[n++],
					    err);
		if (rc == 0)
			rc = strip_list(&access, sids, n, &found, err);
		changed |= found;
	}
	if (rc == 0 && changed)
		rc = sbk_nt_access_format(&access, next, err);
	else if (rc == 0)
		sbk_buf_add(next, current.data, current.size);
	sbk_nt_access_release(&access);
	return rc < 0 ? rc : sbk_buf_failed(next, err);
}
