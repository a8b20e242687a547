/*
 * People other than the caller: by name, by SID, all of them. From the account
 * database, and from the list of profiles, which also has those whose account
 * is another machine's. Needs no right; changes nothing.
 */
#include "engine/os_census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/limits.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32_accounts.h"
#include "engine/windows/win32_registry.h"

#include "engine/banned.h"

#define PROFILES L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"
#define SHELL_FOLDERS                                                     \
	"\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User " \
	"Shell Folders"
#define USUAL "%USERPROFILE%\\AppData\\Local"
#define PEOPLE_MAX 100000

/* --- profiles --------------------------------------------------------- */

/* A value's text as we write paths; SBK_E_NOTFOUND where it is no text. */
static int read_text(HKEY key, const WCHAR *name, struct sbk_buf *out,
		     struct sbk_error *err)
{
	struct sbk_buf data = SBK_BUF_INIT;
	DWORD type = 0;
	size_t units;
	int rc = sbk_win32_query_value(key, name, &type, &data, err);

	if (rc == 0 && type != REG_SZ && type != REG_EXPAND_SZ)
		rc = sbk_error_set(err, SBK_E_NOTFOUND, "a value is no text");
	if (rc == 0) {
		units = data.size / sizeof(WCHAR);
		while (units > 0 &&
		       ((const WCHAR *)(const void *)data.data)[units - 1] ==
			       L'\0')
			units--;
		sbk_narrow_add(out, (const WCHAR *)(const void *)data.data,
			       units);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&data);
	return rc;
}

/* The path of a profile as we write it: setup makes none with a variable in
 * it but that of the system's drive, which is not asked here. */
static int take_path(struct sbk_buf *text, char *out, size_t size,
		     struct sbk_error *err)
{
	char *at;

	if (text->size < 3 || text->size >= size || text->data[1] != ':' ||
	    memchr(text->data, '%', text->size) != NULL)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "the system names a profile in a form "
				     "that is not a plain path");
	(void)snprintf(out, size, "%s", sbk_buf_text(text));
	for (at = out; *at != '\0'; at++)
		if (*at == '\\')
			*at = '/';
	return 0;
}

/* ProfileImagePath of the SID. SBK_E_NOTFOUND where it has no profile. */
static int profile_of(const char *sid, char *out, size_t size,
		      struct sbk_error *err)
{
	struct sbk_buf path = SBK_BUF_INIT, text = SBK_BUF_INIT;
	HKEY key = NULL;
	int rc;

	sbk_buf_add(&path, PROFILES L"\\", sizeof(PROFILES));
	rc = sbk_wide_of(&path, sid) == NULL ? sbk_error_no_memory(err) : 0;
	if (rc == 0)
		rc = sbk_win32_open_key(HKEY_LOCAL_MACHINE,
					sbk_wide_text(&path), 0,
					KEY_QUERY_VALUE, &key, err);
	if (rc == 0)
		rc = read_text(key, L"ProfileImagePath", &text, err);
	if (rc == 0)
		rc = take_path(&text, out, size, err);
	sbk_win32_close_key(&key);
	sbk_buf_release(&path);
	sbk_buf_release(&text);
	return rc;
}

/* Whether the person's own registry, where it is loaded, names another place
 * for local data. One that is not loaded cannot be asked. */
static bool is_elsewhere(const char *sid)
{
	struct sbk_buf path = SBK_BUF_INIT, text = SBK_BUF_INIT;
	HKEY key = NULL;
	bool elsewhere;

	elsewhere = sbk_wide_of(&path, sid) != NULL &&
		    sbk_wide_of(&path, SHELL_FOLDERS) != NULL &&
		    sbk_win32_open_key(HKEY_USERS, sbk_wide_text(&path), 0,
				       KEY_QUERY_VALUE, &key, NULL) == 0 &&
		    read_text(key, L"Local AppData", &text, NULL) == 0 &&
		    strcmp(sbk_buf_text(&text), USUAL) != 0;
	sbk_win32_close_key(&key);
	sbk_buf_release(&path);
	sbk_buf_release(&text);
	return elsewhere;
}

int sbk_os_others_folder(const struct sbk_person *person, char *out,
			 size_t size, struct sbk_error *err)
{
	char profile[SBK_PATH_MAX];
	int length, rc = profile_of(person->id.text, profile, sizeof(profile),
				    NULL);

	/* Who never logged on has none, and so nothing in it. */
	if (rc == SBK_E_NOTFOUND)
		return sbk_error_set(err, rc, "'%s' has no profile here",
				     person->name);
	if (rc < 0 || is_elsewhere(person->id.text))
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "where '%s' keeps records is known to "
				     "that user alone",
				     person->name);
	length = snprintf(out, size, "%s/AppData/Local", profile);
	if (length < 0 || (size_t)length >= size)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the home of '%s' has too long a name",
				     person->name);
	return 0;
}

/* --- one person ------------------------------------------------------- */

static int fill(const struct sbk_sid *sid, const char *name,
		struct sbk_person *out)
{
	struct sbk_person person = {.uid = UINT32_MAX, .gid = UINT32_MAX};
	struct sbk_sid_text text;

