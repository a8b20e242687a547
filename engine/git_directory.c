/*
 * Git directories of a writable root. Git reads its own directory before it
 * does anything, and starts what it finds there (hooks, filters, monitors);
 * so all that belongs to a root is read-only, and commands that only look
 * (status, log, diff) find it.
 *
 * Every file read here may have been written by an earlier run, so a pointer
 * is a claim and not a fact. It is followed only where the other side says
 * the same and the sandbox could not have written that side:
 *
 *	worktree	.git -> COMMON/worktrees/NAME, whose file "gitdir" names
 *			that .git, and whose place says what COMMON is
 *	submodule	.git -> DIR, whose config names the work tree
 *	above		the first .git found going up from the root
 *
 * Without the way back, a command could write "gitdir: ~/secret/.git" and
 * read another repository in its next run. A link in place of .git, a
 * separate git directory, and borrowed objects have no way back: they are
 * not shown, and a note says how to show them.
 */
#include "engine/git_directory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/path_form.h"

#include "engine/banned.h"

#define ABOVE_MAX 64	 /* directories looked at going up */
#define MODULES_DEPTH 16 /* of names with slashes, and modules of modules */

static bool is_directory_at(const char *path)
{
	char real[SBK_PATH_MAX];
	struct sbk_file file;

	return sbk_os_resolve(path, real, &file, NULL) == 0 &&
	       file.type == SBK_FILE_DIRECTORY;
}

bool sbk_git_looks_like(const char *path)
{
	char name[SBK_PATH_MAX + 16];
	struct sbk_file head;

	(void)snprintf(name, sizeof(name), "%s/HEAD", path);
	if (sbk_os_look(name, &head, NULL) < 0 ||
	    (head.type != SBK_FILE_REGULAR && head.type != SBK_FILE_LINK))
		return false;
	(void)snprintf(name, sizeof(name), "%s/objects", path);
	if (!is_directory_at(name))
		return false;
	(void)snprintf(name, sizeof(name), "%s/refs", path);
	return is_directory_at(name);
}

/* What the steps below have in common. */
struct git {
	struct sbk_set *set;
	const char *root;
	size_t modules; /* looked at so far */
	int failure;	/* of reading, that is not the file's: no memory */
};

static int add_protected(struct git *git, const char *real, bool is_directory,
			 const char *reason, struct sbk_error *err)
{
	struct sbk_item item = {
		.path = sbk_arena_strdup(git->set->arena, real),
		.reason = reason,
		.kind = SBK_ACCESS_PROTECT,
		.is_directory = is_directory,
	};

	item.target = item.path;
	return item.path == NULL ? sbk_error_no_memory(err)
				 : sbk_set_add(git->set, &item, err);
}

/* The text of a file of git's. What is no readable small file says nothing. */
static bool read_text(struct git *git, const char *path, struct sbk_buf *text)
{
	struct sbk_file file;
	int rc = sbk_os_read_known(path, SBK_GIT_FILE_BYTES_MAX, text, &file,
				   NULL);

	if (rc == SBK_E_NOMEM)
		git->failure = rc;
	return rc == 0;
}

/* First line of a small file, without its end; "" where there is none. */
static void read_line(struct git *git, const char *path, char *out)
{
	struct sbk_buf text = SBK_BUF_INIT;
	size_t size = 0;

	if (read_text(git, path, &text) && text.data != NULL)
		size = strcspn(text.data, "\r\n");
	if (size >= SBK_PATH_MAX)
		size = 0;
	if (size > 0)
		memcpy(out, text.data, size);
	out[size] = '\0';
	sbk_buf_release(&text);
}

/* Resolves `text` as git means it: relative to `directory`. */
static int resolve_from(const char *directory, const char *text, char *real,
			struct sbk_file *file)
{
	const bool whole = sbk_path_is_absolute(text);
	char path[2 * SBK_PATH_MAX];

	if (text[0] == '\0')
		return SBK_E_NOTFOUND;
	(void)snprintf(path, sizeof(path), "%s%s%s", whole ? "" : directory,
		       whole ? "" : "/", text);
	return sbk_os_resolve(path, real, file, NULL);
}

/* Whether the path in the file `name` of `directory` is TOP/.git. */
static bool names_back(struct git *git, const char *directory, const char *name,
		       const char *top)
{
	char file_path[SBK_PATH_MAX + 64], text[SBK_PATH_MAX];
	char real[SBK_PATH_MAX], *slash;
	struct sbk_file file;

	(void)snprintf(file_path, sizeof(file_path), "%s/%s", directory, name);
	read_line(git, file_path, text);
	slash = strrchr(text, '/');
	if (slash == NULL || strcmp(slash + 1, ".git") != 0)
		return false;
	*slash = '\0';
	return resolve_from(directory, text[0] != '\0' ? text : "/", real,
			    &file) == 0 &&
	       strcmp(real, top) == 0;
}

