/*
 * The table of files that mostly hold secrets, and lists of those that were
 * found. Looks at names, and into a file only where its name is not enough.
 *
 * Only one kind is hidden from runs: SSH private keys under the names that
 * ssh-keygen gives them lead to other machines, and no build needs them. The
 * rest is what ordinary tools read in a project, so that hiding it would break
 * the work that a run is for; it is named instead.
 *
 * A name that is mostly harmless (.npmrc, *.pem) counts by what the file holds.
 */
#include "engine/secret_files.h"

#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/limits.h"
#include "engine/os.h"

#include "engine/banned.h"

#define SHOWN_MAX 5 /* paths of a list in one line */

static const char ssh_key[] = "SSH private key";
static const char environment[] = "environment of a program";
static const char cloud[] = "cloud or cluster credentials";
static const char registry[] = "registry token";
static const char passwords[] = "passwords";
static const char private_key[] = "private key";

const struct sbk_secret_kind sbk_secret_kinds[] = {
	{"*.key", NULL, private_key, "PRIVATE KEY", false},
	{"*.p12", NULL, private_key, NULL, false},
	{"*.pem", NULL, private_key, "PRIVATE KEY", false},
	{"*.pfx", NULL, private_key, NULL, false},
	{"*.ppk", NULL, private_key, NULL, false},
	{".dockercfg", NULL, registry, NULL, false},
	{".env", NULL, environment, NULL, false},
	{".env.*", NULL, environment, NULL, false},
	{".git-credentials", NULL, passwords, NULL, false},
	{".my.cnf", NULL, passwords, "password", false},
	{".netrc", NULL, passwords, NULL, false},
	{".npmrc", NULL, registry, "_auth", false},
	{".pgpass", NULL, passwords, NULL, false},
	{".pypirc", NULL, registry, NULL, false},
	{".vault-token", NULL, cloud, NULL, false},
	{".yarnrc.yml", NULL, registry, "npmAuth", false},
	{"config", ".kube", cloud, NULL, false},
	{"config.json", ".docker", registry, "\"auth", false},
	{"credentials", ".aws", cloud, NULL, false},
	{"credentials", ".cargo", registry, NULL, false},
	{"credentials", ".gem", registry, NULL, false},
	{"credentials.toml", ".cargo", registry, NULL, false},
	{"id_dsa", NULL, ssh_key, NULL, true},
	{"id_ecdsa", NULL, ssh_key, NULL, true},
	{"id_ecdsa_sk", NULL, ssh_key, NULL, true},
	{"id_ed25519", NULL, ssh_key, NULL, true},
	{"id_ed25519_sk", NULL, ssh_key, NULL, true},
	{"id_rsa", NULL, ssh_key, NULL, true},
	{NULL, NULL, NULL, NULL, false},
};

#define KINDS (sizeof(sbk_secret_kinds) / sizeof(sbk_secret_kinds[0]) - 1)

/* Templates that are meant to be shared. */
static bool is_template(const char *ending)
{
	static const char *const endings[] = {"example", "sample", "template",
					      "dist"};
	size_t i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(ending, endings[i]) == 0)
			return true;
	return false;
}

/* The name of the row that stands for `name`: mostly itself. */
static const char *row_name(const char *name, size_t size)
{
	static const char *const endings[] = {"*.key", "*.p12", "*.pem",
					      "*.pfx", "*.ppk"};
	size_t i;

	if (name[0] == '.' && strncmp(name, ".env.", 5) == 0)
		return is_template(strrchr(name, '.') + 1) ? NULL : ".env.*";
	if (size < 5 || name[size - 4] != '.')
		return name;
	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (memcmp(name + size - 4, endings[i] + 1, 4) == 0)
			return endings[i];
	return name;
}

