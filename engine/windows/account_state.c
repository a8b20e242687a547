/* Names, comments and states of accounts and groups; see the header. */
#include "engine/windows/account_state.h"

#include <stdlib.h>
#include <string.h>

#include "engine/state_text.h"

#include "engine/banned.h"

#define SEAL " sid "
#define NONCE " nonce "
/* Of USER_INFO_1's flags: disabled, locked out, password expired. */
#define PASSING_FLAGS (SBK_NT_ACCOUNT_DISABLED | 0x00000010u | 0x00800000u)

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

int sbk_nt_name_check(const char *name, bool is_group, struct sbk_error *err)
{
	const size_t size = strlen(name);
	const size_t max =
		is_group ? SBK_NT_GROUP_NAME_MAX : SBK_NT_ACCOUNT_NAME_MAX;

	if (size > 0 && size <= max && is_printable(name) && name[0] != ' ' &&
	    name[size - 1] != '.' && name[size - 1] != ' ' &&
	    strpbrk(name, "\"/\\[]:|<>+=;?*,@%") == NULL)
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%.300s' is no name for %s: it must have 1 to "
			     "%zu characters, none of \"/\\[]:|<>+=;?*,@%%, "
			     "and no dot at its end",
			     name, is_group ? "a group" : "an account", max);
}

void sbk_nt_comment_make(struct sbk_buf *out, const char *role,
			 const char *name, const char *person,
			 const char nonce[SBK_NT_NONCE_DIGITS + 1])
{
	sbk_buf_printf(out, "Sandbook %s %s", role, name);
	if (person != NULL)
		sbk_buf_printf(out, " of %s", person);
	sbk_buf_printf(out, NONCE "%s", nonce);
}

void sbk_nt_comment_seal(struct sbk_buf *out, const char *comment,
			 const struct sbk_sid *sid)
{
	struct sbk_sid_text text;

	sbk_buf_printf(out, "%s" SEAL "%s", comment,
		       sbk_sid_format(sid, &text));
}

/* Where the seal begins; the end of the comment where it has none. */
static size_t seal_of(const char *comment, struct sbk_sid *sid)
{
	const char *at = comment, *found = NULL;

	while ((at = strstr(at, SEAL)) != NULL)
		found = at++;
	if (found == NULL ||
	    sbk_sid_parse(found + strlen(SEAL), strlen(found + strlen(SEAL)),
			  sid, NULL) < 0)
		return strlen(comment);
	return (size_t)(found - comment);
}

bool sbk_nt_comment_is_of(const char *comment, const char *name,
			  const struct sbk_sid *sid)
{
	const char *nonce = strstr(comment, NONCE), *at;
	const size_t size = strlen(name);
	struct sbk_sid sealed;

	if (strncmp(comment, "Sandbook ", 9) != 0 || nonce == NULL ||
	    comment[seal_of(comment, &sealed)] == '\0' ||
	    !sbk_sid_equal(&sealed, sid))
		return false;
	/* Behind the first word, which is the group's name, too. */
	for (at = comment + 9; (at = strstr(at, name)) != NULL && at < nonce;
	     at++)
		if (at[-1] == ' ' && at[size] == ' ')
			return true;
	return false;
}

/* --- states --------------------------------------------------------------- */

static void add_comment(struct sbk_buf *out, const char *comment, size_t size)
{
	sbk_buf_adds(out, "comment ");
	if (!is_printable(comment)) {
		sbk_buf_adds(out, "raw ");
		sbk_buf_add_hex(out, comment, strlen(comment));
	} else {
		sbk_buf_add(out, comment, size);
	}
	sbk_buf_addc(out, '\n');
}

static void add_flags(struct sbk_buf *out, uint32_t flags)
{
	sbk_buf_printf(out, "flags 0x%08lx\n",
		       (unsigned long)(flags & ~PASSING_FLAGS));
}

void sbk_nt_account_want(struct sbk_buf *out, bool is_group,
			 const char *comment)
{
	if (!is_group)
		add_flags(out, SBK_NT_ACCOUNT_FLAGS);
	add_comment(out, comment, strlen(comment));
	sbk_buf_adds(out, "sid own\n");
}

void sbk_nt_account_encode(struct sbk_buf *out, bool is_group, const char *name,
			   const struct sbk_nt_account *account)
{
	struct sbk_sid sealed;
	const size_t size = seal_of(account->comment, &sealed);

	if (strcmp(name, account->name) != 0) {
		sbk_buf_adds(out, "renamed ");
		sbk_buf_add_hex(out, account->name, strlen(account->name));
		sbk_buf_addc(out, '\n');
	}
	if (!is_group)
		add_flags(out, account->flags);
	add_comment(out, account->comment, size);
	if (account->comment[size] == '\0')
		sbk_buf_adds(out, "sid none\n");
	else if (sbk_sid_equal(&sealed, &account->sid))
		sbk_buf_adds(out, "sid own\n");
	else
		sbk_buf_adds(out, "sid other\n");
}

/* The lines of a state that say whose it is. */
struct bearing {
	const char *comment, *sid;
	size_t comment_size, sid_size;
};

static bool read_bearing(struct sbk_state state, bool *has_flags,
			 struct bearing *out)
{
	struct sbk_state_text in = {.data = state.data, .size = state.size};
	const char *text;
	size_t size;

	(void)sbk_state_text_take(&in, "renamed ", &text, &size);
	*has_flags = sbk_state_text_take(&in, "flags ", &text, &size);
	return sbk_state_text_take(&in, "comment ", &out->comment,
				   &out->comment_size) &&
	       sbk_state_text_take(&in, "sid ", &out->sid, &out->sid_size) &&
	       in.at == in.size;
}

static bool same_text(const char *a, size_t a_size, const char *b,
		      size_t b_size)
{
	return a_size == b_size && memcmp(a, b, a_size) == 0;
}

bool sbk_nt_account_is_ours(struct sbk_state made, struct sbk_state now)
{
	struct bearing ours, found;
	bool flags;

	return read_bearing(made, &flags, &ours) &&
	       read_bearing(now, &flags, &found) &&
	       same_text(ours.comment, ours.comment_size, found.comment,
			 found.comment_size) &&
	       (same_text(found.sid, found.sid_size, "own", 3) ||
		same_text(found.sid, found.sid_size, "none", 4));
}

int sbk_nt_account_parse(struct sbk_state state, bool is_group, uint32_t *flags,
			 char **comment, struct sbk_error *err)
{
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct bearing bearing;
	bool has_flags, same;
	char *copy;

	if (!read_bearing(state, &has_flags, &bearing))
		goto malformed;
	copy = calloc(1, bearing.comment_size + 1);
	if (copy == NULL)
		return sbk_error_no_memory(err);
	memcpy(copy, bearing.comment, bearing.comment_size);
	/* One form and no other: it is what would be asked for again. */
	sbk_nt_account_want(&wanted, is_group, copy);
	same = wanted.failure == 0 &&
	       same_text(state.data, state.size, sbk_buf_text(&wanted),
			 wanted.size);
	sbk_buf_release(&wanted);
	if (!same || strlen(copy) != bearing.comment_size) {
		free(copy);
		goto malformed;
	}
	*flags = SBK_NT_ACCOUNT_FLAGS;
	*comment = copy;
	return 0;
malformed:
	return sbk_error_set(err, SBK_E_PARSE, "the state of %s is malformed",
			     is_group ? "a group" : "an account");
}
