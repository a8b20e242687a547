/*
 * Quoting. Owns the one text of a command line; decides nothing about what may
 * be started but that it is a program and no batch file.
 */
#include "engine/windows/command_line.h"

#include <string.h>

#include "engine/ntsec/utf.h"

#include "engine/banned.h"

static void add_backslashes(struct sbk_buf *out, size_t count)
{
	while (count-- > 0)
		sbk_buf_addc(out, '\\');
}

/*
 * Backslashes mean themselves but before a quote, the closing one too: there
 * each stands twice, and one more makes the quote a character.
 */
static void add_quoted(struct sbk_buf *out, const char *text)
{
	size_t backslashes = 0;

	sbk_buf_addc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '\\') {
			backslashes++;
			continue;
		}
		add_backslashes(out, *text == '"' ? 2 * backslashes + 1
						  : backslashes);
		backslashes = 0;
		sbk_buf_addc(out, *text);
	}
	add_backslashes(out, 2 * backslashes);
	sbk_buf_addc(out, '"');
}

static bool is_plain(const char *text)
{
	/* Other white space divides nothing, but some programs have rules of
	 * their own: quoting it costs nothing. */
	return *text != '\0' && strpbrk(text, " \t\n\v\f\r\"") == NULL;
}

/* UTF-16 units, or SIZE_MAX where the text is malformed. */
static size_t count_units(const struct sbk_buf *text)
{
	const char *at = sbk_buf_text(text);
	size_t left = text->size, units = 0;

	while (left > 0) {
		uint32_t character;
		const size_t used = sbk_utf8_next(at, left, &character);

		if (used == 0)
			return SIZE_MAX;
		units += character > 0xFFFF ? 2 : 1;
		at += used;
		left -= used;
	}
	return units;
}

int sbk_command_line(const char *const *argv, struct sbk_buf *out,
		     struct sbk_error *err)
{
	struct sbk_buf line = SBK_BUF_INIT;
	size_t i, units;
	int rc;

	if (argv[0] == NULL || argv[0][0] == '\0' ||
	    strchr(argv[0], '"') != NULL)
		return sbk_error_set(err, SBK_E_INVAL,
				     "the name of a program is not empty and "
				     "has no quotation mark");
	sbk_buf_printf(&line, "\"%s\"", argv[0]);
	for (i = 1; argv[i] != NULL; i++) {
		sbk_buf_addc(&line, ' ');
		if (is_plain(argv[i]))
			sbk_buf_adds(&line, argv[i]);
		else
			add_quoted(&line, argv[i]);
	}
	rc = sbk_buf_failed(&line, err);
	units = rc == 0 ? count_units(&line) : 0;
	if (units == SIZE_MAX)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "an argument of '%.200s' is not UTF-8",
				   argv[0]);
	else if (units >= SBK_COMMAND_LINE_UNITS_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "the arguments of '%.200s' are too long: "
				   "the system takes %d characters",
				   argv[0], SBK_COMMAND_LINE_UNITS_MAX - 1);
	if (rc == 0) {
		sbk_buf_add(out, line.data, line.size);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&line);
	return rc;
}

static bool ends_in(const char *path, const char *extension)
{
	const size_t size = strlen(path), tail = strlen(extension);
	size_t i;

	if (size <= tail)
		return false;
	for (i = 0; i < tail; i++) {
		char c = path[size - tail + i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != extension[i])
			return false;
	}
	return true;
}

bool sbk_command_is_program(const char *path)
{
	return ends_in(path, ".exe") || ends_in(path, ".com");
}
