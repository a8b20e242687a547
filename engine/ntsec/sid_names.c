/*
 * What a SID is called, what letters SDDL has for it, of which class it is,
 * and whose. One table serves names, letters and parsing; a second one gives
 * classes by the beginning of a SID. Asks no system: what exists on a machine
 * is what the caller's directory says.
 *
 * Sources: MS-DTYP 2.4.2.4 and 2.5.1.1; "SID Strings", "Well-known SIDs" and
 * "Security identifiers" in the Windows documentation; the constants of
 * winnt.h and sddl.h.
 */
#include <string.h>

#include "engine/ntsec/sid_names.h"

#include "engine/banned.h"

/* What the subauthorities of a row follow. */
enum base { FIXED, MACHINE, DOMAIN, ROOT };

#define ROW_SUBS_MAX 6

struct row {
	char alias[3]; /* "" where SDDL has none */
	uint8_t base;
	uint8_t authority;
	uint8_t count;
	uint32_t subs[ROW_SUBS_MAX];
	const char *name;
};

static const struct row rows[] = {
	{"", FIXED, 0, 1, {0}, "Nobody"},
	{"WD", FIXED, 1, 1, {0}, "Everyone"},
	{"", FIXED, 2, 1, {0}, "LOCAL"},
	{"", FIXED, 2, 1, {1}, "CONSOLE LOGON"},
	{"CO", FIXED, 3, 1, {0}, "CREATOR OWNER"},
	{"CG", FIXED, 3, 1, {1}, "CREATOR GROUP"},
	{"", FIXED, 3, 1, {2}, "CREATOR OWNER SERVER"},
	{"", FIXED, 3, 1, {3}, "CREATOR GROUP SERVER"},
	{"OW", FIXED, 3, 1, {4}, "OWNER RIGHTS"},
	{"", FIXED, 5, 1, {1}, "NT AUTHORITY\\DIALUP"},
	{"NU", FIXED, 5, 1, {2}, "NT AUTHORITY\\NETWORK"},
	{"", FIXED, 5, 1, {3}, "NT AUTHORITY\\BATCH"},
	{"IU", FIXED, 5, 1, {4}, "NT AUTHORITY\\INTERACTIVE"},
	{"SU", FIXED, 5, 1, {6}, "NT AUTHORITY\\SERVICE"},
	{"AN", FIXED, 5, 1, {7}, "NT AUTHORITY\\ANONYMOUS LOGON"},
	{"", FIXED, 5, 1, {8}, "NT AUTHORITY\\PROXY"},
	{"ED", FIXED, 5, 1, {9}, "NT AUTHORITY\\ENTERPRISE DOMAIN CONTROLLERS"},
	{"PS", FIXED, 5, 1, {10}, "NT AUTHORITY\\SELF"},
	{"AU", FIXED, 5, 1, {11}, "NT AUTHORITY\\Authenticated Users"},
	{"RC", FIXED, 5, 1, {12}, "NT AUTHORITY\\RESTRICTED"},
	{"", FIXED, 5, 1, {13}, "NT AUTHORITY\\TERMINAL SERVER USER"},
	{"", FIXED, 5, 1, {14}, "NT AUTHORITY\\REMOTE INTERACTIVE LOGON"},
	{"", FIXED, 5, 1, {15}, "NT AUTHORITY\\This Organization"},
	{"", FIXED, 5, 1, {17}, "NT AUTHORITY\\IUSR"},
	{"SY", FIXED, 5, 1, {18}, "NT AUTHORITY\\SYSTEM"},
	{"LS", FIXED, 5, 1, {19}, "NT AUTHORITY\\LOCAL SERVICE"},
	{"NS", FIXED, 5, 1, {20}, "NT AUTHORITY\\NETWORK SERVICE"},
	{"WR", FIXED, 5, 1, {33}, "NT AUTHORITY\\WRITE RESTRICTED"},
	{"", FIXED, 5, 1, {113}, "NT AUTHORITY\\Local account"},
	{"",
	 FIXED,
	 5,
	 1,
	 {114},
	 "NT AUTHORITY\\Local account and member of Administrators group"},
	{"", FIXED, 5, 1, {1000}, "NT AUTHORITY\\Other Organization"},
	{"", FIXED, 5, 1, {32}, "BUILTIN"},
	{"BA", FIXED, 5, 2, {32, 544}, "BUILTIN\\Administrators"},
	{"BU", FIXED, 5, 2, {32, 545}, "BUILTIN\\Users"},
	{"BG", FIXED, 5, 2, {32, 546}, "BUILTIN\\Guests"},
	{"PU", FIXED, 5, 2, {32, 547}, "BUILTIN\\Power Users"},
	{"AO", FIXED, 5, 2, {32, 548}, "BUILTIN\\Account Operators"},
	{"SO", FIXED, 5, 2, {32, 549}, "BUILTIN\\Server Operators"},
	{"PO", FIXED, 5, 2, {32, 550}, "BUILTIN\\Print Operators"},
	{"BO", FIXED, 5, 2, {32, 551}, "BUILTIN\\Backup Operators"},
	{"RE", FIXED, 5, 2, {32, 552}, "BUILTIN\\Replicator"},
	{"RU",
	 FIXED,
	 5,
	 2,
	 {32, 554},
	 "BUILTIN\\Pre-Windows 2000 Compatible Access"},
	{"RD", FIXED, 5, 2, {32, 555}, "BUILTIN\\Remote Desktop Users"},
	{"NO",
	 FIXED,
	 5,
	 2,
	 {32, 556},
	 "BUILTIN\\Network Configuration Operators"},
	{"", FIXED, 5, 2, {32, 557}, "BUILTIN\\Incoming Forest Trust Builders"},
	{"MU", FIXED, 5, 2, {32, 558}, "BUILTIN\\Performance Monitor Users"},
	{"LU", FIXED, 5, 2, {32, 559}, "BUILTIN\\Performance Log Users"},
	{"",
	 FIXED,
	 5,
	 2,
	 {32, 560},
	 "BUILTIN\\Windows Authorization Access Group"},
	{"",
	 FIXED,
	 5,
	 2,
	 {32, 561},
	 "BUILTIN\\Terminal Server License Servers"},
	{"", FIXED, 5, 2, {32, 562}, "BUILTIN\\Distributed COM Users"},
	{"IS", FIXED, 5, 2, {32, 568}, "BUILTIN\\IIS_IUSRS"},
	{"CY", FIXED, 5, 2, {32, 569}, "BUILTIN\\Cryptographic Operators"},
	{"ER", FIXED, 5, 2, {32, 573}, "BUILTIN\\Event Log Readers"},
	{"CD",
	 FIXED,
	 5,
	 2,
	 {32, 574},
	 "BUILTIN\\Certificate Service DCOM Access"},
	{"RA", FIXED, 5, 2, {32, 575}, "BUILTIN\\RDS Remote Access Servers"},
	{"ES", FIXED, 5, 2, {32, 576}, "BUILTIN\\RDS Endpoint Servers"},
	{"MS", FIXED, 5, 2, {32, 577}, "BUILTIN\\RDS Management Servers"},
	{"HA", FIXED, 5, 2, {32, 578}, "BUILTIN\\Hyper-V Administrators"},
	{"AA",
	 FIXED,
	 5,
	 2,
	 {32, 579},
	 "BUILTIN\\Access Control Assistance Operators"},
	{"RM", FIXED, 5, 2, {32, 580}, "BUILTIN\\Remote Management Users"},
	{"", FIXED, 5, 2, {32, 581}, "BUILTIN\\System Managed Accounts Group"},
	{"", FIXED, 5, 2, {32, 582}, "BUILTIN\\Storage Replica Administrators"},
	{"", FIXED, 5, 2, {32, 583}, "BUILTIN\\Device Owners"},
	{"HO", FIXED, 5, 2, {32, 584}, "BUILTIN\\User Mode Hardware Operators"},
	{"SH", FIXED, 5, 2, {32, 585}, "BUILTIN\\OpenSSH Users"},
	{"", FIXED, 5, 2, {64, 10}, "NT AUTHORITY\\NTLM Authentication"},
	{"", FIXED, 5, 2, {64, 14}, "NT AUTHORITY\\SChannel Authentication"},
	{"", FIXED, 5, 2, {64, 21}, "NT AUTHORITY\\Digest Authentication"},
	{"",
	 FIXED,
	 5,
	 2,
	 {65, 1},
	 "NT AUTHORITY\\This Organization Certificate"},
	{"", FIXED, 5, 2, {80, 0}, "NT SERVICE\\ALL SERVICES"},
	{"",
	 FIXED,
	 5,
	 6,
	 {80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464},
	 "NT SERVICE\\TrustedInstaller"},
	{"", FIXED, 5, 2, {83, 0}, "NT VIRTUAL MACHINE\\Virtual Machines"},
	{"UD",
	 FIXED,
	 5,
	 6,
	 {84, 0, 0, 0, 0, 0},
	 "NT AUTHORITY\\USER MODE DRIVERS"},
	{"", FIXED, 5, 2, {90, 0}, "Window Manager\\Window Manager Group"},
	{"AC",
	 FIXED,
	 15,
	 2,
	 {2, 1},
	 "APPLICATION PACKAGE AUTHORITY\\ALL APPLICATION PACKAGES"},
	{"",
	 FIXED,
	 15,
	 2,
	 {2, 2},
	 "APPLICATION PACKAGE AUTHORITY\\ALL RESTRICTED APPLICATION PACKAGES"},
	{"", FIXED, 15, 2, {3, 1}, "capability internetClient"},
	{"", FIXED, 15, 2, {3, 2}, "capability internetClientServer"},
	{"", FIXED, 15, 2, {3, 3}, "capability privateNetworkClientServer"},
	{"", FIXED, 15, 2, {3, 4}, "capability picturesLibrary"},
	{"", FIXED, 15, 2, {3, 5}, "capability videosLibrary"},
	{"", FIXED, 15, 2, {3, 6}, "capability musicLibrary"},
	{"", FIXED, 15, 2, {3, 7}, "capability documentsLibrary"},
	{"", FIXED, 15, 2, {3, 8}, "capability enterpriseAuthentication"},
	{"", FIXED, 15, 2, {3, 9}, "capability sharedUserCertificates"},
	{"", FIXED, 15, 2, {3, 10}, "capability removableStorage"},
	{"", FIXED, 15, 2, {3, 11}, "capability appointments"},
	{"", FIXED, 15, 2, {3, 12}, "capability contacts"},
	{"", FIXED, 16, 1, {0}, "Mandatory Label\\Untrusted Mandatory Level"},
	{"LW", FIXED, 16, 1, {4096}, "Mandatory Label\\Low Mandatory Level"},
	{"ME", FIXED, 16, 1, {8192}, "Mandatory Label\\Medium Mandatory Level"},
	{"MP",
	 FIXED,
	 16,
	 1,
	 {8448},
	 "Mandatory Label\\Medium Plus Mandatory Level"},
	{"HI", FIXED, 16, 1, {12288}, "Mandatory Label\\High Mandatory Level"},
	{"SI",
	 FIXED,
	 16,
	 1,
	 {16384},
	 "Mandatory Label\\System Mandatory Level"},
	{"",
	 FIXED,
	 16,
	 1,
	 {20480},
	 "Mandatory Label\\Protected Process Mandatory Level"},
	{"",
	 FIXED,
	 16,
	 1,
	 {28672},
	 "Mandatory Label\\Secure Process Mandatory Level"},
	{"AS", FIXED, 18, 1, {1}, "Authentication authority asserted identity"},
	{"SS", FIXED, 18, 1, {2}, "Service asserted identity"},
	{"", FIXED, 18, 1, {3}, "Fresh public key identity"},
	{"", FIXED, 18, 1, {4}, "Key trust identity"},
	{"", FIXED, 18, 1, {5}, "Key property multifactor authentication"},
	{"", FIXED, 18, 1, {6}, "Key property attestation"},
	{"LA", MACHINE, 5, 1, {500}, "Administrator"},
	{"LG", MACHINE, 5, 1, {501}, "Guest"},
	{"", MACHINE, 5, 1, {503}, "DefaultAccount"},
	{"", MACHINE, 5, 1, {504}, "WDAGUtilityAccount"},
	{"", DOMAIN, 5, 1, {500}, "Administrator"},
	{"", DOMAIN, 5, 1, {501}, "Guest"},
	{"", DOMAIN, 5, 1, {502}, "krbtgt"},
	{"DA", DOMAIN, 5, 1, {512}, "Domain Admins"},
	{"DU", DOMAIN, 5, 1, {513}, "Domain Users"},
	{"DG", DOMAIN, 5, 1, {514}, "Domain Guests"},
	{"DC", DOMAIN, 5, 1, {515}, "Domain Computers"},
	{"DD", DOMAIN, 5, 1, {516}, "Domain Controllers"},
	{"CA", DOMAIN, 5, 1, {517}, "Cert Publishers"},
	{"PA", DOMAIN, 5, 1, {520}, "Group Policy Creator Owners"},
	{"", DOMAIN, 5, 1, {521}, "Read-only Domain Controllers"},
	{"CN", DOMAIN, 5, 1, {522}, "Cloneable Domain Controllers"},
	{"AP", DOMAIN, 5, 1, {525}, "Protected Users"},
	{"KA", DOMAIN, 5, 1, {526}, "Key Admins"},
	{"RS", DOMAIN, 5, 1, {553}, "RAS and IAS Servers"},
	{"", DOMAIN, 5, 1, {571}, "Allowed RODC Password Replication Group"},
	{"", DOMAIN, 5, 1, {572}, "Denied RODC Password Replication Group"},
	{"RO", ROOT, 5, 1, {498}, "Enterprise Read-only Domain Controllers"},
	{"SA", ROOT, 5, 1, {518}, "Schema Admins"},
	{"EA", ROOT, 5, 1, {519}, "Enterprise Admins"},
	{"EK", ROOT, 5, 1, {527}, "Enterprise Key Admins"},
};