static bool starts_with(const char *line, const char *word)
{
	while (*word != '\0' && tolower((unsigned char)*line) == *word) {
		line++;
		word++;
	}
	return *word == '\0';
}

/* A value of a git config line: quotes and backslashes taken off. */
static bool config_value(const char *text, char *out)
{
	size_t used = 0;

	while (*text == ' ' || *text == '\t')
		text++;
	for (; *text != '\0' && *text != '\r'; text++) {
		if (*text == '"')
			continue;
		if (*text == '\\' && text[1] != '\0')
			text++;
		if (used + 1 >= SBK_PATH_MAX)
			return false;
		out[used++] = *text;
	}
	while (used > 0 && (out[used - 1] == ' ' || out[used - 1] == '\t'))
		used--;
	out[used] = '\0';
	return used > 0;
}

/* core.worktree of the config `name` in `directory`. */
static bool read_worktree(struct git *git, const char *directory,
			  const char *name, char *out)
{
	struct sbk_buf text = SBK_BUF_INIT;
	char path[SBK_PATH_MAX + 64], *line, *end;
	bool in_core = false, found = false;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (!read_text(git, path, &text))
		goto out;
	for (line = text.data; line != NULL && !found; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		line += strspn(line, " \t");
		if (*line == '[')
			in_core = starts_with(line, "[core]");
		else if (in_core && starts_with(line, "worktree")) {
			line += strlen("worktree");
			line += strspn(line, " \t");
			found = *line == '=' && config_value(line + 1, out);
		}
	}
out:
	sbk_buf_release(&text);
	return found;
}

/* The work tree that a git directory says is its own, resolved. */
static bool find_worktree(struct git *git, const char *directory, char *real)
{
	static const char *const names[] = {"config.worktree", "config"};
	char text[SBK_PATH_MAX];
	struct sbk_file file;
	size_t i;

	for (i = 0; i < 2; i++)
		if (read_worktree(git, directory, names[i], text) &&
		    resolve_from(directory, text, real, &file) == 0)
			return true;
	return false;
}

/*
 * What a worktree's own git directory shares: where it stands says what that
 * is, and its file "commondir" must agree.
 */
static bool find_common(struct git *git, const char *directory, char *common)
{
	char path[SBK_PATH_MAX + 64], text[SBK_PATH_MAX], stands[SBK_PATH_MAX];
	struct sbk_file file;
	const char *tail;
	size_t size;

	(void)snprintf(path, sizeof(path), "%s/commondir", directory);
	read_line(git, path, text);
	if (resolve_from(directory, text, common, &file) < 0)
		return false;
	tail = strrchr(directory, '/');
	size = (size_t)(tail - directory);
	memcpy(stands, directory, size);
	stands[size] = '\0';
	(void)snprintf(path, sizeof(path), "%s/worktrees", common);
	return strcmp(stands, path) == 0 && sbk_git_looks_like(common);
}

/* Whether the person owns `real` and the guards let it be read. */
static bool may_show(const struct git *git, const char *real)
{
	struct sbk_file file;

	return sbk_os_look(real, &file, NULL) == 0 &&
	       file.type == SBK_FILE_DIRECTORY &&
	       file.owner == git->set->ground.person->uid &&
	       sbk_ground_guard(&git->set->ground, real, &file, false, NULL) ==
		       0;
}

/* A git directory that is in view anyway: only kept from being written. */
static bool in_view(const struct git *git, const char *real)
{
	const struct sbk_item *above = sbk_set_above(git->set, real);

	return above != NULL && above->kind != SBK_ACCESS_DENY;
}

static int follow_pointer(struct git *git, const char *top, const char *written,
			  struct sbk_error *err)
{
	char real[SBK_PATH_MAX], other[SBK_PATH_MAX];
	struct sbk_file file;
	int rc;

	if (resolve_from(top, written, real, &file) < 0 ||
	    file.type != SBK_FILE_DIRECTORY)
		return sbk_set_note(git->set, err,
				    "'%s/.git' points to '%s', which is not "
				    "there",
				    top, written);
	/* Git follows the pointer without a way back; this only narrows. */
	rc = sbk_git_protect_submodules(git->set, git->root, real, top, err);
	if (rc < 0)
		return rc;
	if (find_common(git, real, other) &&
	    names_back(git, real, "gitdir", top) && may_show(git, other))
		return add_protected(git, other, true,
				     "git directory of this worktree", err);
	if (in_view(git, real))
		return add_protected(git, real, true, "git directory", err);
	if (sbk_git_looks_like(real) && find_worktree(git, real, other) &&
	    strcmp(other, top) == 0 && may_show(git, real))
		return add_protected(git, real, true,
				     "git directory of this submodule", err);
	return sbk_set_note(git->set, err,
			    "'%s/.git' points to '%s', which does not point "
			    "back: it is not shown; --ro '%s' shows it",
			    top, real, real);
}

