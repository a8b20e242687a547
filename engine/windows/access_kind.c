/*
 * The kind ACCESS: owner, group and DACL of paths that exist already; and
 * DESCRIPTOR, which is the same as self-relative bytes, for what is taken out
 * of them (remediate): nothing in it is ours, so that nothing is subtracted.
 *
 * There is no compare-and-set for a descriptor: between the comparison with the
 * expected state and the write stand a few microseconds in which another
 * program's change is lost. The handle guarantees that no other object is hit,
 * and reading back that the result is the one that was meant.
 */
#include <string.h>

#include "engine/windows/access.h"
#include "engine/windows/access_rules.h"
#include "engine/windows/host.h"

#include "engine/banned.h"

/* State and identity of a pinned object. */
static int observe_pinned(const struct sbk_volume *volume,
			  const struct sbk_pin *pin,
			  struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_nt_access access = SBK_NT_ACCESS_INIT;
	char identity[SBK_IDENTITY_MAX];
	int rc = sbk_nt_access_read(pin, &access, err);

	if (rc == 0)
		rc = sbk_nt_access_format(&access, &out->state, err);
	if (rc == 0) {
		sbk_identity_format(volume, pin, identity);
		sbk_buf_adds(&out->identity, identity);
		rc = sbk_buf_failed(&out->identity, err);
	}
	sbk_nt_access_release(&access);
	return rc;
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(object->name, SBK_PIN_LOOK, &pin, err);

	if (rc < 0)
		return rc;
	rc = sbk_volume_of(&host->volumes, &pin, &volume, err);
	if (rc == 0) {
		/* What is settled by looking must be durable, too. */
		sbk_volume_touch(volume, &pin, false);
		rc = observe_pinned(volume, &pin, out, err);
	}
	if (rc < 0)
		(void)sbk_error_prefix(err, "'%.200s'", object->name);
	sbk_pin_release(&pin);
	return rc;
}

/* The pinned object is the one that is meant, in the state that is expected. */
static int check_expected(const struct sbk_volume *volume,
			  const struct sbk_pin *pin, const char *identity,
			  const struct sbk_nt_access *expected,
			  struct sbk_error *err)
{
	struct sbk_nt_access now = SBK_NT_ACCESS_INIT;
	char found[SBK_IDENTITY_MAX];
	int rc;

	if (identity != NULL) {
		sbk_identity_format(volume, pin, found);
		if (strcmp(found, identity) != 0)
			return sbk_error_set(err, SBK_E_CONFLICT,
					     "another object stands there now");
	}
	rc = sbk_nt_access_read(pin, &now, err);
	if (rc == 0 && !sbk_nt_access_equal(&now, expected))
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "its owner or DACL was changed meanwhile");
	sbk_nt_access_release(&now);
	return rc;
}

static int replace_parsed(struct sbk_host *host,
			  const struct sbk_object *object,
			  const struct sbk_nt_access *before,
			  const struct sbk_nt_access *after,
			  struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path(object->name, sbk_nt_access_needs(before, after),
			      &pin, err);

	if (rc == 0)
		rc = sbk_volume_of(&host->volumes, &pin, &volume, err);
	if (rc == 0)
		rc = check_expected(volume, &pin, object->identity, before,
				    err);
	if (rc == 0) {
		sbk_volume_touch(volume, &pin, true);
		rc = sbk_nt_access_write(&pin, before, after, err);
	}
	sbk_pin_release(&pin);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct sbk_nt_access before = SBK_NT_ACCESS_INIT;
	struct sbk_nt_access after = SBK_NT_ACCESS_INIT;
	int rc = sbk_nt_access_parse(expected, &before, err);

	if (rc == 0)
		rc = sbk_nt_access_parse(next, &after, err);
	if (rc == 0)
		rc = replace_parsed(host, object, &before, &after, err);
	sbk_nt_access_release(&before);
	sbk_nt_access_release(&after);
	return rc;
}

static int subtract(struct sbk_host *host, const struct sbk_change *change,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	(void)host;
	return sbk_nt_access_subtract(change, current, next, err);
}

const struct sbk_host_kind sbk_host_access = {
	.observe = observe,
	.replace = replace,
	.subtract = subtract,
};

static int observe_descriptor(struct sbk_host *host,
			      const struct sbk_object *object,
			      struct sbk_observation *out,
			      struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = observe(host, object, &seen, err);

	if (rc == 0)
		rc = sbk_nt_access_bytes(sbk_observation_state(&seen),
					 &out->state, err);
	if (rc == 0)
		sbk_buf_adds(&out->identity, sbk_buf_text(&seen.identity));
	if (rc == 0)
		rc = sbk_buf_failed(&out->identity, err);
	sbk_observation_release(&seen);
	return rc;
}

/* Whether it is a directory is no part of the bytes, nor compared. */
static int replace_descriptor(struct sbk_host *host,
			      const struct sbk_object *object,
			      struct sbk_state expected, struct sbk_state next,
			      struct sbk_error *err)
{
	struct sbk_nt_access before = SBK_NT_ACCESS_INIT;
	struct sbk_nt_access after = SBK_NT_ACCESS_INIT;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = observe(host, object, &seen, err);

	if (rc == 0)
		rc = sbk_nt_access_parse(sbk_observation_state(&seen), &before,
					 err);
	sbk_observation_release(&seen);
	if (rc == 0) {
		const bool is_directory = before.is_directory;

		sbk_nt_access_release(&before);
		before = (struct sbk_nt_access)SBK_NT_ACCESS_INIT;
		rc = sbk_nt_access_from_sd((const uint8_t *)expected.data,
					   expected.size, is_directory, &before,
					   err);
		if (rc == 0)
			rc = sbk_nt_access_from_sd((const uint8_t *)next.data,
						   next.size, is_directory,
						   &after, err);
	}
	if (rc == 0)
		rc = replace_parsed(host, object, &before, &after, err);
	sbk_nt_access_release(&before);
	sbk_nt_access_release(&after);
	return rc;
}

const struct sbk_host_kind sbk_host_descriptor = {
	.observe = observe_descriptor,
	.replace = replace_descriptor,
};