#define ROWS_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct sbk_sid *base_sid(uint8_t base,
				      const struct sbk_sid_domains *domains)
{
	if (domains == NULL)
		return NULL;
	switch (base) {
	case MACHINE:
		return domains->machine;
	case DOMAIN:
		return domains->domain;
	case ROOT:
		return domains->root_domain;
	default:
		return NULL;
	}
}

static bool is_child(const struct sbk_sid *sid, const struct sbk_sid *parent)
{
	return parent != NULL && sbk_sid_is_below(sid, parent) &&
	       sbk_sid_sub_count(sid) == sbk_sid_sub_count(parent) + 1;
}

static bool row_has(const struct row *row, const struct sbk_sid *sid,
		    const struct sbk_sid_domains *domains)
{
	unsigned i;

	if (row->base != FIXED)
		return sbk_sid_rid(sid) == row->subs[0] &&
		       is_child(sid, base_sid(row->base, domains));
	if (sbk_sid_sub_count(sid) != row->count ||
	    sbk_sid_authority(sid) != row->authority)
		return false;
	for (i = 0; i < row->count; i++)
		if (sbk_sid_sub(sid, i) != row->subs[i])
			return false;
	return true;
}

static const struct row *find_row(const struct sbk_sid *sid,
				  const struct sbk_sid_domains *domains)
{
	size_t i;

	for (i = 0; i < ROWS_COUNT; i++)
		if (row_has(&rows[i], sid, domains))
			return &rows[i];
	return NULL;
}

