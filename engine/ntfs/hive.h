/*
 * A hive of the Windows registry ("regf"), read cell by cell through the same
 * kind of callback as a volume, never written. Portable.
 *
 *	rc = sbk_hive_open(&device, &hive, &err);
 *	rc = sbk_hive_find(&hive, NULL, "SAM\\Domains\\Account", &key, &err);
 *	rc = sbk_hive_each_value(&hive, &key, each_value, arg, &err);
 *	... hive.is_dirty, hive.damage ...
 *
 * An own reader, since the one library for it reads named files alone, into
 * memory as a whole, and is not made for hostile ones; we need names, numbers
 * and texts under a handful of keys.
 *
 * Every byte is hostile. Functions fail for want of memory, and where what was
 * asked for does not exist or cannot be read; damage that is met on the way is
 * counted and passed by. Nothing recurses; no cell is read beyond the hive, and
 * of one hive no more than SBK_HIVE_WORK_MAX, however often lists name the same
 * cells: then nothing more is found, which counts as damage, too. Names and
 * texts become UTF-8; a NUL within becomes U+FFFD. Logs (.LOG1, .LOG2) are not
 * replayed: a hive that waits for that says so.
 */
#ifndef SBK_NTFS_HIVE_H
#define SBK_NTFS_HIVE_H

#include "engine/buf.h"
#include "engine/ntfs/volume.h"

#define SBK_HIVE_WORK_MAX (512u << 20)	    /* bytes read of one hive */
#define SBK_HIVE_VALUE_BYTES_MAX (1u << 20) /* of one value that is read */
#define SBK_HIVE_NAME_UNITS_MAX 1024	    /* of a key's or value's name */
#define SBK_HIVE_NAME_BYTES (SBK_HIVE_NAME_UNITS_MAX * 3 + 1)

/* To be read by the caller; no memory hangs on it. */
struct sbk_hive {
	struct sbk_ntfs_device device;
	uint32_t bytes; /* of its bins, as far as the device reaches */
	uint32_t root;
	uint32_t minor;
	bool is_dirty;	   /* what its logs have was not written to it yet */
	bool is_cut;	   /* the device ends before the hive */
	uint32_t work;	   /* bytes read so far */
	uint32_t damage;   /* what could not be read */
	uint32_t place;	   /* of the first, in its bins */
	bool is_exhausted; /* SBK_HIVE_WORK_MAX was reached */
};

struct sbk_hive_key {
	uint32_t key_count, keys; /* how many; where their list is */
	uint32_t value_count, values;
	char name[SBK_HIVE_NAME_BYTES];
};

struct sbk_hive_value {
	uint32_t type; /* REG_*, or whatever was put there */
	uint32_t size;
	uint32_t at; /* of its cell; the data themselves where is_inline */
	bool is_inline;
	char name[SBK_HIVE_NAME_BYTES]; /* "": the default value */
};

/* SBK_E_PARSE: no hive; SBK_E_UNSUPPORTED: of another version, or a log.
 * `device` is copied. */
int sbk_hive_open(const struct sbk_ntfs_device *device, struct sbk_hive *out,
		  struct sbk_error *err);

/*
 * The key at "A\B\C" below `above` (NULL: the root, which has a name of its own
 * that no path has; "" is `above` itself). Letters of ASCII in either case. Of
 * several of one name the first. SBK_E_NOTFOUND. `out` may be `above`.
 */
int sbk_hive_find(struct sbk_hive *hive, const struct sbk_hive_key *above,
		  const char *path, struct sbk_hive_key *out,
		  struct sbk_error *err);

/* What they get is borrowed until they return; a return other than 0 ends it
 * with that. */
typedef int sbk_hive_key_fn(void *arg, const struct sbk_hive_key *key,
			    struct sbk_error *err);
typedef int sbk_hive_value_fn(void *arg, const struct sbk_hive_value *value,
			      struct sbk_error *err);
int sbk_hive_each_key(struct sbk_hive *hive, const struct sbk_hive_key *key,
		      sbk_hive_key_fn *visit, void *arg, struct sbk_error *err);
int sbk_hive_each_value(struct sbk_hive *hive, const struct sbk_hive_key *key,
			sbk_hive_value_fn *visit, void *arg,
			struct sbk_error *err);

/* By its name, "" for the default one. SBK_E_NOTFOUND. */
int sbk_hive_value_find(struct sbk_hive *hive, const struct sbk_hive_key *key,
			const char *name, struct sbk_hive_value *out,
			struct sbk_error *err);
/* Appends its bytes. SBK_E_PARSE: they are not there, or not all of them;
 * SBK_E_LIMIT: more than SBK_HIVE_VALUE_BYTES_MAX. */
int sbk_hive_value_read(struct sbk_hive *hive,
			const struct sbk_hive_value *value, struct sbk_buf *out,
			struct sbk_error *err);
/* The same as UTF-8, whatever its type says, up to the first NUL. */
int sbk_hive_value_text(struct sbk_hive *hive,
			const struct sbk_hive_value *value, struct sbk_buf *out,
			struct sbk_error *err);
/* A number of 32 bits; SBK_E_PARSE where it is none. */
int sbk_hive_value_number(struct sbk_hive *hive,
			  const struct sbk_hive_value *value, uint32_t *out,
			  struct sbk_error *err);

#endif
