/*
 * Who the SIDs of a volume belong to, as far as the volume itself says:
 * accounts by its registry (volume_hives.c), people by their profiles, other
 * tools by their own ledgers. Owns the choice of principals.
 *
 * A ledger is searched for whatever reads as a SID, and not parsed: those that
 * matter most are the ones that a crash left in halves. A SID that has an
 * account is not the tool's, whatever a ledger says, nor one that has a
 * profile, unless the SAM says that its account is gone.
 */
#include "audit/volume.h"

#include <stdlib.h>
#include <string.h>

#include "audit/live.h"
#include "engine/ntfs/stream.h"

#include "engine/banned.h"

bool sbk_volume_is_account_sid(const struct sbk_sid *sid)
{
	return (sbk_sid_authority(sid) == 5 && sbk_sid_sub(sid, 0) == 21 &&
		sbk_sid_sub_count(sid) == 5) ||
	       (sbk_sid_authority(sid) == 12 && sbk_sid_sub(sid, 0) == 1);
}

/* For one more; doubled at each power of two. */
static int make_room(struct sbk_volume_audit *audit)
{
	const size_t count = audit->directory.count;
	const size_t room = count > 0 ? count * 2 : 1;
	struct sbk_sid_owner *owners;
	const char **evidence;

	if ((count & (count - 1)) != 0)
		return 0;
	owners = realloc((void *)audit->directory.owners,
			 room * sizeof(*owners));
	if (owners == NULL)
		return SBK_E_NOMEM;
	audit->directory.owners = owners;
	evidence = realloc((void *)audit->evidence, room * sizeof(*evidence));
	if (evidence == NULL)
		return SBK_E_NOMEM;
	audit->evidence = evidence;
	return 0;
}

int sbk_volume_known_add(struct sbk_volume_audit *audit,
			 const struct sbk_sid_owner *owner, const char *path,
			 struct sbk_error *err)
{
	size_t count = audit->directory.count;
	struct sbk_sid_owner *owners;

	if (count >= SBK_VOLUME_SIDS_MAX)
		return 0; /* more than entries can name */
	if (make_room(audit) < 0)
		return sbk_error_no_memory(err);
	owners = (struct sbk_sid_owner *)audit->directory.owners;
	owners[count] = *owner;
	if (owner->name != NULL)
		owners[count].name =
			sbk_arena_strdup(&audit->arena, owner->name);
	if (owner->name != NULL && owners[count].name == NULL)
		return sbk_error_no_memory(err);
	audit->evidence[count] = path;
	audit->directory.count++;
	return 0;
}

int sbk_volume_path_keep(struct sbk_volume_audit *audit, uint32_t record,
			 const char **out, struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT;
	int rc = sbk_volume_path(&audit->tree, record, &path, err);

	if (rc == 0)
		*out = sbk_arena_strdup(&audit->arena, sbk_buf_text(&path));
	sbk_buf_release(&path);
	if (rc == 0 && *out == NULL)
		rc = sbk_error_no_memory(err);
	return rc;
}

/* --- profiles --------------------------------------------------------- */

static bool find_person(const struct sbk_sd *sd, struct sbk_sid *out)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;
	bool found = false;

	while (sd->dacl_is == SBK_ACL_PRESENT &&
	       sbk_nt_acl_next(&sd->dacl, &at, &ace)) {
		if (ace.is_opaque || ace.type != SBK_ACE_ALLOW ||
		    (ace.flags & SBK_ACE_INHERITED) != 0 ||
		    !sbk_volume_is_account_sid(&ace.sid) ||
		    (sbk_rights_map(ace.mask,
				    sbk_nt_mapping(SBK_NT_DIRECTORY)) &
		     SBK_FILE_ALL) != SBK_FILE_ALL)
			continue;
		if (found && !sbk_sid_equal(out, &ace.sid))
			return false;
		*out = ace.sid;
		found = true;
	}
	return found;
}

