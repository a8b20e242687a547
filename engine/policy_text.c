/*
 * A scope for people and for machines: what a person reads before anything
 * happens. Every name goes through the escapes for names of the host.
 */
#include "engine/policy.h"

#include <string.h>

#include "engine/json.h"
#include "engine/limits.h"

#include "engine/places.h"

#include "engine/banned.h"

int sbk_policy_refuse_domain(void *into, const char *value,
			     struct sbk_error *err)
{
	(void)into;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "--allow-domain '%s': a network limited to named "
			     "domains is not built yet; choose --no-net, "
			     "--loopback or --net",
			     value);
}

static bool is_alias(const struct sbk_scope_path *path)
{
	return strcmp(path->path, path->target) != 0;
}

/* The same reason many times over is one line: the system's own places. */
static bool is_system(const struct sbk_scope_path *path)
{
	return path->optional && strncmp(path->reason, "system", 6) == 0;
}

static bool belongs(const struct sbk_scope_path *path,
		    enum sbk_access_kind kind)
{
	return path->kind == kind && !is_alias(path);
}

static void print_path(struct sbk_buf *out, const struct sbk_scope_path *path)
{
	sbk_buf_adds(out, "  ");
	sbk_text_escape(out, path->path);
	if (path->is_directory && strcmp(path->path, "/") != 0)
		sbk_buf_addc(out, '/');
	if (path->is_link)
		sbk_buf_adds(out, " (a link, held in place)");
	sbk_buf_adds(out, "   ");
	sbk_text_escape(out, path->reason);
	sbk_buf_addc(out, '\n');
}

static void print_system(const struct sbk_scope *scope, struct sbk_buf *out)
{
	size_t i, column = 0;

	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];

		if (!belongs(path, SBK_ACCESS_RO) || !is_system(path))
			continue;
		if (column == 0 || column + strlen(path->path) + 2 > 78) {
			sbk_buf_adds(out, column == 0 ? "  " : "\n  ");
			column = 2;
		} else {
			sbk_buf_addc(out, ' ');
			column++;
		}
		sbk_text_escape(out, path->path);
		column += strlen(path->path);
	}
	if (column > 0)
		sbk_buf_adds(out, "   system\n");
}

static void print_kind(const struct sbk_scope *scope, enum sbk_access_kind kind,
		       const char *title, struct sbk_buf *out)
{
	size_t i, shown = 0, left = 0, before = out->size;

	sbk_buf_printf(out, "%s\n", title);
	if (kind == SBK_ACCESS_RO)
		print_system(scope, out);
	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];

		if (!belongs(path, kind) ||
		    (kind == SBK_ACCESS_RO && is_system(path)))
			continue;
		if (shown++ < SBK_REPORT_LINES_MAX)
			print_path(out, path);
		else
			left++;
	}
	if (left > 0)
		sbk_buf_printf(out, "  and %zu more (--json has them all)\n",
			       left);
	if (out->size == before + strlen(title) + 1)
		sbk_buf_adds(out, "  nothing\n");
}

static void print_aliases(const struct sbk_scope *scope, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];

		if (!is_alias(path) || is_system(path))
			continue;
		sbk_buf_adds(out, "  ");
		sbk_text_escape(out, path->path);
		sbk_buf_adds(out, " -> ");
		sbk_text_escape(out, path->target);
		sbk_buf_adds(out, "   as on the host\n");
	}
}

static void print_absent(const struct sbk_scope *scope, struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < scope->absent_count; i++) {
		sbk_buf_adds(out, "  ");
		sbk_text_escape(out, scope->absent_protected[i]);
		sbk_buf_adds(out, "   absent: reported if it appears\n");
	}
}

static const char *network_meaning(enum sbk_network network)
{
	if (!sbk_places_view && network != SBK_NETWORK_ON)
		return "off: as far as the sandbox account's filters hold it; "
		       "without an account it is advice";
	switch (network) {
	case SBK_NETWORK_OFF:
		return "off: no interface, no packet leaves";
	case SBK_NETWORK_LOOPBACK:
		return "loopback: the run talks to itself only";
	case SBK_NETWORK_ON:
		return "on: the machine's network, without limits";
	}
	return "unknown";
}

/* Names only: a value may be anything, and the JSON has them. */
static void print_environment(const struct sbk_scope *scope,
			      struct sbk_buf *out)
{
	char *const *entry = scope->environment;
	size_t column = 78;

	sbk_buf_adds(out, "Environment, by name:");
	for (; entry != NULL && *entry != NULL; entry++) {
		char name[128];
		size_t size = strcspn(*entry, "=");

		size = size < sizeof(name) ? size : sizeof(name) - 1;
		memcpy(name, *entry, size);
		name[size] = '\0';
		if (column + size + 1 > 78) {
			sbk_buf_adds(out, "\n ");
			column = 1;
		}
		sbk_buf_addc(out, ' ');
		sbk_text_escape(out, name);
		column += size + 1;
	}
	sbk_buf_addc(out, '\n');
}

static void print_limit(struct sbk_buf *out, uint64_t value, const char *unit)
{
	if (value != 0)
		sbk_buf_printf(out, " %llu %s,", (unsigned long long)value,
			       unit);
}

static void print_limits(const struct sbk_scope *scope, struct sbk_buf *out)
{
	size_t before;

	sbk_buf_adds(out, "Limits:");
	before = out->size;
	print_limit(out, scope->timeout_s, "seconds");
	print_limit(out, scope->memory_mib, "MiB of memory");
	print_limit(out, scope->processes, "processes");
	if (out->size == before)
		sbk_buf_adds(out, " none\n");
	else if (out->failure == 0)
		out->data[out->size - 1] = '\n'; /* in place of the comma */
}

