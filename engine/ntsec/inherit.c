/*
 * The descriptor of a new child (MS-DTYP 2.5.3.4 and the subroutines below it;
 * "ACE Inheritance Rules" and "DACL for a New Object" in the Windows
 * documentation). Owns the rules; refuses to look anything up: whoever calls
 * says who creates, below what, and by which auto-inherit flags.
 *
 * Where the pseudo-code of 2.5.3.4 cannot be meant literally, the prose around
 * it and the Windows pages win, in these places:
 *  - 2.5.3.4.4 skips a parent's inherit-only entry when it looks for effective
 *    ones; the table below it and "ACE Inheritance Rules" do not, and the
 *    entries that every system drive has for CREATOR OWNER work only that way.
 *  - It always makes two entries for a container. One with all flags says the
 *    same, and is what the table's rows for CI, and the pages, describe: two
 *    are made only where the effective one differs from the original.
 *  - It looks at the object type of an object entry; 2.4.4.3 says that the
 *    inherited object type decides which children inherit it.
 *  - 2.5.3.4.5 drops explicit entries of the creator that are not inheritable;
 *    "DACL for a New Object" keeps the creator's list.
 *  - A parent all of whose inheritable entries are for the other kind of
 *    child counts as one that has none: the child gets the default DACL, not
 *    an empty one that locks everybody out.
 *
 * Invariant: entries keep the order of their lists, explicit ones before
 * inherited ones, an effective entry directly before its inherit-only twin.
 */
#include "engine/ntsec/inherit_entries.h"

#include "engine/banned.h"

/* Entries on their way into a list. */
struct entries {
	struct sbk_buf bytes;
	uint16_t count;
};

/*
 * An explicit entry that the creator gave. What others wrote is kept as it is,
 * except that an effective entry is made concrete ("ACE Inheritance Rules" has
 * the same two entries for it).
 */
static int add_explicit(const struct sbk_ace *ace,
			const struct sbk_inherit_child *child,
			struct entries *into, struct sbk_error *err)
{
	uint8_t flags = ace->flags & (uint8_t)~SBK_ACE_INHERITED;
	int rc;

	if ((flags & SBK_ACE_INHERIT_ONLY) != 0) {
		sbk_inherit_add_bytes(&into->bytes, &into->count, ace, flags);
		return 0;
	}
	if (!child->is_container || (flags & SBK_PASSED_ON) == 0 ||
	    !sbk_inherit_is_generic(ace, child))
		return sbk_inherit_add_effective(&into->bytes, &into->count,
						 ace, flags, child, err);
	rc = sbk_inherit_add_effective(&into->bytes, &into->count, ace,
				       flags & (uint8_t)~SBK_INHERITANCE, child,
				       err);
	if (rc == 0)
		sbk_inherit_add_bytes(&into->bytes, &into->count, ace,
				      flags | SBK_ACE_INHERIT_ONLY);
	return rc;
}

/* A list's own entries; those that were inherited only where it is protected,
 * and then as explicit ones (2.5.3.4, third remark on the figure). */
static int add_list(const struct sbk_nt_acl *list, bool is_protected,
		    const struct sbk_inherit_child *child, struct entries *into,
		    struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	int rc = 0;

	while (rc == 0 && sbk_nt_acl_next(list, &at, &ace)) {
		if ((ace.flags & SBK_ACE_INHERITED) != 0 && !is_protected)
			continue;
		rc = add_explicit(&ace, child, into, err);
		if (rc == 0)
			rc = sbk_inherit_check_size(&into->bytes, err);
	}
	return rc;
}

/* A resource attribute or scoped policy is inherited by a protected SACL too
 * ("ACE Inheritance", the last of its list of features). */
static int add_unstoppable(const struct sbk_nt_acl *parent,
			   const struct sbk_inherit_child *child,
			   struct entries *into, struct sbk_error *err)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	int rc = 0;

	while (rc == 0 && sbk_nt_acl_next(parent, &at, &ace)) {
		if (ace.type != SBK_ACE_RESOURCE_ATTRIBUTE &&
		    ace.type != SBK_ACE_SCOPED_POLICY)
			continue;
		rc = sbk_inherit_one(&ace, child, &into->bytes, &into->count,
				     err);
		if (rc == 0)
			rc = sbk_inherit_check_size(&into->bytes, err);
	}
	return rc;
}

