/*
 * A directory for our own records. Owns how it is reached and when it is
 * believed: through no reparse point below the base, owned by whom the place
 * says (or the administrators), its access list letting nobody else write, on
 * a local volume. How it comes to be stands in os_storage_build.c.
 *
 * Everything is done by names relative to the directory's handle. Its path is
 * only used by SQLite, which cannot do otherwise, and is safe there because
 * nobody but those who are believed can change an entry of a directory that
 * passed check_directory.
 */
#include "engine/windows/os_storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"
#include "engine/windows/named.h"
#include "engine/windows/storage_rules.h"
#include "engine/windows/wide.h"

#include "engine/banned.h"

/* What SQLite opens by its path must fit into MAX_PATH with a name. */
#define PATH_BYTES_MAX (260 - SBK_STORE_NAME_ROOM)
#define AGAIN_TRIES 20
#define AGAIN_MS 25

/* --- names in an open directory ---------------------------------------- */

bool sbk_store_again(int rc, unsigned *tries)
{
	if (rc != SBK_E_BUSY || ++*tries >= AGAIN_TRIES)
		return false;
	sbk_win32_sleep(AGAIN_MS);
	return true;
}

int sbk_store_open_name(HANDLE parent, const char *name,
			const struct sbk_win32_making *making, HANDLE *out,
			struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	struct sbk_win32_name where = {.parent = parent};
	int rc = 0;

	if (!sbk_wide_add(&wide, name, strlen(name)))
		rc = sbk_error_set(err, SBK_E_INVAL, "its name is no UTF-8");
	else if ((where.name = sbk_wide_text(&wide)) == NULL)
		rc = sbk_buf_failed(&wide, err);
	where.size = wide.size;
	if (rc == 0)
		rc = sbk_win32_make_below(&where, making, out, err);
	sbk_buf_release(&wide);
	return rc;
}

bool sbk_store_has_name(HANDLE parent, const char *name)
{
	struct sbk_win32_making making = {.how = SBK_WIN32_OPEN,
					  .access = FILE_READ_ATTRIBUTES};
	HANDLE file = NULL;
	int rc = sbk_store_open_name(parent, name, &making, &file, NULL);

	if (rc < 0) {
		making.directory = true;
		rc = sbk_store_open_name(parent, name, &making, &file, NULL);
	}
	sbk_win32_close(&file);
	return rc == 0;
}

int sbk_store_delete_name(HANDLE parent, const char *name, bool directory,
			  struct sbk_error *err)
{
	const struct sbk_win32_making making = {.how = SBK_WIN32_OPEN,
						.access = DELETE |
							  FILE_READ_ATTRIBUTES,
						.directory = directory};
	struct sbk_error why = SBK_ERROR_INIT;
	unsigned tries = 0;
	int rc;

	do {
		HANDLE file = NULL;

		rc = sbk_store_open_name(parent, name, &making, &file, &why);
		if (rc == 0)
			rc = sbk_win32_delete(file, &why);
		sbk_win32_close(&file);
	} while (sbk_store_again(rc, &tries));
	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc < 0 && err != NULL)
		*err = why;
	return rc;
}

int sbk_store_rename_open(HANDLE file, HANDLE parent, const char *to,
			  bool replace, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	struct sbk_win32_name where = {.parent = parent};
	int rc;

	if (!sbk_wide_add(&wide, to, strlen(to)))
		rc = sbk_error_set(err, SBK_E_INVAL, "a name is no UTF-8");
	else
		rc = sbk_buf_failed(&wide, err);
	where.name = (const WCHAR *)(const void *)wide.data;
	where.size = wide.size;
	if (rc == 0)
		rc = sbk_win32_rename(file, &where, replace, err);
	sbk_buf_release(&wide);
	return rc;
}

