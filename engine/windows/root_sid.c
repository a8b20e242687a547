/*
 * Which synthetic SID a root has, gets, or loses. Owns no state: the journal
 * says what is in effect, the backend what stands at a path.
 *
 * A SID is taken back from a root only where no account was granted the same:
 * a person asked for that, and a run only needed the other.
 */
#include "engine/windows/root_sid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sid.h"
#include "engine/os.h"
#include "engine/windows/synthetic.h"

#include "engine/banned.h"

#define PER_TRANSACTION SBK_SYNTHETIC_TOKEN_MAX

static bool parse(const char *text, struct sbk_sid *out)
{
	return text != NULL &&
	       sbk_sid_parse(text, strlen(text), out, NULL) == 0;
}

bool sbk_root_sid_is(const char *principal)
{
	struct sbk_sid sid;

	return parse(principal, &sid) && sbk_synthetic_parse(&sid, NULL, NULL);
}

/* --- what the journal has in effect -------------------------------------- */

static int load(const struct sbk_root_principals *p, struct sbk_plan **out,
		struct sbk_error *err)
{
	struct sbk_plan *roots = sbk_plan_new();
	int rc;

	if (roots == NULL)
		return sbk_error_no_memory(err);
	rc = p->ledger->ops->granted(p->ledger->self, SBK_BOOK_USER, NULL,
				     roots, err);
	if (rc < 0)
		sbk_plan_free(roots);
	else
		*out = roots;
	return rc;
}

static bool same_object(const struct sbk_plan_root *root, const char *identity)
{
	return root->identity != NULL && strcmp(root->identity, identity) == 0;
}

/* The newest SID of ours that this object has as a root, or NULL. */
static const char *find_sid(struct sbk_plan *roots,
			    const unsigned char id[SBK_BOOK_ID_BYTES],
			    const char *identity)
{
	uint8_t of[SBK_SYNTHETIC_ID_BYTES];
	size_t i = sbk_plan_root_count(roots);

	while (i > 0) {
		const struct sbk_plan_root *root = sbk_plan_root_at(roots, --i);
		struct sbk_sid sid;

		if (same_object(root, identity) &&
		    parse(root->principal, &sid) &&
		    sbk_synthetic_parse(&sid, of, NULL) &&
		    memcmp(of, id, sizeof(of)) == 0)
			return root->principal;
	}
	return NULL;
}

/* Whether it is a synthetic one that no root before it has. */
static bool is_first(struct sbk_plan *roots, size_t index)
{
	const char *principal = sbk_plan_root_at(roots, index)->principal;
	size_t i;

	if (!sbk_root_sid_is(principal))
		return false;
	for (i = 0; i < index; i++)
		if (strcmp(sbk_plan_root_at(roots, i)->principal, principal) ==
		    0)
			return false;
	return true;
}

static size_t count_live(struct sbk_plan *roots)
{
	size_t i, count = 0;

	for (i = 0; i < sbk_plan_root_count(roots); i++)
		count += is_first(roots, i);
	return count;
}

static int identity_of(const struct sbk_root_principals *p, const char *path,
		       struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int rc = sbk_backend_observe(p->backend, &object, &seen, err);

	sbk_buf_clear(out);
	if (rc == 0) {
		sbk_buf_adds(out, sbk_buf_text(&seen.identity));
		rc = sbk_buf_failed(out, err);
	}
	sbk_observation_release(&seen);
	return rc;
}

/* --- what may go ---------------------------------------------------------- */

/* Whether an entry of ours, a line of `ours`, names the SID. */
static bool names(const char *ours, const char *sid)
{
	const size_t size = strlen(sid);

	while (ours != NULL && *ours != '\0') {
		const size_t length = strcspn(ours, "\n");

		if (length > size && ours[length - size - 1] == ' ' &&
		    memcmp(ours + length - size, sid, size) == 0)
			return true;
		ours += length + (ours[length] == '\n');
	}
	return false;
}

static bool is_wanted(void *arg, const struct sbk_change *change)
{
	return names(change->ours, arg);
}

/* What the run that needs room was asked for is not pruned for it. */
struct wanted {
	struct sbk_buf *identities; /* a line each */
};

static bool is_needed(const struct wanted *wanted, const char *identity)
{
	const char *line = sbk_buf_text(wanted->identities);
	const size_t size = strlen(identity);

	while (*line != '\0') {
		const size_t length = strcspn(line, "\n");

		if (length == size && memcmp(line, identity, size) == 0)
			return true;
		line += length + (line[length] == '\n');
	}
	return false;
}

