/*
 * The kind DESCRIPTOR: the security descriptor of an object of an NTFS volume
 * that ntfs-3g has mounted. Its state is the self-relative bytes, as the volume
 * has them; it is never absent.
 *
 * Nothing is ours in a descriptor from which entries were taken: to undo is to
 * put the whole of it back, on the object that was changed and while it is as
 * it was left. Where others changed it since, putting an entry back into
 * their list would be a grant that nobody has decided on, at a place that
 * nobody has chosen: a conflict, which leaves it alone.
 *
 * As with an ACL there is no compare-and-set: between the comparison and the
 * write stand some microseconds in which another program's write is lost.
 *
 * What the driver stores is compared with what was written. Where it is
 * another descriptor, the old one is written back at once, and that it is back
 * is compared as well.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "engine/linux/error.h"
#include "engine/linux/host.h"
#include "engine/linux/kinds.h"
#include "engine/linux/ntfs_mount.h"

#include "engine/banned.h"

#define DESCRIPTOR_ATTRIBUTE "system.ntfs_acl"

/* The object at the name, its volume and its identity. */
struct place {
	struct sbk_pin pin;
	struct sbk_ntfs_mount *mount;
	char identity[SBK_IDENTITY_MAX];
};

/* Pinned without being opened: opening may fail for reasons of the content
 * (encrypted, compressed in a way that the driver cannot read). */
static int place_init(struct place *place, struct sbk_host *host,
		      const struct sbk_object *object, struct sbk_error *err)
{
	int rc;

	place->pin = (struct sbk_pin)SBK_PIN_INIT;
	rc = sbk_pin_path_as(object->name, 0, &place->pin, err);
	if (rc == 0)
		rc = sbk_ntfs_mount_of(&host->ntfs, &place->pin, &place->mount,
				       err);
	if (rc == 0) {
		place->mount->dirty = true;
		rc = sbk_ntfs_identity(place->mount, &place->pin,
				       place->identity, err);
	}
	return rc;
}

static int read_descriptor(const struct place *place, struct sbk_buf *out,
			   struct sbk_error *err)
{
	return sbk_ntfs_attribute(&place->pin, DESCRIPTOR_ATTRIBUTE, out, err);
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct place place;
	int rc = place_init(&place, host, object, err);

	if (rc == 0)
		rc = read_descriptor(&place, &out->state, err);
	if (rc == 0) {
		sbk_buf_adds(&out->identity, place.identity);
		rc = sbk_buf_failed(&out->identity, err);
	}
	sbk_pin_release(&place.pin);
	return rc;
}

/* Whether it has these bytes now: 1, 0, or an error. */
static int has(const struct place *place, struct sbk_state state,
	       struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = read_descriptor(place, &now, err);

	if (rc == 0)
		rc = now.size == state.size &&
		     memcmp(now.data, state.data, now.size) == 0;
	sbk_buf_release(&now);
	return rc;
}

static int store(const struct place *place, struct sbk_state state,
		 struct sbk_error *err)
{
	char path[sizeof("/proc/self/fd/") + 16];
	int os_code;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", place->pin.fd);
	if (setxattr(path, DESCRIPTOR_ATTRIBUTE, state.data, state.size,
		     XATTR_REPLACE) == 0)
		return 0;
	os_code = errno;
	return sbk_error_set_errno(err, os_code, "writing its descriptor");
}

static int store_and_compare(const struct place *place, struct sbk_state state,
			     struct sbk_error *err)
{
	int rc = store(place, state, err);

	if (rc == 0)
		rc = has(place, state, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return sbk_error_set(err, SBK_E_IO,
			     "the driver stored another descriptor than the "
			     "one that was written");
}

static int write_or_restore(const struct place *place,
			    struct sbk_state expected, struct sbk_state next,
			    struct sbk_error *err)
{
	int rc = store_and_compare(place, next, err);

	/* Also where it said no: it may have done it all the same. */
	if (rc < 0 && has(place, expected, NULL) != 1 &&
	    store_and_compare(place, expected, NULL) < 0)
		(void)sbk_error_prefix(
			err, "what it had could not be put back, either");
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct place place;
	int rc = place_init(&place, host, object, err);

	if (rc == 0 && (sbk_state_absent(expected) || sbk_state_absent(next)))
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "a descriptor is neither made nor removed");
	if (rc == 0 && object->identity != NULL &&
	    strcmp(object->identity, place.identity) != 0)
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "another object stands there now");
	if (rc == 0) {
		rc = has(&place, expected, err);
		if (rc == 0)
			rc = sbk_error_set(err, SBK_E_CONFLICT,
					   "its descriptor was changed "
					   "meanwhile");
	}
	if (rc > 0)
		rc = write_or_restore(&place, expected, next, err);
	sbk_pin_release(&place.pin);
	return rc;
}

static int subtract(struct sbk_host *host, const struct sbk_change *change,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	(void)host;
	(void)change;
	(void)current;
	(void)next;
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "others changed its descriptor since, so that "
			     "what was taken out of it cannot be put back "
			     "exactly");
}

const struct sbk_host_kind sbk_host_descriptor = {
	.observe = observe,
	.replace = replace,
	.subtract = subtract,
};
