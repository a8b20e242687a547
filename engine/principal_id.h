/*
 * The text by which ACLs, journal and commands name an account or a group:
 * "u:990", "g:990". It is read and written here and nowhere else.
 */
#ifndef SBK_PRINCIPAL_ID_H
#define SBK_PRINCIPAL_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"

/* Bytes that hold any, with its end; also a SID, which is what names one on
 * Windows. */
#define SBK_PRINCIPAL_TEXT 192

struct sbk_principal_id {
	bool is_group;
	uint32_t number;
};

/*
 * Exactly "u:" or "g:" and a decimal number without leading zeros, below
 * UINT32_MAX: to the system that one means nobody, and to some of its calls
 * "as it is". SBK_E_INVAL for all else.
 */
int sbk_principal_parse(const char *text, struct sbk_principal_id *out,
			struct sbk_error *err);
void sbk_principal_format(struct sbk_principal_id id,
			  char out[SBK_PRINCIPAL_TEXT]);

#endif