/* Whether nothing but a SID was granted there, and it is not needed now. */
static bool may_go(struct sbk_plan *roots, size_t index,
		   const struct wanted *wanted)
{
	const struct sbk_plan_root *root = sbk_plan_root_at(roots, index);
	size_t i;

	if (!is_first(roots, index) || root->identity == NULL ||
	    is_needed(wanted, root->identity))
		return false;
	for (i = 0; i < sbk_plan_root_count(roots); i++) {
		const struct sbk_plan_root *other = sbk_plan_root_at(roots, i);

		if (same_object(other, root->identity) &&
		    !sbk_root_sid_is(other->principal))
			return false;
	}
	return true;
}

/* How many could make room. */
static size_t count_prunable(struct sbk_plan *roots,
			     const struct wanted *wanted)
{
	size_t i, count = 0;

	for (i = 0; i < sbk_plan_root_count(roots); i++)
		count += may_go(roots, i, wanted);
	return count;
}

static int check_live(struct sbk_root_principals *p, struct sbk_plan *in_effect,
		      size_t more, const struct wanted *wanted,
		      struct sbk_error *err)
{
	const size_t live = count_live(in_effect) + more;

	p->needs_room = more > 0 && live > SBK_SYNTHETIC_LIVE_MAX;
	if (!p->needs_room ||
	    live - count_prunable(in_effect, wanted) <= SBK_SYNTHETIC_LIVE_MAX)
		return 0;
	return sbk_error_set(err, SBK_E_LIMIT,
			     "%d writable roots have a SID of their own "
			     "already, which is all there may be; take one "
			     "back with 'sandbook undo --path PATH'",
			     SBK_SYNTHETIC_LIVE_MAX);
}

/* --- finding and numbering ------------------------------------------------ */

/* The `index`-th new one of this plan. */
static int number(struct sbk_root_principals *p, size_t index, const char **out,
		  struct sbk_error *err)
{
	const uint64_t n = p->mark.transactions * PER_TRANSACTION + index + 1;
	struct sbk_sid_text text;
	struct sbk_sid sid;

	if (index >= PER_TRANSACTION)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %d new writable roots at once; "
				     "grant them in two parts",
				     PER_TRANSACTION);
	if (n > UINT32_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "this journal has numbered all the roots "
				     "that it can; begin a new one with "
				     "'sandbook uninstall'");
	sid = sbk_synthetic_make(p->mark.id, (uint32_t)n);
	*out = sbk_arena_strdup(&p->arena, sbk_sid_format(&sid, &text));
	return *out != NULL ? 0 : sbk_error_no_memory(err);
}

static int find_all(struct sbk_root_principals *p, struct sbk_plan *in_effect,
		    const char *const *roots, size_t count, const char **out,
		    struct sbk_error *err)
{
	struct sbk_buf identity = SBK_BUF_INIT, identities = SBK_BUF_INIT;
	const struct wanted wanted = {.identities = &identities};
	size_t i, fresh = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		const char *sid = NULL;

		rc = identity_of(p, roots[i], &identity, err);
		if (rc == 0)
			sid = find_sid(in_effect, p->mark.id,
				       sbk_buf_text(&identity));
		if (rc == 0 && sid == NULL) {
			rc = number(p, fresh++, &out[i], err);
		} else if (rc == 0) {
			out[i] = sbk_arena_strdup(&p->arena, sid);
			rc = out[i] != NULL ? 0 : sbk_error_no_memory(err);
		}
		sbk_buf_adds(&identities, sbk_buf_text(&identity));
		sbk_buf_addc(&identities, '\n');
	}
	p->numbered = fresh > 0;
	if (rc == 0)
		rc = sbk_buf_failed(&identities, err);
	if (rc == 0)
		rc = check_live(p, in_effect, fresh, &wanted, err);
	sbk_buf_release(&identity);
	sbk_buf_release(&identities);
	return rc;
}

int sbk_root_sid_find(struct sbk_root_principals *p, const char *const *roots,
		      size_t count, const char **out, struct sbk_error *err)
{
	struct sbk_plan *in_effect = NULL;
	/* The mark before what is in effect: what comes in between is noticed
	 * when the plan is carried out. */
	int rc = p->ledger->ops->mark(p->ledger->self, SBK_BOOK_USER, &p->mark,
				      err);

	if (rc == 0)
		rc = load(p, &in_effect, err);
	if (rc == 0)
		rc = find_all(p, in_effect, roots, count, out, err);
	sbk_plan_free(in_effect);
	return rc;
}

