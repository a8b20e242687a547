/*
 * The search for a program. Batch files are found in order to be refused: the
 * system starts cmd.exe for them, which reads their arguments by rules of its
 * own.
 */
#include "engine/windows/program_search.h"

#include <string.h>

#include "engine/windows/drive_path.h"

#include "engine/banned.h"

static const char *const programs[] = {".com", ".exe", NULL};
static const char *const batches[] = {".bat", ".cmd", NULL};

struct search {
	const struct sbk_program_search *with;
	struct sbk_buf *out;
	struct sbk_buf batch; /* the first that was met */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool ends_with(const char *text, const char *ending)
{
	const size_t size = strlen(text), length = strlen(ending);
	size_t i;

	if (size < length)
		return false;
	for (i = 0; i < length; i++)
		if (lower(text[size - length + i]) != ending[i])
			return false;
	return true;
}

static bool has_ending(const char *text, const char *const *endings)
{
	for (; *endings != NULL; endings++)
		if (ends_with(text, *endings))
			return true;
	return false;
}

/* Whether BASE, or BASE with one of the endings, is there: then it is `out`. */
static bool try_endings(const struct search *s, const char *base,
			const char *const *endings, struct sbk_buf *out)
{
	const bool whole = has_ending(base, endings);

	for (; *endings != NULL; endings++) {
		sbk_buf_clear(out);
		sbk_buf_printf(out, "%s%s", base, whole ? "" : *endings);
		if (sbk_buf_failed(out, NULL) < 0 ||
		    s->with->is_file(s->with->arg, sbk_buf_text(out)))
			return true;
	}
	sbk_buf_clear(out);
	return false;
}

static bool try_at(struct search *s, const char *directory, const char *name)
{
	struct sbk_buf base = SBK_BUF_INIT;
	const size_t size = strlen(directory);
	bool found;

	sbk_buf_printf(&base, "%s%s%s", directory,
		       size > 0 && directory[size - 1] != '/' ? "/" : "", name);
	found = sbk_buf_failed(&base, NULL) == 0 &&
		try_endings(s, sbk_buf_text(&base), programs, s->out);
	if (!found && s->batch.size == 0)
		(void)try_endings(s, sbk_buf_text(&base), batches, &s->batch);
	sbk_buf_release(&base);
	return found;
}

/* One entry of PATH, which may stand in quotes. */
static bool try_entry(struct search *s, const char *entry, size_t size,
		      const char *name)
{
	struct sbk_buf text = SBK_BUF_INIT;
	bool found = false;
	size_t root, i;

	for (i = 0; i < size; i++)
		if (entry[i] != '"')
			sbk_buf_addc(&text, entry[i]);
	if (sbk_buf_failed(&text, NULL) == 0 && text.size > 0) {
		sbk_drive_take(text.data);
		found = sbk_drive_root(text.data, &root) &&
			sbk_drive_problem(text.data) == NULL &&
			try_at(s, text.data, name);
	}
	sbk_buf_release(&text);
	return found;
}

static bool try_path(struct search *s, const char *name)
{
	const char *entry = s->with->path != NULL ? s->with->path : "";

	while (*entry != '\0') {
		const size_t size = strcspn(entry, ";");

		if (try_entry(s, entry, size, name))
			return true;
		entry += size;
		entry += *entry == ';' ? 1 : 0;
	}
	return try_at(s, s->with->system, name);
}

/* "./a" is the "a" of the directory. */
static const char *without_dot(const char *name)
{
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return name;
}

static int not_found(const struct search *s, const char *name,
		     struct sbk_error *err)
{
	if (s->batch.size == 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "there is no program '%.200s' (.exe or "
				     ".com) in the directories of the run's "
				     "PATH",
				     name);
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%.100s' is the batch file '%.200s', whose "
			     "arguments cmd.exe reads by its own rules: start "
			     "it as 'cmd /c %.100s', or name the program that "
			     "it starts",
			     name, sbk_buf_text(&s->batch), name);
}

int sbk_program_find(const struct sbk_program_search *search, const char *name,
		     struct sbk_buf *out, struct sbk_error *err)
{
	struct search s = {.with = search, .out = out, .batch = SBK_BUF_INIT};
	struct sbk_buf taken = SBK_BUF_INIT;
	const char *problem = NULL;
	bool found = false;
	size_t root;
	int rc;

	sbk_buf_adds(&taken, name);
	rc = sbk_buf_failed(&taken, err);
	if (rc == 0 && taken.size == 0)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "the command's name is empty");
	if (rc == 0) {
		sbk_drive_take(taken.data);
		problem = sbk_drive_problem(taken.data);
	}
	if (problem != NULL)
		rc = sbk_error_set(err, SBK_E_INVAL, "'%.200s' %s", name,
				   problem);
	if (rc == 0 && sbk_drive_root(taken.data, &root))
		found = try_at(&s, "", taken.data);
	else if (rc == 0 && strchr(taken.data, '/') != NULL)
		found = try_at(&s, search->directory, without_dot(taken.data));
	else if (rc == 0)
		found = try_path(&s, taken.data);
	if (rc == 0)
		rc = found ? sbk_buf_failed(out, err)
			   : not_found(&s, name, err);
	sbk_buf_release(&taken);
	sbk_buf_release(&s.batch);
	return rc;
}
