/*
 * The registry of a Windows that a volume holds: names and numbers of accounts
 * and groups (SAM), profiles and accounts that are hidden at sign-in
 * (SOFTWARE), firewall rules (SYSTEM). Owns what is believed of them: an
 * account is there where the SAM lists its name, whose value's type is its
 * number; who is of the machine and not listed by a SAM that was read as a
 * whole is no more.
 *
 * Where it is (facts of a running Windows; there is no specification): in the
 * SAM, SAM\Domains\Account, whose V ends with the machine's SID, and below it
 * Users\Names and Aliases\Names. In SYSTEM, Select\Current is the number of the
 * control set. A rule is a text "v2.30|Action=Block|Dir=Out|...", and names
 * accounts as SDDL or as SIDs.
 */
#include "audit/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/hive.h"
#include "engine/ntfs/stream.h"

#include "engine/banned.h"

#define PROFILES "Microsoft\\Windows NT\\CurrentVersion\\ProfileList"
#define HIDDEN                                              \
	"Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\" \
	"SpecialAccounts\\UserList"
#define RULES                                                  \
	"Services\\SharedAccess\\Parameters\\FirewallPolicy\\" \
	"FirewallRules"

/* One hive while it is read. */
struct reading {
	struct sbk_volume_audit *audit;
	struct sbk_ntfs_stream stream;
	struct sbk_hive hive;
	const char *path;
	struct sbk_sid domain; /* of the accounts that are read */
	enum sbk_volume_fact_kind kind;
	struct account *accounts; /* by name */
	size_t account_count;
};

/* Of the SAM. */
struct account {
	const char *name;
	struct sbk_sid sid;
};

static int read_stream(void *arg, uint64_t offset, void *buffer, size_t size,
		       struct sbk_error *err)
{
	struct reading *reading = arg;

	return sbk_ntfs_stream_read(reading->audit->tree.volume,
				    &reading->stream, offset, buffer, size,
				    err);
}

/* --- facts ------------------------------------------------------------ */

static int add_fact(struct reading *reading, const struct sbk_sid *sid,
		    enum sbk_volume_fact_kind kind, const char *text,
		    const char *detail, struct sbk_error *err)
{
	struct sbk_volume_audit *audit = reading->audit;
	size_t capacity = audit->fact_capacity * 2 + 64;
	size_t bytes = strlen(text) + strlen(detail);
	struct sbk_volume_fact *facts, *fact;

	if (bytes > SBK_VOLUME_FACT_BYTES_MAX - audit->fact_bytes)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the names and paths in it are longer "
				     "than %zu bytes",
				     SBK_VOLUME_FACT_BYTES_MAX);
	if (audit->fact_count >= SBK_VOLUME_FACTS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "it has more than %u accounts, profiles "
				     "and rules",
				     SBK_VOLUME_FACTS_MAX);
	if (audit->fact_count == audit->fact_capacity) {
		facts = realloc(audit->facts, capacity * sizeof(*facts));
		if (facts == NULL)
			return sbk_error_no_memory(err);
		audit->facts = facts;
		audit->fact_capacity = capacity;
	}
	fact = &audit->facts[audit->fact_count];
	*fact = (struct sbk_volume_fact){
		.kind = kind,
		.text = sbk_arena_strdup(&audit->arena, text),
		.detail = sbk_arena_strdup(&audit->arena, detail),
		.hive = reading->path,
		.order = audit->fact_count};
	if (fact->text == NULL || fact->detail == NULL)
		return sbk_error_no_memory(err);
	audit->fact_count++;
	audit->fact_bytes += bytes;
	if (sid == NULL)
		return 0;
	fact->sid = *sid;
	return sbk_volume_sids_meet(audit, sid, err);
}

