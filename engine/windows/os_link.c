/*
 * Where a path leads: links followed one by one, by us. The system would follow
 * them all, to shares too, and a command could have made one in its root: whom
 * it names there would hear of us, and who we are. So each component is opened
 * as itself, and a link that leads off this machine's drives is refused.
 */
#include "engine/os.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/windows/drive_path.h"
#include "engine/windows/named.h"
#include "engine/windows/pin.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define LINKS_MAX 40
#define LOOK (READ_CONTROL | FILE_READ_ATTRIBUTES)

/*
 * Opens the objects of `path` one by one, up to the first reparse point, or the
 * first that is not there (SBK_E_NOTFOUND): `*rest` is what follows the last
 * that was opened, whose handle `out` has in both cases.
 */
static int walk(const char *path, DWORD access, struct sbk_pin *out,
		const char **rest, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	const char *name, *next;
	size_t size = 1;
	int rc;

	*rest = path;
	rc = sbk_drive_root(path, &size)
		     ? 0
		     : sbk_error_set(err, SBK_E_INVAL,
				     "'%.200s' is no path of a drive", path);
	if (rc == 0)
		rc = sbk_pin_root(path, access, &pin, rest, err);
	while (rc == 0 && !pin.is_reparse) {
		next = *rest;
		rc = sbk_wide_component(&next, &name, &size, err);
		if (rc < 0 || size == 0)
			break;
		rc = sbk_pin_step(&pin, name, size,
				  *next == '\0' ? access : FILE_READ_ATTRIBUTES,
				  err);
		if (rc == 0)
			*rest = next;
	}
	*out = pin;
	return rc;
}

/* The bytes of a reparse point, read as a link. */
static int read_target(HANDLE link, struct sbk_buf *out, struct sbk_error *err)
{
	uint8_t *data = malloc(MAXIMUM_REPARSE_DATA_BUFFER_SIZE);
	size_t size = 0;
	int rc;

	if (data == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_win32_reparse_data(
		link, data, MAXIMUM_REPARSE_DATA_BUFFER_SIZE, &size, err);
	if (rc == 0)
		rc = sbk_reparse_target(data, size, out, err);
	free(data);
	return rc;
}

/* `path` up to what `rest` of it follows, without the slash between. */
static int copy_before(const char *path, const char *rest, struct sbk_buf *out,
		       struct sbk_error *err)
{
	size_t size = (size_t)(rest - path);

	while (size > 3 && path[size - 1] == '/')
		size--;
	sbk_buf_clear(out);
	sbk_buf_add(out, path, size);
	return sbk_buf_failed(out, err);
}

/* One link: `path` becomes where it leads. */
static int follow(struct sbk_buf *path, const struct sbk_pin *link,
		  const char *rest, struct sbk_error *err)
{
	struct sbk_buf target = SBK_BUF_INIT, at = SBK_BUF_INIT,
		       next = SBK_BUF_INIT;
	int rc = copy_before(sbk_buf_text(path), rest, &at, err);

	if (rc == 0)
		rc = read_target(link->handle, &target, err);
	if (rc == 0)
		rc = sbk_reparse_apply(sbk_buf_text(&at), sbk_buf_text(&target),
				       rest, &next, err);
	if (rc == 0) {
		sbk_buf_clear(path);
		sbk_buf_add(path, next.data, next.size);
		rc = sbk_buf_failed(path, err);
	}
	sbk_buf_release(&target);
	sbk_buf_release(&at);
	sbk_buf_release(&next);
	return rc;
}

/* Without `last`, a link at the end is what is opened. */
static int follow_all(struct sbk_buf *path, DWORD access, bool last,
		      struct sbk_pin *pin, struct sbk_error *err)
{
	const char *rest;
	int links, rc = 0;

	for (links = 0; rc == 0 && links <= LINKS_MAX; links++) {
		sbk_pin_release(pin);
		rc = walk(sbk_buf_text(path), access, pin, &rest, err);
		if (rc < 0 || !pin->is_reparse || (!last && *rest == '\0'))
			return rc;
		rc = follow(path, pin, rest, err);
	}
	return rc < 0 ? rc
		      : sbk_error_set(err, SBK_E_LIMIT,
				      "more than %d links on the way",
				      LINKS_MAX);
}

/* Our path of an open object: a drive's. */
static int path_of(HANDLE file, char *real, struct sbk_error *err)
{
	char *path = NULL;
	size_t root;
	int rc = sbk_named_path(file, &path, err);

	if (rc == SBK_E_NOTFOUND || (rc == 0 && !sbk_drive_root(path, &root)))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "it is on another machine, or on a volume "
				   "without a drive letter; give it one");
	if (rc == 0 && strlen(path) >= SBK_PATH_MAX)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "a path of more than %d bytes",
				   SBK_PATH_MAX - 1);
	if (rc == 0)
		memcpy(real, path, strlen(path) + 1);
	free(path);
	return rc;
}