/* ASCII only: a locale has no say in what a SID is called. */
static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

int sbk_sid_from_alias(const char letters[2],
		       const struct sbk_sid_domains *domains,
		       struct sbk_sid *out, struct sbk_error *err)
{
	const char text[3] = {upper(letters[0]), upper(letters[1]), '\0'};
	const struct sbk_sid *parent;
	struct sbk_sid sid;
	size_t i;

	for (i = 0; i < ROWS_COUNT; i++)
		if (text[0] != '\0' && strcmp(rows[i].alias, text) == 0)
			break;
	if (i == ROWS_COUNT)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "'%s' are not the letters of a SID", text);
	if (rows[i].base == FIXED) {
		*out = sbk_sid_make(rows[i].authority, rows[i].subs,
				    rows[i].count);
		return 0;
	}
	parent = base_sid(rows[i].base, domains);
	if (parent == NULL)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "'%s' (%s) needs a %s that is not known "
				     "here; write the SID as S-1-5-21-...-%u",
				     text, rows[i].name,
				     rows[i].base == MACHINE ? "machine"
							     : "domain",
				     (unsigned)rows[i].subs[0]);
	sid = *parent;
	if (!sbk_sid_append(&sid, rows[i].subs[0]))
		return sbk_error_set(err, SBK_E_INVAL,
				     "the SID of a machine or domain has no "
				     "room for an account");
	*out = sid;
	return 0;
}