/* Those that are hidden are among what was taken out. */
static void print_secrets(const struct sbk_scope *scope, struct sbk_buf *out)
{
	const struct sbk_secret_list *secrets = &scope->secrets;

	if (secrets->total == 0)
		return;
	sbk_buf_printf(out, "Shown, though %zu file%s mostly hold%s secrets: ",
		       secrets->total, secrets->total == 1 ? "" : "s",
		       secrets->total == 1 ? "s" : "");
	sbk_secret_list_print(secrets, out);
	sbk_buf_adds(out, "\n  --deny PATH takes one out\n");
}

static void print_home(const struct sbk_scope *scope, const char *account,
		       struct sbk_buf *out)
{
	sbk_buf_adds(out, "Home: '");
	sbk_text_escape(out, scope->person.home);
	if (sbk_places_view) {
		sbk_buf_adds(out, "' is an empty directory of the run, with "
				  "the above in it\n");
	} else if (account == NULL) {
		sbk_buf_adds(out, "' is what it is: without an account the "
				  "run reads in it what you read\n");
	} else {
		sbk_buf_adds(out, "' is yours, and '");
		sbk_text_escape(out, account);
		sbk_buf_adds(out, "' reads in it what it was granted; the "
				  "run's own home is an empty directory that "
				  "goes with it\n");
	}
}

void sbk_scope_print(const struct sbk_scope *scope, const char *account,
		     struct sbk_buf *out)
{
	size_t i;

	sbk_buf_adds(out, "A run in '");
	sbk_text_escape(out, scope->directory);
	sbk_buf_adds(out, "' for '");
	sbk_text_escape(out, scope->person.name);
	sbk_buf_adds(out, "', profile '");
	sbk_text_escape(out, scope->profile);
	sbk_buf_adds(out, "':\n\n");
	print_kind(scope, SBK_ACCESS_RW, "May write and read:", out);
	print_kind(scope, SBK_ACCESS_RO, "May read:", out);
	print_aliases(scope, out);
	print_kind(scope, SBK_ACCESS_PROTECT,
		   "Stays as it is (no write, rename or delete):", out);
	print_absent(scope, out);
	print_kind(scope, SBK_ACCESS_DENY, "Taken out of the above:", out);
	print_home(scope, account, out);
	sbk_buf_printf(out, "Network %s\n", network_meaning(scope->network));
	print_environment(scope, out);
	print_limits(scope, out);
	sbk_buf_printf(out,
		       "Looked at %zu objects in what is writable, for "
		       "hard links\n",
		       scope->objects);
	print_secrets(scope, out);
	for (i = 0; i < scope->note_count; i++) {
		sbk_buf_adds(out, i == 0 ? "Notes:\n  " : "  ");
		sbk_text_escape(out, scope->notes[i]);
		sbk_buf_addc(out, '\n');
	}
}

static const char *kind_name(const struct sbk_scope_path *path)
{
	static const char *const names[] = {
		[SBK_ACCESS_RO] = "ro",
		[SBK_ACCESS_RW] = "rw",
		[SBK_ACCESS_PROTECT] = "protect",
		[SBK_ACCESS_DENY] = "deny",
	};

	return is_alias(path) ? "alias" : names[path->kind];
}

static void print_json_paths(const struct sbk_scope *scope, struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, "paths", '[');
	for (i = 0; i < scope->path_count; i++) {
		const struct sbk_scope_path *path = &scope->paths[i];

		sbk_json_open(out, '{');
		sbk_json_name(out, "path", path->path);
		if (is_alias(path))
			sbk_json_name(out, "target", path->target);
		sbk_json_string(out, "access", kind_name(path));
		sbk_json_bool(out, "directory", path->is_directory);
		sbk_json_name(out, "reason", path->reason);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

/* An element of an array has no key, so it cannot go by sbk_json_name. */
static void print_json_names(const char *key, const char *member,
			     const char *const *names, size_t count,
			     struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, key, '[');
	for (i = 0; i < count; i++) {
		sbk_json_open(out, '{');
		sbk_json_name(out, member, names[i]);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

void sbk_scope_print_json_limits(const struct sbk_scope *scope,
				 struct sbk_buf *out)
{
	sbk_json_open_key(out, "limits", '{');
	if (scope->timeout_s != 0)
		sbk_json_integer(out, "time_s", (int64_t)scope->timeout_s);
	if (scope->memory_mib != 0)
		sbk_json_integer(out, "memory_mib", (int64_t)scope->memory_mib);
	if (scope->processes != 0)
		sbk_json_integer(out, "processes", (int64_t)scope->processes);
	sbk_json_close(out, '}');
}

void sbk_scope_print_json(const struct sbk_scope *scope, struct sbk_buf *out)
{
	size_t count = 0;

	sbk_json_name(out, "directory", scope->directory);
	sbk_json_name(out, "user", scope->person.name);
	sbk_json_name(out, "home", scope->person.home);
	sbk_json_string(out, "profile", scope->profile);
	sbk_json_string(out, "network", sbk_network_name(scope->network));
	print_json_paths(scope, out);
	print_json_names("absent_protected", "path", scope->absent_protected,
			 scope->absent_count, out);
	while (scope->environment != NULL && scope->environment[count] != NULL)
		count++;
	print_json_names("environment", "entry",
			 (const char *const *)scope->environment, count, out);
	sbk_scope_print_json_limits(scope, out);
	sbk_json_integer(out, "objects", (int64_t)scope->objects);
	sbk_secret_list_print_json(&scope->secrets, "secrets", out);
	sbk_secret_list_print_json(&scope->hidden, "hidden", out);
	sbk_json_bool(out, "best_effort", scope->best_effort);
	print_json_names("notes", "text", scope->notes, scope->note_count, out);
}
