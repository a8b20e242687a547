/*
 * Names that mean something on a Windows volume: one table of sensitive places,
 * ledgers of other tools and keys, met by their last component while objects
 * are scanned, and confirmed by the directories above when all are known.
 *
 * Names are compared without regard to case, for the letters of ASCII, which is
 * what all of them are made of.
 */
#include "audit/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/table.h"

#include "engine/banned.h"

#define S SBK_VOLUME_SENSITIVE
#define COMPONENTS_MAX 16

const struct sbk_volume_name sbk_volume_names[] = {
	{"/$extend/$usnjrnl", SBK_VOLUME_JOURNAL, "journal of changes"},
	{"~/.ssh", S, "SSH keys"},
	{"~/.gnupg", S, "GnuPG keys"},
	{"~/.aws", S, "AWS credentials"},
	{"~/.azure", S, "Azure credentials"},
	{"~/.config/gcloud", S, "Google Cloud credentials"},
	{"~/appdata/roaming/gcloud", S, "Google Cloud credentials"},
	{"~/.kube", S, "Kubernetes credentials"},
	{"~/.docker", S, "registry credentials"},
	{"~/.terraform.d", S, "Terraform credentials"},
	{"~/.pki", S, "certificates"},
	{"~/.git-credentials", S, "passwords of git"},
	{"~/.netrc", S, "passwords"},
	{"~/_netrc", S, "passwords"},
	{"~/.npmrc", S, "registry credentials"},
	{"~/.pypirc", S, "registry credentials"},
	{"~/.codex/auth.json", S, "credentials of an agent"},
	{"~/.claude/.credentials.json", S, "credentials of an agent"},
	{"~/appdata/local/microsoft/credentials", S, "credential store"},
	{"~/appdata/roaming/microsoft/credentials", S, "credential store"},
	{"~/appdata/local/microsoft/vault", S, "credential store"},
	{"~/appdata/roaming/microsoft/vault", S, "credential store"},
	{"~/appdata/roaming/microsoft/protect", S, "keys of DPAPI"},
	{"~/appdata/roaming/microsoft/crypto", S, "private keys"},
	{"~/appdata/roaming/microsoft/systemcertificates", S, "certificates"},
	{"~/appdata/local/google/chrome/user data", S, "browser profile"},
	{"~/appdata/local/chromium/user data", S, "browser profile"},
	{"~/appdata/local/microsoft/edge/user data", S, "browser profile"},
	{"~/appdata/local/bravesoftware", S, "browser profile"},
	{"~/appdata/local/vivaldi/user data", S, "browser profile"},
	{"~/appdata/roaming/opera software", S, "browser profile"},
	{"~/appdata/roaming/mozilla/firefox", S, "browser profile"},
	{"~/appdata/roaming/thunderbird", S, "mail"},
	{"~/appdata/local/packages", S, "package folders"},
	{"~/appdata/roaming/microsoft/windows/start menu/programs/startup", S,
	 "start-up folder"},
	{"~/appdata/roaming/microsoft/windows/powershell/psreadline", S,
	 "shell history"},
	{"~/ntuser.dat", S, "registry hive"},
	{"~/appdata/local/microsoft/windows/usrclass.dat", S, "registry hive"},
	{"/", SBK_VOLUME_TOP, "the whole volume"},
	{"/users", SBK_VOLUME_TOP, "all profiles"},
	{"~", SBK_VOLUME_TOP, "a person's profile"},
	{"/windows/system32/config", S, "registry hives"},
	{"/windows/system32/tasks", S, "scheduled tasks"},
	{"/windows", S, "the system"},
	{"/program files", S, "programs"},
	{"/program files (x86)", S, "programs"},
	{"/program files/windowsapps", S, "package folders"},
	{"/programdata/ssh", S, "keys of the SSH server"},
	{"/programdata/microsoft/crypto", S, "private keys"},
	{"/programdata/microsoft/windows/start menu/programs/startup", S,
	 "start-up folder"},
	{"cap_sid", SBK_VOLUME_LEDGER, "codex"},
	{".sandbox/deny_read_acl_state.json", SBK_VOLUME_LEDGER, "codex"},
	{".sandbox/setup_marker.json", SBK_VOLUME_LEDGER, "codex"},
	{".sandbox-secrets/sandbox_users.json", SBK_VOLUME_LEDGER, "codex"},
	{".sandbox/setup_error.json", SBK_VOLUME_LEDGER, "codex"},
	{"mxc/dacl-restore", SBK_VOLUME_LEDGER_DIRECTORY, "mxc"},
	{"mxc/dacl-restore/*", SBK_VOLUME_LEDGER, "mxc"},
	{"/windows/system32/config/sam", SBK_VOLUME_HIVE, "SAM"},
	{"/windows/system32/config/software", SBK_VOLUME_HIVE, "SOFTWARE"},
	{"/windows/system32/config/system", SBK_VOLUME_HIVE, "SYSTEM"},
	{"~/.ssh/*", SBK_VOLUME_KEY, "SSH"},
	{"/programdata/ssh/*", SBK_VOLUME_KEY, "SSH server"},
};

