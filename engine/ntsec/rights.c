/*
 * Access masks: one table of the letters that SDDL has, one of the words that
 * people have, and the generic mappings. Both tables serve reading and
 * writing. Decides nothing about access.
 */
#include <string.h>

#include "engine/ntsec/rights.h"

#include "engine/banned.h"

/* Where letters stand: for a whole mask, for one bit, for a label's bit. */
enum letters_kind { WHOLE, BIT, LABEL };

struct letters {
	char text[3];
	enum letters_kind kind;
	uint32_t mask;
};

/*
 * "ACE Strings" of the Windows documentation, MS-DTYP 2.5.1.1. Windows prints
 * the letters of bits from the lowest up ("SDGXGWGR"), and the first whole mask
 * that equals: KX has the bits of KR and is never printed.
 */
static const struct letters letters[] = {
	{"FA", WHOLE, 0x001F01FF},
	{"FR", WHOLE, 0x00120089},
	{"FW", WHOLE, 0x00120116},
	{"FX", WHOLE, 0x001200A0},
	{"KA", WHOLE, 0x000F003F},
	{"KR", WHOLE, 0x00020019},
	{"KW", WHOLE, 0x00020006},
	{"KX", WHOLE, 0x00020019},
	{"CC", BIT, 0x00000001},
	{"DC", BIT, 0x00000002},
	{"LC", BIT, 0x00000004},
	{"SW", BIT, 0x00000008},
	{"RP", BIT, 0x00000010},
	{"WP", BIT, 0x00000020},
	{"DT", BIT, 0x00000040},
	{"LO", BIT, 0x00000080},
	{"CR", BIT, 0x00000100},
	{"SD", BIT, SBK_RIGHT_DELETE},
	{"RC", BIT, SBK_RIGHT_READ_CONTROL},
	{"WD", BIT, SBK_RIGHT_WRITE_DAC},
	{"WO", BIT, SBK_RIGHT_WRITE_OWNER},
	{"GA", BIT, SBK_RIGHT_GENERIC_ALL},
	{"GX", BIT, SBK_RIGHT_GENERIC_EXECUTE},
	{"GW", BIT, SBK_RIGHT_GENERIC_WRITE},
	{"GR", BIT, SBK_RIGHT_GENERIC_READ},
	{"NW", LABEL, 0x00000001},
	{"NR", LABEL, 0x00000002},
	{"NX", LABEL, 0x00000004},
};

/* Of which objects a word speaks. */
enum { FILES = 1, DIRECTORIES = 2, KEYS = 4, ALL = 7 };

struct word {
	const char *text; /* as constants have it, without FILE_ or KEY_ */
	unsigned objects;
	uint32_t mask;
	bool is_whole; /* describes a mask only as a whole */
};

/*
 * "File Access Rights Constants", "Registry Key Security and Access Rights",
 * "Standard Access Rights". The first word of a mask is the one printed.
 * "modify" and "read and execute" are what the security page of Windows calls
 * its masks.
 */
