/*
 * The arithmetic of grants on POSIX ACLs.
 *
 * The mask is what makes this hard. It stands between the entries and what
 * they give, it shows as the group bits of the mode, chmod writes it, setfacl
 * calculates it, and the two cannot be told apart afterwards but by value. The
 * "group class" below is the owning group, the named entries, and the mask.
 *
 * Taking a grant out of a state that others changed:
 *
 *  1. Where the group class is still as we left it, it gets back what it was
 *     before the grant. Edits of owner, others and set-id bits stay.
 *  2. Else our entries go, if each still has the permissions that we gave it;
 *     one that others altered is SBK_E_CONFLICT; one that is gone is gone.
 *  3. A mask that equals the union of the group class, our entries included,
 *     was calculated, and is calculated again without them. Any other was set
 *     by someone (chmod 600, setfacl -m m::), and stays.
 *  4. Where no named entry is left and there was no mask before, the mask goes
 *     and the group gets one number again: its own entry if the mask was
 *     calculated, else the mask, because whoever wrote chmod 640 meant the
 *     group.
 *  5. A default ACL that the grant began goes with its last named entry, if
 *     nobody edited what is left of it.
 *
 * `strip` knows neither before nor after. It follows 3, and where no named
 * entry is left gives the group what it effectively had, never more.
 */
#include "engine/linux/access_rules.h"

#include <string.h>

#include "engine/principal_id.h"

#include "engine/banned.h"

/* The principal as an entry without permissions. */
static int parse_principal(const char *text, struct sbk_acl_entry *out,
			   struct sbk_error *err)
{
	struct sbk_principal_id id;
	int rc = sbk_principal_parse(text, &id, err);

	if (rc == 0)
		*out = (struct sbk_acl_entry){.tag = id.is_group ? SBK_ACL_GROUP
								 : SBK_ACL_USER,
					      .id = id.number};
	return rc;
}

static int too_many(struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_LIMIT, "an ACL of more than %d entries",
			     SBK_ACL_ENTRIES_MAX);
}

static bool is_group_class(const struct sbk_acl_entry *entry)
{
	return entry->tag != SBK_ACL_USER_OBJ && entry->tag != SBK_ACL_OTHER;
}

static void add_ours(struct sbk_buf *ours, const char *word,
		     struct sbk_acl_entry entry, uint8_t perms)
{
	entry.perms = perms;
	sbk_buf_adds(ours, word);
	sbk_acl_entry_format(&entry, ours);
	sbk_buf_addc(ours, '\n');
}

/* Whether others would gain by a mask that is wider by `perms`. */
static bool hides_rights(const struct sbk_acl *acl,
			 const struct sbk_acl_entry *mine, uint8_t perms)
{
	size_t i;

	for (i = 0; i < acl->count; i++) {
		const struct sbk_acl_entry *entry = &acl->entries[i];

		if (is_group_class(entry) && entry->tag != SBK_ACL_MASK &&
		    !(entry->tag == mine->tag && entry->id == mine->id) &&
		    (entry->perms & perms) != 0)
			return true;
	}
	return false;
}

/* Makes the mask let `wanted` through; `acl` has the entry already. */
static int open_mask(struct sbk_acl *acl, const struct sbk_acl_entry *mine,
		     uint8_t *widened, struct sbk_error *err)
{
	struct sbk_acl_entry *mask = sbk_acl_find(acl, SBK_ACL_MASK, 0);
	struct sbk_acl_entry fresh = {.tag = SBK_ACL_MASK};

	*widened = 0;
	if (mask == NULL) {
		fresh.perms = sbk_acl_group_class(acl);
		return sbk_acl_insert(acl, fresh) ? 0 : too_many(err);
	}
	*widened = (uint8_t)(mine->perms & ~mask->perms);
	if (hides_rights(acl, mine, *widened))
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "its mask hides rights of others, which "
				     "the grant would bring back");
	mask->perms |= *widened;
	return 0;
}

/* Gives `mine` its permissions in `acl`; appends to `ours` what was added. */
static int add_entry(struct sbk_acl *acl, const struct sbk_acl_entry *mine,
		     const char *word, struct sbk_buf *ours,
		     struct sbk_error *err)
{
	struct sbk_acl_entry *entry = sbk_acl_find(acl, mine->tag, mine->id);
	struct sbk_acl_entry mask = {.tag = SBK_ACL_MASK};
	uint8_t added = mine->perms, widened;
	int rc;

	if (entry != NULL) {
		added = (uint8_t)(mine->perms & ~entry->perms);
		entry->perms |= added;
	} else if (!sbk_acl_insert(acl, *mine)) {
		return too_many(err);
	}
	rc = open_mask(acl, mine, &widened, err);
	if (rc < 0)
		return rc;
	if (added != 0)
		add_ours(ours, word, *mine, added);
	else if (widened != 0)
		add_ours(ours, word, mask, widened);
	return 0;
}

