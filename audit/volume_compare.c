/*
 * Two states of one volume: what differs, rolled up. Objects are the same where
 * record and sequence number are; a pair of descriptors is compared once,
 * however many objects changed from the one to the other.
 *
 * What an object inherits differs from its directory's entry in its flags
 * alone, so a change is called by the entries that came and went without their
 * flags: then a whole tree that changed alike has one root.
 */
#include "audit/volume.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/table.h"

#include "engine/banned.h"

#define LINES_MAX 6 /* of a difference, in a finding */

/* What happened to an object: kinds 1, 2, 3, then changes of descriptors. */
enum { SAME, CAME, WENT, RENAMED, CHANGED };

struct compare {
	struct sbk_volume_audit before, after;
	struct sbk_report *report;
	uint8_t key[crypto_shorthash_KEYBYTES];
	/* Of pairs of descriptors: kind; and of what a change is, as a digest,
	 * since many pairs of large ones may differ: kind. */
	struct sbk_table pairs, changes;
	struct sbk_arena arena;
	uint32_t kinds;
	uint32_t *kind; /* [record] */
	uint32_t *root, *count;
};

/* --- descriptors ------------------------------------------------------ */

struct descriptor {
	struct sbk_buf bytes;
	struct sbk_sd sd;
	bool is_read;
};

static int load(struct sbk_volume_audit *audit, uint32_t index,
		struct descriptor *out, struct sbk_error *err)
{
	int rc = 0;

	if (index != SBK_VOLUME_NONE)
		rc = sbk_volume_descriptor(&audit->tree, index, &out->bytes,
					   NULL);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	out->is_read = index != SBK_VOLUME_NONE && rc == 0 &&
		       sbk_sd_read((const uint8_t *)out->bytes.data,
				   out->bytes.size, &out->sd, NULL) == 0;
	return 0;
}