static bool is_inheritable(const struct sbk_ace *ace)
{
	return (ace->flags & SBK_PASSED_ON) != 0;
}

/* Whether an entry of the parent is made for children of this very type. */
static bool is_for_own_type(const struct sbk_ace *ace,
			    const struct sbk_inherit_child *child)
{
	return is_inheritable(ace) && !ace->is_opaque &&
	       ace->inherited_type != NULL &&
	       sbk_inherit_is_for_type(ace, child);
}

static bool has_entry(const struct sbk_nt_acl *list,
		      const struct sbk_inherit_child *child, bool of_own_type)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	while (list != NULL && sbk_nt_acl_next(list, &at, &ace))
		if (of_own_type ? is_for_own_type(&ace, child)
				: is_inheritable(&ace))
			return true;
	return false;
}

/* One list of the new descriptor, and what it adds to the control bits. */
struct computed {
	enum sbk_acl_presence presence;
	struct sbk_buf bytes; /* where PRESENT */
	uint16_t control;
};

static int finish(struct computed *out, const struct sbk_inherit_kind *kind,
		  const struct entries *entries, struct sbk_error *err)
{
	out->presence = SBK_ACL_PRESENT;
	out->control |= kind->present;
	return sbk_nt_acl_write(
		&out->bytes,
		sbk_inherit_revision((const uint8_t *)entries->bytes.data,
				     entries->bytes.size),
		&entries->bytes, entries->count, err);
}

/* No list was given, and none is inherited: what the creating token says. */
static int compute_default(const struct sbk_inherit_request *request,
			   const struct sbk_inherit_kind *kind,
			   const struct sbk_inherit_child *child,
			   struct entries *entries, struct computed *out,
			   struct sbk_error *err)
{
	int rc;

	if (kind->part != SBK_SD_DACL || request->default_dacl == NULL)
		return 0; /* absent */
	rc = add_list(request->default_dacl, true, child, entries, err);
	return rc < 0 ? rc : finish(out, kind, entries, err);
}

/* What the parent gives to a list that is protected, or is not. */
static int add_inherited(const struct sbk_nt_acl *parent, bool is_protected,
			 const struct sbk_inherit_child *child,
			 struct entries *into, struct sbk_error *err)
{
	if (parent == NULL)
		return 0;
	if (is_protected)
		return add_unstoppable(parent, child, into, err);
	return sbk_inherit_entries(parent, child, &into->bytes, &into->count,
				   err);
}

/* The creator's own list, with what its parent adds. */
static int compute_given(const struct sbk_nt_acl *given,
			 const struct sbk_nt_acl *parent,
			 const struct sbk_inherit_kind *kind,
			 const struct sbk_inherit_child *child,
			 struct entries *entries, struct computed *out,
			 struct sbk_error *err)
{
	bool is_protected = (out->control & kind->protect) != 0;
	int rc;

	rc = add_list(given, is_protected, child, entries, err);
	if (rc == 0 && child->is_marked && has_entry(parent, child, false)) {
		rc = add_inherited(parent, is_protected, child, entries, err);
		if (!is_protected)
			out->control |= kind->inherited;
	}
	return rc < 0 ? rc : finish(out, kind, entries, err);
}

/*
 * Whether what the creator gave yields to what is inherited: nothing, a list
 * marked as a default, or one for objects of this type where the parent has
 * entries for just that type.
 */
static bool yields(const struct sbk_inherit_request *request,
		   const struct sbk_inherit_kind *kind,
		   enum sbk_acl_presence is_given,
		   const struct sbk_nt_acl *parent,
		   const struct sbk_inherit_child *child)
{
	if (is_given == SBK_ACL_ABSENT ||
	    (request->creator->control & kind->defaulted) != 0)
		return true;
	return (request->flags & SBK_INHERIT_DEFAULT_IF_OBJECT) != 0 &&
	       has_entry(parent, child, true);
}

/* 2.5.3.4.2 ComputeACL. */
static int compute_list(const struct sbk_inherit_request *request,
			const struct sbk_inherit_kind *kind,
			const struct sbk_inherit_child *child,
			struct computed *out, struct sbk_error *err)
{
	struct entries entries = {.count = 0};
	enum sbk_acl_presence is_given, is_there;
	const struct sbk_nt_acl *given =
		sbk_inherit_list(kind, request->creator, &is_given);
	const struct sbk_nt_acl *parent =
		sbk_inherit_list(kind, request->parent, &is_there);
	int rc = 0;