static int by_sid(const void *a, const void *b)
{
	const struct sbk_volume_fact *one = a, *two = b;
	int order = sbk_sid_compare(&one->sid, &two->sid);

	if (order != 0)
		return order;
	if (one->kind != two->kind)
		return one->kind < two->kind ? -1 : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

static void sort_facts(struct sbk_volume_audit *audit)
{
	if (audit->fact_count > 0)
		qsort(audit->facts, audit->fact_count, sizeof(*audit->facts),
		      by_sid);
	sbk_volume_sids_sort(audit);
}

const struct sbk_volume_fact *
sbk_volume_facts_of(const struct sbk_volume_audit *audit,
		    const struct sbk_sid *sid, size_t *count)
{
	size_t low = 0, high = audit->fact_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (sbk_sid_compare(&audit->facts[middle].sid, sid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < audit->fact_count &&
			 sbk_sid_equal(&audit->facts[low + *count].sid, sid);
	     (*count)++)
		;
	return *count > 0 ? &audit->facts[low] : NULL;
}

bool sbk_volume_is_deleted(const struct sbk_volume_audit *audit,
			   const struct sbk_sid *sid)
{
	const struct sbk_volume_fact *fact;
	size_t count;

	if (!audit->has_accounts || !sbk_sid_is_below(sid, &audit->machine) ||
	    sbk_sid_name(sid, &audit->directory.domains) != NULL)
		return false;
	fact = sbk_volume_facts_of(audit, sid, &count);
	return fact == NULL || (fact->kind != SBK_VOLUME_ACCOUNT &&
				fact->kind != SBK_VOLUME_GROUP);
}

/* --- SAM -------------------------------------------------------------- */

static int take_account(void *arg, const struct sbk_hive_key *key,
			struct sbk_error *err)
{
	struct reading *reading = arg;
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
	rc = add_fact(reading, &owner.sid, reading->kind, key->name, "", err);
	return rc < 0 ? rc
		      : sbk_volume_known_add(reading->audit, &owner,
					     reading->path, err);
}

static int take_names(struct reading *reading, const struct sbk_hive_key *above,
		      const char *path, enum sbk_volume_fact_kind kind,
		      struct sbk_error *err)
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

static int read_sam(struct reading *reading, struct sbk_error *err)
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

/* --- SOFTWARE --------------------------------------------------------- */

/* What Codex calls its accounts, its group and its rules. */
static bool is_codex(const char *name)
{
	static const char *const prefixes[] = {"CodexSandbox", "codex_sandbox"};
	char begin[16];
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		(void)snprintf(begin, sizeof(begin), "%.*s",
			       (int)strlen(prefixes[i]), name);
		if (sbk_volume_is_same(begin, prefixes[i]))
			return true;
	}
	return false;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '\\');

	return slash != NULL ? slash + 1 : path;
}

/* A profile's account exists unless the SAM says otherwise; of one that does
 * not, the name may still say whose it was. */
static int learn_profile(struct reading *reading, const struct sbk_sid *sid,
			 const char *directory, struct sbk_error *err)
{
	struct sbk_sid_owner owner = {.sid = *sid,
				      .origin = SBK_SID_ACCOUNT,
				      .name = last_part(directory)};
	struct sbk_volume_audit *audit = reading->audit;

	if (!sbk_volume_is_account_sid(sid))
		return 0;
	if (sbk_volume_is_deleted(audit, sid)) {
		if (!is_codex(owner.name))
			return 0;
		owner.origin = SBK_SID_OTHER_TOOL;
		owner.tool = "codex";
	}
	return sbk_volume_known_add(audit, &owner, reading->path, err);
}

static int take_profile(void *arg, const struct sbk_hive_key *key,
			struct sbk_error *err)
{
	struct reading *reading = arg;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_hive_value value;
	struct sbk_sid sid;
	int rc;

	/* Windows puts ".bak" behind one that could not be loaded. */
	if (sbk_sid_parse(key->name, strcspn(key->name, "."), &sid, NULL) < 0)
		return 0;
	rc = sbk_hive_value_find(&reading->hive, key, "ProfileImagePath",
				 &value, NULL);
	if (rc == 0)
		rc = sbk_hive_value_text(&reading->hive, &value, &text, NULL);
	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (rc < 0)
		rc = 0; /* a list without it, or damage, which is counted */
	if (rc == 0)
		rc = add_fact(reading, &sid, SBK_VOLUME_PROFILE,
			      sbk_buf_text(&text), "", err);
	if (rc == 0)
		rc = learn_profile(reading, &sid, sbk_buf_text(&text), err);
	sbk_buf_release(&text);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	const struct account *one = a, *two = b;

	return sbk_volume_name_compare(one->name, two->name);
}

/* Those that the SAM has, for find_name: there may be as many names to look
 * for as there are accounts. */
static int sort_accounts(struct reading *reading, struct sbk_error *err)
{
	const struct sbk_volume_audit *audit = reading->audit;
	struct account *accounts =
		calloc(audit->fact_count + 1, sizeof(*accounts));
	size_t count = 0, i;

	if (accounts == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < audit->fact_count; i++)
		if (audit->facts[i].kind == SBK_VOLUME_ACCOUNT)
			accounts[count++] = (struct account){
				audit->facts[i].text, audit->facts[i].sid};
	qsort(accounts, count, sizeof(*accounts), by_name);
	reading->accounts = accounts;
	reading->account_count = count;
	return 0;
}