const char *sbk_sid_alias(const struct sbk_sid *sid,
			  const struct sbk_sid_domains *domains)
{
	size_t i;

	/* On a domain controller machine and domain are one: a row without
	 * letters must not hide one that has them. */
	for (i = 0; i < ROWS_COUNT; i++)
		if (rows[i].alias[0] != '\0' && row_has(&rows[i], sid, domains))
			return rows[i].alias;
	return NULL;
}

const char *sbk_sid_name(const struct sbk_sid *sid,
			 const struct sbk_sid_domains *domains)
{
	const struct row *row = find_row(sid, domains);

	return row != NULL ? row->name : NULL;
}

static const char *const class_texts[] = {
	[SBK_SID_WELL_KNOWN] = "well known",
	[SBK_SID_MACHINE] = "account or group of this machine",
	[SBK_SID_DOMAIN] = "account or group of the domain",
	[SBK_SID_FOREIGN] = "account or group of another machine or domain",
	[SBK_SID_LOGON] = "logon session",
	[SBK_SID_SERVICE] = "service",
	[SBK_SID_VIRTUAL] = "virtual account",
	[SBK_SID_PACKAGE] = "app package",
	[SBK_SID_CAPABILITY] = "capability",
	[SBK_SID_INTEGRITY] = "integrity level",
	[SBK_SID_TRUST] = "process trust level",
	[SBK_SID_CLAIMS] = "asserted identity",
	[SBK_SID_UNIX] = "Unix user or group",
	[SBK_SID_ROOT] = "writable root of Sandbook",
	[SBK_SID_RUN] = "run of Sandbook",
	[SBK_SID_UNKNOWN] = "unknown",
};