static const struct word words[] = {
	{"full_control", FILES | DIRECTORIES, SBK_FILE_ALL, true},
	{"modify", FILES | DIRECTORIES, 0x001301BF, true},
	{"read_and_execute", FILES | DIRECTORIES, 0x001200A9, true},
	{"generic_read", FILES | DIRECTORIES, 0x00120089, true},
	{"generic_write", FILES | DIRECTORIES, 0x00120116, true},
	{"generic_execute", FILES | DIRECTORIES, 0x001200A0, true},
	{"full_control", KEYS, 0x000F003F, true},
	{"read", KEYS, 0x00020019, true},
	{"write", KEYS, 0x00020006, true},
	{"execute", KEYS, 0x00020019, true},
	{"all_access", FILES | DIRECTORIES, SBK_FILE_ALL, true},
	{"all_access", KEYS, 0x000F003F, true},
	{"list_directory", DIRECTORIES, SBK_FILE_READ_DATA, false},
	{"read_data", FILES | DIRECTORIES, SBK_FILE_READ_DATA, false},
	{"list_directory", FILES, SBK_FILE_READ_DATA, false},
	{"query_value", KEYS, 0x00000001, false},
	{"add_file", DIRECTORIES, SBK_FILE_WRITE_DATA, false},
	{"write_data", FILES | DIRECTORIES, SBK_FILE_WRITE_DATA, false},
	{"add_file", FILES, SBK_FILE_WRITE_DATA, false},
	{"set_value", KEYS, 0x00000002, false},
	{"add_subdirectory", DIRECTORIES, SBK_FILE_APPEND_DATA, false},
	{"append_data", FILES | DIRECTORIES, SBK_FILE_APPEND_DATA, false},
	{"add_subdirectory", FILES, SBK_FILE_APPEND_DATA, false},
	{"create_sub_key", KEYS, 0x00000004, false},
	{"read_ea", FILES | DIRECTORIES, SBK_FILE_READ_EA, false},
	{"enumerate_sub_keys", KEYS, 0x00000008, false},
	{"write_ea", FILES | DIRECTORIES, SBK_FILE_WRITE_EA, false},
	{"notify", KEYS, 0x00000010, false},
	{"traverse", DIRECTORIES, SBK_FILE_EXECUTE, false},
	{"execute", FILES | DIRECTORIES, SBK_FILE_EXECUTE, false},
	{"traverse", FILES, SBK_FILE_EXECUTE, false},
	{"create_link", KEYS, 0x00000020, false},
	{"delete_child", FILES | DIRECTORIES, SBK_FILE_DELETE_CHILD, false},
	{"read_attributes", FILES | DIRECTORIES, SBK_FILE_READ_ATTRIBUTES,
	 false},
	{"write_attributes", FILES | DIRECTORIES, SBK_FILE_WRITE_ATTRIBUTES,
	 false},
	{"delete", ALL, SBK_RIGHT_DELETE, false},
	{"read_control", ALL, SBK_RIGHT_READ_CONTROL, false},
	{"write_dac", ALL, SBK_RIGHT_WRITE_DAC, false},
	{"write_owner", ALL, SBK_RIGHT_WRITE_OWNER, false},
	{"synchronize", ALL, SBK_RIGHT_SYNCHRONIZE, false},
	{"access_system_security", ALL, SBK_RIGHT_SYSTEM_SECURITY, false},
	{"maximum_allowed", ALL, SBK_RIGHT_MAXIMUM_ALLOWED, false},
	{"generic_all", ALL, SBK_RIGHT_GENERIC_ALL, false},
	{"generic_execute", ALL, SBK_RIGHT_GENERIC_EXECUTE, false},
	{"generic_write", ALL, SBK_RIGHT_GENERIC_WRITE, false},
	{"generic_read", ALL, SBK_RIGHT_GENERIC_READ, false},
};

#define LETTERS_COUNT (sizeof(letters) / sizeof(letters[0]))
#define WORDS_COUNT (sizeof(words) / sizeof(words[0]))

/* FILE_GENERIC_* and KEY_*: the same for files and directories. */
const struct sbk_generic_mapping *sbk_nt_mapping(enum sbk_nt_object object)
{
	static const struct sbk_generic_mapping file = {.read = 0x00120089,
							.write = 0x00120116,
							.execute = 0x001200A0,
							.all = SBK_FILE_ALL};
	static const struct sbk_generic_mapping key = {.read = 0x00020019,
						       .write = 0x00020006,
						       .execute = 0x00020019,
						       .all = 0x000F003F};

	return object == SBK_NT_KEY ? &key : &file;
}

uint32_t sbk_rights_map(uint32_t mask,
			const struct sbk_generic_mapping *mapping)
{
	uint32_t mapped = mask & ~SBK_RIGHTS_GENERIC;

	if (mask & SBK_RIGHT_GENERIC_READ)
		mapped |= mapping->read;
	if (mask & SBK_RIGHT_GENERIC_WRITE)
		mapped |= mapping->write;
	if (mask & SBK_RIGHT_GENERIC_EXECUTE)
		mapped |= mapping->execute;
	if (mask & SBK_RIGHT_GENERIC_ALL)
		mapped |= mapping->all;
	return mapped;
}

