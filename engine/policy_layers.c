/*
 * Whose word counts: the machine's policy over the user's over the project's,
 * and the command line within all of them. Owns which files are read, who may
 * have written them, and the ceilings that nothing goes above.
 *
 * The project's file is written by whoever writes to the project, which a
 * sandboxed command may: it only narrows, and its parser knows no other key.
 */
#include "engine/policy_model.h"

#include <string.h>

#include "engine/limits.h"
#include "engine/places.h"

#include "engine/banned.h"

#define WRITABLE_BY_GROUP 020
#define WRITABLE_BY_OTHERS 002

static int check_machine_file(const char *path, const struct sbk_file *file,
			      struct sbk_error *err)
{
	if (file->owner == 0 &&
	    (file->mode & (WRITABLE_BY_GROUP | WRITABLE_BY_OTHERS)) == 0)
		return 0;
	if (!sbk_os_admin.is_sudo)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is not believed: it must belong to "
				     "the administrators and be writable by "
				     "them alone (as an administrator: icacls "
				     "\"%s\" /setowner *S-1-5-32-544, then "
				     "icacls \"%s\" /reset)",
				     path, path, path);
	return sbk_error_set(err, SBK_E_DENIED,
			     "'%s' is not believed: it must belong to root and "
			     "be writable by root alone (chown root '%s'; "
			     "chmod 644 '%s')",
			     path, path, path);
}

/* Many systems give each user a group of their own and a umask of 002. */
static int check_user_file(const char *path, const struct sbk_file *file,
			   const struct sbk_person *person,
			   struct sbk_error *err)
{
	bool by_group = (file->mode & WRITABLE_BY_GROUP) != 0 &&
			file->group != person->gid;

	if ((file->owner != person->uid && file->owner != 0) || by_group ||
	    (file->mode & WRITABLE_BY_OTHERS) != 0)
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is not believed: it must belong to "
				     "'%s' and be writable by nobody else "
				     "(%s '%s')",
				     path, person->name,
				     sbk_os_admin.is_sudo ? "chmod 600"
							  : "icacls /reset",
				     path);
	return 0;
}

static int load(struct sbk_policy_file *out, enum sbk_layer layer,
		const char *path, const struct sbk_person *person, bool named,
		struct sbk_arena *arena, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_file file;
	int rc;

	*out = (struct sbk_policy_file){.path = path, .layer = layer};
	out->narrowing.network = SBK_UNSET;
	out->narrowing.account = SBK_UNSET;
	out->narrowing.grant = SBK_UNSET;
	rc = sbk_os_read_known(path, SBK_POLICY_BYTES_MAX, &text, &file, err);
	if (rc == SBK_E_NOTFOUND && !named) {
		sbk_error_clear(err);
		rc = 0;
		goto out;
	}
	if (rc == 0 && layer == SBK_LAYER_MACHINE)
		rc = check_machine_file(path, &file, err);
	if (rc == 0 && layer == SBK_LAYER_USER && !named)
		rc = check_user_file(path, &file, person, err);
	if (rc == 0)
		rc = sbk_policy_parse(path, layer, sbk_buf_text(&text),
				      text.size, arena, out, err);
	if (rc == 0)
		out->present = true;
out:
	sbk_buf_release(&text);
	return rc;
}

/* Where a file of the policy is. */
static int find_file(const char *place, const struct sbk_person *person,
		     struct sbk_arena *arena, const char **out,
		     struct sbk_error *err)
{
	int rc = sbk_places_expand(place, person != NULL ? person->home : "",
				   arena, out, err);

	/* The file of somebody without a home stands in the root. */
	if (rc == 0 && *out == NULL && place[0] == '~')
		*out = place + 1;
	if (rc == 0 && *out == NULL)
		rc = sbk_error_set(err, SBK_E_IO,
				   "the system does not say where '%s' is",
				   place);
	return rc;
}

/* A name means one thing: what the machine or the program defines, nobody
 * redefines. */
static int check_names(const struct sbk_policy_file *machine,
		       const struct sbk_policy_file *user,
		       struct sbk_error *err)
{
	size_t i, k;