const size_t sbk_volume_name_count =
	sizeof(sbk_volume_names) / sizeof(sbk_volume_names[0]);

/* A component of a pattern, from its end. */
struct component {
	const char *text;
	size_t size;
};

/* The components of a pattern, the last first; how many. "~" is two. */
static size_t split(const char *pattern, struct component *out)
{
	static const struct component any = {"*", 1}, users = {"users", 5};
	const char *end = pattern + strlen(pattern), *begin;
	size_t count = 0;

	while (end > pattern && *pattern != '\0') {
		for (begin = end; begin > pattern && begin[-1] != '/'; begin--)
			;
		out[count].text = begin;
		out[count++].size = (size_t)(end - begin);
		end = begin > pattern ? begin - 1 : begin;
	}
	if (count > 0 && out[count - 1].size == 1 &&
	    out[count - 1].text[0] == '~') {
		out[count - 1] = any;
		out[count++] = users;
	}
	return count;
}

static bool is_rooted(const char *pattern)
{
	return pattern[0] == '/' || pattern[0] == '~';
}

static char lower(unsigned c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_component(const char *name, size_t size,
			 const struct component *component)
{
	size_t i;

	if (component->size == 1 && component->text[0] == '*')
		return true;
	if (size != component->size)
		return false;
	for (i = 0; i < size; i++)
		if (lower((unsigned char)name[i]) != component->text[i])
			return false;
	return true;
}

/* --- met by name ------------------------------------------------------ */

/* Which lengths and first letters last components have: what decides for
 * nearly every name that it means nothing. */
static void make_filter(struct sbk_volume_tree *tree)
{
	struct component components[COMPONENTS_MAX];
	size_t i;

	for (i = 0; i < sbk_volume_name_count; i++) {
		(void)split(sbk_volume_names[i].pattern, components);
		if (components[0].text[0] != '*')
			tree->filter[components[0].size %
				     SBK_VOLUME_FILTER_SIZES]
				    [components[0].text[0] & 0x7F] = true;
	}
	tree->has_filter = true;
}

static bool may_mean(struct sbk_volume_tree *tree, size_t units, unsigned first)
{
	if (!tree->has_filter)
		make_filter(tree);
	return units < SBK_VOLUME_FILTER_SIZES && first < 128 &&
	       tree->filter[units][first];
}

static int add(struct sbk_volume_tree *tree, uint32_t record, uint32_t parent,
	       size_t name, struct sbk_error *err)
{
	size_t capacity = tree->candidate_capacity * 2 + 64;
	struct sbk_volume_candidate *candidates;

	if (tree->candidate_count >= SBK_VOLUME_CANDIDATES_MAX) {
		sbk_ntfs_damage_add(sbk_volume_damage(tree), SBK_NTFS_BAD_LIMIT,
				    record);
		return 0;
	}
	if (tree->candidate_count == tree->candidate_capacity) {
		candidates = realloc(tree->candidates,
				     capacity * sizeof(*candidates));
		if (candidates == NULL)
			return sbk_error_no_memory(err);
		tree->candidates = candidates;
		tree->candidate_capacity = capacity;
	}
	tree->candidates[tree->candidate_count++] =
		(struct sbk_volume_candidate){.record = record,
					      .parent = parent,
					      .name = (uint16_t)name};
	return 0;
}

int sbk_volume_names_meet(struct sbk_volume_tree *tree, uint32_t record,
			  uint32_t parent, struct sbk_view utf16,
			  struct sbk_error *err)
{
	struct component components[COMPONENTS_MAX];
	char name[SBK_VOLUME_FILTER_SIZES];
	size_t units = utf16.size / 2, i;
	unsigned unit;
	int rc = 0;

	unit = sbk_view_u16(&utf16, 0);
	if (unit >= 128 || !may_mean(tree, units, (unsigned)lower(unit)))
		return 0;
	for (i = 0; i < units; i++) {
		unit = sbk_view_u16(&utf16, i * 2);
		if (unit >= 128)
			return 0;
		name[i] = (char)unit;
	}
	for (i = 0; rc == 0 && i < sbk_volume_name_count; i++) {
		(void)split(sbk_volume_names[i].pattern, components);
		if (components[0].text[0] != '*' &&
		    is_component(name, units, &components[0]))
			rc = add(tree, record, parent, i, err);
	}
	return rc;
}

/* --- confirmed by directories ----------------------------------------- */

struct confirming {
	struct sbk_volume_tree *tree;
	struct sbk_table names; /* record to a name in the arena */
	struct sbk_arena arena;
};

/* The name of a directory, read once. */
static int name_of(struct confirming *confirming, uint32_t record,
		   const char **out, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	const char **value;
	bool fresh;
	int rc;

	value = sbk_table_put(&confirming->names, &record, sizeof(record),
			      &fresh);
	if (value == NULL)
		return sbk_error_no_memory(err);
	if (fresh) {
		rc = sbk_volume_name(confirming->tree, record, &text, err);
		if (rc == 0)
			*value = sbk_arena_strdup(&confirming->arena,
						  sbk_buf_text(&text));
		sbk_buf_release(&text);
		if (rc < 0 || *value == NULL)
			return rc < 0 ? rc : sbk_error_no_memory(err);
	}
	*out = *value;
	return 0;
}

static bool is_root(const struct sbk_volume_tree *tree, uint32_t record)
{
	return record == SBK_NTFS_ROOT ||
	       (tree->flags[record] & SBK_VOLUME_TOPMOST) != 0;
}

/* Whether `directory` and those above it are the pattern's, from `at` on. */
static int matches(struct confirming *confirming, uint32_t directory,
		   const char *pattern, size_t at, bool *out,
		   struct sbk_error *err)
{
	struct component components[COMPONENTS_MAX];
	size_t count = split(pattern, components);
	const char *name = NULL;
	int rc;

	*out = false;
	for (; at < count; at++) {
		if (directory == SBK_VOLUME_NONE ||
		    is_root(confirming->tree, directory))
			return 0;
		rc = name_of(confirming, directory, &name, err);
		if (rc < 0)
			return rc;
		if (!is_component(name, strlen(name), &components[at]))
			return 0;
		directory = confirming->tree->parent[directory];
	}
	*out = !is_rooted(pattern) || (directory != SBK_VOLUME_NONE &&
				       is_root(confirming->tree, directory));
	return 0;
}

/* The pattern of the directory in which `pattern` is any name; else NULL. */
static size_t any_within(const char *pattern, char *out, size_t out_size)
{
	size_t size = strlen(pattern);

	if (strcmp(pattern, "~") == 0)
		return (size_t)snprintf(out, out_size, "/users");
	if (size < 3 || strcmp(pattern + size - 2, "/*") != 0)
		return 0;
	return (size_t)snprintf(out, out_size, "%.*s", (int)(size - 2),
				pattern);
}

/* For each name, which one its content has; NONE: none. */
static void find_within(size_t *within)
{
	char directory[128];
	size_t i, j;

	for (i = 0; i < sbk_volume_name_count; i++)
		within[i] = SIZE_MAX;
	for (j = 0; j < sbk_volume_name_count; j++) {
		if (any_within(sbk_volume_names[j].pattern, directory,
			       sizeof(directory)) == 0)
			continue;
		for (i = 0; i < sbk_volume_name_count; i++)
			if (strcmp(sbk_volume_names[i].pattern, directory) == 0)
				within[i] = j;
	}
}

#define MARK 0x80 /* in flags, while we look: a directory with such content */

static int by_record(const void *a, const void *b)
{
	const struct sbk_volume_candidate *one = a, *two = b;

	if (one->record != two->record)
		return one->record < two->record ? -1 : 1;
	return one->name < two->name ? -1 : one->name > two->name;
}

/* The first of `count` sorted candidates that are this record. */
static size_t find_candidate(const struct sbk_volume_tree *tree, size_t count,
			     uint32_t record)
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (tree->candidates[middle].record < record)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What may have any name is met through its directory, which is a candidate
 * itself. */
static int meet_any(struct sbk_volume_tree *tree, struct sbk_error *err)
{
	size_t within[sizeof(sbk_volume_names) / sizeof(sbk_volume_names[0])];
	size_t known = tree->candidate_count, i;
	uint32_t record, parent;
	int rc = 0;

	find_within(within);
	if (known > 0)
		qsort(tree->candidates, known, sizeof(*tree->candidates),
		      by_record);
	for (i = 0; i < known; i++)
		if (within[tree->candidates[i].name] != SIZE_MAX)
			tree->flags[tree->candidates[i].record] |= MARK;
	for (record = 0; rc == 0 && record < tree->records; record++) {
		parent = tree->parent[record];
		if (parent == SBK_VOLUME_NONE ||
		    (tree->flags[parent] & MARK) == 0)
			continue;
		for (i = find_candidate(tree, known, parent);
		     rc == 0 && i < known &&
		     tree->candidates[i].record == parent;
		     i++)
			if (within[tree->candidates[i].name] != SIZE_MAX)
				rc = add(tree, record, parent,
					 within[tree->candidates[i].name], err);
	}
	for (record = 0; record < tree->records; record++)
		tree->flags[record] &= (uint8_t)~MARK;
	return rc;
}

/* The root itself, which has no name to be met by; each, of a live tree. */
static int add_roots(struct sbk_volume_tree *tree, struct sbk_error *err)
{
	size_t i;
	uint32_t record;
	int rc = 0;

	for (i = 0; i < sbk_volume_name_count; i++)
		if (strcmp(sbk_volume_names[i].pattern, "/") == 0)
			break;
	for (record = 0; rc == 0 && record < tree->records; record++)
		if (tree->is_live
			    ? is_root(tree, record) && record != SBK_NTFS_ROOT
			    : record == SBK_NTFS_ROOT)
			rc = add(tree, record, SBK_VOLUME_NONE, i, err);
	return rc;
}

int sbk_volume_names_confirm(struct sbk_volume_tree *tree,
			     struct sbk_error *err)
{
	struct confirming confirming = {
		.tree = tree,
		.names = SBK_TABLE_INIT(sizeof(const char *), NULL)};
	size_t i, kept = 0;
	bool found;
	int rc = 0;

	confirming.names.keys = &confirming.arena;
	for (i = 0; rc == 0 && i < tree->candidate_count; i++) {
		struct sbk_volume_candidate *candidate = &tree->candidates[i];

		rc = matches(&confirming, candidate->parent,
			     sbk_volume_names[candidate->name].pattern, 1,
			     &found, err);
		if (rc == 0 && found)
			tree->candidates[kept++] = *candidate;
	}
	tree->candidate_count = kept;
	if (rc == 0)
		rc = add_roots(tree, err);
	/* Directories of profiles are directories of keys only then. */
	if (rc == 0)
		rc = meet_any(tree, err);
	if (tree->candidate_count > 0)
		qsort(tree->candidates, tree->candidate_count,
		      sizeof(*tree->candidates), by_record);
	sbk_table_release(&confirming.names);
	sbk_arena_release(&confirming.arena);
	return rc;
}
