/*
 * Synthetic SIDs: names for writable roots that no account has. Such a SID
 * stands in the entries of one root and in the restricting list of the tokens
 * that may write there (WINDOWS.md part 3).
 *
 * They are a family: an authority of our own, the random id of the journal that
 * made them, and a number that is counted up and never used again. So whoever
 * finds one on a disk knows what it is, without the journal. Not S-1-5-21,
 * which makes LookupAccountSid ask domain controllers, and not S-1-15-3, which
 * a restricting list is reported to refuse.
 */
#ifndef SBK_WINDOWS_SYNTHETIC_H
#define SBK_WINDOWS_SYNTHETIC_H

#include <stdbool.h>

#include "engine/ntsec/sid.h"

#define SBK_SYNTHETIC_AUTHORITY 0x0053424B0001u
#define SBK_RUN_AUTHORITY 0x0053424B0002u
#define SBK_SYNTHETIC_ID_BYTES 16
#define SBK_SYNTHETIC_LIVE_MAX 64  /* in use at once, of one journal */
#define SBK_SYNTHETIC_TOKEN_MAX 16 /* of one token: above it, error 1344 */

/* Of the journal with this id, the one with this number, which is not 0. */
struct sbk_sid sbk_synthetic_make(const uint8_t id[SBK_SYNTHETIC_ID_BYTES],
				  uint32_t number);

/* Whether it is one of any journal's; and which. `id` and `number` may be
 * NULL. */
bool sbk_synthetic_parse(const struct sbk_sid *sid,
			 uint8_t id[SBK_SYNTHETIC_ID_BYTES], uint32_t *number);

/*
 * The SID of one run, from random bytes: what the run makes without naming who
 * may use it is the run's alone (WINDOWS.md part 6).
 */
struct sbk_sid
sbk_synthetic_make_run(const uint8_t random[SBK_SYNTHETIC_ID_BYTES]);
bool sbk_synthetic_is_run(const struct sbk_sid *sid);

#endif
