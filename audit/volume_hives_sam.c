/*
 * The SAM of a volume: names and numbers of accounts and groups, and the
 * machine's SID. Owns what is believed of it: an account is there where the SAM
 * lists its name; who is of the machine and not listed by a SAM that was read
 * as a whole is no more.
 */
#include "audit/volume_hives.h"

#include "engine/banned.h"

static int take_account(void *arg, const struct sbk_hive_key *key,
			struct sbk_error *err)
{
	struct sbk_volume_hive *reading = arg;
	struct sbk_hive_value value;
	struct sbk_sid_owner owner = {.sid = reading->domain,
				      .origin = SBK_SID_ACCOUNT,
				      .name = key->name};
	int rc = sbk_hive_value_find(&reading->hive, key, "", &value, err);

	if (rc < 0 || !sbk_sid_append(&owner.sid, value.type)) {
		/* Named and without a number: nobody knows who is gone. */
		if (rc == SBK_E_NOMEM)
			return rc;
		sbk_error_clear(err);
		reading->hive.damage++;
		return 0;
	}
	rc = sbk_volume_fact_add(reading, &owner.sid, reading->kind, key->name,
				 "", err);
	return rc < 0 ? rc
		      : sbk_volume_known_add(reading->audit, &owner,
					     reading->path, err);
}

static int take_names(struct sbk_volume_hive *reading,
		      const struct sbk_hive_key *above, const char *path,
		      enum sbk_volume_fact_kind kind, struct sbk_error *err)
{
	struct sbk_hive_key names;
	int rc = sbk_hive_find(&reading->hive, above, path, &names, err);

	reading->kind = kind;
	return rc < 0 ? rc
		      : sbk_hive_each_key(&reading->hive, &names, take_account,
					  reading, err);
}

/* The machine's SID: what the value ends with. */
static bool find_machine(const struct sbk_buf *bytes, struct sbk_sid *out)
{
	const size_t size = SBK_SID_BYTES_MIN + 4 * 4;

	return bytes->size >= size &&
	       sbk_sid_read((const uint8_t *)bytes->data + bytes->size - size,
			    size, out, NULL) == 0 &&
	       sbk_sid_authority(out) == 5 && sbk_sid_sub(out, 0) == 21 &&
	       sbk_sid_sub_count(out) == 4;
}

int sbk_volume_hive_sam(struct sbk_volume_hive *reading, struct sbk_error *err)
{
	struct sbk_volume_audit *audit = reading->audit;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_hive_value value;
	struct sbk_hive_key domain;
	int rc = sbk_hive_find(&reading->hive, NULL, "SAM\\Domains\\Account",
			       &domain, err);

	if (rc == 0)
		rc = sbk_hive_value_find(&reading->hive, &domain, "V", &value,
					 err);
	if (rc == 0)
		rc = sbk_hive_value_read(&reading->hive, &value, &bytes, err);
	if (rc == 0 && !find_machine(&bytes, &reading->domain))
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "it does not say what the machine's SID is");
	sbk_buf_release(&bytes);
	if (rc < 0)
		return rc;
	audit->machine = reading->domain;
	audit->directory.domains.machine = &audit->machine;
	rc = take_names(reading, &domain, "Users\\Names", SBK_VOLUME_ACCOUNT,
			err);
	if (rc == 0)
		rc = take_names(reading, &domain, "Aliases\\Names",
				SBK_VOLUME_GROUP, err);
	audit->has_accounts = rc == 0 && reading->hive.damage == 0 &&
			      !reading->hive.is_cut && !reading->hive.is_dirty;
	return rc;
}
