/*
 * OpenSSH's rules, from its sources (authfile.c, readconf.c, misc.c):
 *
 *	private key      owned by the user: no bit for group or others
 *	config           the user's or root's; not writable by group or others
 *	authorized_keys  the same, and so is each directory from it up to the
 *	                 home (sshd's StrictModes)
 *
 * OpenSSH looks at the mode alone. With an ACL the mode's group bits are the
 * mask, which covers every named entry: one entry for one account makes a key
 * look readable by a group, and ssh refuses to use it. So where a bit is too
 * much, the entries behind it are named.
 *
 * The state of access is read as the lines that engine/backend.h and the
 * system's folder document for `ours`: "access u:990:rw-".
 */
#include "audit/ssh.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/path.h"
#include "engine/policy.h"

#include "engine/json.h"

#include "engine/banned.h"

#define KEY_BYTES_MAX ((size_t)1 << 20)

enum rule {
	RULE_PRIVATE_KEY,
	RULE_CONFIG,
	RULE_AUTHORIZED_KEYS,
	RULE_DIRECTORY
};

static const struct {
	const char *name;
	const char *what;
	unsigned forbidden; /* bits of the mode */
	bool root_may_own;
	const char *effect;
} rules[] = {
	[RULE_PRIVATE_KEY] = {"ssh.private-key", "a private key", 077, false,
			      "ssh will not use it"},
	[RULE_CONFIG] = {"ssh.config", "the client's configuration", 022, true,
			 "ssh will not start"},
	[RULE_AUTHORIZED_KEYS] = {"ssh.authorized-keys",
				  "the list of keys that may log in", 022, true,
				  "sshd will not use it"},
	[RULE_DIRECTORY] = {"ssh.directory",
			    "a directory above the list of keys that may log "
			    "in",
			    022, true, "sshd will not use that list"},
};

struct ssh {
	const struct sbk_backend *backend;
	const struct sbk_person *person;
	struct sbk_report *report;
	struct sbk_coverage *coverage;
	char home[SBK_PATH_MAX];      /* resolved */
	char directory[SBK_PATH_MAX]; /* ~/.ssh, resolved */
	struct sbk_buf text, remedy;
};

static void add_mode(struct sbk_buf *out, unsigned mode)
{
	sbk_buf_printf(out, "%04o", mode & 07777);
}

/* The bits of "rwx" as of a digit of the mode. */
static unsigned parse_perms(const char *text)
{
	return (text[0] == 'r' ? 4u : 0) | (text[1] == 'w' ? 2u : 0) |
	       (text[2] == 'x' ? 1u : 0);
}

/* What the ACL has to do with group bits that are too much. */
struct blame {
	struct sbk_buf entries; /* "u:990:rw-, g:5:r--" */
	struct sbk_buf options; /* "-x u:990 -x g:5 " */
	bool has_mask;
	unsigned group; /* of the owning group itself */
};

/* One line of the access ACL without "access ": "u:990:rw-". */
static void blame_entry(struct blame *blame, const char *line, size_t size,
			unsigned bad)
{
	const char *name = line + 2;
	const char *colon = memchr(name, ':', size - 2);
	unsigned perms;

	if (colon == NULL || line + size - colon != 4)
		return;
	perms = parse_perms(colon + 1);
	if (line[0] == 'm')
		blame->has_mask = true;
	if (line[0] == 'g' && colon == name)
		blame->group = perms;
	if ((line[0] != 'u' && line[0] != 'g') || colon == name ||
	    (perms & bad) == 0)
		return;
	sbk_buf_printf(&blame->entries, "%s'%.*s'",
		       blame->entries.size > 0 ? ", " : "", (int)size, line);
	sbk_buf_printf(&blame->options, "-x %.*s ", (int)(colon - line), line);
}

static void find_blame(struct sbk_state state, unsigned bad,
		       struct blame *blame)
{
	const char *at = state.data, *end = state.data + state.size;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((stop != NULL ? stop : end) - at);

		if (size > 10 && memcmp(at, "access ", 7) == 0)
			blame_entry(blame, at + 7, size - 7, bad);
		at += size + 1;
	}
}

