/*
 * The objects of a volume: files and directories with their names, sizes and
 * security, each put together from its record and the records that extend it.
 */
#ifndef SBK_NTFS_OBJECT_H
#define SBK_NTFS_OBJECT_H

#include "engine/buf.h"
#include "engine/ntfs/record.h"
#include "engine/ntfs/volume.h"

#define SBK_NTFS_NAME_UNITS 255
#define SBK_NTFS_NAMES_MAX 4096	   /* of one object; Windows has 1024 */
#define SBK_NTFS_STREAMS_MAX 65536 /* of one object */
#define SBK_NTFS_LIST_BYTES_MAX (256u << 10) /* of one attribute list */

enum sbk_ntfs_namespace {
	SBK_NTFS_NAME_POSIX = 0,
	SBK_NTFS_NAME_LONG = 1,
	SBK_NTFS_NAME_SHORT = 2, /* DOS: the short form of another name */
	SBK_NTFS_NAME_BOTH = 3	 /* Win32 and DOS in one */
};

struct sbk_ntfs_name {
	uint64_t parent; /* reference */
	uint8_t namespace;
	uint8_t units; /* of UTF-16, from 1 */
	uint32_t at;   /* where they begin in object->names */
};

struct sbk_ntfs_stream_facts {
	uint32_t name_at;   /* in object->names */
	uint8_t name_units; /* 0: the data of a file */
	uint16_t flags;	    /* enum sbk_ntfs_attribute_flags */
	bool is_resident;
	uint64_t size, allocated;
};

/* Caller's storage, used again for each object. Zeroed it is empty. */
struct sbk_ntfs_object {
	uint64_t number;
	uint16_t sequence;
	bool is_directory;
	bool is_damaged;      /* parts of it are missing */
	bool has_information; /* its standard information was read */
	uint16_t links;	      /* as its record counts its names */
	uint32_t attributes; /* FILE_ATTRIBUTE_*, of the standard information */
	uint32_t security_id; /* in $Secure; 0: none */
	bool has_descriptor;  /* one of its own, in an attribute */
	uint32_t reparse_tag; /* 0: no reparse point */
	struct sbk_ntfs_name *names;
	size_t name_count, name_capacity;
	struct sbk_ntfs_stream_facts *streams;
	size_t stream_count, stream_capacity;
	struct sbk_buf text; /* the units of names and stream names */
};

void sbk_ntfs_object_release(struct sbk_ntfs_object *object);
/* The units of a name or of a stream's name, little-endian. */
struct sbk_view sbk_ntfs_object_text(const struct sbk_ntfs_object *object,
				     uint32_t at, uint8_t units);
/* Appends units as UTF-8; half a surrogate pair becomes three bytes. */
void sbk_ntfs_text_add(struct sbk_buf *out, struct sbk_view utf16);

/*
 * Calls `visit` for each object in the order of the table. What it gets is
 * borrowed until it returns; a negative return ends the scan with that. Records
 * that cannot be read are counted as damage.
 */
typedef int sbk_ntfs_object_fn(void *arg, const struct sbk_ntfs_object *object,
			       struct sbk_error *err);
int sbk_ntfs_scan(struct sbk_ntfs_volume *volume, sbk_ntfs_object_fn *visit,
		  void *arg, struct sbk_error *err);

/* One object by its number. SBK_E_NOTFOUND: none there, or not readable. */
int sbk_ntfs_object_load(struct sbk_ntfs_volume *volume, uint64_t number,
			 struct sbk_ntfs_object *out, struct sbk_error *err);

#endif
