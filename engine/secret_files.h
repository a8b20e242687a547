/*
 * Files that mostly hold secrets wherever they lie, known by their names: the
 * one table that grants, runs and the audit of scope go by, and that
 * sandbook-policy(5) prints. What is secret because of its place in a home is
 * the other table (places.h).
 *
 * A name says little: the table is there so that nobody gives a key away
 * unseen, and is no boundary. What it does not know, --deny does.
 */
#ifndef SBK_SECRET_FILES_H
#define SBK_SECRET_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"

struct sbk_secret_kind {
	/* The file's name; "*.pem" and ".env.*" stand for all such names. */
	const char *name;
	/* Name of the directory that it must be in; NULL: any. */
	const char *parent;
	const char *what; /* "SSH private key" */
	/* What the file must hold; NULL: the name is enough. */
	const char *holds;
	bool hidden; /* from runs; the others are only named */
};

/* In the byte order of names; ends with a row without one. */
extern const struct sbk_secret_kind sbk_secret_kinds[];

/*
 * The row for a file of that name in the directory at that path, or NULL.
 * Costs a few comparisons; any thread may ask. Where the row `holds`
 * something, the content decides (sbk_secret_confirmed).
 */
const struct sbk_secret_kind *sbk_secret_by_name(const char *directory,
						 size_t directory_size,
						 const char *name);
/* The same for a whole, absolute path. */
const struct sbk_secret_kind *sbk_secret_by_path(const char *path);

/*
 * Whether the file at `path` holds what its row asks for, by its first
 * SBK_SECRET_BYTES_MAX bytes. One that cannot be read is taken at its name.
 */
bool sbk_secret_confirmed(const struct sbk_secret_kind *kind, const char *path);

struct sbk_secret_file {
	const char *path;
	const struct sbk_secret_kind *kind;
};

/* Keeps the first SBK_SECRETS_LISTED_MAX and counts the others. Zeroed it is
 * empty; everything in it is the arena's. */
struct sbk_secret_list {
	struct sbk_secret_file *items;
	size_t count, capacity; /* of items */
	size_t total;		/* that were found */
};

/* Copies the path. SBK_E_NOMEM. */
int sbk_secret_list_add(struct sbk_secret_list *list, struct sbk_arena *arena,
			const struct sbk_secret_file *file,
			struct sbk_error *err);
/* By path: what several threads found has no order. */
void sbk_secret_list_sort(struct sbk_secret_list *list);
/* Whether a list that is sorted has the path. */
bool sbk_secret_list_have(const struct sbk_secret_list *list, const char *path);
/*
 * The first few paths, escaped, with what they are: "'/p/.env' (settings with
 * secrets), '/p/id_rsa' (SSH private key) and 3 more".
 */
void sbk_secret_list_print(const struct sbk_secret_list *list,
			   struct sbk_buf *out);
/* An object under `key`: {"found":N,"files":[{"path","what"}]}. */
void sbk_secret_list_print_json(const struct sbk_secret_list *list,
				const char *key, struct sbk_buf *out);

#endif