const char *sbk_sid_class_text(enum sbk_sid_class class)
{
	return class_texts[class];
}

/*
 * Classes by authority and first subauthorities, for the part that the table
 * of names does not answer. The first match counts. Bases from 80 to 111 are
 * the identities that Windows makes up for its own parts (SECURITY_MIN_BASE_RID
 * and SECURITY_MAX_BASE_RID of winnt.h).
 */
static const struct {
	uint64_t authority;
	uint32_t first_min, first_max;
	unsigned count_min, count_max;
	enum sbk_sid_class class;
} classes[] = {
	{5, 5, 5, 3, 3, SBK_SID_LOGON},
	{5, 21, 21, 1, SBK_SID_SUBS_MAX, SBK_SID_FOREIGN},
	{5, 80, 80, 2, SBK_SID_SUBS_MAX, SBK_SID_SERVICE},
	{5, 88, 88, 2, SBK_SID_SUBS_MAX, SBK_SID_UNIX},
	{5, 81, 111, 2, SBK_SID_SUBS_MAX, SBK_SID_VIRTUAL},
	{15, 2, 2, 2, SBK_SID_SUBS_MAX, SBK_SID_PACKAGE},
	{15, 3, 3, 2, SBK_SID_SUBS_MAX, SBK_SID_CAPABILITY},
	{16, 0, UINT32_MAX, 1, 1, SBK_SID_INTEGRITY},
	{18, 0, UINT32_MAX, 1, 1, SBK_SID_CLAIMS},
	{19, 0, UINT32_MAX, 1, SBK_SID_SUBS_MAX, SBK_SID_TRUST},
	{22, 1, 2, 2, 2, SBK_SID_UNIX},
	{0x0053424B0001u, 0, UINT32_MAX, 5, 5, SBK_SID_ROOT},
	{0x0053424B0002u, 0, UINT32_MAX, 4, 4, SBK_SID_RUN},
};

static enum sbk_sid_class class_by_shape(const struct sbk_sid *sid)
{
	uint64_t authority = sbk_sid_authority(sid);
	uint32_t first = sbk_sid_sub(sid, 0);
	unsigned count = sbk_sid_sub_count(sid);
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (authority == classes[i].authority &&
		    first >= classes[i].first_min &&
		    first <= classes[i].first_max &&
		    count >= classes[i].count_min &&
		    count <= classes[i].count_max)
			return classes[i].class;
	return SBK_SID_UNKNOWN;
}

static bool is_at_or_below(const struct sbk_sid *sid,
			   const struct sbk_sid *domain)
{
	return domain != NULL &&
	       (sbk_sid_equal(sid, domain) || sbk_sid_is_below(sid, domain));
}