/* Of the running system the list of profiles says it. */
static bool is_listed(struct sbk_volume_audit *audit, uint32_t record,
		      struct sbk_sid *out)
{
	struct sbk_buf path = SBK_BUF_INIT;
	bool found = false;
	size_t i;

	if (sbk_volume_path(&audit->tree, record, &path, NULL) == 0)
		for (i = 0; !found && i < audit->fact_count; i++) {
			found = audit->facts[i].kind == SBK_VOLUME_PROFILE &&
				sbk_volume_is_same(audit->facts[i].text,
						   sbk_buf_text(&path));
			if (found)
				*out = audit->facts[i].sid;
		}
	sbk_buf_release(&path);
	return found;
}

bool sbk_volume_person_of(struct sbk_volume_audit *audit, uint32_t record,
			  struct sbk_sid *out)
{
	struct sbk_volume_tree *tree = &audit->tree;
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sd sd;
	bool found;

	if (tree->is_live && is_listed(audit, record, out))
		return true;
	found = (tree->flags[record] & SBK_VOLUME_DIRECTORY) != 0 &&
		tree->descriptor[record] != SBK_VOLUME_NONE &&
		sbk_volume_descriptor(tree, tree->descriptor[record], &bytes,
				      NULL) == 0 &&
		sbk_sd_read((const uint8_t *)bytes.data, bytes.size, &sd,
			    NULL) == 0 &&
		find_person(&sd, out);

	sbk_buf_release(&bytes);
	return found;
}

static int learn_profile(struct sbk_volume_audit *audit, uint32_t record,
			 struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	struct sbk_buf name = SBK_BUF_INIT;
	const char *path = NULL;
	struct sbk_sid_owner owner = {.origin = SBK_SID_ACCOUNT};
	int rc;

	if (!sbk_volume_person_of(audit, record, &owner.sid) ||
	    sbk_volume_is_deleted(audit, &owner.sid))
		return 0;
	rc = sbk_volume_name(tree, record, &name, err);
	if (rc == 0)
		rc = sbk_volume_path_keep(audit, record, &path, err);
	owner.name = sbk_buf_text(&name);
	if (rc == 0)
		rc = sbk_volume_known_add(audit, &owner, path, err);
	if (rc == 0 && audit->directory.domains.machine == NULL &&
	    sbk_sid_authority(&owner.sid) == 5) {
		audit->machine = owner.sid;
		(void)sbk_sid_parent(&audit->machine);
		audit->directory.domains.machine = &audit->machine;
	}
	sbk_buf_release(&name);
	return rc;
}

/* --- ledgers ---------------------------------------------------------- */

/* What a tool may have made: no SID that is the same on each machine. */
static bool can_be_a_tools(const struct sbk_sid *sid)
{
	static const struct sbk_sid_directory nobody;

	return sbk_sid_judge(sid, &nobody).origin == SBK_SID_UNRESOLVED;
}

static int learn_sids(struct sbk_volume_audit *audit, const char *text,
		      size_t size, const char *tool, uint32_t record,
		      struct sbk_error *err)
{
	struct sbk_sid_owner owner = {.origin = SBK_SID_OTHER_TOOL,
				      .tool = tool};
	const char *path = NULL;
	size_t at = 0;
	int rc = sbk_volume_path_keep(audit, record, &path, err); /* once */

	while (rc == 0 && sbk_sid_find(text, size, &at, &owner.sid))
		if (can_be_a_tools(&owner.sid))
			rc = sbk_volume_known_add(audit, &owner, path, err);
	return rc;
}