/* The access ACL, written out where the mode says all. */
static void expand(struct sbk_access *access)
{
	if (access->acl.count == 0)
		sbk_acl_from_mode(&access->acl, access->mode);
}

/* The opposite: nothing is kept that the mode says as well. */
static void reduce(struct sbk_access *access)
{
	access->mode &= ~SBK_MODE_PERMS;
	access->mode |= sbk_acl_mode(&access->acl);
	if (access->acl.count == 3)
		access->acl.count = 0;
}

/* What setfacl takes for a default ACL where there is none: the entries of
 * owner, group and others. */
static void begin_default(struct sbk_access *access)
{
	size_t i;

	for (i = 0; i < access->acl.count; i++) {
		uint8_t tag = access->acl.entries[i].tag;

		if (tag == SBK_ACL_USER_OBJ || tag == SBK_ACL_GROUP_OBJ ||
		    tag == SBK_ACL_OTHER)
			(void)sbk_acl_insert(&access->dflt,
					     access->acl.entries[i]);
	}
}

/* Whether owner, group or others may execute; a mask does not say so. */
static bool is_executable(const struct sbk_access *access)
{
	size_t i;

	for (i = 0; i < access->acl.count; i++) {
		const struct sbk_acl_entry *entry = &access->acl.entries[i];

		if (entry->tag != SBK_ACL_MASK && entry->tag != SBK_ACL_USER &&
		    entry->tag != SBK_ACL_GROUP &&
		    (entry->perms & SBK_ACL_EXECUTE) != 0)
			return true;
	}
	return false;
}

/* `access` is expanded. */
static uint8_t wanted_perms(const struct sbk_access *access,
			    enum sbk_rights rights)
{
	uint8_t perms = SBK_ACL_READ;

	if (rights == SBK_RIGHTS_SEARCH)
		return SBK_ACL_EXECUTE;
	if ((access->mode & SBK_MODE_TYPE) == SBK_MODE_DIRECTORY ||
	    is_executable(access))
		perms |= SBK_ACL_EXECUTE;
	if (rights == SBK_RIGHTS_WRITE)
		perms |= SBK_ACL_WRITE;
	return perms;
}

/* Everybody may search the directory, and nothing says otherwise for `mine`
 * (its groups are not known here). */
static bool searchable(const struct sbk_access *access,
		       const struct sbk_acl_entry *mine)
{
	return (access->mode & 0001) != 0 &&
	       sbk_acl_find_const(&access->acl, mine->tag, mine->id) == NULL;
}

static int grant(struct sbk_access *access, struct sbk_acl_entry mine,
		 enum sbk_rights rights, struct sbk_buf *ours,
		 struct sbk_error *err)
{
	bool is_directory =
		(access->mode & SBK_MODE_TYPE) == SBK_MODE_DIRECTORY;
	bool spread; /* to what is made in it later */
	int rc = 0;

	if (!is_directory && (access->mode & SBK_MODE_TYPE) != SBK_MODE_REGULAR)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "it is neither a file nor a directory");
	if (rights == SBK_RIGHTS_SEARCH &&
	    (!is_directory || searchable(access, &mine)))
		return 0;
	expand(access);
	mine.perms = wanted_perms(access, rights);
	spread = is_directory && rights != SBK_RIGHTS_SEARCH;
	if (spread && access->dflt.count == 0)
		begin_default(access);
	/* The kernel never looks at a named entry of the owner. */
	if (mine.tag != SBK_ACL_USER || mine.id != access->uid)
		rc = add_entry(&access->acl, &mine, "access ", ours, err);
	if (rc == 0 && spread)
		rc = add_entry(&access->dflt, &mine, "default ", ours, err);
	reduce(access);
	return rc;
}

int sbk_access_add_grant(struct sbk_state current, const char *principal,
			 enum sbk_rights rights, struct sbk_buf *next,
			 struct sbk_buf *ours, struct sbk_error *err)
{
	struct sbk_acl_entry mine;
	struct sbk_access access;
	int rc;

	rc = parse_principal(principal, &mine, err);
	if (rc == 0)
		rc = sbk_access_parse(current, &access, err);
	if (rc == 0)
		rc = grant(&access, mine, rights, ours, err);
	if (rc < 0)
		return rc;
	if (ours->size == 0)
		sbk_buf_add(next, current.data, current.size);
	else
		sbk_access_format(&access, next);
	rc = sbk_buf_failed(ours, err);
	return rc < 0 ? rc : sbk_buf_failed(next, err);
}

