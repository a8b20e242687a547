/*
 * The network as one of the caller's own accounts, by the password that is
 * kept: for a setup that found the account enabled, whose password it has not.
 */
#ifndef SBK_WINDOWS_NETWORK_TRY_H
#define SBK_WINDOWS_NETWORK_TRY_H

#include "engine/error.h"
#include "engine/principals.h"

/* 0 where everything gets through as Online, and as Offline nothing but what
 * the filters leave to a proxy. SBK_E_UNSUPPORTED with the path; else why it
 * cannot be tried, as sbk_network_probe says. */
int sbk_network_try(const struct sbk_principal *account, struct sbk_error *err);

#endif