	for (i = 0; i < user->profile_count; i++)
		for (k = 0; k < machine->profile_count; k++)
			if (strcmp(user->profiles[i].name,
				   machine->profiles[k].name) == 0)
				return sbk_error_set(
					err, SBK_E_PARSE,
					"'%s' defines profile '%s', which "
					"'%s' defines already: choose another "
					"name, and extend it",
					user->path, user->profiles[i].name,
					machine->path);
	return 0;
}

/* The three files; absent ones have present == false. */
static int load_files(const struct sbk_policy_request *request,
		      const struct sbk_person *person, const char *root,
		      struct sbk_arena *arena, struct sbk_policy_file files[3],
		      struct sbk_error *err)
{
	const char *user = request->config, *project, *machine;
	int rc = find_file(sbk_machine_policy_path, person, arena, &machine,
			   err);

	if (rc == 0 && user == NULL)
		rc = find_file(sbk_user_policy_path, person, arena, &user, err);
	if (rc < 0)
		return rc;
	project = sbk_arena_printf(arena, "%s/%s",
				   strcmp(root, "/") == 0 ? "" : root,
				   sbk_project_policy_name);
	if (project == NULL)
		return sbk_error_no_memory(err);
	rc = load(&files[SBK_LAYER_MACHINE], SBK_LAYER_MACHINE, machine, person,
		  false, arena, err);
	if (rc == 0)
		rc = load(&files[SBK_LAYER_USER], SBK_LAYER_USER, user, person,
			  request->config != NULL, arena, err);
	if (rc == 0)
		rc = load(&files[SBK_LAYER_PROJECT], SBK_LAYER_PROJECT, project,
			  person, false, arena, err);
	if (rc == 0)
		rc = check_names(&files[SBK_LAYER_MACHINE],
				 &files[SBK_LAYER_USER], err);
	return rc;
}

static int add_flag_paths(struct sbk_settings *out, struct sbk_arena *arena,
			  const struct sbk_list *list,
			  enum sbk_access_kind kind, const char *flag,
			  struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	if (list->count > SBK_POLICY_PATHS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "%s is given more than %d times", flag,
				     SBK_POLICY_PATHS_MAX);
	for (i = 0; i < list->count && rc == 0; i++) {
		struct sbk_asked_path path = {
			.text = list->items[i],
			.reason = flag,
			.kind = kind,
			.origin = SBK_ORIGIN_FLAG,
		};

		rc = sbk_settings_add_path(out, arena, &path, err);
	}
	return rc;
}

static int add_flag_names(struct sbk_names *to, struct sbk_arena *arena,
			  const struct sbk_list *list, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < list->count && rc == 0; i++)
		rc = sbk_names_add(to, arena, list->items[i],
				   SBK_POLICY_PATHS_MAX, err);
	return rc;
}

/* A name that is protected is one component: "a/b" is --ro's work. */
static int check_protected_names(const struct sbk_list *list,
				 struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		const char *name = list->items[i];

		if (name[0] == '\0' || strchr(name, '/') != NULL ||
		    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			return sbk_error_set(err, SBK_E_INVAL,
					     "--protect takes the name of "
					     "something directly in a "
					     "writable root, not '%s'; for a "
					     "path use --ro",
					     name);
	}
	return 0;
}

static int check_environment_names(const struct sbk_policy_request *request,
				   struct sbk_error *err)
{
	size_t i;

	for (i = 0; i < request->set_env.count; i++) {
		const char *text = request->set_env.items[i];

		if (text[0] == '=' || strchr(text, '=') == NULL)
			return sbk_error_set(err, SBK_E_INVAL,
					     "--env takes NAME=VALUE, not "
					     "'%s'; to keep a variable as it "
					     "is: --keep-env NAME",
					     text);
	}
	return 0;
}

static int apply_network(const struct sbk_policy_request *request,
			 struct sbk_settings *out, struct sbk_error *err)
{
	if ((request->no_net ? 1 : 0) + (request->net ? 1 : 0) +
		    (request->loopback ? 1 : 0) >
	    1)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--no-net, --loopback and --net exclude "
				     "each other: give one");
	if (request->no_net)
		out->network = SBK_NETWORK_OFF;
	if (request->loopback)
		out->network = SBK_NETWORK_LOOPBACK;
	if (request->net)
		out->network = SBK_NETWORK_ON;
	return 0;
}

