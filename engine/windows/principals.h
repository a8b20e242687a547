/*
 * The principals of ours with what setup needs of them besides: the nonce that
 * each bears. engine/principals.h is for everybody else.
 */
#ifndef SBK_WINDOWS_PRINCIPALS_H
#define SBK_WINDOWS_PRINCIPALS_H

#include "engine/windows/principal_rules.h"

/* 0 to go on, < 0 to stop with it. */
typedef int sbk_nt_principal_fn(void *arg,
				const struct sbk_principal *principal,
				const char *nonce, struct sbk_error *err);
/* Groups first, then accounts; readable for everybody. */
int sbk_nt_principals_visit(sbk_nt_principal_fn *visit, void *arg,
			    struct sbk_error *err);

#endif