int sbk_store_rename_name(HANDLE parent, const char *from, const char *to,
			  bool directory, bool replace, struct sbk_error *err)
{
	const struct sbk_win32_making making = {.how = SBK_WIN32_OPEN,
						.access = DELETE |
							  FILE_READ_ATTRIBUTES,
						.directory = directory};
	unsigned tries = 0;
	int rc;

	do {
		HANDLE file = NULL;

		rc = sbk_store_open_name(parent, from, &making, &file, err);
		if (rc == 0)
			rc = sbk_store_rename_open(file, parent, to, replace,
						   err);
		sbk_win32_close(&file);
	} while (sbk_store_again(rc, &tries));
	return rc;
}

int sbk_store_flush(HANDLE directory, const char *path, struct sbk_error *err)
{
	int rc = sbk_win32_flush(directory, err);

	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot make '%s' durable", path);
	return rc;
}

/* --- the way to it ------------------------------------------------------ */

static int split_names(struct sbk_store_parts *out, struct sbk_error *err)
{
	const char *rest = out->text + (out->text[0] == '/');
	const char *name;
	size_t size;
	int rc;

	for (;;) {
		rc = sbk_wide_component(&rest, &name, &size, err);
		if (rc < 0 || size == 0)
			break;
		if (out->count == SBK_STORE_PARTS_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "'%s' has too many parts",
					     out->place->directory);
		out->names[out->count] = out->text + (name - out->text);
		out->names[out->count++][size] = '\0';
	}
	if (rc == 0 && out->count == 0)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'%s' names no directory below its base",
				   out->place->directory);
	return rc;
}

int sbk_store_parts_split(const struct sbk_store_place *place,
			  struct sbk_store_parts *out, struct sbk_error *err)
{
	const char *last = strrchr(place->directory, '/');
	size_t size = strlen(place->directory), base = place->base;
	char given[SBK_PATH_MAX], *real = NULL;
	int rc;

	if (size >= SBK_PATH_MAX || last == NULL || base > size)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' cannot hold records: the path is "
				     "not absolute or too long",
				     place->directory);
	if (base == 0)
		base = (size_t)(last - place->directory);
	(void)snprintf(given, sizeof(given), "%.*s%s", (int)base,
		       place->directory, base == 2 ? "/" : "");
	*out = (struct sbk_store_parts){.place = place};
	memcpy(out->text, place->directory + base, size - base + 1);
	rc = sbk_os_real_path(given, &real, err);
	if (rc == 0 && strlen(real) >= sizeof(out->base))
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "'%s' stands for too long a path", given);
	if (rc == 0)
		(void)snprintf(out->base, sizeof(out->base), "%s", real);
	free(real);
	return rc < 0 ? rc : split_names(out, err);
}

/* One step down. A link and what is no directory are refused. */
static int step_down(struct sbk_pin *at, const char *name, DWORD access,
		     const struct sbk_store_parts *parts, struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT;
	struct sbk_pin next = SBK_PIN_INIT;
	int rc = 0;

	/* Its name was taken as UTF-8 when the path was resolved. */
	if (!sbk_wide_add(&wide, name, strlen(name)) ||
	    sbk_wide_text(&wide) == NULL)
		rc = sbk_error_set(err, SBK_E_INVAL, "'%s' is no name", name);
	if (rc == 0)
		rc = sbk_pin_below(at, sbk_wide_text(&wide), wide.size, access,
				   &next, err);
	sbk_buf_release(&wide);
	if (rc == 0 && (next.is_reparse || !next.is_directory)) {
		sbk_pin_release(&next);
		return sbk_error_set(err, SBK_E_DENIED,
				     "'%s' is not used: its part '%s' is a "
				     "link or no directory; put a plain "
				     "directory there",
				     parts->place->directory, name);
	}
	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot open '%s' of '%s'", name,
				       parts->place->directory);
		return rc;
	}
	sbk_pin_release(at);
	*at = next;
	return 0;
}

int sbk_store_walk(const struct sbk_store_parts *parts, size_t depth,
		   DWORD access, struct sbk_pin *out, size_t *found,
		   struct sbk_error *err)
{
	struct sbk_pin at = SBK_PIN_INIT;
	size_t i = 0;
	int rc = sbk_pin_path(parts->base, depth == 0 ? access : SBK_STORE_PASS,
			      &at, err);