static void add_chmod(struct ssh *s, unsigned bad, const char *path)
{
	if (s->remedy.size > 0)
		sbk_buf_adds(&s->remedy, " && ");
	sbk_buf_printf(&s->remedy, "chmod go-%s ",
		       (bad & 055) != 0 ? "rwx" : "w");
	sbk_text_quote(&s->remedy, path);
}

/* Says which entries stand behind group bits, and how they go away. */
static void explain(struct ssh *s, const struct blame *blame, unsigned bad,
		    const char *path)
{
	unsigned group = (bad >> 3) & 7, others = bad & 7;
	bool entries = group != 0 && blame->entries.size > 0;
	bool mask = group != 0 && blame->has_mask && !entries &&
		    (blame->group & group) == 0;

	if (entries)
		sbk_buf_printf(&s->text,
			       "; what looks like rights of the group comes "
			       "from the ACL %s %s, through the mask",
			       strchr(sbk_buf_text(&blame->entries), ',') !=
					       NULL
				       ? "entries"
				       : "entry",
			       sbk_buf_text(&blame->entries));
	if (mask)
		sbk_buf_adds(&s->text, "; what looks like rights of the group "
				       "is an ACL mask that was left behind");
	if (entries)
		sbk_buf_printf(&s->remedy, "setfacl %s",
			       sbk_buf_text(&blame->options));
	else if (mask)
		sbk_buf_adds(&s->remedy, "setfacl -b ");
	if (entries || mask)
		sbk_text_quote(&s->remedy, path);
	if (others != 0 || (group != 0 && !entries && !mask) ||
	    (blame->group & group) != 0)
		add_chmod(s, bad, path);
}

static int tell(struct ssh *s, enum rule rule, enum sbk_severity severity,
		const char *path, struct sbk_error *err)
{
	struct sbk_finding finding = {
		.severity = severity,
		.rule = rules[rule].name,
		.object = path,
		.text = sbk_buf_text(&s->text),
		.remedy = s->remedy.size > 0 ? s->remedy.data : NULL,
		.objects = 1,
	};
	int rc = sbk_buf_failed(&s->text, err);

	if (rc == 0)
		rc = sbk_buf_failed(&s->remedy, err);
	return rc == 0 ? sbk_report_add(s->report, &finding, err) : rc;
}

static int tell_mode(struct ssh *s, enum rule rule, enum sbk_severity severity,
		     const char *path, unsigned mode, struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS, .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct blame blame = {.has_mask = false};
	unsigned bad = mode & rules[rule].forbidden;
	int rc = sbk_backend_observe(s->backend, &object, &seen, err);

	if (rc < 0)
		goto out;
	/* Where there is no ACL, the mode's bits are the group's own. */
	blame.group = (mode >> 3) & 7;
	find_blame(sbk_observation_state(&seen), (bad >> 3) & 7, &blame);
	sbk_buf_clear(&s->text);
	sbk_buf_clear(&s->remedy);
	sbk_buf_printf(&s->text, "%s has mode ", rules[rule].what);
	add_mode(&s->text, mode);
	sbk_buf_printf(&s->text, ", and no bit of %04o may be set: %s",
		       rules[rule].forbidden, rules[rule].effect);
	explain(s, &blame, bad, path);
	rc = tell(s, rule, severity, path, err);
out:
	sbk_buf_release(&blame.entries);
	sbk_buf_release(&blame.options);
	sbk_observation_release(&seen);
	return rc;
}

static int tell_owner(struct ssh *s, enum rule rule, enum sbk_severity severity,
		      const char *path, uint32_t owner, struct sbk_error *err)
{
	sbk_buf_clear(&s->text);
	sbk_buf_clear(&s->remedy);
	sbk_buf_printf(
		&s->text, "%s is owned by number %u, neither '%s' nor root: %s",
		rules[rule].what, owner, s->person->name, rules[rule].effect);
	sbk_buf_printf(&s->remedy, "chown %u ", s->person->uid);
	sbk_text_quote(&s->remedy, path);
	return tell(s, rule, severity, path, err);
}

