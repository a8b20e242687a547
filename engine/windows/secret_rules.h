/*
 * The form of a secret's file and of its state (secret.h). Portable.
 *
 *	sandbook secret 1
 *	account SandbookOffline
 *	sid S-1-5-21-1-2-3-1005
 *	installation 0123456789abcdef0123456789abcdef
 *	hash <64 hexadecimal digits>
 *	and then, to the end, what DPAPI made of the password
 *
 * The lines are DPAPI's entropy: with another line, or under another account's
 * name, it does not open.
 */
#ifndef SBK_WINDOWS_SECRET_RULES_H
#define SBK_WINDOWS_SECRET_RULES_H

#include <stdint.h>

#include "engine/windows/secret.h"

#define SBK_SECRET_HASH_BYTES 32
#define SBK_SECRET_FILE_MAX 8192 /* bytes; DPAPI adds some hundred */
#define SBK_SECRET_FILE_NAME_SIZE (7 + SBK_NT_ACCOUNT_NAME_MAX + 1)

/* A file taken apart; borrowed from its bytes. */
struct sbk_secret_parts {
	struct sbk_secret_label label;
	struct sbk_state state;
	size_t head_size; /* of the lines, which are the entropy */
	const uint8_t *blob;
	size_t blob_size;
};

/* Appends the lines. */
void sbk_secret_file_head(const char *account, struct sbk_state state,
			  struct sbk_buf *out);
/* SBK_E_PARSE for what is not of this form, or another account's. */
int sbk_secret_file_read(const char *account, const char *data, size_t size,
			 struct sbk_secret_parts *out, struct sbk_error *err);
/* "secret-SandbookOffline" */
void sbk_secret_file_name(const char *account,
			  char out[SBK_SECRET_FILE_NAME_SIZE]);

#endif
