/*
 * Foresees the account of a run: asks what the launch asks (account_run.h), and
 * tries the account as setup does after an enrolment. Then looks through what
 * the account would write for what a mapped mount does not let it: mounts
 * below, and files whose group the mount does not map.
 */
#include "engine/account_forecast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/linux/access_state.h"
#include "engine/linux/account_run.h"
#include "engine/linux/mappable.h"
#include "engine/linux/mounts.h"
#include "engine/linux/view.h"
#include "engine/os.h"
#include "engine/path.h"
#include "engine/plan_setup.h"

#include "engine/banned.h"

/* The accounts' ids are the person's own, subordinate ones. */
const bool sbk_accounts_have_passwords = false;

struct foreseeing {
	struct sbk_account_forecast *out;
	const struct sbk_view *view;
	const struct sbk_view_op *root; /* that is looked through */
	struct sbk_forecast_item group, unseen;
};

static int add(struct sbk_account_forecast *out,
	       const struct sbk_forecast_item *item, struct sbk_error *err)
{
	struct sbk_forecast_item copy = *item;

	if (out->count == out->capacity) {
		const size_t capacity = out->capacity * 2 + 16;
		struct sbk_forecast_item *items =
			realloc(out->items, capacity * sizeof(*items));

		if (items == NULL)
			return sbk_error_no_memory(err);
		out->items = items;
		out->capacity = capacity;
	}
	copy.path = sbk_arena_strdup(&out->arena, item->path);
	if (item->example != NULL)
		copy.example = sbk_arena_strdup(&out->arena, item->example);
	if (copy.path == NULL ||
	    (item->example != NULL && copy.example == NULL))
		return sbk_error_no_memory(err);
	out->items[out->count++] = copy;
	return 0;
}

static bool is_written(const struct sbk_view_op *op)
{
	return op->own && !op->read_only;
}

/* --- what is mapped --------------------------------------------------- */

static int add_mapped(struct foreseeing *f, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < f->view->count; i++) {
		const struct sbk_view_op *op = &f->view->ops[i];
		const struct sbk_forecast_item item = {
			.kind = SBK_FORECAST_MAPPED,
			.path = op->source,
			.writable = !op->read_only,
		};

		if (op->own)
			rc = add(f->out, &item, err);
	}
	return rc;
}

/* --- mounts below ----------------------------------------------------- */

/* Whether the view shows it as a source of its own. */
static bool is_shown(const struct sbk_view *view, const char *path)
{
	size_t i;

	for (i = 0; i < view->count; i++)
		if (view->ops[i].kind == SBK_VIEW_BIND &&
		    strcmp(view->ops[i].source, path) == 0)
			return true;
	return false;
}

static int look_at_mount(void *arg, const struct sbk_mount *mount,
			 struct sbk_error *err)
{
	struct foreseeing *f = arg;
	const struct sbk_forecast_item item = {.kind = SBK_FORECAST_BELOW,
					       .path = mount->point};
	size_t i;

	if (mount->read_only || is_shown(f->view, mount->point))
		return 0;
	for (i = 0; i < f->view->count; i++)
		if ((is_written(&f->view->ops[i]) || f->view->ops[i].granted) &&
		    sbk_path_within(mount->point, f->view->ops[i].source))
			return add(f->out, &item, err);
	return 0;
}

/* --- other groups ----------------------------------------------------- */

static void count(struct sbk_account_forecast *out,
		  struct sbk_forecast_item *item, const char *path)
{
	item->objects++;
	/* Without memory for it, add() fails as well. */
	if (item->example == NULL)
		item->example = sbk_arena_strdup(&out->arena, path);
}

static int look_at_object(void *arg, const struct sbk_visit *visit,
			  struct sbk_error *err)
{
	struct foreseeing *f = arg;
	struct sbk_access access;

	(void)err;
	if (visit->kind == SBK_VISIT_UNREADABLE)
		count(f->out, &f->unseen, visit->path);
	if (visit->kind != SBK_VISIT_OBJECT || visit->is_link ||
	    visit->owner != getuid())
		return 0;
	/* What does not parse was read at two moments: it is being changed. */
	if (sbk_access_parse(visit->access, &access, NULL) == 0 &&
	    access.gid != getgid())
		count(f->out, &f->group, visit->path);
	return 0;
}

