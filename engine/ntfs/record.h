/*
 * One record of the master file table, and the attributes in it, as views over
 * bytes whose sector ends have been put back ("fixed up").
 *
 *	struct sbk_ntfs_cursor at = sbk_ntfs_record_begin(&record);
 *	struct sbk_ntfs_attribute attribute;
 *	while ((rc = sbk_ntfs_record_next(&at, &attribute)) > 0) ...
 *	if (rc < 0)
 *		... the rest of the record is malformed ...
 */
#ifndef SBK_NTFS_RECORD_H
#define SBK_NTFS_RECORD_H

#include "engine/ntfs/view.h"

enum sbk_ntfs_record_state {
	SBK_NTFS_RECORD_GOOD,
	SBK_NTFS_RECORD_FREE,	   /* whole, and not in use */
	SBK_NTFS_RECORD_BLANK,	   /* zeros: never written */
	SBK_NTFS_RECORD_NO_MAGIC,  /* something else */
	SBK_NTFS_RECORD_TORN,	   /* the sector ends do not match */
	SBK_NTFS_RECORD_MALFORMED, /* offsets or sizes are impossible */
};

struct sbk_ntfs_record {
	struct sbk_view bytes; /* as many as are used */
	uint16_t sequence;
	uint16_t links; /* names, as its header counts them */
	bool is_directory;
	uint64_t base; /* reference of the record it extends; 0: none */
	uint32_t attributes_at;
};

/* A reference is a record's number (48 bits) and its sequence number. */
#define SBK_NTFS_REFERENCE_NUMBER(ref) ((ref)&0xFFFFFFFFFFFFu)
#define SBK_NTFS_REFERENCE_SEQUENCE(ref) ((uint16_t)((ref) >> 48))

/*
 * Puts the sector ends of a multi-sector structure back, in place: `magic` is
 * its four first letters. False where its update sequence is malformed; *torn
 * says whether it is whole otherwise. `size` is a multiple of 512, or less than
 * that.
 */
bool sbk_ntfs_fix_up(uint8_t *data, size_t size, bool *torn);

/* Fixes up and reads the record in `data`, which `out` borrows. */
enum sbk_ntfs_record_state sbk_ntfs_record_read(uint8_t *data, size_t size,
						struct sbk_ntfs_record *out);

enum sbk_ntfs_type {
	SBK_NTFS_STANDARD_INFORMATION = 0x10,
	SBK_NTFS_ATTRIBUTE_LIST = 0x20,
	SBK_NTFS_FILE_NAME = 0x30,
	SBK_NTFS_SECURITY_DESCRIPTOR = 0x50,
	SBK_NTFS_VOLUME_NAME = 0x60,
	SBK_NTFS_VOLUME_INFORMATION = 0x70,
	SBK_NTFS_DATA = 0x80,
	SBK_NTFS_INDEX_ROOT = 0x90,
	SBK_NTFS_INDEX_ALLOCATION = 0xA0,
	SBK_NTFS_BITMAP = 0xB0,
	SBK_NTFS_REPARSE_POINT = 0xC0,
};

enum sbk_ntfs_attribute_flags {
	SBK_NTFS_COMPRESSED = 0x00FF, /* any of these bits */
	SBK_NTFS_ENCRYPTED = 0x4000,
	SBK_NTFS_SPARSE = 0x8000
};

struct sbk_ntfs_attribute {
	uint32_t type;
	uint16_t instance, flags;
	struct sbk_view name; /* UTF-16 */
	bool is_resident;
	struct sbk_view value; /* resident: the value; else: its runs */
	/* Not resident. The sizes stand in the first piece only. */
	uint64_t first_vcn, last_vcn;
	uint64_t allocated, size, initialized;
};

struct sbk_ntfs_cursor {
	const struct sbk_ntfs_record *record;
	uint32_t offset;
};

struct sbk_ntfs_cursor
sbk_ntfs_record_begin(const struct sbk_ntfs_record *record);
/* 1 and an attribute, 0 at the end, -1 where the rest is malformed. */
int sbk_ntfs_record_next(struct sbk_ntfs_cursor *at,
			 struct sbk_ntfs_attribute *out);
/* Whether the name is this one of ASCII letters ("$SDS"; "": none). */
bool sbk_ntfs_name_is(struct sbk_view utf16, const char *ascii);

#endif
