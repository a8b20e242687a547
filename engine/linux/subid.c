/*
 * SUBID: lines of /etc/subuid and /etc/subgid, added and taken out.
 *
 * Written by us and not by usermod, which cannot be undone exactly: it refuses
 * while the person has a process, where the file is missing and for people of
 * a network's database; it takes out every line that overlaps the range, and
 * ends an unended last line (shadow 4.13).
 *
 * A line is added at the end, so that no other line moves. Of two equal lines
 * only one is ours, and the first is taken: ours stood there before anybody
 * could want to have it twice.
 *
 * It refuses every object that is not one of the two files, or a line of one
 * that gives one number: what a journal says is no reason to write elsewhere.
 * It joins nothing to an unended line.
 */
#include "engine/linux/subid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/linux/account.h"
#include "engine/linux/accountfile_edit.h"
#include "engine/linux/error.h"

#include "engine/banned.h"

#define LINE_WORD "line "
#define FILE_STATE "file\n"

const char *const sbk_subid_files[] = {"/etc/subuid", "/etc/subgid", NULL};

/* --- names and states ------------------------------------------------- */

void sbk_subid_name(char out[SBK_SUBID_NAME_MAX], const struct sbk_subid *subid)
{
	(void)snprintf(out, SBK_SUBID_NAME_MAX, "%s:%u:%u:1", subid->file,
		       subid->person, subid->number);
}

/* The file that an object's name begins with, or NULL. */
static const char *file_of(const char *name)
{
	const char *const *file = sbk_subid_files;

	for (; *file != NULL; file++) {
		size_t size = strlen(*file);

		if (strncmp(name, *file, size) == 0 &&
		    (name[size] == ':' || name[size] == '\0'))
			return *file;
	}
	return NULL;
}

bool sbk_subid_parse(const char *name, struct sbk_subid *out)
{
	struct sbk_subid subid = {.file = file_of(name)};
	char built[SBK_SUBID_NAME_MAX];
	struct sbk_slice line;

	if (subid.file == NULL || name[strlen(subid.file)] != ':')
		return false;
	line.data = name + strlen(subid.file) + 1;
	line.size = strlen(line.data);
	if (!sbk_slice_number(sbk_accountfile_field(line, 0), &subid.person) ||
	    !sbk_slice_number(sbk_accountfile_field(line, 1), &subid.number))
		return false;
	sbk_subid_name(built, &subid); /* leading zeros differ here */
	if (strcmp(built, name) != 0)
		return false;
	*out = subid;
	return true;
}

/* What is worked on: a file, and the line in it or "" for the file itself. */
struct target {
	const char *file, *line;
};

static int find_target(const char *name, struct target *out,
		       struct sbk_error *err)
{
	struct sbk_subid subid;

	out->file = file_of(name);
	if (out->file != NULL && strcmp(name, out->file) == 0) {
		out->line = "";
		return 0;
	}
	if (!sbk_subid_parse(name, &subid))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no line of subordinate ids that "
				     "Sandbook makes",
				     name);
	out->line = name + strlen(out->file) + 1;
	return 0;
}

static void encode(struct sbk_buf *out, const struct target *target)
{
	if (*target->line == '\0')
		sbk_buf_adds(out, FILE_STATE);
	else
		sbk_buf_printf(out, LINE_WORD "%s\n", target->line);
}

void sbk_subid_encode(struct sbk_buf *out, const char *name)
{
	struct target target;

	if (find_target(name, &target, NULL) == 0)
		encode(out, &target);
}

/* --- observing -------------------------------------------------------- */

/* The file's text; *present says whether there is one. */
static int read_file(const char *path, struct sbk_buf *text, bool *present,
		     struct sbk_error *err)
{
	int rc = sbk_accountfile_read(path, text, NULL, NULL, NULL, err);

	*present = rc == 0;
	if (rc != SBK_E_NOTFOUND)
		return rc;
	sbk_error_clear(err);
	return 0;
}

/* The first line that is `wanted`, its newline included. */
static bool find_line(const struct sbk_buf *text, const char *wanted,
		      struct sbk_slice *out)
{
	struct sbk_slice rest = {sbk_buf_text(text), text->size}, line;

	while (sbk_accountfile_next(&rest, &line)) {
		if (!sbk_slice_is(line, wanted))
			continue;
		out->data = line.data;
		out->size = (size_t)(rest.data - line.data);
		return true;
	}
	return false;
}

static bool is_there(const struct target *target, const struct sbk_buf *text,
		     bool present)
{
	struct sbk_slice line;

	return *target->line == '\0' ? present
				     : find_line(text, target->line, &line);
}

static int subid_observe(struct sbk_host *host, const struct sbk_object *object,
			 struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct target target;
	bool present;
	int rc = find_target(object->name, &target, err);

	(void)host;
	sbk_buf_clear(&out->state);
	sbk_buf_clear(&out->identity);
	if (rc == 0)
		rc = read_file(target.file, &text, &present, err);
	if (rc == 0 && is_there(&target, &text, present))
		encode(&out->state, &target);
	sbk_buf_release(&text);
	return rc == 0 ? sbk_buf_failed(&out->state, err) : rc;
}

/* --- changing --------------------------------------------------------- */

