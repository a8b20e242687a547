/* What is the same of root principals on each system. */
#include "engine/root_principal.h"

#include "engine/banned.h"

const struct sbk_book_mark *
sbk_root_principals_mark(const struct sbk_root_principals *p)
{
	return p->numbered ? &p->mark : NULL;
}

void sbk_root_principals_release(struct sbk_root_principals *p)
{
	sbk_arena_release(&p->arena);
	p->numbered = false;
}