static int look_through(struct foreseeing *f, const struct sbk_backend *backend,
			const struct sbk_view_op *op, struct sbk_error *err)
{
	int rc;

	f->group = (struct sbk_forecast_item){.kind = SBK_FORECAST_GROUP,
					      .path = op->source};
	f->unseen = (struct sbk_forecast_item){.kind = SBK_FORECAST_UNSEEN,
					       .path = op->source};
	rc = sbk_backend_survey(backend, op->source, look_at_object, f, err);
	if (rc == 0 && f->group.objects > 0)
		rc = add(f->out, &f->group, err);
	if (rc == 0 && f->unseen.objects > 0)
		rc = add(f->out, &f->unseen, err);
	return rc;
}

static int look_through_roots(struct foreseeing *f, struct sbk_error *err)
{
	struct sbk_backend backend = {.ops = NULL};
	size_t i;
	int rc = sbk_os_backend(&backend, err);

	for (i = 0; rc == 0 && i < f->view->count; i++)
		if (is_written(&f->view->ops[i]))
			rc = look_through(f, &backend, &f->view->ops[i], err);
	sbk_backend_close(&backend);
	return rc;
}

/* --- the whole -------------------------------------------------------- */

/* What is seen of each source beforehand, as far as it can be. */
static int check_mappable(const struct sbk_view *view, struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < view->count; i++) {
		const struct sbk_view_op *op = &view->ops[i];
		const char *why =
			op->own ? sbk_unmappable(op->source, getgid(), false)
				: NULL;

		if (why != NULL)
			return sbk_error_set(err, SBK_E_UNSUPPORTED, "'%s': %s",
					     op->source, why);
	}
	return 0;
}

/* Whether the account can be had for this view, by trying it. */
static bool is_to_be_had(struct sbk_account_forecast *out,
			 struct sbk_account_run *run, struct sbk_view *view,
			 const struct sbk_scope *scope)
{
	struct sbk_error why = SBK_ERROR_INIT;

	if (scope->grant_refused != NULL)
		(void)sbk_error_set(&why, SBK_E_UNSUPPORTED, "%s",
				    scope->grant_refused);
	else if (sbk_account_mark(view, scope, &why) == 0 &&
		 check_mappable(view, &why) == 0 &&
		 sbk_setup_try_account(run->role == SBK_ACCOUNT_ONLINE
					       ? SBK_PRINCIPAL_ONLINE
					       : SBK_PRINCIPAL_OFFLINE,
				       &why) == 0)
		return true;
	run->wanted = false;
	(void)snprintf(out->missing, sizeof(out->missing), "%s", why.message);
	return false;
}

static int foresee(struct sbk_account_forecast *out,
		   struct sbk_account_run *run, struct sbk_view *view,
		   const struct sbk_scope *scope, struct sbk_error *err)
{
	struct sbk_account account = {.person = scope->person.uid,
				      .role = run->role};
	struct foreseeing f = {.out = out, .view = view};
	int rc;

	if (!is_to_be_had(out, run, view, scope))
		return 0;
	sbk_account_set_name(&account);
	(void)snprintf(out->name, sizeof(out->name), "%s", account.name);
	out->account = run->own.number;
	rc = add_mapped(&f, err);
	if (rc == 0)
		rc = sbk_mounts_each(look_at_mount, &f, err);
	return rc == 0 ? look_through_roots(&f, err) : rc;
}

int sbk_account_forecast(const struct sbk_scope *scope,
			 struct sbk_account_forecast *out,
			 struct sbk_error *err)
{
	struct sbk_account_run run = SBK_ACCOUNT_RUN_INIT;
	struct sbk_view view;
	int rc = 0;

	*out = (struct sbk_account_forecast){.wish = scope->account};
	sbk_account_choose(&run, scope->account, scope->network, out->missing);
	if (!run.wanted)
		return 0;
	rc = sbk_view_plan(scope, &view, err);
	if (rc < 0)
		return rc;
	rc = foresee(out, &run, &view, scope, err);
	sbk_view_release(&view);
	return rc;
}