static int add_line(const struct target *target, const struct sbk_buf *text,
		    bool present, struct sbk_error *err)
{
	struct sbk_buf next = SBK_BUF_INIT;
	int rc;

	if (!present)
		return sbk_error_set(err, SBK_E_CONFLICT, "'%s' is gone",
				     target->file);
	if (text->size > 0 && text->data[text->size - 1] != '\n')
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "the last line of '%s' has no end; add a "
				     "newline to it",
				     target->file);
	sbk_buf_add(&next, sbk_buf_text(text), text->size);
	sbk_buf_printf(&next, "%s\n", target->line);
	rc = sbk_buf_failed(&next, err);
	if (rc == 0)
		rc = sbk_accountfile_write(target->file, &next, err);
	sbk_buf_release(&next);
	return rc;
}

static int take_line_out(const struct target *target,
			 const struct sbk_buf *text, struct sbk_error *err)
{
	const char *begin = sbk_buf_text(text), *end = begin + text->size;
	struct sbk_buf next = SBK_BUF_INIT;
	struct sbk_slice line;
	int rc;

	if (!find_line(text, target->line, &line))
		return 0;
	sbk_buf_add(&next, begin, (size_t)(line.data - begin));
	line.data += line.size;
	sbk_buf_add(&next, line.data, (size_t)(end - line.data));
	rc = sbk_buf_failed(&next, err);
	if (rc == 0)
		rc = sbk_accountfile_write(target->file, &next, err);
	sbk_buf_release(&next);
	return rc;
}

static int make_file(const char *path, struct sbk_error *err)
{
	struct sbk_buf nothing = SBK_BUF_INIT;
	int rc = sbk_accountfile_write(path, &nothing, err);

	sbk_buf_release(&nothing);
	return rc;
}

/* Only an empty one goes: what stands in it now is others'. */
static int remove_file(const char *path, const struct sbk_buf *text,
		       struct sbk_error *err)
{
	if (text->size > 0)
		return sbk_error_set(err, SBK_E_EXISTS,
				     "'%s' was made by setup and has lines of "
				     "others now; it is left to them",
				     path);
	if (unlink(path) < 0 && errno != ENOENT)
		return sbk_error_set_errno(err, errno, "removing '%s'", path);
	return 0;
}

static int change(const struct target *target, const struct sbk_buf *text,
		  bool present, bool wanted, struct sbk_error *err)
{
	if (*target->line != '\0')
		return wanted ? add_line(target, text, present, err)
			      : take_line_out(target, text, err);
	return wanted ? make_file(target->file, err)
		      : remove_file(target->file, text, err);
}

/* With the locks: compares, changes, reads back. */
static int replace_locked(const struct target *target, bool expected,
			  bool wanted, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	bool present;
	int rc = read_file(target->file, &text, &present, err);

	if (rc == 0 && is_there(target, &text, present) != expected)
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "'%s' changed since it was looked at",
				   target->file);
	if (rc == 0)
		rc = change(target, &text, present, wanted, err);
	if (rc == 0)
		rc = read_file(target->file, &text, &present, err);
	if (rc == 0 && !wanted && *target->line != '\0')
		goto out; /* an equal line of others may stand there still */
	if (rc == 0 && is_there(target, &text, present) != wanted)
		rc = sbk_error_set(err, SBK_E_IO,
				   "'%s' is not what was just written",
				   target->file);
out:
	sbk_buf_release(&text);
	return rc;
}

static int subid_replace(struct sbk_host *host, const struct sbk_object *object,
			 struct sbk_state expected, struct sbk_state next,
			 struct sbk_error *err)
{
	struct sbk_accountfile_lock lock;
	struct target target;
	int rc = find_target(object->name, &target, err);

	if (rc == 0)
		rc = sbk_account_touch_files(host, err);
	if (rc == 0)
		rc = sbk_accountfile_lock(&lock, target.file, err);
	if (rc < 0)
		return rc;
	rc = replace_locked(&target, !sbk_state_absent(expected),
			    !sbk_state_absent(next), err);
	sbk_accountfile_unlock(&lock);
	return rc;
}

const struct sbk_host_kind sbk_host_subid = {
	.observe = subid_observe,
	.replace = subid_replace,
};

/* --- what others have ------------------------------------------------- */

static bool holds(struct sbk_slice line, unsigned int number)
{
	unsigned int first, count;

	return sbk_slice_number(sbk_accountfile_field(line, 1), &first) &&
	       sbk_slice_number(sbk_accountfile_field(line, 2), &count) &&
	       number >= first && number - first < count;
}

int sbk_subid_check_unshared(const struct sbk_subid *subid, const char *name,
			     struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_slice rest, line, owner;
	unsigned int person;
	bool present;
	int rc = read_file(subid->file, &text, &present, err);

	rest = (struct sbk_slice){sbk_buf_text(&text), text.size};
	while (rc == 0 && sbk_accountfile_next(&rest, &line)) {
		owner = sbk_accountfile_field(line, 0);
		if (!holds(line, subid->number) || sbk_slice_is(owner, name) ||
		    (sbk_slice_number(owner, &person) &&
		     person == subid->person))
			continue;
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "the line '%.*s' of '%s' gives the sandbox "
				   "account %u to somebody else; remove it",
				   (int)line.size, line.data, subid->file,
				   subid->number);
	}
	sbk_buf_release(&text);
	return rc;
}
