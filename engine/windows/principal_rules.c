/*
 * Reading whose an account is out of its comment. Owns that nothing but the one
 * form is taken: what was read is written again and must be the same bytes.
 */
#include "engine/windows/principal_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state_text.h"

#include "engine/banned.h"

static const struct {
	enum sbk_principal_role role;
	const char *words;
	const char *name; /* how the names begin */
} roles[] = {
	{SBK_PRINCIPAL_GROUP, "group", "Sandbook"},
	{SBK_PRINCIPAL_OFFLINE, "offline account", "SandbookOffline"},
	{SBK_PRINCIPAL_ONLINE, "online account", "SandbookOnline"},
};
#define ROLE_COUNT (sizeof(roles) / sizeof(roles[0]))

const char *sbk_nt_role_words(enum sbk_principal_role role)
{
	size_t i = 0;

	while (roles[i].role != role)
		i++;
	return roles[i].words;
}

/* Takes `word` and a space from the front. */
static bool take(const char **at, const char *word)
{
	const size_t size = strlen(word);

	if (strncmp(*at, word, size) != 0 || (*at)[size] != ' ')
		return false;
	*at += size + 1;
	return true;
}

/* Copies up to the next space, or the end. */
static bool take_word(const char **at, char *out, size_t out_size)
{
	const size_t size = strcspn(*at, " ");

	if (size == 0 || size >= out_size)
		return false;
	memcpy(out, *at, size);
	out[size] = '\0';
	*at += size;
	*at += **at == ' ';
	return true;
}

/* What a comment says, before it is believed. */
struct reading {
	size_t role;
	char name[SBK_NT_ACCOUNT_NAME_MAX + 1];
	struct sbk_owner person;
	char nonce[SBK_NT_NONCE_DIGITS + 1];
};

static bool read_comment(const char *at, struct reading *out)
{
	memset(out, 0, sizeof(*out));
	if (!take(&at, "Sandbook"))
		return false;
	while (out->role < ROLE_COUNT && !take(&at, roles[out->role].words))
		out->role++;
	if (out->role == ROLE_COUNT ||
	    !take_word(&at, out->name, sizeof(out->name)))
		return false;
	if (roles[out->role].role != SBK_PRINCIPAL_GROUP &&
	    (!take(&at, "of") ||
	     !take_word(&at, out->person.text, sizeof(out->person.text))))
		return false;
	return take(&at, "nonce") &&
	       take_word(&at, out->nonce, sizeof(out->nonce));
}

/* Whether setup would write just this. */
static bool is_written_so(const struct reading *r, const char *comment,
			  const struct sbk_sid *sid)
{
	struct sbk_buf plain = SBK_BUF_INIT, sealed = SBK_BUF_INIT;
	bool same;

	sbk_nt_comment_make(&plain, roles[r->role].words, r->name,
			    r->person.text[0] != '\0' ? r->person.text : NULL,
			    r->nonce);
	sbk_nt_comment_seal(&sealed, sbk_buf_text(&plain), sid);
	same = plain.failure == 0 && sealed.failure == 0 &&
	       strcmp(sbk_buf_text(&sealed), comment) == 0;
	sbk_buf_release(&plain);
	sbk_buf_release(&sealed);
	return same;
}

/* Fills id, number and owner. */
static void name_sid(struct sbk_principal *out, const struct sbk_sid *sid)
{
	struct sbk_sid_text text;

	(void)snprintf(out->id, sizeof(out->id), "%s",
		       sbk_sid_format(sid, &text));
	out->number = (uint32_t)strtoul(strrchr(out->id, '-') + 1, NULL, 10);
	(void)snprintf(out->owner.text, sizeof(out->owner.text), "%s", out->id);
}

bool sbk_nt_principal_read(const char *name, const char *comment,
			   const struct sbk_sid *sid, bool is_group,
			   struct sbk_principal *out,
			   char nonce[SBK_NT_NONCE_DIGITS + 1])
{
	struct reading r;
	struct sbk_owner known;
	size_t i;

	if (!read_comment(comment, &r) || !is_written_so(&r, comment, sid) ||
	    (roles[r.role].role == SBK_PRINCIPAL_GROUP) != is_group ||
	    strncmp(r.name, roles[r.role].name, strlen(roles[r.role].name)) !=
		    0 ||
	    strlen(r.nonce) != SBK_NT_NONCE_DIGITS ||
	    (!is_group && !sbk_owner_parse(r.person.text, &known)))
		return false;
	for (i = 0; i < SBK_NT_NONCE_DIGITS; i++)
		if (strchr("0123456789abcdef", r.nonce[i]) == NULL)
			return false;
	memset(out, 0, sizeof(*out));
	out->role = roles[r.role].role;
	name_sid(out, sid);
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->person = r.person;
	if (nonce != NULL)
		memcpy(nonce, r.nonce, sizeof(r.nonce));
	return true;
}

bool sbk_nt_principal_claims(const char *comment, struct sbk_principal *out)
{
	struct reading r;

	if (!read_comment(comment, &r))
		return false;
	memset(out, 0, sizeof(*out));
	out->role = roles[r.role].role;
	out->person = r.person;
	return true;
}

bool sbk_nt_state_is_of(struct sbk_state state, const struct sbk_owner *person)
{
	struct sbk_state_text in = {.data = state.data, .size = state.size};
	char comment[SBK_NT_COMMENT_MAX * 4];
	const char *text;
	struct reading r;
	size_t size;

	(void)sbk_state_text_take(&in, "renamed ", &text, &size);
	(void)sbk_state_text_take(&in, "flags ", &text, &size);
	if (!sbk_state_text_take(&in, "comment ", &text, &size) ||
	    size >= sizeof(comment))
		return false;
	memcpy(comment, text, size);
	comment[size] = '\0';
	return read_comment(comment, &r) && sbk_owner_equal(&r.person, person);
}

/* A SID of an account or a group that this machine gave, S-1-5-21-... */
static bool is_given(const struct sbk_sid *sid)
{
	struct sbk_sid_text text;

	return strncmp(sbk_sid_format(sid, &text), "S-1-5-21-", 9) == 0;
}

bool sbk_nt_principal_of_change(enum sbk_kind kind, const char *name,
				struct sbk_principal *out)
{
	struct sbk_sid sid;

	if (kind != SBK_KIND_LOGON && kind != SBK_KIND_RIGHT &&
	    kind != SBK_KIND_MEMBER)
		return false;
	if (sbk_sid_parse(name, strcspn(name, ":"), &sid, NULL) < 0 ||
	    !is_given(&sid))
		return false;
	memset(out, 0, sizeof(*out));
	out->role = kind == SBK_KIND_MEMBER ? SBK_PRINCIPAL_GROUP
					    : SBK_PRINCIPAL_ACCOUNT;
	name_sid(out, &sid);
	return true;
}

unsigned sbk_nt_person_number(const char *name)
{
	size_t i, size;
	unsigned long number;
	char *end;

	for (i = 1; i < ROLE_COUNT; i++) {
		size = strlen(roles[i].name);
		if (strncmp(name, roles[i].name, size) != 0)
			continue;
		if (name[size] == '\0')
			return 1;
		if (name[size] < '1' || name[size] > '9')
			return 0;
		number = strtoul(name + size, &end, 10);
		return *end == '\0' && number > 1 && number < 10000
			       ? (unsigned)number
			       : 0;
	}
	return 0;
}
