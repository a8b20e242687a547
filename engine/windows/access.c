/*
 * The access of one pinned object: one call to read it, one to write its owner
 * and group where they change, one to write its DACL, and a look at what came
 * of it. Never a call that takes a path, and never one that touches children.
 */
#include "engine/windows/access.h"

#include "engine/banned.h"

int sbk_nt_access_read(const struct sbk_pin *pin, struct sbk_nt_access *out,
		       struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	int rc = sbk_win32_query_security(pin->handle, &bytes, err);

	if (rc == 0)
		rc = sbk_nt_access_from_sd((const uint8_t *)bytes.data,
					   bytes.size, pin->is_directory, out,
					   err);
	sbk_buf_release(&bytes);
	return rc;
}

static bool same_sid(bool has_a, const struct sbk_sid *a, bool has_b,
		     const struct sbk_sid *b)
{
	return has_a == has_b && (!has_a || sbk_sid_equal(a, b));
}

static bool same_owner(const struct sbk_nt_access *a,
		       const struct sbk_nt_access *b)
{
	return same_sid(a->has_owner, &a->owner, b->has_owner, &b->owner) &&
	       (a->control & SBK_SD_OWNER_DEFAULTED) ==
		       (b->control & SBK_SD_OWNER_DEFAULTED);
}

static bool same_group(const struct sbk_nt_access *a,
		       const struct sbk_nt_access *b)
{
	return same_sid(a->has_group, &a->group, b->has_group, &b->group) &&
	       (a->control & SBK_SD_GROUP_DEFAULTED) ==
		       (b->control & SBK_SD_GROUP_DEFAULTED);
}

DWORD sbk_nt_access_needs(const struct sbk_nt_access *current,
			  const struct sbk_nt_access *next)
{
	DWORD rights = SBK_PIN_CHANGE;

	if (!same_owner(current, next) || !same_group(current, next))
		rights |= WRITE_OWNER;
	return rights;
}

/* All that changes in one call: between two, an object could be left with a new
 * owner, who may not give it back, and its old list. */
static int write_parts(const struct sbk_pin *pin,
		       const struct sbk_nt_access *current,
		       const struct sbk_nt_access *next, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION;
	int rc = sbk_nt_access_to_sd(next, &bytes, err);

	if (!same_owner(current, next))
		what |= OWNER_SECURITY_INFORMATION;
	if (!same_group(current, next))
		what |= GROUP_SECURITY_INFORMATION;
	if (rc == 0)
		rc = sbk_win32_set_security(pin->handle, what, &bytes, err);
	sbk_buf_release(&bytes);
	return rc;
}

static int read_back(const struct sbk_pin *pin,
		     const struct sbk_nt_access *meant, struct sbk_error *err)
{
	struct sbk_nt_access now = SBK_NT_ACCESS_INIT;
	int rc = sbk_nt_access_read(pin, &now, err);

	if (rc == 0 && !sbk_nt_access_equal(&now, meant))
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system reported success but its access "
				   "is not what was written; this system does "
				   "not keep access lists");
	sbk_nt_access_release(&now);
	return rc;
}

int sbk_nt_access_write(const struct sbk_pin *pin,
			const struct sbk_nt_access *current,
			const struct sbk_nt_access *next, struct sbk_error *err)
{
	struct sbk_nt_access now = SBK_NT_ACCESS_INIT;
	int rc;

	if (current->is_directory != next->is_directory)
		return sbk_error_set(err, SBK_E_INVAL,
				     "a state of another type of object");
	rc = write_parts(pin, current, next, err);
	if (rc == 0)
		rc = read_back(pin, next, err);
	/* Neither before nor after would be nobody's state. The first error is
	 * the one that counts. */
	if (rc < 0 && sbk_nt_access_read(pin, &now, NULL) == 0 &&
	    !sbk_nt_access_equal(&now, current) &&
	    (write_parts(pin, &now, current, NULL) < 0 ||
	     read_back(pin, current, NULL) < 0))
		(void)sbk_error_prefix(err, "left half changed");
	sbk_nt_access_release(&now);
	return rc;
}