	while (rc == 0 && i < depth) {
		rc = step_down(&at, parts->names[i],
			       i + 1 == depth ? access : SBK_STORE_PASS, parts,
			       err);
		i += rc == 0;
	}
	*found = i;
	if (rc < 0)
		sbk_pin_release(&at);
	else
		*out = at;
	return rc;
}

/* --- what is believed --------------------------------------------------- */

static int check_directory(const struct sbk_store *store, struct sbk_error *err)
{
	const struct sbk_storage_rule rule = {.owner = &store->owner,
					      .directory = true,
					      .readable = store->shared};
	struct sbk_buf descriptor = SBK_BUF_INIT;
	int rc = sbk_win32_query_security(store->pin.handle, &descriptor, err);

	if (rc == 0)
		rc = sbk_storage_check(&rule, &descriptor, store->given, err);
	sbk_buf_release(&descriptor);
	return rc;
}

/* Where others are on other machines, no lock and no memory that processes
 * share reaches them. */
static int check_volume(const struct sbk_store *store, struct sbk_error *err)
{
	struct sbk_volumes *volumes = calloc(1, sizeof(*volumes));
	struct sbk_volume *volume;
	bool remote = false;
	int rc;

	if (volumes == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_win32_is_remote(store->pin.handle, &remote, err);
	if (rc == 0 && remote)
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "'%s' is on a volume of another machine, "
				   "whose locks and shared memory a journal "
				   "cannot rely on; use a local one",
				   store->given);
	/* That it keeps access lists, and has a GUID. */
	if (rc == 0)
		rc = sbk_volume_of(volumes, &store->pin, &volume, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "'%s'", store->given);
	sbk_volumes_release(volumes);
	free(volumes);
	return rc;
}

bool sbk_store_is_ours(const struct sbk_store *store)
{
	const struct sbk_owner machine = sbk_os_machine_owner();
	struct sbk_owner caller;

	if (sbk_owner_equal(&store->owner, &machine))
		return sbk_os_elevated();
	return sbk_os_caller_id(&caller, NULL) == 0 &&
	       sbk_owner_equal(&caller, &store->owner);
}

/* An administrator may read a user's; writing it is that user's alone. */
static int check_writer(const struct sbk_store *store, struct sbk_error *err)
{
	if (sbk_store_is_ours(store))
		return 0;
	return sbk_error_set(err, SBK_E_DENIED, "'%s' is written by %s only",
			     store->given, store->owner.text);
}

/* --- opening ------------------------------------------------------------ */

static int open_directory(const struct sbk_store_parts *parts,
			  enum sbk_store_mode mode, struct sbk_pin *out,
			  struct sbk_error *err)
{
	const DWORD access = mode == SBK_STORE_READ
				     ? SBK_STORE_LOOK
				     : SBK_STORE_CHANGE | WRITE_DAC;
	size_t depth = 0;
	int rc;

	do {
		rc = sbk_store_walk(parts, parts->count, access, out, &depth,
				    err);
		if (rc != SBK_E_NOTFOUND)
			return rc;
		if (mode != SBK_STORE_CREATE)
			return sbk_error_set(err, SBK_E_NOTFOUND,
					     "there is no directory '%s'",
					     parts->place->directory);
		sbk_error_clear(err);
		rc = sbk_store_build(parts, depth, err);
	} while (rc >= 0);
	return rc;
}

static int resolve_path(struct sbk_store *store, struct sbk_error *err)
{
	char *path = NULL;
	int rc = sbk_named_path(store->pin.handle, &path, err);

	if (rc == 0 && strlen(path) > PATH_BYTES_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "'%s' stands for a path of more than %d "
				   "bytes, which SQLite cannot open here",
				   store->given, PATH_BYTES_MAX);
	if (rc == 0)
		(void)snprintf(store->path, sizeof(store->path), "%s", path);
	free(path);
	return rc;
}

