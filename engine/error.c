/*
 * Error records. Owns the message format (one line, bounded, no control
 * bytes); knows no system error codes: each system folder translates its own.
 */
#include "engine/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

static void make_one_line(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			*text = '?';
	}
}

int sbk_error_set(struct sbk_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	err->code = code;
	err->os_code = 0;
	err->offset = SIZE_MAX;
	va_start(args, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	make_one_line(err->message);
	return code;
}

int sbk_error_no_memory(struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_NOMEM, "out of memory");
}

int sbk_error_prefix(struct sbk_error *err, const char *fmt, ...)
{
	char old[sizeof(err->message)];
	va_list args;
	size_t used;

	if (err == NULL)
		return SBK_E_INVAL;
	memcpy(old, err->message, sizeof(old));
	va_start(args, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	used = strlen(err->message);
	(void)snprintf(err->message + used, sizeof(err->message) - used, ": %s",
		       old);
	make_one_line(err->message);
	return err->code;
}

const char *sbk_error_text(int code)
{
	static const char *const texts[] = {
#define SBK_ERROR_TEXT(name, text) [SBK_ERROR_ORDINAL_##name] = (text),
		SBK_ERROR_MAP(SBK_ERROR_TEXT)
#undef SBK_ERROR_TEXT
	};

	if (code >= 0)
		return "success";
	if (-code > SBK_ERROR_COUNT)
		return "unknown error";
	return texts[-code - 1];
}

void sbk_error_clear(struct sbk_error *err)
{
	if (err == NULL)
		return;
	err->code = SBK_OK;
	err->os_code = 0;
	err->offset = SIZE_MAX;
	err->message[0] = '\0';
}
