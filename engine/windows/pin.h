/*
 * An open object: what it is, beyond any path, and the volume it lies on.
 *
 * Opening follows no reparse point, neither at the end of a path nor on the
 * way: each component is opened by its name relative to the handle of its
 * directory, so that no rename in between makes it another path.
 */
#ifndef SBK_WINDOWS_PIN_H
#define SBK_WINDOWS_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/limits.h"
#include "engine/windows/win32.h"

#define SBK_FILE_ID_BYTES 16
#define SBK_VOLUMES_MAX 64

/* What looking needs, and what changing the access needs. */
#define SBK_PIN_LOOK (READ_CONTROL | FILE_READ_ATTRIBUTES)
#define SBK_PIN_CHANGE (SBK_PIN_LOOK | WRITE_DAC)

struct sbk_pin {
	HANDLE handle; /* NULL: nothing */
	bool is_directory, is_reparse;
	uint8_t drive;	 /* the letter by which it was reached, or 0 */
	uint64_t serial; /* of the volume */
	uint8_t id[SBK_FILE_ID_BYTES];
	uint32_t links;
};

#define SBK_PIN_INIT           \
	{                      \
		.handle = NULL \
	}

void sbk_pin_release(struct sbk_pin *pin);

/* SBK_E_INVAL where a reparse point stands on the way or at the end;
 * SBK_E_NOTFOUND, SBK_E_DENIED. */
int sbk_pin_path(const char *path, DWORD access, struct sbk_pin *out,
		 struct sbk_error *err);
/* What has this name in an open directory; may be a reparse point. SBK_E_INVAL
 * for what NT would not take as one name. */
int sbk_pin_below(const struct sbk_pin *directory, const WCHAR *name,
		  size_t size, DWORD access, struct sbk_pin *out,
		  struct sbk_error *err);

/*
 * For who walks: the root of `path`, with what follows it, and from `pin` to
 * the object of this name in it, which may be a reparse point. Which one it is,
 * is not asked of what is only passed: serial, id and links are 0.
 */
int sbk_pin_root(const char *path, DWORD access, struct sbk_pin *out,
		 const char **rest, struct sbk_error *err);
int sbk_pin_step(struct sbk_pin *pin, const char *name, size_t size,
		 DWORD access, struct sbk_error *err);

/* A volume that was met. */
struct sbk_volume {
	uint64_t serial;
	char guid[37];	 /* of its GUID path, lower case */
	HANDLE hint;	 /* its root, to find objects by id */
	uint32_t drives; /* letters known to be its own, a bit each */
	bool touched;	 /* belongs to the next flush */
	bool changed;	 /* `last` was changed, not only looked at */
	uint8_t last[SBK_FILE_ID_BYTES];
	/* The last directory that was ever changed or, where none was, looked
	 * at: one can be opened for its flush whatever its attributes. */
	bool has_directory, directory_changed;
	uint8_t directory[SBK_FILE_ID_BYTES];
};

struct sbk_volumes {
	struct sbk_volume items[SBK_VOLUMES_MAX];
	size_t count;
};

void sbk_volumes_release(struct sbk_volumes *volumes);
/* The pin's volume: borrowed. SBK_E_UNSUPPORTED where it keeps no ACLs. */
int sbk_volume_of(struct sbk_volumes *volumes, const struct sbk_pin *pin,
		  struct sbk_volume **out, struct sbk_error *err);
/* The object belongs to the volume's next flush. */
void sbk_volume_touch(struct sbk_volume *volume, const struct sbk_pin *pin,
		      bool changed);
/* Makes what was touched durable (WINDOWS.md part 3, "Flush"). */
int sbk_volumes_flush(struct sbk_volumes *volumes, struct sbk_error *err);

/* "ntfs:<guid>:<serial>:<id>" */
void sbk_identity_format(const struct sbk_volume *volume,
			 const struct sbk_pin *pin, char out[SBK_IDENTITY_MAX]);
/* False for any other text. `guid` has 37 bytes. */
bool sbk_identity_parse(const char *text, char *guid, uint64_t *serial,
			uint8_t id[SBK_FILE_ID_BYTES]);

#endif