int sbk_root_sid_known(struct sbk_root_principals *p,
		       const char *const *identities, size_t count,
		       const char **out, struct sbk_error *err)
{
	struct sbk_plan *in_effect = NULL;
	size_t i;
	int rc = p->ledger->ops->mark(p->ledger->self, SBK_BOOK_USER, &p->mark,
				      err);

	if (rc == 0)
		rc = load(p, &in_effect, err);
	for (i = 0; rc == 0 && i < count; i++) {
		out[i] = find_sid(in_effect, p->mark.id, identities[i]);
		if (out[i] == NULL)
			continue;
		out[i] = sbk_arena_strdup(&p->arena, out[i]);
		if (out[i] == NULL)
			rc = sbk_error_no_memory(err);
	}
	sbk_plan_free(in_effect);
	return rc;
}

/* --- making room ---------------------------------------------------------- */

static bool is_gone(const struct sbk_root_principals *p,
		    const struct sbk_plan_root *root)
{
	const char *const identities[] = {root->identity};
	struct sbk_location found = {.kind = SBK_LOCATION_UNKNOWN};
	int rc = sbk_backend_locate(p->backend, identities, 1, &root->path, 1,
				    &found, NULL);

	free(found.path);
	return rc == 0 && found.kind == SBK_LOCATION_GONE;
}

static int take_back(const struct sbk_root_principals *p, const char *sid,
		     struct sbk_error *err)
{
	struct sbk_transaction_report report;
	char title[SBK_PRINCIPAL_TEXT + 32], text[SBK_PRINCIPAL_TEXT];
	const struct sbk_take_back_request request = {
		.book = SBK_BOOK_USER,
		.title = title,
		.is_wanted = is_wanted,
		.arg = text,
	};

	(void)snprintf(text, sizeof(text), "%s", sid);
	(void)snprintf(title, sizeof(title), "retire %s", sid);
	return p->ledger->ops->take_back(p->ledger->self, p->backend, &request,
					 &report, err);
}

/* One after the other until there is room: in the first pass what is gone. */
static int prune(const struct sbk_root_principals *p, struct sbk_plan *roots,
		 const struct wanted *wanted, size_t room,
		 struct sbk_error *err)
{
	size_t live = count_live(roots), i;
	bool only_gone = true;
	int rc = 0;

	for (;;) {
		for (i = 0; rc == 0 && i < sbk_plan_root_count(roots) &&
			    live + room > SBK_SYNTHETIC_LIVE_MAX;
		     i++) {
			const struct sbk_plan_root *root =
				sbk_plan_root_at(roots, i);

			if (!may_go(roots, i, wanted) ||
			    is_gone(p, root) != only_gone)
				continue;
			rc = take_back(p, root->principal, err);
			live--;
		}
		if (rc < 0 || !only_gone)
			return rc;
		only_gone = false;
	}
}

/* The identities of what is asked for; how many of them lack a SID. */
static int look_at_wanted(const struct sbk_root_principals *p,
			  struct sbk_plan *roots, const char *const *paths,
			  size_t count, struct sbk_buf *identities,
			  size_t *missing, struct sbk_error *err)
{
	struct sbk_buf identity = SBK_BUF_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		char *real = NULL;

		rc = sbk_os_real_path(paths[i], &real, err);
		if (rc == 0)
			rc = identity_of(p, real, &identity, err);
		free(real);
		if (rc < 0)
			break;
		*missing += find_sid(roots, p->mark.id,
				     sbk_buf_text(&identity)) == NULL;
		sbk_buf_adds(identities, sbk_buf_text(&identity));
		sbk_buf_addc(identities, '\n');
	}
	sbk_buf_release(&identity);
	return rc < 0 ? rc : sbk_buf_failed(identities, err);
}

int sbk_root_sid_make_room(struct sbk_root_principals *p,
			   const char *const *paths, size_t count,
			   struct sbk_error *err)
{
	struct sbk_buf identities = SBK_BUF_INIT;
	const struct wanted wanted = {.identities = &identities};
	struct sbk_plan *roots = NULL;
	size_t missing = 0;
	int rc = p->ledger->ops->mark(p->ledger->self, SBK_BOOK_USER, &p->mark,
				      err);

	if (rc == 0)
		rc = load(p, &roots, err);
	if (rc == 0 && count_live(roots) + count > SBK_SYNTHETIC_LIVE_MAX)
		rc = look_at_wanted(p, roots, paths, count, &identities,
				    &missing, err);
	if (rc == 0 && missing > 0)
		rc = prune(p, roots, &wanted, missing, err);
	sbk_plan_free(roots);
	sbk_buf_release(&identities);
	return rc;
}