enum sbk_sid_class sbk_sid_classify(const struct sbk_sid *sid,
				    const struct sbk_sid_domains *domains)
{
	enum sbk_sid_class class = class_by_shape(sid);

	switch (class) {
	case SBK_SID_FOREIGN:
		if (domains == NULL)
			break;
		if (is_at_or_below(sid, domains->machine))
			return SBK_SID_MACHINE;
		if (is_at_or_below(sid, domains->domain) ||
		    is_at_or_below(sid, domains->root_domain))
			return SBK_SID_DOMAIN;
		break;
	case SBK_SID_UNKNOWN:
	case SBK_SID_PACKAGE: /* ALL APPLICATION PACKAGES is no package */
	case SBK_SID_VIRTUAL: /* Virtual Machines is no single one */
		if (find_row(sid, NULL) != NULL)
			return SBK_SID_WELL_KNOWN;
		break;
	case SBK_SID_SERVICE: /* nor is ALL SERVICES one service */
		if (sbk_sid_sub_count(sid) == 2 && find_row(sid, NULL) != NULL)
			return SBK_SID_WELL_KNOWN;
		break;
	default:
		break;
	}
	return class;
}

static const struct sbk_sid_owner *
find_owner(const struct sbk_sid *sid, const struct sbk_sid_directory *directory)
{
	size_t low = 0, high = directory->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order =
			sbk_sid_compare(sid, &directory->owners[middle].sid);

		if (order == 0)
			return &directory->owners[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* What other tools call what they make: the beginning of a name, or all. */
static const struct {
	const char *name; /* upper case */
	bool is_whole;
	const char *tool;
} tool_names[] = {
	{"CODEXSANDBOX", false, "codex"},   /* Offline, Online, Users */
	{"CODEX_SANDBOX_", false, "codex"}, /* firewall rules */
	{"CODEX_WFP_", false, "codex"},	    /* filters */
	{"SRT-SANDBOX", true, "srt"},
	{"SANDBOX-RUNTIME-USERS", true, "srt"},
};

const char *sbk_sid_tool_of_name(const char *name)
{
	const char *last = name != NULL ? strrchr(name, '\\') : NULL;
	size_t i, at;

	if (name == NULL)
		return NULL;
	if (last != NULL)
		name = last + 1;
	for (i = 0; i < sizeof(tool_names) / sizeof(tool_names[0]); i++) {
		const char *known = tool_names[i].name;

		for (at = 0; known[at] != '\0' && upper(name[at]) == known[at];
		     at++)
			;
		if (known[at] == '\0' &&
		    (name[at] == '\0' || !tool_names[i].is_whole))
			return tool_names[i].tool;
	}
	return NULL;
}

/* Whether the system itself makes such SIDs, so that nobody need have it. */
static bool is_of_system(enum sbk_sid_class class, bool has_name)
{
	switch (class) {
	case SBK_SID_WELL_KNOWN:
	case SBK_SID_LOGON:
	case SBK_SID_SERVICE:
	case SBK_SID_VIRTUAL:
	case SBK_SID_INTEGRITY:
	case SBK_SID_TRUST:
	case SBK_SID_CLAIMS:
		return true;
	default: /* Administrator, Domain Admins, the old capabilities */
		return has_name;
	}
}

struct sbk_sid_verdict sbk_sid_judge(const struct sbk_sid *sid,
				     const struct sbk_sid_directory *directory)
{
	const struct sbk_sid_domains *domains = &directory->domains;
	const struct sbk_sid_owner *owner = find_owner(sid, directory);
	struct sbk_sid_verdict verdict = {
		.class = sbk_sid_classify(sid, domains),
		.origin = SBK_SID_UNRESOLVED,
		.name = sbk_sid_name(sid, domains)};

	if (owner == NULL) {
		if (is_of_system(verdict.class, verdict.name != NULL))
			verdict.origin = SBK_SID_SYSTEM;
		if (verdict.class == SBK_SID_ROOT ||
		    verdict.class == SBK_SID_RUN)
			verdict.origin = SBK_SID_OURS;
		return verdict;
	}
	verdict.origin = owner->origin;
	if (owner->name != NULL)
		verdict.name = owner->name;
	if (owner->origin == SBK_SID_OTHER_TOOL) {
		verdict.tool = owner->tool;
	} else if (owner->origin == SBK_SID_ACCOUNT) {
		verdict.tool = sbk_sid_tool_of_name(owner->name);
		if (verdict.tool != NULL)
			verdict.origin = SBK_SID_OTHER_TOOL;
	}
	return verdict;
}
