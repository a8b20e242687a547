/*
 * Mentions in the account files, and files of ours at fixed places.
 *
 * The files are read as texts, not asked through the account database: their
 * "-" copies are in no database, and a line that the database would not
 * accept still names somebody.
 */
#include "engine/linux/mentions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/limits.h"
#include "engine/linux/accountfile.h"
#include "engine/linux/error.h"
#include "engine/os_census.h"

#include "engine/banned.h"

enum field {
	FIELD_NONE,
	FIELD_USER,	 /* a user's name */
	FIELD_GROUP,	 /* a group's name */
	FIELD_USERS,	 /* users' names, between commas */
	FIELD_UID,	 /* a number */
	FIELD_GID,	 /* a number */
	FIELD_OWNER,	 /* a user's name or number */
	FIELD_FIRST_UID, /* the first of subordinate ids; the next field */
	FIELD_FIRST_GID	 /* says how many */
};

#define FIELDS_MAX 5

/* Each file has a copy with "-" after its name. */
static const struct {
	const char *path;
	enum field fields[FIELDS_MAX];
} files[] = {
	{"/etc/passwd", {FIELD_USER, FIELD_NONE, FIELD_UID, FIELD_GID}},
	{"/etc/group", {FIELD_GROUP, FIELD_NONE, FIELD_GID, FIELD_USERS}},
	{"/etc/shadow", {FIELD_USER}},
	{"/etc/gshadow", {FIELD_GROUP, FIELD_NONE, FIELD_USERS, FIELD_USERS}},
	{"/etc/subuid", {FIELD_OWNER, FIELD_FIRST_UID}},
	{"/etc/subgid", {FIELD_OWNER, FIELD_FIRST_GID}},
};

#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

struct line {
	const struct sbk_mention_reader *reader;
	char object[SBK_PATH_MAX + 32];
};

static int mention_name(const struct line *line, char kind,
			struct sbk_slice name, struct sbk_error *err)
{
	char text[512];
	struct sbk_mention mention = {.place = SBK_MENTION_ACCOUNT,
				      .object = line->object,
				      .kind = kind,
				      .name = text};

	/* No account has a longer name. */
	if (name.size == 0 || name.size >= sizeof(text))
		return 0;
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	return line->reader->found(line->reader->arg, &mention, err);
}

static int mention_numbers(const struct line *line, char kind, uint32_t first,
			   uint32_t count, struct sbk_error *err)
{
	struct sbk_mention mention = {.place = SBK_MENTION_ACCOUNT,
				      .object = line->object,
				      .kind = kind,
				      .first = first,
				      .count = count};

	if (count == 0)
		return 0;
	return line->reader->found(line->reader->arg, &mention, err);
}

static int mention_list(const struct line *line, struct sbk_slice list,
			struct sbk_error *err)
{
	int rc = 0;

	while (rc == 0 && list.size > 0) {
		const char *comma = memchr(list.data, ',', list.size);
		struct sbk_slice name = list;

		if (comma != NULL)
			name.size = (size_t)(comma - list.data);
		rc = mention_name(line, 'u', name, err);
		list.data += name.size + (comma != NULL);
		list.size -= name.size + (comma != NULL);
	}
	return rc;
}

static int mention_field(const struct line *line, struct sbk_slice text,
			 enum field field, struct sbk_slice next,
			 struct sbk_error *err)
{
	char kind = field == FIELD_GROUP || field == FIELD_GID ||
				    field == FIELD_FIRST_GID
			    ? 'g'
			    : 'u';
	unsigned int number, count = 1;

	if (field == FIELD_NONE)
		return 0;
	if (field == FIELD_USERS)
		return mention_list(line, text, err);
	if (field == FIELD_USER || field == FIELD_GROUP)
		return mention_name(line, kind, text, err);
	if (!sbk_slice_number(text, &number))
		return field == FIELD_OWNER
			       ? mention_name(line, kind, text, err)
			       : 0;
	if ((field == FIELD_FIRST_UID || field == FIELD_FIRST_GID) &&
	    !sbk_slice_number(next, &count))
		return 0;
	return mention_numbers(line, kind, number, count, err);
}

static int read_line(const struct line *line, struct sbk_slice text,
		     const enum field *fields, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < FIELDS_MAX; i++)
		rc = mention_field(line, sbk_accountfile_field(text, i),
				   fields[i],
				   sbk_accountfile_field(text, i + 1), err);
	return rc;
}