/* The next entry of the group class, or NULL; `at` moves past it. */
static const struct sbk_acl_entry *next_in_class(const struct sbk_acl *acl,
						 size_t *at)
{
	while (*at < acl->count) {
		const struct sbk_acl_entry *entry = &acl->entries[(*at)++];

		if (is_group_class(entry))
			return entry;
	}
	return NULL;
}

static bool same_group_class(const struct sbk_acl *a, const struct sbk_acl *b)
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct sbk_acl_entry *left = next_in_class(a, &i);
		const struct sbk_acl_entry *right = next_in_class(b, &j);

		if (left == NULL || right == NULL)
			return left == right;
		if (left->tag != right->tag || left->id != right->id ||
		    left->perms != right->perms)
			return false;
	}
}

/* Owner and others of `acl`, with the group class of `from`. */
static void take_group_class(struct sbk_acl *acl, const struct sbk_acl *from)
{
	struct sbk_acl merged;
	size_t i;

	sbk_acl_copy(&merged, from);
	for (i = 0; i < merged.count; i++) {
		const struct sbk_acl_entry *entry = sbk_acl_find_const(
			acl, merged.entries[i].tag, merged.entries[i].id);

		if (!is_group_class(&merged.entries[i]) && entry != NULL)
			merged.entries[i].perms = entry->perms;
	}
	sbk_acl_copy(acl, &merged);
}

/* Before the grant, as the grant left it, and now: of one of both ACLs. */
struct versions {
	const struct sbk_acl *before, *after;
	struct sbk_acl *now;
};

/* Takes one entry of ours out of `now`, or what we added to it. */
static int take_entry(const struct versions *v,
		      const struct sbk_acl_entry *ours, struct sbk_error *err)
{
	const struct sbk_acl_entry *before =
		sbk_acl_find_const(v->before, ours->tag, ours->id);
	const struct sbk_acl_entry *after =
		sbk_acl_find_const(v->after, ours->tag, ours->id);
	struct sbk_acl_entry *now = sbk_acl_find(v->now, ours->tag, ours->id);

	if (after == NULL)
		return sbk_error_set(err, SBK_E_PARSE,
				     "an entry of ours is not in the state "
				     "that we left");
	if (now == NULL)
		return 0;
	if (now->perms != after->perms) {
		/* A mask is anybody's to change; an entry of ours is not. */
		if (ours->tag == SBK_ACL_MASK)
			return 0;
		return sbk_error_set(
			err, SBK_E_CONFLICT,
			"our entry has other permissions than this "
			"change gave it, by others or by a later "
			"grant of yours");
	}
	if (before != NULL)
		now->perms = before->perms;
	else
		sbk_acl_remove(v->now, now);
	return 0;
}

/* Takes each line of `ours` that begins with `word` out of `v->now`. */
static int take_entries(const struct versions *v, const char *ours,
			const char *word, struct sbk_error *err)
{
	size_t prefix = strlen(word);

	while (*ours != '\0') {
		size_t length = strcspn(ours, "\n");
		struct sbk_acl_entry entry;
		int rc;

		if (strncmp(ours, word, prefix) == 0) {
			if (!sbk_acl_entry_parse(ours + prefix, length - prefix,
						 &entry))
				return sbk_error_set(err, SBK_E_PARSE,
						     "an entry of ours is "
						     "malformed");
			rc = take_entry(v, &entry, err);
			if (rc < 0)
				return rc;
		}
		ours += length + (ours[length] == '\n');
	}
	return 0;
}

/* Drops the mask of an ACL that names nobody any more. */
static void drop_mask(struct sbk_acl *acl, uint8_t group_perms)
{
	struct sbk_acl_entry *group = sbk_acl_find(acl, SBK_ACL_GROUP_OBJ, 0);
	struct sbk_acl_entry *mask = sbk_acl_find(acl, SBK_ACL_MASK, 0);

	if (group != NULL)
		group->perms = group_perms;
	if (mask != NULL)
		sbk_acl_remove(acl, mask);
}

/*
 * Rules 3 and 4 after entries were taken out. `class_with` is the union of the
 * group class that still had them.
 */
static void settle_mask(struct sbk_acl *acl, uint8_t class_with,
			bool mask_before, bool widen_group)
{
	struct sbk_acl_entry *mask = sbk_acl_find(acl, SBK_ACL_MASK, 0);
	const struct sbk_acl_entry *group =
		sbk_acl_find_const(acl, SBK_ACL_GROUP_OBJ, 0);
	bool calculated;

	if (mask == NULL || group == NULL)
		return;
	calculated = mask->perms == class_with;
	if (sbk_acl_has_named(acl) || mask_before) {
		if (calculated)
			mask->perms = sbk_acl_group_class(acl);
	} else if (calculated) {
		drop_mask(acl, group->perms);
	} else {
		drop_mask(acl, widen_group
				       ? mask->perms
				       : (uint8_t)(group->perms & mask->perms));
	}
}

