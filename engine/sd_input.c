/*
 * A descriptor that somebody names on the command line: SDDL itself, standard
 * input, or a file of bytes, SDDL or hexadecimal. Owns how the three are told
 * apart, and the caret below an SDDL string. What a file holds is hostile.
 */
#include "engine/sd_command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/ntsec/wire.h"
#include "engine/os.h"

#include "engine/banned.h"

#define CARET_COLUMNS 70

/* "O:", "G:", "D:" or "S:", unless a path of a drive begins so. */
static bool begins_like_sddl(const char *text, size_t size)
{
	while (size > 0 && isspace((unsigned char)*text)) {
		text++;
		size--;
	}
	return size >= 2 && text[1] == ':' && text[0] != '\0' &&
	       strchr("OGDSogds", text[0]) != NULL &&
	       (size == 2 || (text[2] != '/' && text[2] != '\\'));
}

static bool is_self_relative(const struct sbk_buf *buf)
{
	const uint8_t *data = (const uint8_t *)buf->data;

	return buf->size >= SBK_SD_HEADER_BYTES && data[0] == 1 &&
	       (get_u16le(data + 2) & SBK_SD_SELF_RELATIVE) != 0;
}

/* Only digits and white space, and whole bytes. */
static bool is_hex(const struct sbk_buf *text)
{
	size_t i, digits = 0;

	for (i = 0; i < text->size; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if (isxdigit(c))
			digits++;
		else if (!isspace(c))
			return false;
	}
	return digits > 0 && digits % 2 == 0;
}

static void decode_hex(const struct sbk_buf *text, struct sbk_buf *bytes)
{
	char pair[3] = "";
	size_t i, used = 0;
	uint8_t byte;

	for (i = 0; i < text->size; i++) {
		if (!isxdigit((unsigned char)text->data[i]))
			continue;
		pair[used++] = text->data[i];
		if (used < 2)
			continue;
		used = 0;
		(void)sbk_hex_decode(pair, &byte, 1); /* two digits are */
		sbk_buf_add(bytes, &byte, 1);
	}
}

/* A mark at its beginning and white space around it are no part of SDDL. */
static void trim(struct sbk_buf *text)
{
	size_t from = 0, to = text->size;

	if (to >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
		from = 3;
	while (from < to && isspace((unsigned char)text->data[from]))
		from++;
	while (to > from && isspace((unsigned char)text->data[to - 1]))
		to--;
	if (to > from)
		memmove(text->data, text->data + from, to - from);
	text->size = to - from;
	if (text->data != NULL)
		text->data[text->size] = '\0';
}

static int read_stdin(struct sbk_buf *out, struct sbk_error *err)
{
	char block[4096];
	size_t got;

	do {
		got = fread(block, 1, sizeof(block), stdin);
		sbk_buf_add(out, block, got);
		if (out->size > SBK_SDDL_BYTES_MAX)
			return sbk_error_set(err, SBK_E_LIMIT,
					     "standard input is longer than %u "
					     "bytes",
					     SBK_SDDL_BYTES_MAX);
	} while (got == sizeof(block));
	if (ferror(stdin))
		return sbk_error_set(err, SBK_E_IO,
				     "standard input cannot be read");
	return sbk_buf_failed(out, err);
}

static int is_not_sddl(const char *name, const struct sbk_buf *text,
		       struct sbk_error *err)
{
	if (text->size == 0)
		return sbk_error_set(err, SBK_E_INVAL, "'%s' is empty", name);
	if (text->size >= 2 && (memcmp(text->data, "\xff\xfe", 2) == 0 ||
				memcmp(text->data, "\xfe\xff", 2) == 0))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is UTF-16; save it as UTF-8", name);
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' holds no descriptor: neither self-relative "
			     "bytes, nor SDDL (which begins with O:, G:, D: or "
			     "S:), nor hexadecimal",
			     name);
}

static int parse_text(struct sbk_sd_input *input, const char *name,
		      const struct sbk_sddl_options *options,
		      struct sbk_error *err)
{
	trim(&input->text);
	if (is_hex(&input->text)) {
		decode_hex(&input->text, &input->bytes);
		return sbk_buf_failed(&input->bytes, err);
	}
	if (!begins_like_sddl(sbk_buf_text(&input->text), input->text.size))
		return is_not_sddl(name, &input->text, err);
	input->is_sddl = true;
	return sbk_sddl_parse(input->text.data, input->text.size, options,
			      &input->bytes, err);
}

int sbk_sd_input_read(struct sbk_sd_input *input, const char *name,
		      const struct sbk_sddl_options *options,
		      struct sbk_error *err)
{
	bool is_literal = begins_like_sddl(name, strlen(name));
	int rc = 0;

	if (is_literal)
		sbk_buf_adds(&input->text, name);
	else if (strcmp(name, "-") == 0)
		rc = read_stdin(&input->text, err);
	else
		rc = sbk_os_read_file(name, SBK_SDDL_BYTES_MAX, &input->text,
				      err);
	if (rc == 0)
		rc = sbk_buf_failed(&input->text, err);
	if (rc < 0)
		return rc;
	if (!is_literal && is_self_relative(&input->text)) {
		input->bytes = input->text;
		input->text = (struct sbk_buf)SBK_BUF_INIT;
	} else {
		rc = parse_text(input, is_literal ? "the argument" : name,
				options, err);
	}
	if (rc < 0 || input->is_sddl)
		return rc < 0 ? rc
			      : sbk_sd_read((const uint8_t *)input->bytes.data,
					    input->bytes.size, &input->sd, err);
	rc = sbk_sd_read((const uint8_t *)input->bytes.data, input->bytes.size,
			 &input->sd, err);
	if (rc < 0 && err != NULL && err->offset != SIZE_MAX) {
		size_t offset = err->offset;

		(void)sbk_error_prefix(err, "'%s' at byte %zu", name, offset);
	} else if (rc < 0) {
		(void)sbk_error_prefix(err, "'%s'", name);
	}
	return rc;
}

void sbk_sd_input_release(struct sbk_sd_input *input)
{
	sbk_buf_release(&input->text);
	sbk_buf_release(&input->bytes);
}

static bool is_character(char c)
{
	return ((unsigned char)c & 0xC0) != 0x80;
}

/* Each character is one column; what is not plain ASCII shows as '?'. */
void sbk_sd_caret(struct sbk_buf *out, const char *text, size_t size,
		  size_t offset)
{
	size_t from = 0, columns = 0, i;

	if (offset > size)
		offset = size;
	if (offset > CARET_COLUMNS * 2 / 3)
		from = offset - CARET_COLUMNS * 2 / 3;
	sbk_buf_adds(out, from > 0 ? "  ..." : "  ");
	for (i = from; i < size && columns < CARET_COLUMNS; i++) {
		unsigned char c = (unsigned char)text[i];

		if (!is_character(text[i]))
			continue;
		sbk_buf_addc(out, c >= 0x20 && c < 0x7F ? (char)c : '?');
		columns++;
	}
	sbk_buf_adds(out, i < size ? "...\n" : "\n");
	sbk_buf_adds(out, from > 0 ? "     " : "  ");
	for (i = from; i < offset; i++)
		if (is_character(text[i]))
			sbk_buf_addc(out, ' ');
	sbk_buf_adds(out, "^\n");
}