static int apply_account(const struct sbk_policy_request *request,
			 struct sbk_settings *out, struct sbk_error *err)
{
	if (request->account && request->no_account)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--account and --no-account exclude each "
				     "other: give one");
	if (request->account)
		out->account = SBK_ACCOUNT_WISH_REQUIRE;
	if (request->no_account)
		out->account = SBK_ACCOUNT_WISH_OFF;
	return 0;
}

static int apply_grant(const struct sbk_policy_request *request,
		       struct sbk_settings *out, struct sbk_error *err)
{
	if (request->grant == NULL)
		return 0;
	if (strcmp(request->grant, "mount") != 0 &&
	    strcmp(request->grant, "acl") != 0)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--grant takes 'mount' or 'acl', not "
				     "'%.40s'",
				     request->grant);
	out->grant = request->grant[0] == 'a' ? SBK_GRANT_ACL : SBK_GRANT_MOUNT;
	return 0;
}

static void asked_limits(const struct sbk_policy_request *request,
			 uint64_t out[SBK_LIMIT_COUNT])
{
	out[SBK_LIMIT_TIME] = request->timeout_s;
	out[SBK_LIMIT_MEMORY] = request->memory_mib;
	out[SBK_LIMIT_PROCESSES] = request->processes;
}

static int apply_limits(const struct sbk_policy_request *request,
			struct sbk_settings *out, struct sbk_error *err)
{
	uint64_t asked[SBK_LIMIT_COUNT];
	size_t i;

	asked_limits(request, asked);
	for (i = 0; i < SBK_LIMIT_COUNT; i++) {
		if (asked[i] > sbk_limit_infos[i].max)
			return sbk_error_set(
				err, SBK_E_INVAL,
				"%s %llu is over the largest value, %llu",
				sbk_limit_infos[i].flag,
				(unsigned long long)asked[i],
				(unsigned long long)sbk_limit_infos[i].max);
		if (asked[i] != 0)
			out->limits[i] = asked[i];
	}
	return 0;
}

static int apply_request(const struct sbk_policy_request *request,
			 struct sbk_arena *arena, struct sbk_settings *out,
			 struct sbk_error *err)
{
	int rc;

	out->best_effort = request->best_effort;
	out->bare = request->clear_env;
	out->clear = out->clear || request->clear_env;
	rc = add_flag_paths(out, arena, &request->rw, SBK_ACCESS_RW, "--rw",
			    err);
	if (rc == 0)
		rc = add_flag_paths(out, arena, &request->ro, SBK_ACCESS_RO,
				    "--ro", err);
	if (rc == 0)
		rc = add_flag_paths(out, arena, &request->deny, SBK_ACCESS_DENY,
				    "--deny", err);
	if (rc == 0)
		rc = check_protected_names(&request->protect, err);
	if (rc == 0)
		rc = add_flag_names(&out->protect, arena, &request->protect,
				    err);
	if (rc == 0)
		rc = check_environment_names(request, err);
	if (out->bare)
		out->keep = (struct sbk_names){.count = 0};
	if (rc == 0)
		rc = add_flag_names(&out->keep, arena, &request->keep_env, err);
	if (rc == 0)
		rc = add_flag_names(&out->set, arena, &request->set_env, err);
	if (rc == 0)
		rc = add_flag_names(&out->unset, arena, &request->unset_env,
				    err);
	if (rc == 0)
		rc = apply_network(request, out, err);
	if (rc == 0)
		rc = apply_account(request, out, err);
	if (rc == 0)
		rc = apply_grant(request, out, err);
	if (rc == 0)
		rc = apply_limits(request, out, err);
	return rc;
}

/* A project only lowers what a profile says; against the machine's and the
 * user's ceilings a profile that wants more is a contradiction. */