/* One entry without its flags, for sorting; what is behind the SID, too. */
static void add_entries(struct sbk_buf *out, const struct sbk_sd *sd)
{
	struct sbk_nt_acl_cursor at = SBK_NT_ACL_BEGIN;
	struct sbk_ace ace;

	while (sd->dacl_is == SBK_ACL_PRESENT &&
	       sbk_nt_acl_next(&sd->dacl, &at, &ace)) {
		sbk_buf_printf(out, "%02x", ace.type);
		sbk_buf_add_hex(out, ace.bytes + 4, ace.size - 4u);
		sbk_buf_addc(out, '\n');
	}
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines of a text, sorted; the text is cut into them. */
static char **sort_lines(struct sbk_buf *text, size_t *count)
{
	char **lines, *at = text->data, *end;
	size_t n = 0, i;

	for (i = 0; i < text->size; i++)
		n += text->data[i] == '\n';
	lines = calloc(n + 1, sizeof(*lines));
	for (i = 0; lines != NULL && i < n; i++) {
		end = strchr(at, '\n');
		*end = '\0';
		lines[i] = at;
		at = end + 1;
	}
	if (lines != NULL && n > 0)
		qsort(lines, n, sizeof(*lines), by_line);
	*count = n;
	return lines;
}

/* Which entries came and which went: what the change is called. */
static int name_entries(const struct sbk_sd *a, const struct sbk_sd *b,
			struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_buf old = SBK_BUF_INIT, new = SBK_BUF_INIT;
	char **olds = NULL, **news = NULL;
	size_t old_count = 0, new_count = 0, i = 0, j = 0;
	int order;

	add_entries(&old, a);
	add_entries(&new, b);
	if (old.failure == 0 && new.failure == 0) {
		olds = sort_lines(&old, &old_count);
		news = sort_lines(&new, &new_count);
	}
	while (olds != NULL && news != NULL &&
	       (i < old_count || j < new_count)) {
		order = i == old_count	 ? 1
			: j == new_count ? -1
					 : strcmp(olds[i], news[j]);
		if (order < 0)
			sbk_buf_printf(out, "-%s\n", olds[i++]);
		else if (order > 0)
			sbk_buf_printf(out, "+%s\n", news[j++]);
		else {
			i++;
			j++;
		}
	}
	order = olds == NULL || news == NULL;
	free(olds);
	free(news);
	sbk_buf_release(&old);
	sbk_buf_release(&new);
	return order != 0 ? sbk_error_no_memory(err) : 0;
}

static bool has_same(bool a_has, const struct sbk_sid *a, bool b_has,
		     const struct sbk_sid *b)
{
	return a_has == b_has && (!a_has || sbk_sid_equal(a, b));
}

static int name_change(const struct descriptor *a, const struct descriptor *b,
		       struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_sid_text text;

	if (!a->is_read || !b->is_read) {
		sbk_buf_printf(out, "%d%d", a->is_read, b->is_read);
		return 0;
	}
	if (!has_same(a->sd.has_owner, &a->sd.owner, b->sd.has_owner,
		      &b->sd.owner))
		sbk_buf_printf(out, "owner %s\n",
			       sbk_sid_format(&b->sd.owner, &text));
	if (!has_same(a->sd.has_group, &a->sd.group, b->sd.has_group,
		      &b->sd.group))
		sbk_buf_printf(out, "group %s\n",
			       sbk_sid_format(&b->sd.group, &text));
	if (a->sd.control != b->sd.control)
		sbk_buf_printf(out, "control %x\n",
			       (unsigned)(a->sd.control ^ b->sd.control));
	return name_entries(&a->sd, &b->sd, out, err);
}

/* The kind of a change from one descriptor to another; SAME for none. */
static int find_kind(struct compare *c, uint32_t old, uint32_t new,
		     uint32_t *out, struct sbk_error *err)
{
	struct descriptor a = {.is_read = false}, b = {.is_read = false};
	struct sbk_buf name = SBK_BUF_INIT;
	uint32_t pair[2] = {old, new}, *known, *kind;
	uint8_t digest[crypto_generichash_BYTES];
	bool fresh;
	int rc;

	known = sbk_table_find(&c->pairs, pair, sizeof(pair));
	if (known != NULL) {
		*out = *known;
		return 0;
	}
	*out = SAME;
	rc = load(&c->before, old, &a, err);
	if (rc == 0)
		rc = load(&c->after, new, &b, err);
	if (rc == 0 && !(a.is_read && b.is_read && sbk_sd_equal(&a.sd, &b.sd)))
		rc = name_change(&a, &b, &name, err);
	if (rc == 0)
		rc = sbk_buf_failed(&name, err);
	/* Equal, or neither is there: damage says why. */
	if (rc == 0 && name.size > 0 && (a.is_read || b.is_read)) {
		(void)crypto_generichash(digest, sizeof(digest),
					 (const uint8_t *)name.data, name.size,
					 NULL, 0); /* cannot fail */
		kind = sbk_table_put(&c->changes, digest, sizeof(digest),
				     &fresh);
		if (kind == NULL)
			rc = sbk_error_no_memory(err);
		else if (fresh)
			*kind = CHANGED + c->kinds++;
		if (kind != NULL)
			*out = *kind;
	} else if (rc == 0 && a.is_read && b.is_read &&
		   !sbk_sd_equal(&a.sd, &b.sd)) {
		*out = CHANGED; /* order, flags or the SACL alone */
	}
	known = rc == 0 ? sbk_table_put(&c->pairs, pair, sizeof(pair), &fresh)
			: NULL;
	if (known != NULL)
		*known = *out;
	else if (rc == 0)
		rc = sbk_error_no_memory(err);
	sbk_buf_release(&a.bytes);
	sbk_buf_release(&b.bytes);
	sbk_buf_release(&name);
	return rc;
}

/* --- objects ---------------------------------------------------------- */

static bool is_there(const struct sbk_volume_tree *tree, uint32_t record)
{
	return record < tree->records &&
	       (tree->flags[record] & SBK_VOLUME_USED) != 0 &&
	       (tree->flags[record] & SBK_VOLUME_SYSTEM) == 0;
}

/* Whether the record holds the same object in both. */
static bool is_same(const struct compare *c, uint32_t record)
{
	return is_there(&c->before.tree, record) &&
	       is_there(&c->after.tree, record) &&
	       c->before.tree.sequence[record] ==
		       c->after.tree.sequence[record];
}

/* Counts each object at the root of those above it with its kind. */
static void roll_up(struct compare *c, const struct sbk_volume_tree *tree,
		    uint32_t records)
{
	uint32_t i, at, root, parent, next;

	for (i = 0; i < records; i++) {
		c->root[i] = SBK_VOLUME_NONE;
		c->count[i] = 0;
	}
	for (i = 0; i < tree->records; i++) {
		if (c->kind[i] == SAME)
			continue;
		for (at = i; c->root[at] == SBK_VOLUME_NONE; at = parent) {
			parent = tree->parent[at];
			if (parent == SBK_VOLUME_NONE ||
			    c->kind[parent] != c->kind[i])
				break;
		}
		root = c->root[at] != SBK_VOLUME_NONE ? c->root[at] : at;
		for (at = i; at != root && c->root[at] == SBK_VOLUME_NONE;
		     at = next) {
			next = tree->parent[at];
			c->root[at] = root;
		}
		c->root[root] = root;
		c->count[root]++;
	}
}

static int tell(struct compare *c, struct sbk_volume_audit *where,
		uint32_t record, const char *rule, const struct sbk_buf *text,
		struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT;
	struct sbk_finding finding = {.severity = SBK_SEVERITY_FINDING,
				      .rule = rule,
				      .text = sbk_buf_text(text),
				      .objects = c->count[record]};
	int rc = sbk_volume_path(&where->tree, record, &path, err);

	finding.object = sbk_buf_text(&path);
	if (rc == 0)
		rc = sbk_buf_failed(text, err);
	if (rc == 0)
		rc = sbk_report_add(c->report, &finding, err);
	sbk_buf_release(&path);
	return rc;
}

/* The lines of a difference (each ends with a zero), joined. */
static void join(struct sbk_buf *out, const struct sbk_buf *lines)
{
	size_t at = 0, n = 0;

	for (; at < lines->size; at += strlen(lines->data + at) + 1, n++)
		if (n < LINES_MAX)
			sbk_buf_printf(out, "%s%s", n > 0 ? ";  " : "",
				       lines->data + at);
	if (n > LINES_MAX)
		sbk_buf_printf(out, ";  and %zu more lines", n - LINES_MAX);
}

static int tell_change(struct compare *c, uint32_t record,
		       struct sbk_error *err)
{
	struct descriptor a = {.is_read = false}, b = {.is_read = false};
	struct sbk_buf lines = SBK_BUF_INIT, text = SBK_BUF_INIT;
	struct sbk_buf when = SBK_BUF_INIT;
	int rc = load(&c->before, c->before.tree.descriptor[record], &a, err);

	if (rc == 0)
		rc = load(&c->after, c->after.tree.descriptor[record], &b, err);
	if (rc == 0 && a.is_read && b.is_read)
		sbk_sd_diff(&a.sd, &b.sd, &c->before.directory.domains, &lines);
	join(&text, &lines);
	if (text.size == 0)
		sbk_buf_adds(&text, a.is_read ? "its descriptor is not there"
					      : "it has a descriptor now");
	if (sbk_volume_changed(&c->after.tree, record, &when))
		sbk_buf_printf(&text, ";  changed at %s", sbk_buf_text(&when));
	if (rc == 0)
		rc = tell(c, &c->after, record, "compare.descriptor", &text,
			  err);
	sbk_buf_release(&a.bytes);
	sbk_buf_release(&b.bytes);
	sbk_buf_release(&lines);
	sbk_buf_release(&text);
	sbk_buf_release(&when);
	return rc;
}

static int tell_roots(struct compare *c, struct sbk_volume_audit *where,
		      const char *rule, const char *words,
		      struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	uint32_t i;
	int rc = 0;

	sbk_buf_adds(&text, words != NULL ? words : "");
	for (i = 0; rc == 0 && i < where->tree.records; i++)
		if (c->count[i] > 0)
			rc = words == NULL
				     ? tell_change(c, i, err)
				     : tell(c, where, i, rule, &text, err);
	sbk_buf_release(&text);
	return rc;
}

static int compare_descriptors(struct compare *c, uint32_t records,
			       struct sbk_error *err)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < records; i++) {
		c->kind[i] = SAME;
		if (is_same(c, i))
			rc = find_kind(c, c->before.tree.descriptor[i],
				       c->after.tree.descriptor[i], &c->kind[i],
				       err);
	}
	if (rc < 0)
		return rc;
	roll_up(c, &c->after.tree, records);
	if (c->after.tree.volume != NULL)
		rc = sbk_volume_changes_load(&c->after.tree, err);
	if (rc == 0 && c->after.tree.volume != NULL)
		rc = sbk_volume_changes_report(&c->after.tree, c->after.path,
					       c->report, err);
	return rc < 0 ? rc
		      : tell_roots(c, &c->after, "compare.descriptor", NULL,
				   err);
}

