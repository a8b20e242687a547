/*
 * Sensitive places of a person: the table, and what ~/.ssh/config refers to.
 * Owns the bounded reading of that file; reads no key and no other content.
 *
 * They are a second guard. What protects them first is that nothing is shown
 * that was not listed; this list is carved out of whatever is listed.
 */
#include "engine/policy_model.h"

#include <ctype.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/path_form.h"
#include "engine/places.h"

#include "engine/banned.h"

struct search {
	const struct sbk_person *person;
	struct sbk_arena *arena;
	struct sbk_resolver *resolver;
	char home[SBK_PATH_MAX]; /* resolved; "" where there is none */
	struct sbk_names found;
	struct sbk_names read; /* files of the ssh configuration */
};

/* Adds what stands at `path`, and where a link there leads. */
static int add_if_there(struct search *s, const char *path,
			struct sbk_error *err)
{
	char real[SBK_PATH_MAX];
	enum sbk_file_type type;

	if (sbk_resolver_resolve(s->resolver, path, real, &type, NULL) < 0 ||
	    sbk_names_have(&s->found, real))
		return 0;
	return sbk_names_add(&s->found, s->arena, real, SBK_SENSITIVE_MAX, err);
}

static int add_places(struct search *s, struct sbk_error *err)
{
	const char *const *place = sbk_sensitive_places;
	int rc = 0;

	for (; *place != NULL && rc == 0; place++) {
		const char *path;

		rc = sbk_places_expand(*place, s->home, s->arena, &path, err);
		if (rc == 0 && path != NULL)
			rc = add_if_there(s, path, err);
	}
	return rc;
}

/*
 * A file name of ssh_config(5) as a path; *out is NULL where it names none:
 * "~/", "%d" (home) and "%u" are understood; other tokens stand for hosts and
 * cannot be known here. A relative name is one in ~/.ssh.
 */
static int ssh_path(struct search *s, const char *word, const char **out,
		    struct sbk_error *err)
{
	struct sbk_buf buf = SBK_BUF_INIT;
	int rc = 0;

	*out = NULL;
	if (!sbk_path_is_absolute(word) && word[0] != '~' && word[0] != '%')
		sbk_buf_printf(&buf, "%s/.ssh/", s->home);
	if (word[0] == '~' && word[1] == '/') {
		sbk_buf_adds(&buf, s->home);
		word++;
	}
	for (; *word != '\0'; word++) {
		if (*word != '%')
			sbk_buf_addc(&buf, *word);
		else if (word[1] == 'd')
			sbk_buf_adds(&buf, s->home);
		else if (word[1] == 'u')
			sbk_buf_adds(&buf, s->person->name);
		else
			goto out;
		word += *word == '%' ? 1 : 0;
	}
	rc = sbk_buf_failed(&buf, err);
	if (rc < 0 || buf.size == 0 || buf.size >= SBK_PATH_MAX ||
	    !sbk_path_is_absolute(buf.data))
		goto out;
	*out = sbk_arena_strdup(s->arena, buf.data);
	if (*out == NULL)
		rc = sbk_error_no_memory(err);
out:
	sbk_buf_release(&buf);
	return rc;
}

static int read_ssh_config(struct search *s, const char *path,
			   struct sbk_error *err);

struct include {
	struct search *s;
	const char *directory, *pattern;
};

static int include_one(void *arg, const char *name, enum sbk_file_type type,
		       struct sbk_error *err)
{
	struct include *include = arg;
	const char *path;

	(void)type;
	if (!sbk_match(include->pattern, name))
		return 0;
	path = sbk_arena_printf(include->s->arena, "%s/%s", include->directory,
				name);
	if (path == NULL)
		return sbk_error_no_memory(err);
	return read_ssh_config(include->s, path, err);
}

/* An Include may be a pattern in its last component. */
static int include_pattern(struct search *s, const char *path,
			   struct sbk_error *err)
{
	const char *slash = strrchr(path, '/');
	struct include include = {.s = s, .pattern = slash + 1};
	int rc;

