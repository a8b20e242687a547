/*
 * Whose a file is, as the text of the system's own number: "1000" on Linux, a
 * SID ("S-1-5-21-...-1001") on Windows. Portable code compares such texts and
 * hands them on; only a system's own half reads what they say.
 */
#ifndef SBK_OWNER_H
#define SBK_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#define SBK_OWNER_TEXT 192 /* bytes that hold any, with its end */

struct sbk_owner {
	char text[SBK_OWNER_TEXT];
};

struct sbk_owner sbk_owner_of_number(uint32_t number);
/* False for what is no number in decimal digits, without leading zeros: the
 * text of a system that counts otherwise. */
bool sbk_owner_number(const struct sbk_owner *owner, uint32_t *out);
bool sbk_owner_equal(const struct sbk_owner *a, const struct sbk_owner *b);

#endif