/* Of a file of the volume. */
static int read_stored(struct sbk_volume_audit *audit, uint32_t record,
		       struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_ntfs_stream stream = {.size = 0};
	int rc = sbk_ntfs_stream_open(audit->tree.volume, record, SBK_NTFS_DATA,
				      "", &stream, err);

	/* Whoever wrote the volume may have made many, of the same bytes. */
	if (rc == 0)
		rc = sbk_volume_ledger_count(audit, stream.size, err);
	if (rc == 0)
		rc = sbk_ntfs_stream_read_all(audit->tree.volume, &stream,
					      SBK_VOLUME_LEDGER_MAX, out, err);
	sbk_ntfs_stream_release(&stream);
	return rc;
}

int sbk_volume_ledger_count(struct sbk_volume_audit *audit, uint64_t size,
			    struct sbk_error *err)
{
	audit->ledger_bytes +=
		size < SBK_VOLUME_LEDGER_MAX ? size : SBK_VOLUME_LEDGER_MAX;
	return audit->ledger_bytes <= SBK_VOLUME_LEDGERS_MAX
		       ? 0
		       : sbk_error_set(err, SBK_E_LIMIT,
				       "more ledgers than are read");
}

static int learn_ledger(struct sbk_volume_audit *audit, uint32_t record,
			const char *tool, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT, path = SBK_BUF_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = audit->tree.is_live ? sbk_live_read(audit, record, &text, &why)
				     : read_stored(audit, record, &text, &why);

	if (rc == 0)
		rc = learn_sids(audit, text.data, text.size, tool, record, err);
	else if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (sbk_volume_path(&audit->tree, record, &path, err) == 0)
		rc = sbk_report_missed(audit->report, sbk_buf_text(&path),
				       why.message, err);
	sbk_buf_release(&text);
	sbk_buf_release(&path);
	return rc;
}

/* --- the directory ---------------------------------------------------- */

struct known {
	struct sbk_sid_owner owner;
	const char *evidence;
	size_t order; /* in which they were met: hives come first */
};

static int by_sid(const void *a, const void *b)
{
	const struct known *one = a, *two = b;
	int order = sbk_sid_compare(&one->owner.sid, &two->owner.sid);

	if (order != 0)
		return order;
	/* Ours, then accounts before what ledgers say. */
	if (one->owner.origin != two->owner.origin)
		return one->owner.origin == SBK_SID_OURS ||
				       (one->owner.origin == SBK_SID_ACCOUNT &&
					two->owner.origin != SBK_SID_OURS)
			       ? -1
			       : 1;
	return one->order < two->order ? -1 : one->order > two->order;
}

static int sort_directory(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct sbk_sid_owner *owners =
		(struct sbk_sid_owner *)audit->directory.owners;
	size_t count = audit->directory.count, i, kept = 0;
	struct known *known;

	if (count == 0)
		return 0;
	known = malloc(count * sizeof(*known));
	if (known == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < count; i++)
		known[i] = (struct known){owners[i], audit->evidence[i], i};
	qsort(known, count, sizeof(*known), by_sid);
	for (i = 0; i < count; i++) {
		if (kept > 0 &&
		    sbk_sid_equal(&owners[kept - 1].sid, &known[i].owner.sid))
			continue;
		owners[kept] = known[i].owner;
		audit->evidence[kept++] = known[i].evidence;
	}
	audit->directory.count = kept;
	free(known);
	return 0;
}

int sbk_volume_known_find(struct sbk_volume_audit *audit, struct sbk_error *err)
{
	struct sbk_volume_tree *tree = &audit->tree;
	size_t i;
	int rc = tree->is_live ? sbk_live_facts_find(audit, err)
			       : sbk_volume_hives_find(audit, err);

	for (i = 0; rc == 0 && i < tree->candidate_count; i++) {
		const struct sbk_volume_candidate *candidate =
			&tree->candidates[i];
		const struct sbk_volume_name *name =
			&sbk_volume_names[candidate->name];

		if (strcmp(name->pattern, "~") == 0)
			rc = learn_profile(audit, candidate->record, err);
		else if (name->meaning == SBK_VOLUME_LEDGER &&
			 (tree->flags[candidate->record] &
			  (SBK_VOLUME_USED | SBK_VOLUME_DIRECTORY)) ==
				 SBK_VOLUME_USED)
			rc = learn_ledger(audit, candidate->record, name->what,
					  err);
	}
	if (rc == 0 && tree->is_live)
		rc = sbk_live_ledgers_tell(audit, err);
	return rc < 0 ? rc : sort_directory(audit, err);
}

