/*
 * What is owed of trees that an undo gave up: objects that were made in one
 * after the grant and still bear entries of ours (tops.c). Looks at the host
 * and says; recovery is what settles it. Changes nothing, records nothing.
 *
 * Such an object may belong to the sandbox account that made it. Then no undo
 * of the person's can change it, and whoever is told must learn what does.
 */
#include "journal/undo.h"

#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/os.h"
#include "engine/os_census.h"
#include "engine/path.h"

#include "engine/banned.h"

/*
 * A log that somebody else wrote leads nobody to what is not that person's, and
 * to no more of it than a person grants.
 */
static bool is_shown_to(const struct sbk_journal *journal,
			const struct sbk_plan_root *tree, size_t seen)
{
	struct sbk_file file;

	return !journal->foreign ||
	       (seen < SBK_FOREIGN_TREES_MAX &&
		sbk_os_look(tree->path, &file, NULL) == 0 &&
		file.owner == journal->owner);
}

static bool is_asked_for(const char *path, const char *asked)
{
	return asked == NULL || sbk_path_within(path, asked) ||
	       sbk_path_within(asked, path);
}

/* The trees, as roots of both plans. */
static int load_trees(struct sbk_undo *undo, const char *path,
		      struct sbk_plan *out, struct sbk_error *err)
{
	struct sbk_db *db = &undo->journal->db;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(db, SBK_SQL_OWED_ROOTS, &row, err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(db, row, err)) == 1) {
		const struct sbk_plan_root tree = {
			.path = sbk_db_text(row, 0),
			.identity = sbk_db_text(row, 1),
			.principal = sbk_db_text(row, 2),
		};

		if (tree.path == NULL || tree.principal == NULL ||
		    !is_asked_for(tree.path, path) ||
		    !is_shown_to(undo->journal, &tree,
				 sbk_plan_root_count(undo->tops)))
			continue;
		rc = sbk_plan_add_root(undo->tops, &tree, NULL, err);
		if (rc == 0)
			rc = sbk_plan_add_root(out, &tree, NULL, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc;
}

int sbk_journal_plan_owed(struct sbk_journal *journal,
			  const struct sbk_backend *backend, const char *path,
			  struct sbk_plan *out, struct sbk_error *err)
{
	struct sbk_plan *nothing = sbk_plan_new();
	struct sbk_undo undo = {.journal = NULL};
	int rc;

	if (nothing == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_undo_init(&undo, journal, backend, nothing, err);
	if (rc == 0)
		rc = load_trees(&undo, path, out, err);
	if (rc == 0)
		rc = sbk_tops_plan_later(&undo, out, err);
	sbk_undo_release(&undo);
	sbk_plan_free(nothing);
	return rc;
}

/* The principal of one of the trees that owns the object, or NULL. */
static int find_owner(const struct sbk_backend *backend, struct sbk_plan *trees,
		      const struct sbk_change *change, const char **out,
		      struct sbk_error *err)
{
	unsigned how;
	size_t i;
	int rc = 0;

	*out = NULL;
	for (i = 0; rc == 0 && *out == NULL && i < sbk_plan_root_count(trees);
	     i++) {
		const struct sbk_plan_root *tree = sbk_plan_root_at(trees, i);

		rc = sbk_backend_naming(backend, change->before,
					tree->principal, &how, err);
		if (rc == 0 && (how & SBK_NAMED_OWNER) != 0)
			*out = tree->principal;
	}
	return rc;
}

int sbk_journal_sum_owed(const struct sbk_backend *backend,
			 struct sbk_plan *trees, struct sbk_plan *plan,
			 struct sbk_owed *out, struct sbk_error *err)
{
	struct sbk_owed sum = {.trees = sbk_plan_root_count(trees)};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sbk_plan_count(plan); i++) {
		const struct sbk_change *change = sbk_plan_at(plan, i);
		const char *owner;

		if (change->undoes != 0)
			continue;
		sum.objects++;
		rc = find_owner(backend, trees, change, &owner, err);
		if (rc < 0 || owner == NULL)
			continue;
		if (sum.foreign++ > 0)
			continue;
		sum.example = change->object.name;
		rc = sbk_os_principal_name(owner, sum.account,
					   sizeof(sum.account), err);
	}
	if (sum.trees > 0)
		sum.tree = sbk_plan_root_at(trees, 0)->path;
	if (rc == 0)
		*out = sum;
	return rc;
}

void sbk_owed_print(const struct sbk_owed *owed, struct sbk_buf *out)
{
	sbk_buf_printf(out, "%zu object%s made in '", owed->objects,
		       owed->objects == 1 ? "" : "s");
	sbk_text_escape(out, owed->tree);
	sbk_buf_printf(out, "'%s after the grant still name%s its account",
		       owed->trees > 1 ? " and other trees" : "",
		       owed->objects == 1 ? "s" : "");
	if (owed->foreign == 0)
		return;
	sbk_buf_printf(out, "; %zu belong%s to '%s' ('", owed->foreign,
		       owed->foreign == 1 ? "s" : "", owed->account);
	sbk_text_escape(out, owed->example);
	sbk_buf_adds(out, owed->foreign > 1 ? "' and others)" : "')");
	sbk_buf_printf(out,
		       ", so that only %s can take our entries out: "
		       "'%ssandbook uninstall' does",
		       sbk_os_admin.who, sbk_os_admin.before);
}

/* A path that stands in single quotes as it is. */
static bool is_plain(const char *path)
{
	for (; *path != '\0'; path++)
		if ((unsigned char)*path < ' ' || *path == '\'' ||
		    *path == '\\' || *path == 0x7f)
			return false;
	return true;
}

void sbk_owed_print_remedy(const struct sbk_owed *owed, const char *person,
			   struct sbk_buf *out)
{
	/* --from: nothing is given but what the account owns, whatever takes
	 * the place of a name meanwhile. */
	if (sbk_os_admin.is_sudo && owed->foreign > 0 && owed->trees == 1 &&
	    is_plain(owed->tree) && owed->account[0] != '\0')
		sbk_buf_printf(out,
			       "sudo find '%s' -xdev -user %s -exec chown -h "
			       "--from=%s %s: {} +",
			       owed->tree, owed->account, owed->account,
			       person);
}