static int check(struct ssh *s, enum rule rule, enum sbk_severity severity,
		 const char *path, const struct sbk_file *file,
		 struct sbk_error *err)
{
	bool own = file->owner == s->person->uid;

	s->coverage->examined++;
	if (!own && rules[rule].root_may_own && file->owner != 0)
		return tell_owner(s, rule, severity, path, file->owner, err);
	/* ssh checks the modes of the user's own keys alone. */
	if (rule == RULE_PRIVATE_KEY && !own)
		return 0;
	if ((file->mode & rules[rule].forbidden) == 0)
		return 0;
	return tell_mode(s, rule, severity, path, file->mode, err);
}

/* Resolves `path`; 1 where nothing stands there, 2 where it could not be
 * seen, which is in the report. */
static int resolve(struct ssh *s, const char *path, char *real,
		   struct sbk_file *file, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	int rc = sbk_os_resolve(path, real, file, &problem);

	if (rc == 0)
		return 0;
	if (rc == SBK_E_NOTFOUND)
		return 1;
	rc = sbk_report_missed(s->report, path, problem.message, err);
	return rc < 0 ? rc : 2;
}

/* The home and what is between it and the list of keys. */
static int check_directories(struct ssh *s, const char *real,
			     enum sbk_severity severity, struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	struct sbk_file file;
	char *slash;
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s", real);
	while (rc == 0 && strcmp(path, s->home) != 0 && path[1] != '\0') {
		slash = strrchr(path, '/');
		slash[slash == path ? 1 : 0] = '\0';
		rc = sbk_os_look(path, &file, err);
		if (rc == 0)
			rc = check(s, RULE_DIRECTORY, severity, path, &file,
				   err);
	}
	return rc;
}

/* Whether the path is below the directory. */
static bool is_in(const char *path, const char *directory)
{
	return sbk_path_within(path, directory) &&
	       *sbk_path_below(path, directory) != 0;
}

/* 1 where there is such a file. */
static int check_file(struct ssh *s, const char *name, enum rule rule,
		      struct sbk_error *err)
{
	char path[SBK_PATH_MAX], real[SBK_PATH_MAX];
	struct sbk_file file;
	int length = snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	int rc;

