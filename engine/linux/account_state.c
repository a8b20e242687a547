/*
 * Names, descriptions and state texts of accounts and groups. Pure: reads
 * and changes nothing on the host.
 *
 * State of an account, one fact a line; a half-made one (a crash between the
 * two files) has "none" where its line is missing:
 *
 *	account sandbook-1000-off
 *	uid 550
 *	gid 550
 *	gecos Sandbook offline account of uid 1000 nonce 0123...
 *	home /nonexistent
 *	shell /usr/sbin/nologin
 *	password locked
 *	expires never
 *
 * State of a group:
 *
 *	group sandbook
 *	gid 550
 *	password !0123...
 *	members
 */
#include "engine/linux/account.h"

#include <stdio.h>
#include <string.h>

#include "engine/linux/account_state.h"

#include "engine/banned.h"

static const char *const role_suffixes[] = {"off", "on"};
static const char *const role_names[] = {"offline", "online"};

static const char *role_suffix(enum sbk_account_role role)
{
	return role_suffixes[role];
}

const char *sbk_account_role_name(enum sbk_account_role role)
{
	return role_names[role];
}

void sbk_account_set_name(struct sbk_account *account)
{
	(void)snprintf(account->name, sizeof(account->name), "%s-%u-%s",
		       SBK_GROUP_NAME, account->person,
		       role_suffix(account->role));
}

bool sbk_account_parse_name(struct sbk_slice name, struct sbk_account *out)
{
	struct sbk_account built = {.person = 0};
	char text[SBK_NAME_MAX];
	int role;

	if (name.size == 0 || name.size >= sizeof(text))
		return false;
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	if (sscanf(text, SBK_GROUP_NAME "-%10u-", &built.person) != 1)
		return false;
	for (role = SBK_ACCOUNT_OFFLINE; role <= SBK_ACCOUNT_ONLINE; role++) {
		built.role = (enum sbk_account_role)role;
		sbk_account_set_name(&built); /* leading zeros differ here */
		if (strcmp(built.name, text) == 0) {
			*out = built;
			return true;
		}
	}
	return false;
}

bool sbk_account_name_is_ours(struct sbk_slice name)
{
	struct sbk_account account;

	return sbk_slice_is(name, SBK_GROUP_NAME) ||
	       sbk_account_parse_name(name, &account);
}

bool sbk_nonce_copy(struct sbk_slice digits, char nonce[SBK_NONCE_DIGITS + 1])
{
	size_t i;

	if (digits.size < SBK_NONCE_DIGITS)
		return false;
	for (i = 0; i < SBK_NONCE_DIGITS; i++)
		if (strchr("0123456789abcdef", digits.data[i]) == NULL ||
		    digits.data[i] == '\0')
			return false;
	memcpy(nonce, digits.data, SBK_NONCE_DIGITS);
	nonce[SBK_NONCE_DIGITS] = '\0';
	return true;
}

static void add_description(struct sbk_buf *out,
			    const struct sbk_account *account)
{
	sbk_buf_printf(out, "Sandbook %s account of uid %u nonce %s",
		       sbk_account_role_name(account->role), account->person,
		       account->nonce);
}

/* chfn may have added commas behind what we wrote. */
/*
 * The nonce of a description that says what `out` (person and role) says;
 * false where it does not.
 */
static bool parse_description(struct sbk_slice gecos, struct sbk_account *out)
{
	static const char marker[] = " nonce ";
	const char *at =
		memmem(gecos.data, gecos.size, marker, sizeof(marker) - 1);
	struct sbk_buf wanted = SBK_BUF_INIT;
	struct sbk_slice digits;
	bool same;

	if (at == NULL)
		return false;
	digits.data = at + sizeof(marker) - 1;
	digits.size = gecos.size - (size_t)(digits.data - gecos.data);
	if (!sbk_nonce_copy(digits, out->nonce))
		return false;
	add_description(&wanted, out);
	same = wanted.failure == 0 && wanted.size <= gecos.size &&
	       memcmp(wanted.data, gecos.data, wanted.size) == 0;
	sbk_buf_release(&wanted);
	return same;
}

bool sbk_account_parse(struct sbk_slice line, struct sbk_account *out)
{
	struct sbk_account account;

	if (!sbk_account_parse_name(sbk_accountfile_field(line, 0), &account) ||
	    !sbk_slice_number(sbk_accountfile_field(line, 2), &account.uid) ||
	    !sbk_slice_number(sbk_accountfile_field(line, 3), &account.gid) ||
	    !parse_description(sbk_accountfile_field(line, 4), &account) ||
	    !sbk_slice_is(sbk_accountfile_field(line, 5), SBK_ACCOUNT_HOME))
		return false;
	*out = account;
	return true;
}