/* Objects that are in `here` and not in the other one. */
static int compare_presence(struct compare *c, struct sbk_volume_audit *here,
			    uint32_t records, const char *rule,
			    const char *words, struct sbk_error *err)
{
	uint32_t i;

	for (i = 0; i < records; i++)
		c->kind[i] = is_there(&here->tree, i) && !is_same(c, i) ? CAME
									: SAME;
	roll_up(c, &here->tree, records);
	return tell_roots(c, here, rule, words, err);
}

static int compare_names(struct compare *c, uint32_t records,
			 struct sbk_error *err)
{
	uint32_t i;

	for (i = 0; i < records; i++)
		c->kind[i] = is_same(c, i) && c->before.tree.names[i] !=
						      c->after.tree.names[i]
				     ? RENAMED
				     : SAME;
	roll_up(c, &c->after.tree, records);
	return tell_roots(c, &c->after, "compare.names",
			  "it was renamed or moved, or has other links", err);
}

/* One of the two, with the hashes of names made with c->key. */
static int begin(struct compare *c, struct sbk_volume_audit *audit,
		 uint64_t *serial, struct sbk_error *err)
{
	int rc;

	audit->report = c->report;
	audit->tree.name_key = c->key;
	rc = sbk_volume_open(audit, err);
	if (rc == 0)
		rc = sbk_volume_tree_load(&audit->tree, err);
	if (rc == 0)
		*serial = sbk_ntfs_volume_boot(audit->tree.volume)->serial;
	return rc;
}