static int protect_module(struct git *git, const char *worktree,
			  struct sbk_error *err)
{
	char path[SBK_PATH_MAX + 8];
	struct sbk_file file;

	if (strcmp(worktree, git->root) == 0 ||
	    !sbk_path_within(worktree, git->root))
		return 0;
	(void)snprintf(path, sizeof(path), "%s/.git", worktree);
	if (strlen(path) >= SBK_PATH_MAX ||
	    sbk_os_look(path, &file, NULL) < 0 || file.type == SBK_FILE_LINK)
		return 0;
	return add_protected(git, path, file.type == SBK_FILE_DIRECTORY,
			     "git: a work tree in this root", err);
}

struct modules {
	struct git *git;
	const char *directory;
	unsigned int depth;
};

static int scan_modules(struct git *git, const char *directory,
			unsigned int depth, struct sbk_error *err);

static int count_module(struct git *git, struct sbk_error *err)
{
	if (git->modules++ < SBK_GIT_MODULES_MAX)
		return 0;
	return sbk_error_set(err, SBK_E_LIMIT,
			     "the git directory of '%s' has more than %d "
			     "submodules and worktrees: make a smaller root "
			     "writable",
			     git->root, SBK_GIT_MODULES_MAX);
}

/* A name in modules/ is a git directory, or a part of a name with slashes. */
static int scan_module(void *arg, const char *name, enum sbk_file_type type,
		       struct sbk_error *err)
{
	const struct modules *m = arg;
	char path[2 * SBK_PATH_MAX], worktree[SBK_PATH_MAX];
	int rc;

	if (type == SBK_FILE_REGULAR || type == SBK_FILE_LINK)
		return 0;
	rc = count_module(m->git, err);
	(void)snprintf(path, sizeof(path), "%s/%s", m->directory, name);
	if (rc < 0 || strlen(path) >= SBK_PATH_MAX - 16)
		return rc;
	if (!sbk_git_looks_like(path))
		return scan_modules(m->git, path, m->depth + 1, err);
	if (find_worktree(m->git, path, worktree)) {
		rc = protect_module(m->git, worktree, err);
		if (rc == 0)
			rc = sbk_git_protect_submodules(
				m->git->set, m->git->root, path, worktree, err);
	}
	(void)snprintf(path + strlen(path), 16, "/modules");
	return rc < 0 ? rc : scan_modules(m->git, path, m->depth + 1, err);
}

static int list_quietly(const char *directory, sbk_os_name_fn *each, void *arg,
			struct sbk_error *err)
{
	int rc =
		sbk_os_list(directory, SBK_DIRECTORY_NAMES_MAX, each, arg, err);

	if (rc != SBK_E_NOTFOUND && rc != SBK_E_DENIED)
		return rc;
	sbk_error_clear(err);
	return 0;
}

static int scan_modules(struct git *git, const char *directory,
			unsigned int depth, struct sbk_error *err)
{
	struct modules m = {.git = git, .directory = directory, .depth = depth};

	if (depth > MODULES_DEPTH)
		return 0;
	return list_quietly(directory, scan_module, &m, err);
}

static int scan_worktree(void *arg, const char *name, enum sbk_file_type type,
			 struct sbk_error *err)
{
	const struct modules *m = arg;
	char path[2 * SBK_PATH_MAX], text[SBK_PATH_MAX], real[SBK_PATH_MAX];
	struct sbk_file file;
	char *slash;
	int rc = count_module(m->git, err);

	(void)type;
	(void)snprintf(path, sizeof(path), "%s/%s/gitdir", m->directory, name);
	if (rc < 0 || strlen(path) >= SBK_PATH_MAX)
		return rc;
	read_line(m->git, path, text);
	slash = strrchr(text, '/');
	if (slash == NULL || slash == text)
		return 0;
	*slash = '\0';
	path[strlen(path) - strlen("/gitdir")] = '\0';
	if (resolve_from(path, text, real, &file) < 0)
		return 0;
	rc = protect_module(m->git, real, err);
	if (rc == 0)
		rc = sbk_git_protect_submodules(m->git->set, m->git->root, path,
						real, err);
	return rc;
}

/* Work trees inside the root whose git directory is in `directory`. */
static int scan_git_directory(struct git *git, const char *directory,
			      struct sbk_error *err)
{
	char path[SBK_PATH_MAX + 16];
	struct modules m = {.git = git, .directory = path};
	int rc;