	if (strpbrk(slash + 1, "*?") == NULL)
		return read_ssh_config(s, path, err);
	include.directory =
		sbk_arena_copy(s->arena, path, (size_t)(slash - path));
	if (include.directory == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_os_list(include.directory, SBK_DIRECTORY_NAMES_MAX,
			 include_one, &include, err);
	/* A folder that is not there includes nothing. */
	if (rc == SBK_E_NOTFOUND || rc == SBK_E_DENIED)
		rc = 0;
	return rc;
}

static bool keyword_is(const char *word, const char *keyword)
{
	while (*word != '\0' && tolower((unsigned char)*word) == *keyword) {
		word++;
		keyword++;
	}
	return *word == '\0' && *keyword == '\0';
}

/* Takes the next word of a line, quoted or not; NULL at its end. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t=\r"), *end;

	if (*word == '\0' || *word == '#')
		return NULL;
	if (*word == '"') {
		word++;
		end = word + strcspn(word, "\"");
	} else {
		end = word + strcspn(word, " \t=\r");
	}
	*line = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return word;
}

static int ssh_line(struct search *s, char *line, struct sbk_error *err)
{
	static const char *const keywords[] = {
		"identityfile",
		"certificatefile",
		"userknownhostsfile",
		"revokedhostkeys",
		"controlpath",
		"identityagent",
		"include",
		NULL,
	};
	char *keyword = next_word(&line), *word;
	const char *path;
	size_t i = 0;
	int rc = 0;

	if (keyword == NULL)
		return 0;
	while (keywords[i] != NULL && !keyword_is(keyword, keywords[i]))
		i++;
	if (keywords[i] == NULL)
		return 0;
	for (word = next_word(&line); word != NULL && rc == 0;
	     word = next_word(&line)) {
		sbk_path_take(word);
		rc = ssh_path(s, word, &path, err);
		if (rc < 0 || path == NULL)
			continue;
		rc = add_if_there(s, path, err);
		if (rc == 0 && strcmp(keywords[i], "include") == 0)
			rc = include_pattern(s, path, err);
	}
	return rc;
}

/* A file that is not there, or that this person may not read, refers to
 * nothing; one that is too long could, and is an error. */
static int read_ssh_config(struct search *s, const char *path,
			   struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	char real[SBK_PATH_MAX], *line, *end;
	struct sbk_file file;
	int rc = sbk_os_resolve(path, real, &file, err);

	/* A file that includes itself says nothing new. */
	if (rc == 0 && sbk_names_have(&s->read, real))
		return 0;
	if (rc == 0 && s->read.count == SBK_SSH_INCLUDES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "~/.ssh/config includes more than %d "
				     "files, and what it refers to is kept "
				     "from every run",
				     SBK_SSH_INCLUDES_MAX);
	if (rc == 0)
		rc = sbk_names_add(&s->read, s->arena, real,
				   SBK_SSH_INCLUDES_MAX, err);
	if (rc == 0)
		rc = sbk_os_read_known(real, SBK_SSH_CONFIG_BYTES_MAX, &text,
				       &file, err);
	if (rc < 0) {
		if (rc != SBK_E_NOMEM && rc != SBK_E_LIMIT) {
			sbk_error_clear(err);
			rc = 0;
		}
		goto out;
	}
	for (line = text.data; line != NULL && rc == 0; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			*end++ = '\0';
		rc = ssh_line(s, line, err);
	}
out:
	sbk_buf_release(&text);
	return rc;
}

int sbk_sensitive_find(const struct sbk_person *person,
		       struct sbk_resolver *resolver, struct sbk_arena *arena,
		       const char ***paths, size_t *count,
		       struct sbk_error *err)
{
	struct search s = {
		.person = person, .arena = arena, .resolver = resolver};
	const char *config;
	enum sbk_file_type type;
	int rc;

	if (!sbk_path_is_absolute(person->home) ||
	    sbk_resolver_resolve(resolver, person->home, s.home, &type, NULL) <
		    0)
		s.home[0] = '\0';
	rc = add_places(&s, err);
	if (rc == 0 && s.home[0] != '\0') {
		config = sbk_arena_printf(arena, "%s/.ssh/config", s.home);
		if (config == NULL)
			rc = sbk_error_no_memory(err);
		else
			rc = read_ssh_config(&s, config, err);
	}
	if (rc < 0)
		return rc;
	*paths = s.found.items;
	*count = s.found.count;
	return 0;
}

int sbk_sensitive_paths(const struct sbk_person *person,
			struct sbk_arena *arena, const char ***paths,
			size_t *count, struct sbk_error *err)
{
	struct sbk_resolver *resolver =
		sbk_arena_alloc(arena, sizeof(*resolver));

	if (resolver == NULL)
		return sbk_error_no_memory(err);
	resolver->arena = arena;
	return sbk_sensitive_find(person, resolver, arena, paths, count, err);
}
