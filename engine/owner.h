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
/*
 * What somebody wrote for one: a number below UINT32_MAX as above, or a SID in
 * its one form, as far as portable code knows it ("S-1-" and numbers with
 * hyphens). False for all else, a name say.
 */
bool sbk_owner_parse(const char *text, struct sbk_owner *out);
/* For people: "uid 1000", or the SID. */
#define SBK_OWNER_WORDS (SBK_OWNER_TEXT + 4)
const char *sbk_owner_words(const struct sbk_owner *owner,
			    char out[SBK_OWNER_WORDS]);

#endif
