/*
 * What others put around our accounts, from /etc/passwd, group, subuid and
 * subgid as texts: what a line there says is what newuidmap, the kernel's
 * groups and useradd go by, whether the account database knows its owner or
 * not.
 */
#include "engine/enrolment.h"

#include <stdio.h>
#include <string.h>

#include "engine/json.h"
#include "engine/linux/access_state.h"
#include "engine/linux/account.h"
#include "engine/linux/mapped.h"
#include "engine/linux/subid.h"
#include "engine/os.h"

#include "engine/banned.h"

#define TEXT_MAX 512

struct check {
	const struct sbk_enrolment_reader *reader;
	struct sbk_principals ours;
	/* The line that is looked at. */
	const char *path;
	unsigned long number;
	struct sbk_slice line;
};

static struct sbk_slice field(const struct check *c, size_t index)
{
	return sbk_accountfile_field(c->line, index);
}

/* For messages: no name is longer. */
static int width(struct sbk_slice text)
{
	return text.size < 128 ? (int)text.size : 128;
}

static int tell(struct check *c, enum sbk_enrolment_flaw_kind kind,
		const struct sbk_principal *principal, const char *text,
		const char *remedy, struct sbk_error *err)
{
	char object[64];
	const struct sbk_enrolment_flaw flaw = {
		.kind = kind,
		.principal = principal,
		.object = c->path != NULL ? object : principal->name,
		.text = text,
		.remedy = remedy,
	};

	(void)snprintf(object, sizeof(object), "%s line %lu",
		       c->path != NULL ? c->path : "", c->number);
	return c->reader->found(c->reader->arg, &flaw, err);
}

static bool is_group(const struct sbk_principal *principal)
{
	return !sbk_principal_is_account(principal);
}

/* Ours with this number, as an account's or as a group's. */
static const struct sbk_principal *find_number(const struct check *c,
					       unsigned int number, bool group)
{
	size_t i;

	for (i = 0; i < c->ours.count; i++)
		if (is_group(&c->ours.items[i]) == group &&
		    c->ours.items[i].number == number)
			return &c->ours.items[i];
	return NULL;
}

/* The same with a remedy of two parts and a name, which is printed as it stands
 * and so is quoted as a word of a command. */
static int tell_named(struct check *c, enum sbk_enrolment_flaw_kind kind,
		      const struct sbk_principal *principal, const char *text,
		      const char *before, struct sbk_slice name,
		      const char *after, struct sbk_error *err)
{
	struct sbk_buf word = SBK_BUF_INIT, remedy = SBK_BUF_INIT;
	int rc;

	sbk_buf_add(&word, name.data, name.size);
	sbk_buf_addc(&word, '\0');
	sbk_buf_adds(&remedy, before);
	sbk_text_quote(&remedy, sbk_buf_text(&word));
	sbk_buf_adds(&remedy, after);
	rc = sbk_buf_failed(&word, err);
	if (rc == 0)
		rc = sbk_buf_failed(&remedy, err);
	if (rc == 0)
		rc = tell(c, kind, principal, text, sbk_buf_text(&remedy), err);
	sbk_buf_release(&word);
	sbk_buf_release(&remedy);
	return rc;
}

/* --- /etc/passwd ------------------------------------------------------ */

static int look_at_user(struct check *c, struct sbk_error *err)
{
	const struct sbk_slice name = field(c, 0);
	const struct sbk_principal *ours;
	char text[TEXT_MAX];
	unsigned int number;
	int rc = 0;

	if (sbk_account_name_is_ours(name))
		return 0;
	ours = sbk_slice_number(field(c, 2), &number)
		       ? find_number(c, number, false)
		       : NULL;
	if (ours != NULL) {
		(void)snprintf(text, sizeof(text),
			       "'%.*s' has the number %u of the account '%s', "
			       "and so its files and processes",
			       width(name), name.data, number, ours->name);
		rc = tell_named(c, SBK_ENROLMENT_NUMBER, ours, text,
				"give the account ", name,
				" another number (usermod -u)", err);
	}
	ours = sbk_slice_number(field(c, 3), &number)
		       ? find_number(c, number, true)
		       : NULL;
	if (rc < 0 || ours == NULL)
		return rc;
	(void)snprintf(text, sizeof(text),
		       "'%s' is the primary group of '%.*s', who has what is "
		       "granted to it",
		       ours->name, width(name), name.data);
	return tell_named(c, SBK_ENROLMENT_MEMBER, ours, text,
			  "give the account ", name,
			  " another group (usermod -g)", err);
}