static int narrow_network(const struct sbk_policy_file *file,
			  const struct sbk_policy_request *request,
			  struct sbk_arena *arena, struct sbk_settings *out,
			  struct sbk_error *err)
{
	bool flagged = request->net || request->loopback;
	int ceiling = file->narrowing.network;
	const char *note;

	if (ceiling == SBK_UNSET || (int)out->network <= ceiling)
		return 0;
	if (flagged || file->layer != SBK_LAYER_PROJECT)
		return sbk_error_set(
			err, flagged ? SBK_E_INVAL : SBK_E_PARSE,
			"the network is asked to be '%s' (%s), and '%s' allows "
			"at most '%s'",
			sbk_network_name(out->network),
			flagged ? "on the command line" : "by the profile",
			file->path,
			sbk_network_name((enum sbk_network)ceiling));
	out->network = (enum sbk_network)ceiling;
	note = sbk_arena_printf(arena,
				"the network is '%s' because '%s' says "
				"so",
				sbk_network_name(out->network), file->path);
	if (note == NULL)
		return sbk_error_no_memory(err);
	return sbk_names_add(&out->notes, arena, note, SBK_SCOPE_PATHS_MAX,
			     err);
}

/* 'require' stands above every flag; the rest is what flags change. */
static int narrow_account(const struct sbk_policy_file *file,
			  const struct sbk_policy_request *request,
			  struct sbk_settings *out, struct sbk_error *err)
{
	int asked = file->narrowing.account;

	if (asked == SBK_ACCOUNT_WISH_REQUIRE && request->no_account)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--no-account is given, and '%s' requires "
				     "the sandbox account",
				     file->path);
	if (asked == SBK_ACCOUNT_WISH_REQUIRE ||
	    (asked == SBK_ACCOUNT_WISH_OFF &&
	     out->account == SBK_ACCOUNT_WISH_AUTO))
		out->account = (enum sbk_account_wish)asked;
	return 0;
}

/* 'mount' is a ceiling; 'acl' is what holds without a flag. */
static int narrow_grant(const struct sbk_policy_file *file,
			const struct sbk_policy_request *request,
			struct sbk_settings *out, struct sbk_error *err)
{
	int asked = file->narrowing.grant;

	if (asked == SBK_GRANT_MOUNT && request->grant != NULL &&
	    out->grant == SBK_GRANT_ACL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--grant acl is given, and '%s' allows "
				     "'mount' alone",
				     file->path);
	if (asked == SBK_GRANT_MOUNT) {
		out->grant = SBK_GRANT_MOUNT;
		out->grant_fixed = true;
	}
	if (asked == SBK_GRANT_ACL && request->grant == NULL &&
	    !out->grant_fixed)
		out->grant = SBK_GRANT_ACL;
	return 0;
}

static int narrow_limits(const struct sbk_policy_file *file,
			 const struct sbk_policy_request *request,
			 struct sbk_settings *out, struct sbk_error *err)
{
	uint64_t asked[SBK_LIMIT_COUNT];
	size_t i;

	asked_limits(request, asked);
	for (i = 0; i < SBK_LIMIT_COUNT; i++) {
		uint64_t ceiling = file->narrowing.limits[i];

		if (ceiling == 0 ||
		    (out->limits[i] != 0 && out->limits[i] <= ceiling))
			continue;
		if (out->limits[i] != 0 &&
		    (asked[i] != 0 || file->layer != SBK_LAYER_PROJECT))
			return sbk_error_set(
				err, asked[i] != 0 ? SBK_E_INVAL : SBK_E_PARSE,
				"%s %llu is asked for (%s), and '%s' allows at "
				"most %llu",
				sbk_limit_infos[i].key,
				(unsigned long long)out->limits[i],
				asked[i] != 0 ? "on the command line"
					      : "by the profile",
				file->path, (unsigned long long)ceiling);
		out->limits[i] = ceiling;
	}
	return 0;
}

static int narrow_by(const struct sbk_policy_file *file,
		     const struct sbk_policy_request *request,
		     struct sbk_arena *arena, struct sbk_settings *out,
		     struct sbk_error *err)
{
	const struct sbk_narrowing *narrowing = &file->narrowing;
	const char *reason = sbk_arena_printf(arena, "'%s'", file->path);
	size_t i;
	int rc;