static int subtract_acl(const struct versions *v, const char *ours,
			const char *word, struct sbk_error *err)
{
	uint8_t class_with;
	int rc;

	if (v->before->count != 0 && same_group_class(v->now, v->after)) {
		take_group_class(v->now, v->before);
		return 0;
	}
	class_with = sbk_acl_group_class(v->now);
	rc = take_entries(v, ours, word, err);
	if (rc == 0)
		settle_mask(v->now, class_with,
			    sbk_acl_find_const(v->before, SBK_ACL_MASK, 0) !=
				    NULL,
			    true);
	return rc;
}

/* Rule 5: nothing is left but what the grant had begun it with. */
static bool is_only_begun(const struct sbk_acl *now,
			  const struct sbk_acl *after)
{
	size_t i;

	for (i = 0; i < now->count; i++) {
		const struct sbk_acl_entry *entry = &now->entries[i], *ours;

		ours = sbk_acl_find_const(after, entry->tag, entry->id);
		if (ours == NULL || ours->perms != entry->perms)
			return false;
	}
	return !sbk_acl_has_named(now);
}

static int subtract_parsed(struct sbk_access *before, struct sbk_access *after,
			   struct sbk_access *now, const char *ours,
			   struct sbk_error *err)
{
	struct versions access = {&before->acl, &after->acl, &now->acl};
	struct versions dflt = {&before->dflt, &after->dflt, &now->dflt};
	int rc;

	expand(before);
	expand(after);
	expand(now);
	rc = subtract_acl(&access, ours, "access ", err);
	if (rc < 0)
		return rc;
	reduce(now);
	if (now->dflt.count == 0)
		return 0;
	rc = subtract_acl(&dflt, ours, "default ", err);
	if (rc == 0 && before->dflt.count == 0 &&
	    is_only_begun(&now->dflt, &after->dflt))
		now->dflt.count = 0;
	return rc;
}

int sbk_access_subtract(const struct sbk_change *change,
			struct sbk_state current, struct sbk_buf *next,
			struct sbk_error *err)
{
	struct sbk_access before, after, now;
	int rc;

	if (change->ours == NULL)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "the whole of its access was ours, and "
				     "others changed it");
	rc = sbk_access_parse(change->before, &before, err);
	if (rc == 0)
		rc = sbk_access_parse(change->after, &after, err);
	if (rc == 0)
		rc = sbk_access_parse(current, &now, err);
	if (rc == 0)
		rc = subtract_parsed(&before, &after, &now, change->ours, err);
	if (rc < 0)
		return rc;
	sbk_access_format(&now, next);
	return sbk_buf_failed(next, err);
}

static bool remove_named(struct sbk_acl *acl, const struct sbk_acl_entry *who)
{
	struct sbk_acl_entry *entry;
	bool found = false;

	/* The kernel does not mind two entries for one id. */
	while ((entry = sbk_acl_find(acl, who->tag, who->id)) != NULL) {
		sbk_acl_remove(acl, entry);
		found = true;
	}
	return found;
}

/* Takes the named entries out. 1 when there were any, else 0, or an error. */
static int strip_acl(struct sbk_acl *acl, const char *const *principals,
		     size_t count, struct sbk_error *err)
{
	uint8_t class_with = sbk_acl_group_class(acl);
	int found = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		struct sbk_acl_entry who = {.tag = 0};
		int rc = parse_principal(principals[i], &who, err);

		if (rc < 0)
			return rc;
		if (remove_named(acl, &who))
			found = 1;
	}
	if (found > 0)
		settle_mask(acl, class_with, false, false);
	return found;
}

int sbk_access_strip(struct sbk_state current, const char *const *principals,
		     size_t count, struct sbk_buf *next, struct sbk_error *err)
{
	struct sbk_access access;
	int rc, in_default;

	rc = sbk_access_parse(current, &access, err);
	if (rc < 0)
		return rc;
	expand(&access);
	rc = strip_acl(&access.acl, principals, count, err);
	if (rc < 0)
		return rc;
	reduce(&access);
	in_default = strip_acl(&access.dflt, principals, count, err);
	if (in_default < 0)
		return in_default;
	/* What is left was inherited from a default ACL that a grant began. */
	if (in_default > 0 && access.dflt.count == 3)
		access.dflt.count = 0;
	if (rc + in_default > 0)
		sbk_access_format(&access, next);
	else
		sbk_buf_add(next, current.data, current.size);
	return sbk_buf_failed(next, err);
}
