/*
 * The accounts of a person who is enrolled already, after a setup that did not
 * make them: whether what is kept opens them, and whether the network filters,
 * which it may have made anew, hold them. Only the person's own process can
 * look: it has the passwords.
 */
#ifndef SBK_WINDOWS_STANDING_H
#define SBK_WINDOWS_STANDING_H

#include <stdbool.h>

#include <windows.h>

#include "engine/cli.h"

/* Whether both accounts of the caller are there and enabled. What cannot be
 * told is not. */
bool sbk_standing_enabled(void);

/*
 * Tells of each account whose password is lost or was withheld, and how to get
 * one; then, with `tries`, tries the network as each. `code` is the exit code
 * that this leads to, and is left alone where all is well.
 */
void sbk_standing_check(struct sbk_cli *cli, bool tries, DWORD *code);

#endif