/* The account of this name; of several any. */
static const struct sbk_sid *find_name(const struct reading *reading,
				       const char *name)
{
	const struct account wanted = {.name = name};
	const struct account *found =
		bsearch(&wanted, reading->accounts, reading->account_count,
			sizeof(wanted), by_name);

	return found != NULL ? &found->sid : NULL;
}

/* 0: not shown at sign-in. */
static int take_hidden(void *arg, const struct sbk_hive_value *value,
		       struct sbk_error *err)
{
	struct reading *reading = arg;
	uint32_t shown;

	if (sbk_hive_value_number(&reading->hive, value, &shown, NULL) < 0 ||
	    shown != 0)
		return 0;
	return add_fact(reading, find_name(reading, value->name),
			SBK_VOLUME_HIDDEN, value->name, "", err);
}

/* What a Windows need not have. */
static int absent(int rc, struct sbk_error *err)
{
	if (rc != SBK_E_NOTFOUND)
		return rc;
	sbk_error_clear(err);
	return 0;
}

static int read_software(struct reading *reading, struct sbk_error *err)
{
	struct sbk_hive_key key;
	int rc = sbk_hive_find(&reading->hive, NULL, PROFILES, &key, err);

	if (rc == 0)
		rc = sbk_hive_each_key(&reading->hive, &key, take_profile,
				       reading, err);
	if (rc == 0)
		rc = sbk_hive_find(&reading->hive, NULL, HIDDEN, &key, err);
	else
		return rc;
	if (rc == 0)
		rc = sort_accounts(reading, err);
	if (rc == 0)
		rc = sbk_hive_each_value(&reading->hive, &key, take_hidden,
					 reading, err);
	free(reading->accounts);
	return absent(rc, err);
}

/* --- SYSTEM ----------------------------------------------------------- */

/* The value of a part "Name=value" of a rule; false where it has none. */
static bool find_part(const char *rule, const char *name, struct sbk_buf *out)
{
	size_t size = strlen(name);
	const char *at = rule;

	for (; at != NULL; at = strchr(at, '|')) {
		at += *at == '|';
		if (strncmp(at, name, size) == 0 && at[size] == '=') {
			sbk_buf_add(out, at + size + 1,
				    strcspn(at + size + 1, "|"));
			return true;
		}
	}
	return false;
}

/* Its own name, unless that is a place in a library. */
static void name_rule(const char *rule, const char *value, struct sbk_buf *out)
{
	if (!find_part(rule, "Name", out) || out->size == 0 ||
	    out->data[0] == '@') {
		sbk_buf_clear(out);
		sbk_buf_adds(out, value);
	}
}

static void describe_rule(const char *rule, struct sbk_buf *out)
{
	static const char *const parts[] = {"Action", "Dir", "Active"};
	struct sbk_buf value = SBK_BUF_INIT;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		sbk_buf_clear(&value);
		if (find_part(rule, parts[i], &value))
			sbk_buf_printf(out, "%s%s %s",
				       out->size > 0 ? ", " : "", parts[i],
				       sbk_buf_text(&value));
	}
	sbk_buf_release(&value);
}

static int learn_rule(struct reading *reading, const char *rule,
		      const char *value, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT, detail = SBK_BUF_INIT;
	struct sbk_sid_owner owner = {.origin = SBK_SID_OTHER_TOOL,
				      .tool = "codex"};
	struct sbk_sid last = {.bytes = {0}};
	size_t at = 0;
	int rc = 0;

	name_rule(rule, value, &name);
	describe_rule(rule, &detail);
	while (rc == 0 && name.failure == 0 && detail.failure == 0 &&
	       sbk_volume_sid_in(rule, strlen(rule), &at, &owner.sid)) {
		if (!sbk_volume_is_account_sid(&owner.sid) ||
		    sbk_sid_equal(&owner.sid, &last))
			continue;
		last = owner.sid;
		rc = add_fact(reading, &owner.sid, SBK_VOLUME_RULE,
			      sbk_buf_text(&name), sbk_buf_text(&detail), err);
		if (rc == 0 && is_codex(sbk_buf_text(&name)))
			rc = sbk_volume_known_add(reading->audit, &owner,
						  reading->path, err);
	}
	if (rc == 0)
		rc = sbk_buf_failed(&name, err);
	if (rc == 0)
		rc = sbk_buf_failed(&detail, err);
	sbk_buf_release(&name);
	sbk_buf_release(&detail);
	return rc;
}