/* --- /etc/group ------------------------------------------------------- */

static int tell_member(struct check *c, const struct sbk_principal *ours,
		       struct sbk_slice member, struct sbk_error *err)
{
	char text[TEXT_MAX], after[SBK_NAME_MAX + 2];

	(void)snprintf(text, sizeof(text),
		       "'%.*s' is a member of the group '%s', which has none, "
		       "and has what is granted to it",
		       width(member), member.data, ours->name);
	(void)snprintf(after, sizeof(after), " %s", ours->name);
	return tell_named(c, SBK_ENROLMENT_MEMBER, ours, text,
			  "sudo gpasswd -d ", member, after, err);
}

static int look_at_group(struct check *c, struct sbk_error *err)
{
	const struct sbk_slice name = field(c, 0);
	struct sbk_slice rest = field(c, 3), member;
	const struct sbk_principal *ours;
	char text[TEXT_MAX];
	unsigned int number;
	int rc = 0;

	ours = sbk_slice_number(field(c, 2), &number)
		       ? find_number(c, number, true)
		       : NULL;
	if (ours == NULL)
		return 0;
	if (!sbk_slice_is(name, ours->name)) {
		(void)snprintf(text, sizeof(text),
			       "the group '%.*s' has the number %u of '%s', "
			       "and so what is granted to it",
			       width(name), name.data, number, ours->name);
		return tell(c, SBK_ENROLMENT_NUMBER, ours, text,
			    "give that group another number (groupmod -g)",
			    err);
	}
	while (rc == 0 && rest.size > 0) {
		const char *comma = memchr(rest.data, ',', rest.size);

		member = rest;
		if (comma != NULL)
			member.size = (size_t)(comma - rest.data);
		if (member.size > 0)
			rc = tell_member(c, ours, member, err);
		rest.data += member.size + (comma != NULL);
		rest.size -= member.size + (comma != NULL);
	}
	return rc;
}

/* --- /etc/subuid, /etc/subgid ----------------------------------------- */

/* Whether the line is the person's own: by number, or by a name that has it. */
static bool is_of(struct sbk_slice owner, const struct sbk_owner *person)
{
	struct sbk_person known;
	char name[128];
	unsigned int number;

	if (sbk_slice_number(owner, &number)) {
		const struct sbk_owner id = sbk_owner_of_number(number);

		return sbk_owner_equal(&id, person);
	}
	if (owner.size == 0 || owner.size >= sizeof(name))
		return false;
	memcpy(name, owner.data, owner.size);
	name[owner.size] = '\0';
	return sbk_os_person_by_name(name, &known, NULL) == 0 &&
	       sbk_owner_equal(&known.id, person);
}

static bool is_within(const struct sbk_principal *principal, unsigned int first,
		      unsigned int count)
{
	return principal->number >= first && principal->number - first < count;
}

/* The group of all is nobody's subordinate id. */
static bool may_have(const struct sbk_principal *principal,
		     struct sbk_slice owner)
{
	return principal->role != SBK_PRINCIPAL_GROUP &&
	       is_of(owner, &principal->person);
}

static int look_at_range(struct check *c, bool groups, struct sbk_error *err)
{
	const struct sbk_slice owner = field(c, 0);
	char text[TEXT_MAX], remedy[TEXT_MAX];
	unsigned int first, count;
	size_t i;

	if (!sbk_slice_number(field(c, 1), &first) ||
	    !sbk_slice_number(field(c, 2), &count))
		return 0;
	for (i = 0; i < c->ours.count; i++) {
		const struct sbk_principal *ours = &c->ours.items[i];

		if (is_group(ours) != groups ||
		    !is_within(ours, first, count) || may_have(ours, owner))
			continue;
		(void)snprintf(text, sizeof(text),
			       "the line '%.*s' lets '%.*s' become the %s "
			       "'%s' in a namespace",
			       width(c->line), c->line.data, width(owner),
			       owner.data, groups ? "group" : "account",
			       ours->name);
		(void)snprintf(remedy, sizeof(remedy),
			       "take the line out of '%s'", c->path);
		/* One is enough to say what is wrong with the line. */
		return tell(c, SBK_ENROLMENT_LINE, ours, text, remedy, err);
	}
	return 0;
}

