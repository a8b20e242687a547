/*
 * The parts of sbk_os_mentions (engine/mentions.h).
 */
#ifndef SBK_LINUX_MENTIONS_H
#define SBK_LINUX_MENTIONS_H

#include "engine/mentions.h"

int sbk_mentions_in_firewall(const struct sbk_mention_reader *reader,
			     struct sbk_error *err);
/* The same for an answer of `nft -j list ruleset`. */
int sbk_mentions_in_ruleset(const char *json, size_t size,
			    const struct sbk_mention_reader *reader,
			    struct sbk_error *err);
int sbk_mentions_in_processes(const struct sbk_mention_reader *reader,
			      struct sbk_error *err);
/* One account file; `path` also says which fields it has. */
int sbk_mentions_in_accountfile(const char *path, const char *data, size_t size,
				const struct sbk_mention_reader *reader,
				struct sbk_error *err);

#endif