	if (length < 0 || (size_t)length >= sizeof(path))
		return 0;
	rc = resolve(s, path, real, &file, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = check(s, rule, SBK_SEVERITY_FINDING, real, &file, err);
	/* A list that is kept elsewhere has directories of its own. */
	if (rc == 0 && rule == RULE_AUTHORIZED_KEYS &&
	    !is_in(real, s->directory))
		rc = check_directories(s, real, SBK_SEVERITY_FINDING, err);
	return rc < 0 ? rc : 1;
}

/* Whether the text is a private key in one of OpenSSH's formats. */
static bool is_private_key(const struct sbk_buf *text)
{
	const char *data = sbk_buf_text(text);
	size_t line = strcspn(data, "\r\n");
	static const char begin[] = "-----BEGIN ", end[] = "PRIVATE KEY-----";

	return line >= sizeof(begin) + sizeof(end) - 3 &&
	       memcmp(data, begin, sizeof(begin) - 1) == 0 &&
	       memcmp(data + line - (sizeof(end) - 1), end, sizeof(end) - 1) ==
		       0;
}

static int check_key(struct ssh *s, const char *path, struct sbk_error *err)
{
	char real[SBK_PATH_MAX];
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_error problem = SBK_ERROR_INIT;
	struct sbk_file file;
	int rc = resolve(s, path, real, &file, err);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (file.type != SBK_FILE_REGULAR)
		return 0;
	rc = sbk_os_read_known(real, KEY_BYTES_MAX, &text, &file, &problem);
	if (rc == SBK_E_LIMIT)
		rc = 0; /* no key is that large */
	else if (rc < 0)
		rc = sbk_report_missed(s->report, real, problem.message, err);
	else if (is_private_key(&text))
		rc = check(s, RULE_PRIVATE_KEY, SBK_SEVERITY_FINDING, real,
			   &file, err);
	if (text.data != NULL)
		sodium_memzero(text.data, text.capacity);
	sbk_buf_release(&text);
	return rc;
}

static int check_name(void *arg, const char *name, enum sbk_file_type type,
		      struct sbk_error *err)
{
	struct ssh *s = arg;
	char path[SBK_PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", s->directory, name);

	if (length < 0 || (size_t)length >= sizeof(path))
		return sbk_report_missed(s->report, name,
					 "its path is too long", err);
	(void)type; /* a link counts as what it leads to */
	return check_key(s, path, err);
}

/* Keys that the configuration names outside ~/.ssh. Among the sensitive places
 * are other people's, too: those are not keys of this person. */
static int check_other_keys(struct ssh *s, struct sbk_error *err)
{
	struct sbk_arena arena = SBK_ARENA_INIT;
	const char **paths = NULL;
	struct sbk_file file;
	size_t count = 0, i;
	int rc = sbk_sensitive_paths(s->person, &arena, &paths, &count, err);

	for (i = 0; rc == 0 && i < count; i++) {
		if (!is_in(paths[i], s->directory) &&
		    sbk_os_look(paths[i], &file, NULL) == 0 &&
		    file.type == SBK_FILE_REGULAR &&
		    file.owner == s->person->uid)
			rc = check_key(s, paths[i], err);
	}
	sbk_arena_release(&arena);
	return rc;
}

static int check_all(struct ssh *s, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	char list[SBK_PATH_MAX]; /* where a list of keys would be */
	int first, second, rc;

	first = check_file(s, "authorized_keys", RULE_AUTHORIZED_KEYS, err);
	if (first < 0)
		return first;
	second = check_file(s, "authorized_keys2", RULE_AUTHORIZED_KEYS, err);
	if (second < 0)
		return second;
	/* Without such a list nobody is kept from logging in by it. */
	(void)snprintf(list, sizeof(list), "%.*s/-", (int)sizeof(list) - 3,
		       s->directory);
	rc = check_directories(s, list,
			       first + second > 0 ? SBK_SEVERITY_FINDING
						  : SBK_SEVERITY_INFO,
			       err);
	if (rc == 0)
		rc = check_file(s, "config", RULE_CONFIG, err);
	if (rc < 0)
		return rc;
	rc = sbk_os_list(s->directory, SBK_DIRECTORY_NAMES_MAX, check_name, s,
			 &problem);
	if (rc == SBK_E_DENIED)
		rc = sbk_report_missed(s->report, s->directory, problem.message,
				       err);
	else if (rc < 0)
		rc = sbk_error_set(err, rc, "%s", problem.message);
	return rc == 0 ? check_other_keys(s, err) : rc;
}

static int tell_nothing(struct ssh *s, struct sbk_error *err)
{
	struct sbk_finding finding = {
		.severity = SBK_SEVERITY_INFO,
		.rule = "ssh.none",
		.text = sbk_buf_text(&s->text),
	};

	sbk_buf_printf(&s->text, "'%s' has no '.ssh' in '%s'", s->person->name,
		       s->person->home);
	finding.text = sbk_buf_text(&s->text);
	return sbk_report_add(s->report, &finding, err);
}

int sbk_audit_ssh(const struct sbk_backend *backend,
		  const struct sbk_person *person, struct sbk_report *report,
		  struct sbk_error *err)
{
	struct ssh s = {.backend = backend,
			.person = person,
			.report = report,
			.coverage = sbk_report_coverage(report)};
	struct sbk_buf path = SBK_BUF_INIT;
	struct sbk_file file;
	int rc;

	sbk_buf_printf(&path, "%s/.ssh", person->home);
	rc = sbk_buf_failed(&path, err);
	if (rc == 0)
		rc = resolve(&s, person->home, s.home, &file, err);
	if (rc == 0)
		rc = resolve(&s, path.data, s.directory, &file, err);
	if (rc == 0)
		rc = check_all(&s, err);
	else if (rc == 1)
		rc = tell_nothing(&s, err);
	else if (rc > 0)
		rc = 0;
	sbk_buf_release(&path);
	sbk_buf_release(&s.text);
	sbk_buf_release(&s.remedy);
	return rc;
}
