/*
 * Fuzz target: the certificate of an uninstall as somebody hands it over. The
 * text as it is, which the key that was given did not sign; and the text as a
 * statement that it did sign, since whoever holds the key may write anything:
 * KEY in it stands for that key.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "journal/dsse.h"
#include "tests/fuzz/honest.h"
#include "uninstall/uninstall.h"

#include "engine/banned.h"

#define NAME "sandbook/machine/0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sbk_note_signer signer;
static struct sbk_buf key = SBK_BUF_INIT;

static void make_key(void)
{
	if (key.size > 0)
		return;
	honest_signer(NAME, &signer);
	sbk_note_key_print(&signer.key, &key);
	must(key.failure == 0);
}

static void read_as_it_is(const char *text, size_t size)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_certificate c;

	must(sbk_certificate_read(text, size, sbk_buf_text(&key), NULL, &c,
				  &err) < 0);
	must(err.message[0] != '\0');
}

static bool is_ended(const char *text, size_t size)
{
	return text[0] != '\0' && memchr(text, '\0', size) != NULL;
}

static void read_envelope(const struct sbk_buf *envelope)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_certificate c;
	int rc = sbk_certificate_read(sbk_buf_text(envelope), envelope->size,
				      sbk_buf_text(&key), NULL, &c, &err);

	must(rc == 0 || rc == SBK_E_PARSE || rc == SBK_E_CORRUPT);
	if (rc < 0) {
		must(err.message[0] != '\0');
		return;
	}
	must(is_ended(c.verdict, sizeof(c.verdict)) &&
	     is_ended(c.origin, sizeof(c.origin)) &&
	     is_ended(c.root, sizeof(c.root)) &&
	     is_ended(c.begun, sizeof(c.begun)) &&
	     is_ended(c.ended, sizeof(c.ended)));
	must(strcmp(c.origin, NAME) == 0);
	must(c.swept || !c.swept_all);
}

/* What was put in comes out, and a byte that is changed is seen. */
static void assert_closed(const struct sbk_buf *body,
			  const struct sbk_buf *envelope)
{
	struct sbk_dsse read;

	must(sbk_dsse_parse(sbk_buf_text(envelope), envelope->size, &read,
			    NULL) == 0);
	must(read.count == 1 && read.body.size == body->size &&
	     (body->size == 0 ||
	      memcmp(read.body.data, body->data, body->size) == 0));
	must(sbk_dsse_verify(&read, &signer.key));
	if (body->size > 0) {
		read.body.data[body->size / 2] ^= 1;
		must(!sbk_dsse_verify(&read, &signer.key));
	}
	sbk_dsse_release(&read);
}

static void read_signed(const char *text, size_t size)
{
	struct sbk_buf body = SBK_BUF_INIT, envelope = SBK_BUF_INIT;
	size_t i = 0;

	while (i < size) {
		if (size - i >= 3 && memcmp(text + i, "KEY", 3) == 0) {
			sbk_buf_add(&body, key.data, key.size);
			i += 3;
		} else {
			sbk_buf_addc(&body, text[i++]);
		}
	}
	sbk_dsse_print(SBK_CERTIFICATE_PAYLOAD, &body, &signer, &envelope);
	if (envelope.failure == 0) {
		assert_closed(&body, &envelope);
		read_envelope(&envelope);
	}
	sbk_buf_release(&body);
	sbk_buf_release(&envelope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	make_key();
	read_as_it_is((const char *)data, size);
	read_signed((const char *)data, size);
	return 0;
}