	(void)snprintf(path, sizeof(path), "%s/worktrees", directory);
	rc = list_quietly(path, scan_worktree, &m, err);
	if (rc < 0)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/modules", directory);
	return scan_modules(git, path, 0, err);
}

/* Objects borrowed from elsewhere: there is no way back to check. */
static int note_borrowed(struct git *git, const char *directory,
			 struct sbk_error *err)
{
	char path[SBK_PATH_MAX + 32], text[SBK_PATH_MAX], real[SBK_PATH_MAX];
	struct sbk_file file;

	(void)snprintf(path, sizeof(path), "%s/objects/info/alternates",
		       directory);
	read_line(git, path, text);
	(void)snprintf(path, sizeof(path), "%s/objects", directory);
	if (resolve_from(path, text, real, &file) < 0 || in_view(git, real))
		return 0;
	return sbk_set_note(git->set, err,
			    "the repository borrows objects from '%s', which "
			    "is not shown: --ro '%s' shows it",
			    real, real);
}

static int git_directory_found(struct git *git, const char *top,
			       const char *path, struct sbk_error *err)
{
	int rc = 0;

	if (!sbk_git_looks_like(path))
		return 0;
	if (strcmp(top, git->root) != 0)
		rc = may_show(git, path)
			     ? add_protected(git, path, true,
					     "git directory of the repository "
					     "above",
					     err)
			     : 0;
	if (rc == 0)
		rc = scan_git_directory(git, path, err);
	if (rc == 0)
		rc = sbk_git_protect_submodules(git->set, git->root, path, top,
						err);
	return rc < 0 ? rc : note_borrowed(git, path, err);
}

static int pointer_found(struct git *git, const char *top, const char *path,
			 struct sbk_error *err)
{
	static const char start[] = "gitdir:";
	char text[SBK_PATH_MAX], *written = text;
	int rc = 0;

	read_line(git, path, text);
	if (strncmp(text, start, sizeof(start) - 1) != 0)
		return 0;
	written += sizeof(start) - 1;
	written += strspn(written, " \t");
	if (strcmp(top, git->root) != 0)
		rc = add_protected(git, path, false, "git: the work tree above",
				   err);
	return rc < 0 ? rc : follow_pointer(git, top, written, err);
}

/* A link in place of .git: git follows it, and so do we only to narrow. */
static int link_found(struct git *git, const char *top, const char *path,
		      struct sbk_error *err)
{
	char real[SBK_PATH_MAX];
	struct sbk_file file;
	int rc = 0;

	if (sbk_os_resolve(path, real, &file, NULL) == 0 &&
	    file.type == SBK_FILE_DIRECTORY)
		rc = sbk_git_protect_submodules(git->set, git->root, real, top,
						err);
	return rc < 0 ? rc
		      : sbk_set_note(git->set, err,
				     "'%s' is a link: where it leads is not "
				     "shown because of it; --ro shows it",
				     path);
}

/* Looks at TOP/.git. 1: it is there. */
static int look_at(struct git *git, const char *top, struct sbk_error *err)
{
	char path[SBK_PATH_MAX + 8];
	struct sbk_file file;
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s/.git", top);
	if (strlen(path) >= SBK_PATH_MAX || sbk_os_look(path, &file, NULL) < 0)
		return 0;
	if (file.type == SBK_FILE_DIRECTORY)
		rc = git_directory_found(git, top, path, err);
	else if (file.type == SBK_FILE_REGULAR)
		rc = pointer_found(git, top, path, err);
	else if (file.type == SBK_FILE_LINK)
		rc = link_found(git, top, path, err);
	return rc < 0 ? rc : 1;
}

/* Goes up as git does, within what belongs to the person, to their home. */
static int look_above(struct git *git, struct sbk_error *err)
{
	const struct sbk_ground *ground = &git->set->ground;
	char top[SBK_PATH_MAX], *slash;
	struct sbk_file file;
	int rc = 0, i;

	(void)snprintf(top, sizeof(top), "%s", git->root);
	for (i = 0; i < ABOVE_MAX && rc == 0; i++) {
		slash = strrchr(top, '/');
		if (slash == NULL || slash == top)
			return 0;
		*slash = '\0';
		if (strcmp(top, ground->home) == 0 ||
		    sbk_os_look(top, &file, NULL) < 0 ||
		    file.owner != ground->person->uid)
			return 0;
		rc = look_at(git, top, err);
	}
	return rc < 0 ? rc : 0;
}

int sbk_git_protect(struct sbk_set *set, const char *root,
		    struct sbk_error *err)
{
	struct git git = {.set = set, .root = root};
	int rc = look_at(&git, root, err);

	if (rc == 0)
		rc = look_above(&git, err);
	if (rc >= 0 && git.failure < 0)
		rc = sbk_error_set(err, git.failure, "out of memory");
	return rc < 0 ? rc : 0;
}