static int take_rule(void *arg, const struct sbk_hive_value *value,
		     struct sbk_error *err)
{
	struct reading *reading = arg;
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_hive_value_text(&reading->hive, value, &text, NULL);

	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (rc < 0)
		rc = 0; /* damage is counted */
	else
		rc = learn_rule(reading, sbk_buf_text(&text), value->name, err);
	sbk_buf_release(&text);
	return rc;
}

static int read_system(struct reading *reading, struct sbk_error *err)
{
	struct sbk_hive_value value;
	struct sbk_hive_key key;
	uint32_t current;
	char path[256];
	int rc = sbk_hive_find(&reading->hive, NULL, "Select", &key, err);

	if (rc == 0)
		rc = sbk_hive_value_find(&reading->hive, &key, "Current",
					 &value, err);
	if (rc == 0)
		rc = sbk_hive_value_number(&reading->hive, &value, &current,
					   err);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "ControlSet%03lu\\" RULES,
		       (unsigned long)current);
	rc = sbk_hive_find(&reading->hive, NULL, path, &key, err);
	if (rc == 0)
		rc = sbk_hive_each_value(&reading->hive, &key, take_rule,
					 reading, err);
	return absent(rc, err);
}

/* --- all of them ------------------------------------------------------ */

static int tell_state(struct reading *reading, struct sbk_error *err)
{
	const struct sbk_hive *hive = &reading->hive;
	struct sbk_buf why = SBK_BUF_INIT;
	int rc = 0;

	if (hive->is_dirty)
		sbk_buf_adds(&why, "the hive was being written; its logs were "
				   "not replayed");
	else if (hive->is_cut)
		sbk_buf_adds(&why, "the hive ends early");
	else if (hive->is_exhausted)
		sbk_buf_adds(&why, "the hive has more in it than is read");
	else if (hive->damage > 0)
		sbk_buf_printf(&why, "%lu places of the hive are damaged",
			       (unsigned long)hive->damage);
	if (why.size > 0)
		rc = sbk_report_missed(reading->audit->report, reading->path,
				       sbk_buf_text(&why), err);
	sbk_buf_release(&why);
	return rc;
}

typedef int hive_fn(struct reading *reading, struct sbk_error *err);

/* A hive that is none is missed; what it held is not known. */
static int read_hive(struct sbk_volume_audit *audit, uint32_t record,
		     hive_fn *read, struct sbk_error *err)
{
	struct reading reading = {.audit = audit};
	struct sbk_ntfs_device device = {.read = read_stream, .arg = &reading};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_volume_path_keep(audit, record, &reading.path, err);

	if (rc < 0)
		return rc;
	rc = sbk_ntfs_stream_open(audit->tree.volume, record, SBK_NTFS_DATA, "",
				  &reading.stream, &why);
	device.size = reading.stream.size;
	if (rc == 0)
		rc = sbk_hive_open(&device, &reading.hive, &why);
	if (rc == 0)
		rc = read(&reading, &why);
	sbk_ntfs_stream_release(&reading.stream);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		return sbk_report_missed(audit->report, reading.path,
					 why.message, err);
	return tell_state(&reading, err);
}

int sbk_volume_hives_find(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	/* The SAM first: the others ask who exists. */
	static const struct {
		const char *name;
		hive_fn *read;
	} hives[] = {{"SAM", read_sam},
		     {"SOFTWARE", read_software},
		     {"SYSTEM", read_system}};
	const struct sbk_volume_tree *tree = &audit->tree;
	size_t h, i;
	int rc = 0;

	for (h = 0; rc == 0 && h < sizeof(hives) / sizeof(hives[0]); h++) {
		for (i = 0; i < tree->candidate_count; i++) {
			const struct sbk_volume_name *name =
				&sbk_volume_names[tree->candidates[i].name];

			if (name->meaning == SBK_VOLUME_HIVE &&
			    strcmp(name->what, hives[h].name) == 0)
				break;
		}
		if (i < tree->candidate_count) /* one file has the name */
			rc = read_hive(audit, tree->candidates[i].record,
				       hives[h].read, err);
		sort_facts(audit);
	}
	return rc;
}