static int open_store(struct sbk_store *store,
		      const struct sbk_store_parts *parts,
		      enum sbk_store_mode mode, struct sbk_error *err)
{
	int rc = 0;

	if (mode != SBK_STORE_READ)
		rc = check_writer(store, err);
	if (rc == 0)
		rc = open_directory(parts, mode, &store->pin, err);
	if (rc == 0)
		rc = check_directory(store, err);
	if (rc == 0 && mode != SBK_STORE_READ)
		rc = check_volume(store, err);
	return rc < 0 ? rc : resolve_path(store, err);
}

int sbk_store_open(const struct sbk_store_place *place,
		   enum sbk_store_mode mode, struct sbk_store **out,
		   struct sbk_error *err)
{
	struct sbk_store *store = calloc(1, sizeof(*store));
	struct sbk_store_parts *parts = calloc(1, sizeof(*parts));
	int rc = 0;

	if (store == NULL || parts == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0)
		rc = sbk_store_parts_split(place, parts, err);
	if (rc == 0) {
		(void)snprintf(store->given, sizeof(store->given), "%s",
			       place->directory);
		store->owner = place->owner;
		store->shared = place->shared;
		rc = open_store(store, parts, mode, err);
	}
	if (rc == 0) {
		*out = store;
		store = NULL;
	}
	free(parts);
	sbk_store_close(store);
	return rc;
}

void sbk_store_close(struct sbk_store *store)
{
	if (store == NULL)
		return;
	sbk_pin_release(&store->pin);
	free(store);
}

const char *sbk_store_path(const struct sbk_store *store)
{
	return store->path;
}

/* --- closed to others, and open again ----------------------------------- */

static int set_readable(const struct sbk_store *store, bool readable,
			struct sbk_error *err)
{
	const struct sbk_storage_rule rule = {.owner = &store->owner,
					      .directory = true,
					      .readable = readable};
	struct sbk_buf descriptor = SBK_BUF_INIT;
	int rc = sbk_storage_descriptor(&rule, &descriptor, err);

	if (rc == 0)
		rc = sbk_win32_set_security(
			store->pin.handle,
			DACL_SECURITY_INFORMATION |
				PROTECTED_DACL_SECURITY_INFORMATION,
			&descriptor, err);
	sbk_buf_release(&descriptor);
	if (rc < 0) {
		(void)sbk_error_prefix(err, "cannot set the access of '%s'",
				       store->given);
		return rc;
	}
	return sbk_store_flush(store->pin.handle, store->given, err);
}

int sbk_store_hide(const struct sbk_store *store, struct sbk_error *err)
{
	int rc = set_readable(store, false, err);

	if (rc == 0 && !sbk_store_is_hidden(store))
		rc = sbk_error_set(err, SBK_E_IO,
				   "'%s' stays open to others: the system did "
				   "not keep its access list",
				   store->given);
	return rc;
}

int sbk_store_show(const struct sbk_store *store, struct sbk_error *err)
{
	return set_readable(store, store->shared, err);
}

bool sbk_store_is_hidden(const struct sbk_store *store)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	bool hidden = true; /* what cannot be examined is better not shown */

	if (sbk_win32_query_security(store->pin.handle, &descriptor, NULL) == 0)
		hidden = !sbk_storage_is_open(&store->owner, &descriptor);
	sbk_buf_release(&descriptor);
	return hidden;
}

int sbk_store_made(const struct sbk_store *store, size_t *out,
		   struct sbk_error *err)
{
	char text[16] = "", *end;
	size_t got = 0;
	int rc = sbk_store_read(store, SBK_STORE_MADE, 0, text,
				sizeof(text) - 1, &got, err);

	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		got = 0;
	} else if (rc < 0) {
		return rc;
	}
	text[got] = '\0';
	*out = (size_t)strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || strcmp(end, "\n") != 0 ||
	    *out >= SBK_STORE_PARTS_MAX)
		*out = 0; /* not ours: then nothing is taken back either */
	return 0;
}