static int look_at_subuid(struct check *c, struct sbk_error *err)
{
	return look_at_range(c, false, err);
}

static int look_at_subgid(struct check *c, struct sbk_error *err)
{
	return look_at_range(c, true, err);
}

/* --- the people ------------------------------------------------------- */

static int look_for_person(struct check *c, const struct sbk_principal *ours,
			   struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	char text[TEXT_MAX], remedy[TEXT_MAX];
	struct sbk_person known;
	int rc = sbk_os_person_by_id(&ours->person, &known, &problem);

	if (rc == 0)
		return 0;
	if (rc != SBK_E_NOTFOUND)
		return c->reader->missed(c->reader->arg, ours->name,
					 problem.message, err);
	(void)snprintf(text, sizeof(text),
		       "its person, uid %s, is no account of this machine any "
		       "more: whoever gets that number is enrolled",
		       ours->person.text);
	(void)snprintf(remedy, sizeof(remedy),
		       "sudo sandbook setup --remove-user %s",
		       ours->person.text);
	return tell(c, SBK_ENROLMENT_PERSON, ours, text, remedy, err);
}

/* newuidmap takes the first field of a line for a name, too. */
static int look_for_digits(struct check *c, const struct sbk_principal *ours,
			   struct sbk_error *err)
{
	const char *digits = ours->person.text;
	char text[TEXT_MAX], remedy[TEXT_MAX];
	struct sbk_person known;

	if (sbk_os_person_by_name(digits, &known, NULL) < 0 ||
	    sbk_owner_equal(&known.id, &ours->person))
		return 0;
	(void)snprintf(text, sizeof(text),
		       "uid %u is named '%s', so that 'newuidmap' lets it "
		       "become the account of uid %s",
		       known.uid, digits, digits);
	(void)snprintf(remedy, sizeof(remedy),
		       "rename the account '%s' (usermod -l)", digits);
	return tell(c, SBK_ENROLMENT_DIGITS, ours, text, remedy, err);
}

static int look_at_people(struct check *c, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	c->path = NULL;
	for (i = 0; rc == 0 && i < c->ours.count; i++) {
		if (c->ours.items[i].role != SBK_PRINCIPAL_OFFLINE)
			continue; /* each person once */
		rc = look_for_person(c, &c->ours.items[i], err);
		if (rc == 0)
			rc = look_for_digits(c, &c->ours.items[i], err);
	}
	return rc;
}

/* --- the whole -------------------------------------------------------- */

static const struct {
	const char *path;
	int (*look)(struct check *c, struct sbk_error *err);
} files[] = {
	{"/etc/passwd", look_at_user},
	{"/etc/group", look_at_group},
	{"/etc/subuid", look_at_subuid},
	{"/etc/subgid", look_at_subgid},
};

static int look_at_file(struct check *c, size_t index, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_slice rest;
	int rc;

	c->path = files[index].path;
	c->number = 0;
	rc = sbk_accountfile_read(c->path, &text, NULL, NULL, NULL, &problem);
	if (rc == SBK_E_NOTFOUND)
		rc = 0;
	else if (rc < 0)
		rc = c->reader->missed(c->reader->arg, c->path, problem.message,
				       err);
	rest = (struct sbk_slice){sbk_buf_text(&text), text.size};
	while (rc == 0 && sbk_accountfile_next(&rest, &c->line)) {
		c->number++;
		rc = files[index].look(c, err);
	}
	sbk_buf_release(&text);
	return rc;
}

int sbk_enrolment_check(const struct sbk_enrolment_reader *reader,
			size_t *count, struct sbk_error *err)
{
	struct check c = {.reader = reader};
	size_t i;
	int rc = sbk_principals_find(&c.ours, err);

	*count = c.ours.count;
	for (i = 0; rc == 0 && c.ours.count > 0 &&
		    i < sizeof(files) / sizeof(files[0]);
	     i++)
		rc = look_at_file(&c, i, err);
	if (rc == 0)
		rc = look_at_people(&c, err);
	sbk_principals_release(&c.ours);
	return rc;
}

int sbk_enrolment_program(char *out, size_t out_size, struct sbk_error *err)
{
	return sbk_mapped_path(out, out_size, err);
}

bool sbk_enrolment_has_bit(struct sbk_state access)
{
	struct sbk_access parsed;

	return sbk_access_parse(access, &parsed, NULL) == 0 &&
	       (parsed.mode & 04000) != 0;
}
