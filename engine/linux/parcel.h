/*
 * What the first process of a run must know of the scope, sent to it: it may
 * exist before the scope does (early.h), and then has no copy of it.
 */
#ifndef SBK_LINUX_PARCEL_H
#define SBK_LINUX_PARCEL_H

#include "engine/linux/view.h"

/* Sends the view and, of the scope, what init.c uses. */
int sbk_parcel_send(int channel, const struct sbk_scope *scope,
		    const struct sbk_view *view, struct sbk_error *err);

/*
 * Receives it. What is filled in stays valid until the process ends; nothing
 * of it is to be released. SBK_E_IO where the other side is gone.
 */
int sbk_parcel_receive(int channel, struct sbk_scope *scope,
		       struct sbk_view *view, struct sbk_error *err);

#endif
