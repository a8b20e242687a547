/*
 * The registry of a volume, hive by hive: what volume_hives.c opens, and one
 * file each knows what is in it.
 *
 * Where things are (facts of a running Windows; there is no specification): in
 * the SAM, SAM\Domains\Account, whose V ends with the machine's SID, and below
 * it Users\Names and Aliases\Names, where the type of a name's value is its
 * number. In SYSTEM, Select\Current is the number of the control set. A rule is
 * a text "v2.30|Action=Block|Dir=Out|...", and names accounts as SDDL or as
 * SIDs.
 */
#ifndef SBK_VOLUME_HIVES_H
#define SBK_VOLUME_HIVES_H

#include "audit/volume.h"
#include "engine/ntfs/hive.h"
#include "engine/ntfs/stream.h"

/* One hive while it is read. */
struct sbk_volume_hive {
	struct sbk_volume_audit *audit;
	struct sbk_ntfs_stream stream;
	struct sbk_hive hive;
	const char *path;
	struct sbk_sid domain; /* SAM: of the accounts that are read */
	enum sbk_volume_fact_kind kind;
	struct sbk_volume_account *accounts; /* SOFTWARE: by name */
	size_t account_count;
};

/*
 * Keeps what the registry says about a SID; NULL: about a name alone. Texts are
 * copied. SBK_E_LIMIT.
 */
int sbk_volume_fact_add(struct sbk_volume_hive *reading,
			const struct sbk_sid *sid,
			enum sbk_volume_fact_kind kind, const char *text,
			const char *detail, struct sbk_error *err);
/* Whether Codex names its accounts, its group and its rules so. */
bool sbk_volume_is_codex(const char *name);
/* 0 where it was SBK_E_NOTFOUND: of what a Windows need not have. */
int sbk_volume_hive_absent(int rc, struct sbk_error *err);

/* SBK_E_NOTFOUND, SBK_E_PARSE: it is not what it is named. */
int sbk_volume_hive_sam(struct sbk_volume_hive *reading, struct sbk_error *err);
int sbk_volume_hive_software(struct sbk_volume_hive *reading,
			     struct sbk_error *err);
int sbk_volume_hive_system(struct sbk_volume_hive *reading,
			   struct sbk_error *err);

#endif