/* What the lines of the file hold, by the name of the file or its copy. */
static const enum field *fields_of(const char *path)
{
	size_t i;

	for (i = 0; i < FILE_COUNT; i++) {
		size_t length = strlen(files[i].path);

		if (strncmp(path, files[i].path, length) == 0 &&
		    (path[length] == '\0' || strcmp(path + length, "-") == 0))
			return files[i].fields;
	}
	return NULL;
}

int sbk_mentions_in_accountfile(const char *path, const char *data, size_t size,
				const struct sbk_mention_reader *reader,
				struct sbk_error *err)
{
	struct sbk_slice rest = {.data = data, .size = size}, text;
	struct line line = {.reader = reader};
	const enum field *fields = fields_of(path);
	unsigned long number = 0;
	int rc = 0;

	if (fields == NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is not an account file", path);
	while (rc == 0 && sbk_accountfile_next(&rest, &text)) {
		(void)snprintf(line.object, sizeof(line.object), "%s line %lu",
			       path, ++number);
		rc = read_line(&line, text, fields, err);
	}
	return rc;
}

static int read_accountfile(const char *path,
			    const struct sbk_mention_reader *reader,
			    struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	int rc = sbk_accountfile_read(path, &text, NULL, NULL, NULL, &problem);

	if (rc == 0)
		rc = sbk_mentions_in_accountfile(path, sbk_buf_text(&text),
						 text.size, reader, err);
	else if (rc == SBK_E_NOTFOUND)
		rc = 0;
	else
		rc = reader->missed(reader->arg, path, problem.message, err);
	sbk_buf_release(&text);
	return rc;
}

static int mentions_in_accountfiles(const struct sbk_mention_reader *reader,
				    struct sbk_error *err)
{
	char path[64];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < 2 * FILE_COUNT; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", files[i / 2].path,
			       i % 2 == 0 ? "" : "-");
		rc = read_accountfile(path, reader, err);
	}
	return rc;
}

static int look_for_file(const struct sbk_mention_reader *reader,
			 const char *path, struct sbk_error *err)
{
	struct sbk_mention mention = {.place = SBK_MENTION_FILE,
				      .object = path};
	struct sbk_error problem = SBK_ERROR_INIT;
	struct stat st;
	int os_code = lstat(path, &st) < 0 ? errno : 0;

	if (os_code == 0)
		return reader->found(reader->arg, &mention, err);
	if (os_code == ENOENT || os_code == ENOTDIR)
		return 0;
	(void)sbk_error_set_errno(&problem, os_code, "looking at it");
	return reader->missed(reader->arg, path, problem.message, err);
}

/* The journal of one person. */
static int look_for_journal(void *arg, const struct sbk_person *person,
			    struct sbk_error *err)
{
	const struct sbk_mention_reader *reader = arg;
	char path[SBK_PATH_MAX];
	int length;

	if (person->home[0] != '/')
		return 0;
	length = snprintf(path, sizeof(path), "%s/.local/state/sandbook",
			  person->home);
	if (length < 0 || (size_t)length >= sizeof(path))
		return 0;
	return look_for_file(reader, path, err);
}

static int look_for_files(const struct sbk_mention_reader *reader,
			  struct sbk_error *err)
{
	/* What setup_profile.c and setup_unit.c make. */
	static const char *const units[] = {
		"/etc/apparmor.d/sandbook",
		"/etc/sandbook/firewall.nft",
		"/etc/sandbook/firewall.d",
		"/etc/systemd/system/nftables.service.d/sandbook.conf",
		"/etc/systemd/system/sandbook-firewall.service",
		"/etc/systemd/system/sandbook-firewall.service.d",
		"/etc/systemd/system/multi-user.target.wants/"
		"sandbook-firewall.service",
		"/etc/systemd/system/nftables.service.wants/"
		"sandbook-firewall.service",
	};
	struct sbk_mention_reader copy = *reader;
	size_t i;
	int rc = look_for_file(reader, sbk_os_machine_directory(), err);

	for (i = 0; rc == 0 && i < sizeof(units) / sizeof(units[0]); i++)
		rc = look_for_file(reader, units[i], err);
	if (rc < 0 || reader->no_homes)
		return rc;
	return sbk_os_people(look_for_journal, &copy, err);
}

int sbk_os_mentions(const struct sbk_mention_reader *reader,
		    struct sbk_error *err)
{
	static int (*const parts[])(const struct sbk_mention_reader *,
				    struct sbk_error *) = {
		mentions_in_accountfiles,
		sbk_mentions_in_firewall,
		sbk_mentions_in_processes,
		look_for_files,
	};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		rc = parts[i](reader, err);
	return rc;
}