/* A saved state decides the key for the other one. */
static int begin_saved(struct compare *c, struct sbk_volume_audit *audit,
		       uint64_t *serial, struct sbk_error *err)
{
	struct sbk_volume_baseline_facts facts;
	int rc = sbk_volume_baseline_load(audit, &facts, err);

	if (rc < 0)
		return rc;
	*serial = facts.serial;
	memcpy(c->key, facts.key, sizeof(c->key));
	if (facts.is_incomplete)
		rc = sbk_report_missed(c->report, audit->path,
				       "not all of the volume could be read "
				       "when it was saved",
				       err);
	return rc;
}

static int begin_both(struct compare *c, struct sbk_error *err)
{
	bool before_saved = sbk_volume_baseline_is(c->before.path);
	bool after_saved = sbk_volume_baseline_is(c->after.path);
	uint64_t before = 0, after = 0;
	int rc = 0;

	if (before_saved && after_saved)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' and '%s' are both saved states; one "
				     "of the two must be a volume",
				     c->before.path, c->after.path);
	if (before_saved)
		rc = begin_saved(c, &c->before, &before, err);
	if (rc == 0 && after_saved)
		rc = begin_saved(c, &c->after, &after, err);
	if (rc == 0 && !before_saved)
		rc = begin(c, &c->before, &before, err);
	if (rc == 0 && !after_saved)
		rc = begin(c, &c->after, &after, err);
	if (rc == 0 && before != after)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' and '%s' have different serial "
				   "numbers: they are not two states of one "
				   "volume",
				   c->before.path, c->after.path);
	return rc;
}

static int compare(struct compare *c, struct sbk_error *err)
{
	uint32_t records = c->before.tree.records;
	int rc;

	if (records < c->after.tree.records)
		records = c->after.tree.records;
	c->kind = calloc(records, sizeof(*c->kind));
	c->root = calloc(records, sizeof(*c->root));
	c->count = calloc(records, sizeof(*c->count));
	if (c->kind == NULL || c->root == NULL || c->count == NULL)
		return sbk_error_no_memory(err);
	rc = compare_descriptors(c, records, err);
	if (rc == 0)
		rc = compare_presence(c, &c->after, records, "compare.new",
				      "it was not there before", err);
	if (rc == 0)
		rc = compare_presence(c, &c->before, records, "compare.gone",
				      "it is not there any more", err);
	if (rc == 0)
		rc = compare_names(c, records, err);
	if (rc == 0 && c->before.tree.volume != NULL)
		rc = sbk_volume_report_damage(&c->before, err);
	if (rc == 0 && c->after.tree.volume != NULL)
		rc = sbk_volume_report_damage(&c->after, err);
	sbk_report_coverage(c->report)->examined =
		c->before.tree.objects + c->after.tree.objects;
	return rc;
}

int sbk_volume_compare(const char *before, const char *after,
		       const struct sbk_progress *progress,
		       struct sbk_report *report, struct sbk_error *err)
{
	struct compare c = {.report = report,
			    .kinds = 1,
			    .pairs = SBK_TABLE_INIT(sizeof(uint32_t), NULL),
			    .changes = SBK_TABLE_INIT(sizeof(uint32_t), NULL)};
	int rc;

	c.pairs.keys = c.changes.keys = &c.arena;
	crypto_shorthash_keygen(c.key);
	c.before.path = before;
	c.after.path = after;
	c.before.tree.progress = c.after.tree.progress = progress;
	rc = begin_both(&c, err);
	if (rc == 0)
		rc = compare(&c, err);
	sbk_volume_audit_release(&c.before);
	sbk_volume_audit_release(&c.after);
	sbk_table_release(&c.pairs);
	sbk_table_release(&c.changes);
	sbk_arena_release(&c.arena);
	free(c.kind);
	free(c.root);
	free(c.count);
	return rc;
}
