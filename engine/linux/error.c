/*
 * errno into SBK_E_*. A value that is not in the table is an I/O failure.
 */
#include "engine/linux/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/banned.h"

static const struct {
	int os_code;
	int code;
} translations[] = {
	{EINVAL, SBK_E_INVAL},	     {ENOMEM, SBK_E_NOMEM},
	{ENOENT, SBK_E_NOTFOUND},    {ENOTDIR, SBK_E_NOTFOUND},
	{EEXIST, SBK_E_EXISTS},	     {EACCES, SBK_E_DENIED},
	{EPERM, SBK_E_DENIED},	     {EROFS, SBK_E_DENIED},
	{EAGAIN, SBK_E_BUSY},	     {EBUSY, SBK_E_BUSY},
	{ETXTBSY, SBK_E_BUSY},	     {ESTALE, SBK_E_NOTFOUND},
	{ENOSYS, SBK_E_UNSUPPORTED}, {EOPNOTSUPP, SBK_E_UNSUPPORTED},
	{ENAMETOOLONG, SBK_E_INVAL}, {E2BIG, SBK_E_LIMIT},
	{EMFILE, SBK_E_LIMIT},	     {ENFILE, SBK_E_LIMIT},
	{ELOOP, SBK_E_INVAL},
};

/* The SBK_E_* code that an errno value means. */
static int code_of(int os_code)
{
	size_t i;

	for (i = 0; i < sizeof(translations) / sizeof(translations[0]); i++)
		if (translations[i].os_code == os_code)
			return translations[i].code;
	return SBK_E_IO;
}

int sbk_error_set_errno(struct sbk_error *err, int os_code, const char *fmt,
			...)
{
	char text[400];
	va_list args;
	int rc;

	if (err == NULL) /* many a look expects to find nothing */
		return code_of(os_code);
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	rc = sbk_error_set(err, code_of(os_code), "%s: %s", text,
			   strerror(os_code));
	err->os_code = (uint32_t)os_code;
	return rc;
}