/* --- who is asked for ------------------------------------------------- */

static const char *evidence_of(const struct sbk_volume_audit *audit,
			       const struct sbk_sid *sid)
{
	size_t low = 0, high = audit->directory.count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = sbk_sid_compare(&audit->directory.owners[middle].sid,
					sid);
		if (order == 0)
			return audit->evidence[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int add(struct sbk_volume_audit *audit, const struct sbk_sid *sid,
	       struct sbk_error *err)
{
	size_t count = audit->principal_count;
	struct sbk_volume_principal *principals;

	if ((count & (count - 1)) == 0) { /* doubled at each power of two */
		principals =
			realloc(audit->principals, (count > 0 ? count * 2 : 1) *
							   sizeof(*principals));
		if (principals == NULL)
			return sbk_error_no_memory(err);
		audit->principals = principals;
	}
	audit->principals[audit->principal_count++] =
		(struct sbk_volume_principal){
			.sid = *sid,
			.verdict = sbk_sid_judge(sid, &audit->directory),
			.evidence = evidence_of(audit, sid)};
	return 0;
}

/* Each SID of the volume for which `wanted` holds; how many. */
static int add_where(struct sbk_volume_audit *audit,
		     bool (*wanted)(const struct sbk_sid_verdict *verdict,
				    const char *text),
		     const char *text, size_t *found, struct sbk_error *err)
{
	struct sbk_sid_verdict verdict;
	size_t i;
	int rc = 0;

	*found = 0;
	for (i = 0; rc == 0 && i < audit->sid_count; i++) {
		verdict = sbk_sid_judge(&audit->sids[i], &audit->directory);
		if (!wanted(&verdict, text))
			continue;
		(*found)++;
		rc = add(audit, &audit->sids[i], err);
	}
	return rc;
}

static bool is_stranger(const struct sbk_sid_verdict *verdict, const char *text)
{
	(void)text;
	return verdict->origin == SBK_SID_UNRESOLVED ||
	       verdict->origin == SBK_SID_OTHER_TOOL ||
	       verdict->origin == SBK_SID_OURS;
}

static bool is_ours(const struct sbk_sid_verdict *verdict, const char *text)
{
	(void)text;
	return verdict->origin == SBK_SID_OURS;
}

static bool is_tools(const struct sbk_sid_verdict *verdict, const char *tool)
{
	return verdict->origin == SBK_SID_OTHER_TOOL && verdict->tool != NULL &&
	       strcmp(verdict->tool, tool) == 0;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int sbk_volume_name_compare(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)lower(*a) - (unsigned char)lower(*b);
}

bool sbk_volume_is_same(const char *a, const char *b)
{
	return sbk_volume_name_compare(a, b) == 0;
}

/* "Everyone", "BUILTIN\Users", or "Users" alone. */
static bool has_name(const struct sbk_sid_verdict *verdict, const char *name)
{
	const char *last;

	if (verdict->name == NULL)
		return false;
	last = strrchr(verdict->name, '\\');
	return sbk_volume_is_same(verdict->name, name) ||
	       (last != NULL && sbk_volume_is_same(last + 1, name));
}

static int choose_one(struct sbk_volume_audit *audit, const char *text,
		      struct sbk_error *err)
{
	struct sbk_sid sid;
	size_t found;
	int rc;

	if (strcmp(text, "tool:sandbook") == 0)
		return add_where(audit, is_ours, NULL, &found, err);
	if (strncmp(text, "tool:", 5) == 0)
		return add_where(audit, is_tools, text + 5, &found, err);
	if (sbk_sid_parse(text, strlen(text), &sid, NULL) == 0)
		return add(audit, &sid, err);
	rc = add_where(audit, has_name, text, &found, err);
	if (rc == 0 && found == 0)
		rc = sbk_error_set(
			err, SBK_E_NOTFOUND,
			"no account and no profile of the volume is "
			"known as '%s'; name its SID, or tool:codex, "
			"tool:mxc, tool:srt, tool:sandbook",
			text);
	return rc;
}

/* One of a token. What means several SIDs, or none, would be another token than
 * the one that is meant. */
static int choose_part(struct sbk_volume_audit *audit, const char *text,
		       struct sbk_error *err)
{
	const size_t before = audit->principal_count;
	int rc = choose_one(audit, text, err);

	if (rc == 0 && audit->principal_count != before + 1)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' is %zu SIDs of the volume, and one of "
				   "a token is one; name it",
				   text, audit->principal_count - before);
	return rc;
}

/* "A+B+C", from `text` on, `size` bytes. */
static int choose_parts(struct sbk_volume_audit *audit, const char *text,
			size_t size, struct sbk_error *err)
{
	struct sbk_buf part = SBK_BUF_INIT;
	size_t at = 0, length;
	int rc;

	for (;; at += length + 1) {
		const char *end = memchr(text + at, '+', size - at);

		length = end != NULL ? (size_t)(end - text) - at : size - at;
		sbk_buf_clear(&part);
		sbk_buf_add(&part, text + at, length);
		rc = sbk_buf_failed(&part, err);
		if (rc == 0)
			rc = choose_part(audit, sbk_buf_text(&part), err);
		if (rc < 0 || end == NULL)
			break;
	}
	sbk_buf_release(&part);
	return rc;
}

/* "A+B+C", "A+B/R+S": no account's name has a '+' or a '/'. A profile's may
 * have the first, and is looked for before. */
static int choose(struct sbk_volume_audit *audit, const char *text,
		  struct sbk_error *err)
{
	const size_t first = audit->principal_count, size = strcspn(text, "/");
	size_t found, from;
	int rc;

	if (text[size] == '\0' && strchr(text, '+') == NULL)
		return choose_one(audit, text, err);
	rc = add_where(audit, has_name, text, &found, err);
	if (rc < 0 || found > 0)
		return rc;
	rc = choose_parts(audit, text, size, err);
	if (rc == 0)
		rc = sbk_volume_token_join(audit, first, err);
	if (rc < 0 || text[size] == '\0')
		return rc;
	from = audit->principal_count;
	rc = choose_parts(audit, text + size + 1, strlen(text + size + 1), err);
	return rc < 0 ? rc : sbk_volume_token_restrict(audit, first, from, err);
}

static int by_principal(const void *a, const void *b)
{
	return sbk_volume_principal_compare(a, b);
}

int sbk_volume_principals_choose(struct sbk_volume_audit *audit,
				 const struct sbk_volume_request *request,
				 struct sbk_error *err)
{
	struct sbk_volume_principal *list;
	size_t i, found, kept = 0;
	int rc = 0;

	audit->named = request->principal_count > 0 && !request->strangers;
	if (!audit->named)
		rc = add_where(audit, is_stranger, NULL, &found, err);
	for (i = 0; rc == 0 && i < request->principal_count; i++)
		rc = choose(audit, request->principals[i], err);
	if (rc < 0)
		return rc;
	list = audit->principals;
	if (audit->principal_count > 0)
		qsort(list, audit->principal_count, sizeof(*list),
		      by_principal);
	for (i = 0; i < audit->principal_count; i++)
		if (kept == 0 || sbk_volume_principal_compare(&list[kept - 1],
							      &list[i]) != 0)
			list[kept++] = list[i];
	audit->principal_count = kept;
	return sbk_volume_members_find(audit, err);
}