/* ASCII only: a locale has no say in what a right is called. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool letters_are(const char *a, const char *b)
{
	return lower(a[0]) == lower(b[0]) && lower(a[1]) == lower(b[1]);
}

bool sbk_rights_from_letters(const char text[2], uint32_t *out)
{
	size_t i;

	for (i = 0; i < LETTERS_COUNT; i++)
		if (letters[i].kind != LABEL &&
		    letters_are(letters[i].text, text)) {
			*out = letters[i].mask;
			return true;
		}
	return false;
}

bool sbk_rights_from_label_letters(const char text[2], uint32_t *out)
{
	size_t i;

	for (i = 0; i < LETTERS_COUNT; i++)
		if (letters[i].kind == LABEL &&
		    letters_are(letters[i].text, text)) {
			*out = letters[i].mask;
			return true;
		}
	return false;
}

static void format_bits(struct sbk_buf *out, uint32_t mask,
			enum letters_kind kind)
{
	uint32_t named = 0;
	size_t i;

	for (i = 0; i < LETTERS_COUNT; i++)
		if (letters[i].kind == kind)
			named |= letters[i].mask;
	if (mask & ~named) {
		sbk_buf_printf(out, "0x%lx", (unsigned long)mask);
		return;
	}
	for (i = 0; i < LETTERS_COUNT; i++)
		if (letters[i].kind == kind && (mask & letters[i].mask))
			sbk_buf_adds(out, letters[i].text);
}

void sbk_rights_format(struct sbk_buf *out, uint32_t mask)
{
	size_t i;

	for (i = 0; i < LETTERS_COUNT; i++)
		if (letters[i].kind == WHOLE && letters[i].mask == mask) {
			sbk_buf_adds(out, letters[i].text);
			return;
		}
	format_bits(out, mask, BIT);
}

void sbk_rights_format_label(struct sbk_buf *out, uint32_t mask)
{
	format_bits(out, mask, LABEL);
}

static unsigned objects_of(enum sbk_nt_object object)
{
	static const unsigned bits[] = {[SBK_NT_FILE] = FILES,
					[SBK_NT_DIRECTORY] = DIRECTORIES,
					[SBK_NT_KEY] = KEYS};

	return bits[object];
}

static bool is_generic(const struct word *word)
{
	return strncmp(word->text, "generic_", 8) == 0;
}

static void add_word(struct sbk_buf *out, const struct word *word,
		     bool is_first)
{
	const char *text = word->text;

	if (!is_first)
		sbk_buf_adds(out, ", ");
	if (word->is_whole && is_generic(word))
		sbk_buf_adds(out, "file ");
	for (; *text != '\0'; text++)
		sbk_buf_addc(out, *text == '_' ? ' ' : *text);
}

void sbk_rights_describe(struct sbk_buf *out, uint32_t mask,
			 enum sbk_nt_object object)
{
	uint32_t left = mask;
	size_t i;

	for (i = 0; i < WORDS_COUNT && left != 0; i++) {
		const struct word *word = &words[i];

		if (!(word->objects & objects_of(object)))
			continue;
		if (word->is_whole ? left != word->mask
				   : (left & word->mask) == 0)
			continue;
		add_word(out, word, left == mask);
		left &= ~word->mask;
	}
	if (mask == 0)
		sbk_buf_adds(out, "nothing");
	else if (left != 0)
		sbk_buf_printf(out, "%s0x%lx", left == mask ? "" : ", ",
			       (unsigned long)left);
}

struct token {
	const char *text;
	size_t size;
	size_t at; /* within the whole */
};

static int wrong(const struct token *token, size_t at, struct sbk_error *err,
		 const char *why)
{
	int rc = sbk_error_set(err, SBK_E_PARSE, "not a right: '%.*s': %s",
			       (int)(token->size < 64 ? token->size : 64),
			       token->text, why);

	if (err != NULL)
		err->offset = token->at + at;
	return rc;
}

static int digit_of(char c, unsigned base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (lower(c) >= 'a' && lower(c) <= 'f')
		value = lower(c) - 'a' + 10;
	return value >= 0 && (unsigned)value < base ? value : -1;
}