	(void)snprintf(person.id.text, sizeof(person.id.text), "%s",
		       sbk_sid_format(sid, &text));
	(void)snprintf(person.name, sizeof(person.name), "%.63s", name);
	/* Who never logged on has none. */
	(void)profile_of(person.id.text, person.home, sizeof(person.home),
			 NULL);
	*out = person;
	return 0;
}

int sbk_os_person_by_id(const struct sbk_owner *id, struct sbk_person *out,
			struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	struct sbk_sid sid;
	int rc = sbk_sid_parse(id->text, strlen(id->text), &sid, NULL);

	if (rc < 0)
		return sbk_error_set(err, SBK_E_NOTFOUND, "'%s' is no SID",
				     id->text);
	rc = sbk_win32_name_of(&sid, &name, err);
	if (rc == 0)
		rc = fill(&sid, sbk_buf_text(&name), out);
	sbk_buf_release(&name);
	return rc;
}

int sbk_os_person_by_name(const char *name, struct sbk_person *out,
			  struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_owner id;
	struct sbk_sid sid;
	uint32_t number;
	int rc;

	if (sbk_owner_parse(name, &id) && !sbk_owner_number(&id, &number))
		return sbk_os_person_by_id(&id, out, err);
	rc = sbk_win32_sid_of_anybody(name, &sid, &why);
	if (rc == 0)
		return fill(&sid, name, out);
	return rc == SBK_E_NOTFOUND
		       ? sbk_error_set(err, rc,
				       "no account has the name '%.60s'", name)
		       : sbk_error_set(err, rc, "%s", why.message);
}

/* --- all -------------------------------------------------------------- */

struct census {
	sbk_os_person_fn *visit;
	void *arg;
	struct sbk_owner *seen;
	size_t count;
};

/* Each SID once. */
static int tell(struct census *c, const struct sbk_person *person,
		struct sbk_error *err)
{
	struct sbk_owner *grown;
	size_t i;

	for (i = 0; i < c->count; i++)
		if (sbk_owner_equal(&c->seen[i], &person->id))
			return 0;
	if (c->count == PEOPLE_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "too many accounts");
	grown = realloc(c->seen, (c->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return sbk_error_no_memory(err);
	c->seen = grown;
	c->seen[c->count++] = person->id;
	return c->visit(c->arg, person, err);
}

static int tell_account(void *arg, const char *name, const char *comment,
			struct sbk_error *err)
{
	struct sbk_person person;
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_sid sid;
	int rc = sbk_win32_sid_of(name, &sid, &why);

	(void)comment;
	if (rc == SBK_E_NOTFOUND)
		return 0; /* it went meanwhile */
	if (rc < 0)
		return sbk_error_set(err, rc, "%s", why.message);
	rc = fill(&sid, name, &person);
	return rc < 0 ? rc : tell(arg, &person, err);
}

/* One that has a profile: of a domain, say, or of an account that is gone. */
static int tell_profile(struct census *c, const struct sbk_buf *units,
			struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT, name = SBK_BUF_INIT;
	struct sbk_person person;
	struct sbk_sid sid;
	int rc;

	sbk_narrow_add(&text, (const WCHAR *)(const void *)units->data,
		       units->size / sizeof(WCHAR));
	rc = sbk_buf_failed(&text, err);
	/* Services' have few parts; a profile that is kept aside has ".bak". */
	if (rc == 0 && strncmp(sbk_buf_text(&text), "S-1-", 4) == 0 &&
	    text.size > 8 + 4 * 2 &&
	    sbk_sid_parse(sbk_buf_text(&text), text.size, &sid, NULL) == 0) {
		if (sbk_win32_name_of(&sid, &name, NULL) < 0) {
			sbk_buf_clear(&name);
			sbk_buf_adds(&name, sbk_buf_text(&text));
		}
		rc = fill(&sid, sbk_buf_text(&name), &person);
		if (rc == 0)
			rc = tell(c, &person, err);
	}
	sbk_buf_release(&text);
	sbk_buf_release(&name);
	return rc;
}

static int tell_profiles(struct census *c, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_buf name = SBK_BUF_INIT;
	HKEY key = NULL;
	DWORD i;
	int rc = sbk_win32_open_key(HKEY_LOCAL_MACHINE, PROFILES, 0,
				    KEY_ENUMERATE_SUB_KEYS, &key, &why);

	for (i = 0; rc == 0 && i < PEOPLE_MAX; i++) {
		sbk_buf_clear(&name);
		rc = sbk_win32_key_at(key, i, &name, &why);
		if (rc == 0)
			rc = tell_profile(c, &name, &why);
	}
	sbk_win32_close_key(&key);
	sbk_buf_release(&name);
	if (rc == SBK_E_NOTFOUND)
		return 0;
	return rc < 0 ? sbk_error_set(err, rc, "%s", why.message) : 0;
}

int sbk_os_people(sbk_os_person_fn *visit, void *arg, struct sbk_error *err)
{
	struct census c = {.visit = visit, .arg = arg};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_win32_account_list(false, tell_account, &c, &why);

	/* Wine has no list of accounts: its profiles have the one user. */
	if (rc < 0 && why.os_code == ERROR_INVALID_LEVEL)
		rc = 0;
	if (rc < 0)
		(void)sbk_error_set(err, rc, "%s", why.message);
	if (rc == 0)
		rc = tell_profiles(&c, err);
	free(c.seen);
	return rc;
}