/* The first row with this name, or the end. */
static size_t first_row(const char *name)
{
	size_t low = 0, high = KINDS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(sbk_secret_kinds[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_in(const char *directory, size_t size, const char *parent)
{
	size_t length = strlen(parent);

	return size > length && directory[size - length - 1] == '/' &&
	       memcmp(directory + size - length, parent, length) == 0;
}

const struct sbk_secret_kind *sbk_secret_by_name(const char *directory,
						 size_t directory_size,
						 const char *name)
{
	const struct sbk_secret_kind *kind;

	name = row_name(name, strlen(name));
	if (name == NULL)
		return NULL;
	for (kind = &sbk_secret_kinds[first_row(name)];
	     kind->name != NULL && strcmp(kind->name, name) == 0; kind++)
		if (kind->parent == NULL ||
		    is_in(directory, directory_size, kind->parent))
			return kind;
	return NULL;
}

const struct sbk_secret_kind *sbk_secret_by_path(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? sbk_secret_by_name(path, (size_t)(slash - path),
						  slash + 1)
			     : sbk_secret_by_name("", 0, path);
}

static bool contains(const struct sbk_buf *bytes, const char *text)
{
	size_t size = strlen(text), at;

	for (at = 0; bytes->size >= size && at <= bytes->size - size; at++)
		if (memcmp(bytes->data + at, text, size) == 0)
			return true;
	return false;
}

bool sbk_secret_confirmed(const struct sbk_secret_kind *kind, const char *path)
{
	struct sbk_buf start = SBK_BUF_INIT;
	bool confirmed;

	if (kind->holds == NULL)
		return true;
	confirmed = sbk_os_read_start(path, SBK_SECRET_BYTES_MAX, &start,
				      NULL) < 0 ||
		    contains(&start, kind->holds);
	sbk_buf_release(&start);
	return confirmed;
}

/* --- lists ---------------------------------------------------------------- */

static int grow(struct sbk_secret_list *list, struct sbk_arena *arena,
		struct sbk_error *err)
{
	size_t capacity = list->capacity * 2 + 8;
	struct sbk_secret_file *items =
		sbk_arena_alloc(arena, capacity * sizeof(*items));

	if (items == NULL)
		return sbk_error_no_memory(err);
	if (list->count > 0)
		memcpy(items, list->items, list->count * sizeof(*items));
	list->items = items;
	list->capacity = capacity;
	return 0;
}

int sbk_secret_list_add(struct sbk_secret_list *list, struct sbk_arena *arena,
			const struct sbk_secret_file *file,
			struct sbk_error *err)
{
	struct sbk_secret_file *added;
	const char *path;
	int rc = 0;

	if (list->count < SBK_SECRETS_LISTED_MAX) {
		path = sbk_arena_strdup(arena, file->path);
		if (path == NULL)
			return sbk_error_no_memory(err);
		if (list->count == list->capacity)
			rc = grow(list, arena, err);
		if (rc < 0)
			return rc;
		added = &list->items[list->count++];
		*added = *file;
		added->path = path;
	}
	list->total++;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct sbk_secret_file *)a)->path,
		      ((const struct sbk_secret_file *)b)->path);
}

void sbk_secret_list_sort(struct sbk_secret_list *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), by_path);
}

bool sbk_secret_list_have(const struct sbk_secret_list *list, const char *path)
{
	const struct sbk_secret_file key = {.path = path};

	return list->count > 0 && bsearch(&key, list->items, list->count,
					  sizeof(key), by_path) != NULL;
}

void sbk_secret_list_print(const struct sbk_secret_list *list,
			   struct sbk_buf *out)
{
	size_t i;

	for (i = 0; i < list->count && i < SHOWN_MAX; i++) {
		sbk_buf_adds(out, i == 0 ? "'" : ", '");
		sbk_text_escape(out, list->items[i].path);
		sbk_buf_printf(out, "' (%s)", list->items[i].kind->what);
	}
	if (list->total > i)
		sbk_buf_printf(out, " and %zu more", list->total - i);
}

void sbk_secret_list_print_json(const struct sbk_secret_list *list,
				const char *key, struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, key, '{');
	sbk_json_integer(out, "found", (int64_t)list->total);
	sbk_json_open_key(out, "files", '[');
	for (i = 0; i < list->count; i++) {
		sbk_json_open(out, '{');
		sbk_json_name(out, "path", list->items[i].path);
		sbk_json_string(out, "what", list->items[i].kind->what);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
	sbk_json_close(out, '}');
}