/* "0x1f", "31", "037". */
static int parse_number(const struct token *token, uint32_t *out,
			struct sbk_error *err)
{
	unsigned base = token->text[0] == '0' ? 8 : 10;
	size_t at = 0;
	uint64_t value = 0;
	int digit;

	if (token->size >= 2 && base == 8 && lower(token->text[1]) == 'x') {
		base = 16;
		at = 2;
	}
	if (at == token->size)
		return wrong(token, at, err, "digits are missing");
	for (; at < token->size; at++) {
		digit = digit_of(token->text[at], base);
		if (digit < 0)
			return wrong(token, at, err, "not a digit");
		value = value * base + (unsigned)digit;
		if (value > UINT32_MAX)
			return wrong(token, 0, err, "a mask has 32 bits");
	}
	*out = (uint32_t)value;
	return 0;
}

static bool begins_with(const struct token *token, const char *prefix)
{
	size_t i;

	for (i = 0; prefix[i] != '\0'; i++)
		if (i == token->size || lower(token->text[i]) != prefix[i])
			return false;
	return true;
}

static bool is_word(const struct token *token, const char *word)
{
	return token->size == strlen(word) && begins_with(token, word);
}

/*
 * FILE_GENERIC_READ and GENERIC_READ are two things: words that only one kind
 * of object has may stand behind its prefix, "generic_..." among them must;
 * the words of all objects have none.
 */
static bool parse_word(const struct token *token, enum sbk_nt_object object,
		       uint32_t *out)
{
	const char *prefix = object == SBK_NT_KEY ? "key_" : "file_";
	bool has_prefix = begins_with(token, prefix);
	struct token bare = *token;
	size_t i;

	if (has_prefix) {
		bare.text += strlen(prefix);
		bare.size -= strlen(prefix);
	}
	for (i = 0; i < WORDS_COUNT; i++) {
		const struct word *word = &words[i];
		bool is_common = word->objects == ALL;

		if (!(word->objects & objects_of(object)) ||
		    (has_prefix && is_common))
			continue;
		if (!has_prefix && !is_common && is_generic(word))
			continue;
		if (is_word(&bare, word->text)) {
			*out = word->mask;
			return true;
		}
	}
	return false;
}

static int parse_letters(const struct token *token, uint32_t *out,
			 struct sbk_error *err)
{
	uint32_t mask;
	size_t i;

	*out = 0;
	for (i = 0; i < token->size; i += 2) {
		if (token->size - i < 2 ||
		    !sbk_rights_from_letters(token->text + i, &mask))
			return wrong(token, i, err,
				     "no name, and not the letters of one");
		*out |= mask;
	}
	return 0;
}

static int parse_token(const struct token *token, enum sbk_nt_object object,
		       uint32_t *out, struct sbk_error *err)
{
	if (token->text[0] >= '0' && token->text[0] <= '9')
		return parse_number(token, out, err);
	if (parse_word(token, object, out))
		return 0;
	return parse_letters(token, out, err);
}

static bool is_separator(char c)
{
	return c == '|' || c == ',' || c == ' ';
}

int sbk_rights_parse(const char *text, size_t size, enum sbk_nt_object object,
		     uint32_t *out, struct sbk_error *err)
{
	uint32_t mask = 0, part = 0;
	bool is_empty = true;
	size_t at = 0;

	while (at < size) {
		struct token token = {.text = text + at, .at = at};
		int rc;

		if (is_separator(text[at])) {
			at++;
			continue;
		}
		while (at < size && !is_separator(text[at]))
			at++;
		token.size = at - token.at;
		rc = parse_token(&token, object, &part, err);
		if (rc < 0)
			return rc;
		mask |= part;
		is_empty = false;
	}
	if (is_empty) {
		(void)sbk_error_set(err, SBK_E_PARSE, "no right is named");
		if (err != NULL)
			err->offset = size;
		return SBK_E_PARSE;
	}
	*out = mask;
	return 0;
}

const char *sbk_rights_name(size_t index)
{
	return index < WORDS_COUNT ? words[index].text : NULL;
}