/* From what was written to the object; `code` for what is no path of ours. */
static int follow_written(const char *path, DWORD access, bool last, int code,
			  struct sbk_pin *pin, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	const char *problem;
	int rc = sbk_named_full(path, &text, err);

	problem = rc == 0 ? sbk_drive_problem(sbk_buf_text(&text)) : NULL;
	if (problem != NULL)
		rc = sbk_error_set(err, code, "it %s", problem);
	if (rc == 0)
		rc = follow_all(&text, access, last, pin, err);
	sbk_buf_release(&text);
	return rc;
}

int sbk_os_resolve(const char *path, char *real, struct sbk_file *out,
		   struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = follow_written(path, LOOK, true, SBK_E_INVAL, &pin, err);

	if (rc == 0)
		rc = path_of(pin.handle, real, err);
	if (rc == 0)
		rc = sbk_named_examine(pin.handle, out, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "'%.300s'", path);
	sbk_pin_release(&pin);
	return rc;
}

int sbk_named_open_by_us(const char *path, DWORD access, HANDLE *out,
			 struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = follow_written(path, access, false, SBK_E_UNSUPPORTED, &pin,
				err);

	if (rc == 0)
		*out = pin.handle;
	else
		sbk_pin_release(&pin);
	if (rc < 0)
		(void)sbk_error_prefix(err, "opening '%.300s'", path);
	return rc;
}

bool sbk_os_is_straight(const char *path)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	char real[SBK_PATH_MAX];
	bool straight =
		sbk_pin_path(path, FILE_READ_ATTRIBUTES, &pin, NULL) == 0 &&
		pin.is_directory && path_of(pin.handle, real, NULL) == 0 &&
		strcmp(real, path) == 0;

	sbk_pin_release(&pin);
	return straight;
}

int sbk_os_read_link(const char *path, char *out, size_t out_size,
		     struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	struct sbk_buf target = SBK_BUF_INIT;
	const char *rest = "";
	int rc = walk(path, FILE_READ_ATTRIBUTES, &pin, &rest, err);

	if (rc == 0 && (!pin.is_reparse || *rest != '\0'))
		rc = sbk_error_set(err, SBK_E_INVAL, "it is no link");
	if (rc == 0)
		rc = read_target(pin.handle, &target, err);
	if (rc == 0 && target.size >= out_size)
		rc = sbk_error_set(err, SBK_E_LIMIT, "the link is too long");
	if (rc == 0)
		memcpy(out, sbk_buf_text(&target), target.size + 1);
	else
		(void)sbk_error_prefix(err, "reading link '%.300s'", path);
	sbk_pin_release(&pin);
	sbk_buf_release(&target);
	return rc;
}

/* What exists is spelled as its directories have it; the rest as it is. */
void sbk_os_spelling(const char *path, char *out)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	struct sbk_buf text = SBK_BUF_INIT;
	char real[SBK_PATH_MAX];
	const char *rest = path;
	int rc = 0;

	/* The root of a drive is spelled in one way; none is asked for that a
	 * table names. */
	if (strlen(path) > 3)
		rc = walk(path, FILE_READ_ATTRIBUTES, &pin, &rest, NULL);
	if (pin.handle != NULL && (rc == 0 || rc == SBK_E_NOTFOUND) &&
	    path_of(pin.handle, real, NULL) == 0) {
		sbk_buf_adds(&text, real);
		if (*rest != '\0' && real[strlen(real) - 1] != '/')
			sbk_buf_addc(&text, '/');
		sbk_buf_adds(&text, rest);
	} else {
		sbk_buf_adds(&text, path);
	}
	if (sbk_buf_failed(&text, NULL) < 0 || text.size >= SBK_PATH_MAX) {
		sbk_buf_clear(&text);
		sbk_buf_add(&text, path,
			    strlen(path) < SBK_PATH_MAX ? strlen(path)
							: SBK_PATH_MAX - 1);
	}
	memcpy(out, sbk_buf_text(&text), strlen(sbk_buf_text(&text)) + 1);
	sbk_pin_release(&pin);
	sbk_buf_release(&text);
}

/* A resolved path is identity enough: a volume that is shown in a directory is
 * a reparse point, which is refused, and a drive that another command made of a
 * directory resolves to that. */
int sbk_os_mounts(struct sbk_arena *arena, struct sbk_os_mount **out,
		  size_t *count, struct sbk_error *err)
{
	(void)arena;
	(void)err;
	*out = NULL;
	*count = 0;
	return 0;
}
