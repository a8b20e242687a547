/*
 * What the files of the reader of hives share: the cells that everything is
 * made of. What is wrong with one is SBK_E_PARSE, counted as damage.
 */
#ifndef SBK_NTFS_HIVE_CELL_H
#define SBK_NTFS_HIVE_CELL_H

#include "engine/ntfs/hive.h"
#include "engine/ntfs/view.h"

#define SBK_HIVE_BASE_BYTES 4096 /* before the bins */
#define SBK_HIVE_CELL_ALIGNMENT 8

/* Counts damage at this byte of the bins. Always SBK_E_PARSE. */
int sbk_hive_blame(struct sbk_hive *hive, uint32_t at, struct sbk_error *err);
/*
 * The beginning of a cell, as far as it reaches into `bytes`, which has room
 * for its size, too; *content is how many it has.
 */
int sbk_hive_cell_head(struct sbk_hive *hive, uint32_t at, uint8_t *bytes,
		       size_t room, struct sbk_view *out, uint32_t *content,
		       struct sbk_error *err);
/* Appends exactly `size` bytes of the content of a cell. */
int sbk_hive_cell_read(struct sbk_hive *hive, uint32_t at, uint32_t size,
		       struct sbk_buf *out, struct sbk_error *err);
/* All of it, at most `max` bytes. */
int sbk_hive_cell_all(struct sbk_hive *hive, uint32_t at, uint32_t max,
		      struct sbk_buf *out, struct sbk_error *err);

#endif
