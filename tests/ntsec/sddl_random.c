#include <stdlib.h>
#include <string.h>

#include "tests/ntsec/sddl_random.h"

#include "engine/banned.h"

/* splitmix64 (Steele, Lea, Flood 2014): each seed gives a good sequence. */
static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static unsigned below(uint64_t *seed, unsigned limit)
{
	return (unsigned)(next(seed) % limit);
}

static struct sbk_sid random_sid(uint64_t *seed, const struct sbk_sid *domain)
{
	static const struct known {
		unsigned char authority, first;
		unsigned short second;
	} known[] = {{1, 0, 0},	   {3, 0, 0},	 {3, 1, 0},    {3, 4, 0},
		     {5, 2, 0},	   {5, 4, 0},	 {5, 6, 0},    {5, 7, 0},
		     {5, 9, 0},	   {5, 10, 0},	 {5, 11, 0},   {5, 12, 0},
		     {5, 18, 0},   {5, 19, 0},	 {5, 20, 0},   {5, 32, 544},
		     {5, 32, 545}, {5, 32, 546}, {5, 32, 547}, {5, 32, 551},
		     {5, 32, 554}, {5, 32, 555}, {5, 32, 556}, {5, 32, 573}};
	static const unsigned short rids[] = {500, 501, 512, 513,
					      514, 515, 516, 1104};
	uint32_t subs[SBK_SID_SUBS_MAX];
	unsigned i, count;
	struct sbk_sid sid;

	switch (below(seed, 8)) {
	case 0:
		sid = *domain;
		(void)sbk_sid_append(&sid, rids[below(seed, 8)]);
		return sid;
	case 1:
		count = 1 + below(seed, SBK_SID_SUBS_MAX);
		for (i = 0; i < count; i++)
			subs[i] = (uint32_t)(next(seed) >> below(seed, 32));
		return sbk_sid_make(next(seed) & 0xFFFFFFFF, subs, count);
	default:
		i = below(seed, sizeof(known) / sizeof(known[0]));
		subs[0] = known[i].first;
		subs[1] = known[i].second;
		return sbk_sid_make(known[i].authority, subs,
				    known[i].second != 0 ? 2 : 1);
	}
}

static uint32_t random_mask(uint64_t *seed)
{
	static const uint32_t known[] = {
		0x1F01FF, 0x120089,   0x120116,	  0x1200A0,   0xF003F,
		0x20019,  0x20006,    0x10000000, 0x20000000, 0x40000000,
		0,	  0x80000000, 0x1200A9,	  0x1301BF,   0xF01FF};

	switch (below(seed, 4)) {
	case 0:
		return (uint32_t)next(seed);
	case 1: /* bits that have letters */
		return (uint32_t)next(seed) & 0xF00F01FF;
	default:
		return known[below(seed, sizeof(known) / sizeof(known[0]))];
	}
}

static void random_entry(uint64_t *seed, bool audit,
			 const struct sbk_sid *domain, struct sbk_buf *out,
			 uint8_t *revision)
{
	struct sbk_ace_parts ace = {.flags = below(seed, 32) & 0x1F};
	uint8_t guids[2][SBK_GUID_BYTES];
	unsigned object = below(seed, 4), i;

	for (i = 0; i < 2 * SBK_GUID_BYTES; i++)
		guids[i / SBK_GUID_BYTES][i % SBK_GUID_BYTES] =
			(uint8_t)next(seed);
	ace.mask = random_mask(seed);
	ace.sid = random_sid(seed, domain);
	ace.type = audit ? SBK_ACE_AUDIT
			 : (uint8_t)(below(seed, 2) ? SBK_ACE_DENY
						    : SBK_ACE_ALLOW);
	if (audit)
		ace.flags |= (uint8_t)(below(seed, 4) << 6);
	if (object > 0) {
		ace.type = audit ? SBK_ACE_AUDIT_OBJECT
				 : (uint8_t)(ace.type + SBK_ACE_ALLOW_OBJECT);
		ace.object_type = (object & 1) != 0 ? guids[0] : NULL;
		ace.inherited_type = (object & 2) != 0 ? guids[1] : NULL;
		*revision = SBK_NT_ACL_REVISION_DS;
	}
	if (sbk_ace_write(out, &ace, NULL) < 0)
		abort();
}

static enum sbk_acl_presence random_list(uint64_t *seed, bool audit,
					 const struct sbk_sid *domain,
					 struct sbk_buf *bytes,
					 struct sbk_nt_acl *acl)
{
	struct sbk_buf entries = SBK_BUF_INIT;
	uint8_t revision = SBK_NT_ACL_REVISION;
	unsigned count = below(seed, 5), i;

	if (below(seed, audit ? 3 : 16) == 0)
		return SBK_ACL_ABSENT;
	if (!audit && below(seed, 32) == 0)
		return SBK_ACL_NULL;
	for (i = 0; i < count; i++)
		random_entry(seed, audit, domain, &entries, &revision);
	if (sbk_nt_acl_write(bytes, revision, &entries, (uint16_t)count, NULL) <
		    0 ||
	    sbk_nt_acl_read((const uint8_t *)bytes->data, bytes->size, acl,
			    NULL) < 0)
		abort();
	sbk_buf_release(&entries);
	return SBK_ACL_PRESENT;
}

void sddl_random_descriptor(uint64_t *seed, const struct sbk_sid *domain,
			    struct sbk_buf *out)
{
	struct sbk_buf dacl = SBK_BUF_INIT, sacl = SBK_BUF_INIT;
	struct sbk_sd sd = {.control = SBK_SD_SELF_RELATIVE};

	sd.has_owner = below(seed, 8) != 0;
	sd.owner = random_sid(seed, domain);
	sd.has_group = below(seed, 8) != 0;
	sd.group = random_sid(seed, domain);
	sd.dacl_is = random_list(seed, false, domain, &dacl, &sd.dacl);
	sd.sacl_is = random_list(seed, true, domain, &sacl, &sd.sacl);
	if (sd.dacl_is != SBK_ACL_ABSENT)
		sd.control |= SBK_SD_DACL_PRESENT |
			      (next(seed) &
			       (SBK_SD_DACL_PROTECTED | SBK_SD_DACL_INHERITED |
				SBK_SD_DACL_INHERIT_REQ));
	if (sd.sacl_is != SBK_ACL_ABSENT)
		sd.control |= SBK_SD_SACL_PRESENT |
			      (next(seed) &
			       (SBK_SD_SACL_PROTECTED | SBK_SD_SACL_INHERITED |
				SBK_SD_SACL_INHERIT_REQ));
	if (sbk_sd_write(&sd, out, NULL) < 0)
		abort();
	sbk_buf_release(&dacl);
	sbk_buf_release(&sacl);
}
