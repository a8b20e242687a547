/*
 * Writing JSON into a buffer, and writing hostile names for people. Reading
 * JSON is jansson's work; writing is ours because the journal writes one
 * small object per change, hundreds of thousands of times, in a fixed key
 * order that is hashed as it stands.
 *
 *	sbk_json_open(&buf, '{');
 *	sbk_json_string(&buf, "op", "intend");
 *	sbk_json_integer(&buf, "txn", 12);
 *	sbk_json_close(&buf, '}');
 *
 * Commas are put where they belong by looking at what stands before.
 */
#ifndef SBK_JSON_H
#define SBK_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/owner.h"

/* A key, or nothing for NULL (an array's element, or the whole text). */
void sbk_json_key(struct sbk_buf *buf, const char *key);
/* '{' or '['; `sbk_json_open_key` is the value of a key. */
void sbk_json_open(struct sbk_buf *buf, char bracket);
void sbk_json_open_key(struct sbk_buf *buf, const char *key, char bracket);
void sbk_json_close(struct sbk_buf *buf, char bracket);
/*
 * A string; NULL writes null. `text` must be UTF-8 (each byte that is not
 * part of a sequence is written as U+FFFD): what the host names goes through
 * sbk_json_name.
 */
void sbk_json_string(struct sbk_buf *buf, const char *key, const char *text);
/*
 * A name from the host, kept byte for byte: `"key":"text"` where it is
 * UTF-8, else `"key_hex":"..."`, since JSON can hold no other bytes.
 */
void sbk_json_name(struct sbk_buf *buf, const char *key, const char *text);
void sbk_json_integer(struct sbk_buf *buf, const char *key, int64_t value);
/* A number as one, a SID as a string. */
void sbk_json_owner(struct sbk_buf *buf, const char *key,
		    const struct sbk_owner *owner);
void sbk_json_bool(struct sbk_buf *buf, const char *key, bool value);
void sbk_json_null(struct sbk_buf *buf, const char *key);

/*
 * Appends `text` for a person's eyes: control bytes, DEL, bytes that are not
 * UTF-8, and the characters that reorder or hide text (bidi controls, zero
 * width) as \xNN or \u{NNNN}; the backslash doubled. For each name that
 * comes from the host.
 */
void sbk_text_escape(struct sbk_buf *buf, const char *text);

/*
 * Appends a name from the host as one word of a POSIX shell's or bash's command
 * line, without what sbk_text_escape escapes ($'..\012..' where there is any).
 */
void sbk_text_quote(struct sbk_buf *buf, const char *name);

#endif