void sbk_account_encode(struct sbk_buf *out, const struct sbk_account *account,
			const char *shell)
{
	sbk_buf_printf(out, "account %s\nuid %u\ngid %u\ngecos ", account->name,
		       account->uid, account->gid);
	add_description(out, account);
	sbk_buf_printf(out,
		       "\nhome " SBK_ACCOUNT_HOME "\nshell %s\n"
		       "password locked\nexpires never\n",
		       shell);
}

void sbk_group_encode(struct sbk_buf *out, const char *name, unsigned int gid,
		      const char *nonce)
{
	sbk_buf_printf(out, "group %s\ngid %u\npassword !%s\nmembers \n", name,
		       gid, nonce);
}

static void add_slice(struct sbk_buf *out, const char *key,
		      struct sbk_slice value)
{
	sbk_buf_printf(out, "%s ", key);
	sbk_buf_add(out, value.data, value.size);
	sbk_buf_addc(out, '\n');
}

/* Whether, never how: the hash is nobody's business here. */
static const char *password_of(struct sbk_slice field)
{
	if (field.size == 0)
		return "empty";
	return field.data[0] == '!' || field.data[0] == '*' ? "locked" : "set";
}

static void add_shadow(struct sbk_buf *out, const struct sbk_slice *shadow)
{
	struct sbk_slice expires;

	if (shadow == NULL) {
		sbk_buf_adds(out, "password none\nexpires never\n");
		return;
	}
	expires = sbk_accountfile_field(*shadow, 7);
	sbk_buf_printf(out, "password %s\n",
		       password_of(sbk_accountfile_field(*shadow, 1)));
	if (expires.size == 0)
		expires = (struct sbk_slice){"never", 5};
	add_slice(out, "expires", expires);
}

void sbk_account_encode_lines(struct sbk_buf *out, const char *name,
			      const struct sbk_slice *passwd,
			      const struct sbk_slice *shadow)
{
	static const struct {
		const char *key;
		size_t field;
	} facts[] = {{"uid", 2},
		     {"gid", 3},
		     {"gecos", 4},
		     {"home", 5},
		     {"shell", 6}};
	size_t i;

	sbk_buf_printf(out, "account %s\n", name);
	if (passwd == NULL)
		sbk_buf_adds(out, "uid none\n");
	for (i = 0; passwd != NULL && i < sizeof(facts) / sizeof(facts[0]); i++)
		add_slice(out, facts[i].key,
			  sbk_accountfile_field(*passwd, facts[i].field));
	add_shadow(out, shadow);
}

void sbk_group_encode_lines(struct sbk_buf *out, const char *name,
			    const struct sbk_slice *group,
			    const struct sbk_slice *gshadow)
{
	static const struct sbk_slice none = {"none", 4};

	sbk_buf_printf(out, "group %s\n", name);
	add_slice(out, "gid",
		  group != NULL ? sbk_accountfile_field(*group, 2) : none);
	add_slice(out, "password",
		  gshadow != NULL ? sbk_accountfile_field(*gshadow, 1) : none);
	add_slice(out, "members",
		  group != NULL ? sbk_accountfile_field(*group, 3)
				: (struct sbk_slice){"", 0});
}

bool sbk_account_fact(struct sbk_state state, const char *key,
		      struct sbk_slice *out)
{
	struct sbk_slice rest = {state.data, state.size}, line;
	size_t size = strlen(key);

	while (sbk_accountfile_next(&rest, &line)) {
		if (line.size <= size || line.data[size] != ' ' ||
		    memcmp(line.data, key, size) != 0)
			continue;
		out->data = line.data + size + 1;
		out->size = line.size - size - 1;
		return true;
	}
	return false;
}

bool sbk_group_nonce(struct sbk_state state, char nonce[SBK_NONCE_DIGITS + 1])
{
	struct sbk_slice password;

	if (!sbk_account_fact(state, "password", &password) ||
	    password.size != SBK_NONCE_DIGITS + 1 || password.data[0] != '!')
		return false;
	password.data++;
	password.size--;
	return sbk_nonce_copy(password, nonce);
}

bool sbk_group_gid(struct sbk_state state, unsigned int *gid)
{
	struct sbk_slice text;

	return sbk_account_fact(state, "gid", &text) &&
	       sbk_slice_number(text, gid);
}