	if (reason == NULL)
		return sbk_error_no_memory(err);
	rc = narrow_network(file, request, arena, out, err);
	if (rc == 0)
		rc = narrow_limits(file, request, out, err);
	if (rc == 0)
		rc = narrow_account(file, request, out, err);
	if (rc == 0)
		rc = narrow_grant(file, request, out, err);
	for (i = 0; i < narrowing->deny.count && rc == 0; i++) {
		struct sbk_asked_path path = {
			.text = narrowing->deny.items[i],
			.reason = reason,
			.kind = SBK_ACCESS_DENY,
			.origin = SBK_ORIGIN_CEILING,
		};

		rc = sbk_settings_add_path(out, arena, &path, err);
	}
	for (i = 0; i < narrowing->protect.count && rc == 0; i++)
		rc = sbk_names_add(&out->protect_always, arena,
				   narrowing->protect.items[i],
				   SBK_SCOPE_PATHS_MAX, err);
	return rc;
}

/* Said for one run, on its command line alone: no file asks for it. One that
 * requires the account has refused --no-account by then. */
static int apply_withholding(const struct sbk_policy_request *request,
			     struct sbk_settings *out, struct sbk_error *err)
{
	if (!request->withhold_passwords)
		return 0;
	if (!sbk_accounts_have_passwords)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--withhold-passwords is of Windows: "
				     "sandbox accounts have no passwords here, "
				     "so --no-account alone is enough");
	if (out->account != SBK_ACCOUNT_WISH_OFF)
		return sbk_error_set(err, SBK_E_INVAL,
				     "--withhold-passwords goes with "
				     "--no-account: a run under the sandbox "
				     "account needs its password");
	out->withholds = true;
	return 0;
}

int sbk_settings_make(const struct sbk_policy_request *request,
		      const struct sbk_person *person, const char *root,
		      struct sbk_arena *arena, struct sbk_settings *out,
		      struct sbk_error *err)
{
	struct sbk_policy_file files[3];
	const char *name = request->profile;
	size_t i;
	int rc;

	*out = (struct sbk_settings){.profile = NULL};
	rc = load_files(request, person, root, arena, files, err);
	if (rc < 0)
		return rc;
	if (name == NULL)
		name = files[SBK_LAYER_USER].default_profile;
	if (name == NULL)
		name = files[SBK_LAYER_MACHINE].default_profile;
	if (name == NULL)
		name = "default";
	rc = sbk_profile_flatten(files, 2, name, arena, out, err);
	if (rc == 0)
		rc = apply_request(request, arena, out, err);
	for (i = 0; i < 3 && rc == 0; i++)
		if (files[i].present)
			rc = narrow_by(&files[i], request, arena, out, err);
	return rc < 0 ? rc : apply_withholding(request, out, err);
}

/* --- the command that is told of checkpoints -------------------------- */

static int list_words(const struct sbk_names *names, struct sbk_arena *arena,
		      const char *const **words, struct sbk_error *err)
{
	const char **list;
	size_t i;

	*words = NULL;
	if (names->count == 0)
		return 0;
	list = sbk_arena_alloc(arena, (names->count + 1) * sizeof(*list));
	if (list == NULL)
		return sbk_error_no_memory(err);
	for (i = 0; i < names->count; i++)
		list[i] = names->items[i];
	list[i] = NULL;
	*words = list;
	return 0;
}

int sbk_policy_anchor(const struct sbk_person *person, struct sbk_arena *arena,
		      const char *const **words, struct sbk_error *err)
{
	struct sbk_policy_file file;
	const char *path;
	int rc = find_file(person == NULL ? sbk_machine_policy_path
					  : sbk_user_policy_path,
			   person, arena, &path, err);

	if (rc < 0)
		return rc;
	rc = load(&file, person == NULL ? SBK_LAYER_MACHINE : SBK_LAYER_USER,
		  path, person, false, arena, err);
	return rc < 0 ? rc : list_words(&file.anchor, arena, words, err);
}