	out->presence = SBK_ACL_ABSENT;
	if (request->creator != NULL)
		out->control = request->creator->control & kind->protect;
	if (yields(request, kind, is_given, parent, child))
		rc = add_inherited(parent, out->control != 0, child, &entries,
				   err);
	if (rc < 0)
		goto out;
	if (entries.count > 0) {
		if (child->is_marked && out->control == 0)
			out->control = kind->inherited;
		rc = finish(out, kind, &entries, err);
	} else if (is_given == SBK_ACL_PRESENT) {
		rc = compute_given(given, parent, kind, child, &entries, out,
				   err);
	} else if (is_given == SBK_ACL_NULL) {
		out->presence = SBK_ACL_NULL;
		out->control |= kind->present;
	} else {
		rc = compute_default(request, kind, child, &entries, out, err);
	}
out:
	sbk_buf_release(&entries.bytes);
	return rc;
}

/* 2.5.3.4.1, steps 1 and 2. */
static void choose_owner(const struct sbk_inherit_request *request,
			 struct sbk_sd *sd)
{
	const struct sbk_sd *creator = request->creator;
	const struct sbk_sd *parent = request->parent;

	sd->has_owner = sd->has_group = true;
	if (creator != NULL && creator->has_owner)
		sd->owner = creator->owner;
	else if ((request->flags & SBK_INHERIT_OWNER_FROM_PARENT) != 0 &&
		 parent != NULL && parent->has_owner)
		sd->owner = parent->owner;
	else
		sd->owner = request->owner;
	if (creator != NULL && creator->has_group)
		sd->group = creator->group;
	else if ((request->flags & SBK_INHERIT_GROUP_FROM_PARENT) != 0 &&
		 parent != NULL && parent->has_group)
		sd->group = parent->group;
	else
		sd->group = request->group;
}

unsigned sbk_inherit_flags_below(const struct sbk_sd *parent)
{
	unsigned flags = 0;

	if ((parent->control & SBK_SD_DACL_INHERITED) != 0)
		flags |= SBK_INHERIT_DACL;
	if ((parent->control & SBK_SD_SACL_INHERITED) != 0)
		flags |= SBK_INHERIT_SACL;
	return flags;
}

/* The computed list, as a part of the descriptor that is written. */
static int take_list(const struct computed *list, struct sbk_sd *sd,
		     enum sbk_acl_presence *presence, struct sbk_nt_acl *acl,
		     struct sbk_error *err)
{
	*presence = list->presence;
	sd->control |= list->control;
	if (list->presence != SBK_ACL_PRESENT)
		return 0;
	return sbk_nt_acl_read((const uint8_t *)list->bytes.data,
			       list->bytes.size, acl, err);
}

int sbk_inherit_create(const struct sbk_inherit_request *request,
		       struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_sd sd = {.control = SBK_SD_SELF_RELATIVE};
	struct computed dacl = {.bytes = SBK_BUF_INIT};
	struct computed sacl = {.bytes = SBK_BUF_INIT};
	struct sbk_inherit_child child = {
		.is_container = request->is_container,
		.object_type = request->object_type,
		.mapping = request->mapping,
	};
	int rc;

	choose_owner(request, &sd);
	child.owner = &sd.owner;
	child.group = &sd.group;
	child.is_marked = (request->flags & sbk_inherit_dacl.flag) != 0;
	rc = compute_list(request, &sbk_inherit_dacl, &child, &dacl, err);
	if (rc < 0)
		goto out;
	child.is_marked = (request->flags & sbk_inherit_sacl.flag) != 0;
	rc = compute_list(request, &sbk_inherit_sacl, &child, &sacl, err);
	if (rc == 0)
		rc = take_list(&dacl, &sd, &sd.dacl_is, &sd.dacl, err);
	if (rc == 0)
		rc = take_list(&sacl, &sd, &sd.sacl_is, &sd.sacl, err);
	if (rc == 0)
		rc = sbk_sd_write(&sd, out, err);
out:
	sbk_buf_release(&dacl.bytes);
	sbk_buf_release(&sacl.bytes);
	return rc;
}
